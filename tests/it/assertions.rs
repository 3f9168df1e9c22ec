//! Credentials that the host signs itself, through a real host: JWT and SAML assertions, and a token of their own for
//! each person in the chat.

use std::path::Path;

use jackfield_mocks::{Entry, credentials};
use jackfield_tests::{Answer, Demo};
use serde_json::{Value, json};

/// How far the system's clock is ahead, in seconds: far beyond what an assertion's lifetime forgives.
const SKEW_S: i64 = 600;
const WORKER: &str = credentials::SUCCESSFACTORS_WORKER;
const SECOND: &str = "103267";

/// A key in a file that only its owner reads, as a source.
fn key_file(dir: &Path, pem: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = dir.join("key.pem");
    std::fs::write(&path, pem).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    format!("file:{}", path.display())
}

/// Changes of the demo's configuration, each of which must fit somewhere.
fn changed(config: String, changes: &[(&str, String)]) -> String {
    changes.iter().fold(config, |config, (from, to)| {
        assert_eq!(config.matches(from).count(), 1, "{from:?} is not in the configuration once");
        config.replace(from, to)
    })
}

async fn ask_as(demo: &Demo, intent: &str, input: Value, user: Value) -> Answer {
    let body = json!({ "input": input, "context": { "user": user } });
    demo.host.client.post(&format!("/v1/intents/{intent}"), &body).await
}

async fn balance(demo: &Demo, user_id: &str) -> Answer {
    ask_as(demo, "pto.balance", json!({}), json!({ "id": user_id, "verified": true })).await
}

fn requests(demo: &Demo, system: &str, path: &str) -> Vec<Entry> {
    demo.mocks.journal(system).into_iter().filter(|entry| entry.path.ends_with(path)).collect()
}

fn authorization(entry: &Entry) -> &str {
    entry.headers.iter().find(|(name, _)| name == "authorization").map_or("", |(_, value)| value)
}

#[tokio::test]
async fn a_jwt_is_accepted_by_a_system_whose_clock_is_ten_minutes_off() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path(), credentials::SALESFORCE_JWT_PRIVATE_KEY);
    let demo = Demo::start_with(|config| {
        changed(
            config,
            &[
                (
                    "region = \"US\"\nauth = { api = \"client\" }",
                    "region = \"US\"\nauth = { api = \"jwt\" }".to_owned(),
                ),
                (
                    credentials::SALESFORCE_INTEGRATION_CLIENT_ID,
                    format!(
                        "{}\"\nusername = \"{}",
                        credentials::SALESFORCE_JWT_CLIENT_ID,
                        credentials::SALESFORCE_USERNAME
                    ),
                ),
                ("[connection.demo-crm.secrets]", format!("[connection.demo-crm.secrets]\nprivate_key = {key:?}")),
            ],
        )
    })
    .await
    .unwrap();
    // The first assertion has the host's time and is refused; the second has the time that the refusal came with.
    for skew_s in [SKEW_S, -SKEW_S] {
        demo.mocks.knob("salesforce", "clock-skew-seconds", skew_s);
        demo.mocks.knob("salesforce", "expire-access-tokens", true);
        let answer = demo.host.client.ask("customer.lookup", json!({ "email": "customer@example.com" })).await;
        assert_eq!(answer.status, 200, "{skew_s}: {}", answer.raw);
        let statuses: Vec<_> = requests(&demo, "salesforce", "/oauth2/token").iter().map(|r| r.status).collect();
        assert!(statuses.ends_with(&[Some(400), Some(200)]), "{skew_s}: {statuses:?}");
    }
    assert!(demo.mocks.violations().is_empty(), "{:#?}", demo.mocks.violations());
}

