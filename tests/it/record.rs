//! `jackfield test --record`: fixtures out of systems that are really there. What is written holds no secret and nobody,
//! and still passes.

use std::fs;
use std::path::Path;

use jackfield_mocks::{Mocks, credentials};
use jackfield_tests::{demo_config, demo_secret, root};
use serde_json::{Value, json};

/// A folder with a connector's manifest and no fixtures.
struct Bench {
    dir: tempfile::TempDir,
    mocks: Mocks,
}

impl Bench {
    async fn new(connector: &str) -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let manifest = root().join("plugins").join(connector).join("connector.toml");
        fs::copy(manifest, dir.path().join("connector.toml")).unwrap();
        let mocks = Mocks::start(([127, 0, 0, 1], 0).into()).await.unwrap();
        let config = demo_config(&mocks).unwrap();
        fs::write(dir.path().join("jackfield.toml"), config).unwrap();
        Bench { dir, mocks }
    }

    fn path(&self, case: &str) -> std::path::PathBuf {
        self.dir.path().join("fixtures").join(case)
    }

    fn request(&self, case: &str, request: &Value) {
        fs::create_dir_all(self.path(case)).unwrap();
        fs::write(self.path(case).join("request.json"), request.to_string()).unwrap();
    }

    fn read(&self, case: &str, file: &str) -> Value {
        serde_json::from_str(&fs::read_to_string(self.path(case).join(file)).unwrap()).unwrap()
    }

    /// Everything that was written for a case.
    fn written(&self, case: &str) -> String {
        let files = ["request.json", "upstream.json", "reply.json"];
        files.iter().map(|file| fs::read_to_string(self.path(case).join(file)).unwrap_or_default()).collect()
    }

    /// `jackfield test --record` with these arguments.
    async fn record(&self, args: &[&str]) -> (i32, String) {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_jackfield-under-test"));
        let packages = root().join("dist/plugins");
        command.args(["--log", "warn", "test", "--no-build", "--record", "--out"]).arg(packages).args(args);
        let output = command.current_dir(self.dir.path()).output().await.unwrap();
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap_or(-1), said)
    }

    /// With the simulated system by its URL.
    async fn record_shop(&self, args: &[&str]) -> (i32, String) {
        let secret = format!("access_token=file:{}", demo_secret("shopify").display());
        let url = self.mocks.base_url("shopify");
        let usual = ["--against", url, "--setting", "shop=demo-shop", "--secret", secret.as_str()];
        self.record(&[&usual[..], args].concat()).await
    }
}

/// A customer of the simulated shop.
const EMAIL: &str = "customer@example.com";