#[tokio::test]
async fn a_business_user_is_named_to_s4hana_by_a_saml_assertion() {
    let dir = tempfile::tempdir().unwrap();
    let key = key_file(dir.path(), credentials::S4HANA_SAML_PRIVATE_KEY);
    let demo = Demo::start_with(|config| {
        changed(
            config,
            &[
                (
                    "connector = \"sap-s4hana\"\ntenant = \"demo\"\naccess = \"write\"\nauth = { api = \"client\" }",
                    "connector = \"sap-s4hana\"\ntenant = \"demo\"\naccess = \"write\"\nsubject = \"user\"\n\
                     auth = { api = \"saml\" }"
                        .to_owned(),
                ),
                (
                    "audience = \"partners\"",
                    format!(
                        "audience = \"staff\"\nsaml_issuer = {:?}\nsaml_audience = {:?}",
                        credentials::S4HANA_SAML_ISSUER,
                        credentials::S4HANA_SAML_AUDIENCE
                    ),
                ),
                ("[connection.demo-erp.secrets]", format!("[connection.demo-erp.secrets]\nsaml_key = {key:?}")),
            ],
        )
    })
    .await
    .unwrap();
    let ask = async |email: &str| {
        let user = json!({ "id": email, "email": email, "verified": true });
        ask_as(&demo, "sales_order.status", json!({ "order_number": "7" }), user).await
    };
    let buyer = ask(credentials::S4HANA_SAML_USER).await;
    assert_eq!((buyer.status, buyer.text("/output/number")), (200, "7"), "{}", buyer.raw);
    let stranger = ask("stranger@example.com").await;
    assert_eq!((stranger.status, stranger.text("/code")), (424, "reauth-required"), "{}", stranger.raw);
    assert_eq!(ask(credentials::S4HANA_SAML_USER).await.status, 200, "the stranger's refusal is the stranger's");
    assert!(demo.mocks.violations().is_empty(), "{:#?}", demo.mocks.violations());
}

#[tokio::test]
async fn each_worker_has_a_token_of_their_own() {
    let demo = Demo::start().await.unwrap();
    for (user_id, left) in [(WORKER, 12.5), (SECOND, 3.0), (WORKER, 12.5)] {
        let answer = balance(&demo, user_id).await;
        assert_eq!(answer.status, 200, "{}", answer.raw);
        assert_eq!(answer.text("/output/employee_id"), user_id);
        assert_eq!(answer.body.pointer("/output/balances/0/available"), Some(&json!(left)), "{}", answer.raw);
    }
    assert_eq!(requests(&demo, "sap-successfactors", "/oauth/token").len(), 2, "one for each of them");
    let reads = requests(&demo, "sap-successfactors", "/EmpTimeAccountBalance");
    let used: Vec<_> = reads.iter().map(authorization).collect();
    assert!(used.iter().all(|value| value.starts_with("Bearer ")));
    assert_eq!(used[0], used[2], "the first worker's token is still theirs");
    assert_ne!(used[0], used[1]);
    assert!(demo.mocks.violations().is_empty(), "{:#?}", demo.mocks.violations());
}

#[tokio::test]
async fn nobody_is_answered_with_somebody_elses_token() {
    let demo = Demo::start().await.unwrap();
    assert_eq!(balance(&demo, WORKER).await.status, 200);
    let before = demo.mocks.journal("sap-successfactors").len();
    let unverified = ask_as(&demo, "pto.balance", json!({}), json!({ "id": WORKER })).await;
    let nobody = demo.host.client.ask("pto.balance", json!({})).await;
    for answer in [unverified, nobody] {
        assert_eq!((answer.status, answer.text("/errors/0/pointer")), (422, "/context/user"), "{}", answer.raw);
    }
    assert_eq!(demo.mocks.journal("sap-successfactors").len(), before, "nothing was asked in anybody's name");
}

#[tokio::test]
async fn a_worker_who_is_refused_does_not_trouble_another() {
    let demo = Demo::start().await.unwrap();
    assert_eq!(balance(&demo, WORKER).await.status, 200);
    for _ in 0..3 {
        let stranger = balance(&demo, "999999").await;
        assert_eq!((stranger.status, stranger.text("/code")), (424, "reauth-required"), "{}", stranger.raw);
    }
    let asked = requests(&demo, "sap-successfactors", "/oauth/token").len();
    assert_eq!(asked, 2, "the stranger's assertion was refused once and not sent again in a loop");
    demo.mocks.knob("sap-successfactors", "expire-access-tokens", true);
    for user_id in [WORKER, SECOND] {
        let answer = balance(&demo, user_id).await;
        assert_eq!(answer.status, 200, "{}", answer.raw);
    }
    assert_eq!(requests(&demo, "sap-successfactors", "/oauth/token").len(), asked + 2);
}