fn assert_clean(written: &str, mocks: &Mocks, system: &str, secret: &str) {
    let url = mocks.base_url(system);
    let port = url.rsplit(':').next().unwrap();
    for hidden in [EMAIL, secret, url, port, "127.0.0.1"] {
        assert!(!written.contains(hidden), "`{hidden}` is in\n{written}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_recorded_without_secrets_and_people_and_passes() {
    let bench = Bench::new("shopify").await;
    let case = "order.status/live";
    bench.request(case, &json!({ "input": { "order_number": "#1001", "email": " Customer@Example.com " } }));
    let (code, said) = bench.record_shop(&[]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("recorded order.status/live") && said.contains("1 passed, 0 failed"), "{said}");
    assert_clean(&bench.written(case), &bench.mocks, "shopify", credentials::SHOPIFY_TOKEN);

    let request = bench.read(case, "request.json");
    // As the host would have given it to the connector, with somebody else in it, and pinned in time.
    assert_eq!(request["input"], json!({ "order_number": "1001", "email": "person-1@example.com" }));
    assert!(request["now"].as_str().is_some_and(|now| now.ends_with('Z')), "{request}");
    assert!(request["settings"].get("base_url").is_none(), "{request}");
    let upstream = bench.read(case, "upstream.json");
    assert!(upstream.to_string().contains("person-1@example.com"), "the same person in the answer: {upstream}");
    assert_eq!(upstream[0]["request"]["graphql"]["operation"], "OrderLookup", "{upstream}");
    for dropped in ["date", "content-length", "x-request-id", "set-cookie"] {
        assert!(upstream[0]["response"]["headers"].get(dropped).is_none(), "{dropped} does not matter: {upstream}");
    }
    assert_eq!(bench.read(case, "reply.json")["output"]["number"], "1001");
    assert!(bench.mocks.violations().is_empty(), "{:#?}", bench.mocks.violations());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_overwritten_without_force() {
    let bench = Bench::new("shopify").await;
    let case = "order.status/live";
    let input = json!({ "order_number": "1001", "email": EMAIL }).to_string();
    let once = ["--filter", case, "--input", input.as_str()];
    let (code, said) = bench.record_shop(&once).await;
    assert_eq!(code, 0, "{said}");
    let kept = bench.written(case);
    let asked = bench.mocks.journal("shopify").len();
    let (code, said) = bench.record_shop(&once).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("have been recorded already") && said.contains("--force"), "{said}");
    assert_eq!(
        (bench.written(case), bench.mocks.journal("shopify").len()),
        (kept, asked),
        "nothing was asked or written"
    );
    let (code, said) = bench.record_shop(&[&once[..], &["--force"]].concat()).await;
    assert_eq!(code, 0, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_recorded_only_where_that_was_said() {
    let bench = Bench::new("zendesk").await;
    let secret = format!("api_token=file:{}", demo_secret("zendesk").display());
    let url = bench.mocks.base_url("zendesk").to_owned();
    let usual = [
        "--against",
        url.as_str(),
        "--setting",
        "subdomain=demo-help",
        "--setting",
        "email=agent@example.com",
        "--secret",
        secret.as_str(),
    ];
    let case = "ticket.create/live";
    bench.request(
        case,
        &json!({ "input": { "subject": "It does not turn on", "description": "Since today.", "requester_email": EMAIL } }),
    );
    let (code, said) = bench.record(&usual).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("`ticket.create` changes the system") && said.contains("--writes"), "{said}");
    assert!(bench.mocks.journal("zendesk").is_empty() && !bench.path(case).join("reply.json").exists());
    let (code, said) = bench.record(&[&usual[..], &["--writes"]].concat()).await;
    assert_eq!(code, 0, "{said}");
    assert_clean(&bench.written(case), &bench.mocks, "zendesk", credentials::ZENDESK_API_TOKEN);
    assert!(bench.mocks.journal("zendesk").iter().any(|entry| entry.method == "POST"));
}

/// Through an operator's configuration: its own secrets, tokens and addresses.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_of_a_configuration_is_recorded_too() {
    let bench = Bench::new("salesforce").await;
    let case = "customer.lookup/live";
    bench.request(case, &json!({ "input": { "email": EMAIL } }));
    let (code, said) = bench.record(&["--against", "demo-crm"]).await;
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("1 passed, 0 failed"), "{said}");
    let secret = credentials::SALESFORCE_INTEGRATION_CLIENT_SECRET;
    assert_clean(&bench.written(case), &bench.mocks, "salesforce", secret);
    let (code, said) = bench.record(&["--against", "no-such", "--force"]).await;
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("has no connection `no-such`") && said.contains("`demo-crm`"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_recorded_leaves_nothing_behind() {
    let bench = Bench::new("shopify").await;
    let case = "order.status/live";
    let left = |bench: &Bench| fs::read_dir(bench.path(case)).map_or(0, Iterator::count);
    bench.request(case, &json!({ "input": { "order": "1001" } }));
    let (code, said) = bench.record_shop(&[]).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("breaks the intent's schema"), "{said}");
    assert_eq!(left(&bench), 1);
    // A credential that the system does not know is the recorder's affair, no fixture.
    bench.request(case, &json!({ "input": { "order_number": "1001", "email": EMAIL } }));
    let wrong = bench.dir.path().join("wrong");
    fs::write(&wrong, "shpat_wrong").unwrap();
    let secret = format!("access_token=file:{}", wrong.display());
    let url = bench.mocks.base_url("shopify").to_owned();
    let usual = ["--against", url.as_str(), "--setting", "shop=demo-shop", "--secret", secret.as_str()];
    let (code, said) = bench.record(&usual).await;
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("was not recorded") && !said.contains("shpat_wrong"), "{said}");
    assert_eq!(left(&bench), 1);
    // Neither is a secret in the wrong place.
    let (code, said) = bench.record(&["--against", url.as_str(), "--secret", "shpat_wrong"]).await;
    assert_eq!(code, 2, "{said}");
    assert!(!said.contains("shpat_wrong"), "{said}");
    assert!(Path::new(&bench.path(case)).join("request.json").exists());
}
