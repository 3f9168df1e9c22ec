//! The life of access tokens through a real host: one request for many calls, a host killed at every step of a
//! rotation, keys that change under load. The business system is the simulated one, with single-use refresh tokens.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jackfield_mocks::{Fault, Kind, Mocks, credentials};
use jackfield_tests::process::{Process, command};
use jackfield_tests::{Stub, guests, plugin, until};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_jackfield-under-test");
const TOKEN_PATH: &str = "/services/oauth2/token";

/// A Salesforce connection whose secrets are files, beside a vault that seals what is stored.
struct Stage {
    mocks: Mocks,
    config: PathBuf,
    _dir: tempfile::TempDir,
}

/// With an app that gives a new refresh token at every refresh and takes the old one back at once.
async fn rotating() -> Stage {
    stage(
        credentials::SALESFORCE_ROTATING_CLIENT_ID,
        credentials::SALESFORCE_ROTATING_CLIENT_SECRET,
        Some(credentials::SALESFORCE_ROTATING_REFRESH_TOKEN),
    )
    .await
}

async fn stage(client_id: &str, client_secret: &str, refresh_token: Option<&str>) -> Stage {
    let mocks = Mocks::start(([127, 0, 0, 1], 0).into()).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut secrets = format!("client_secret = {:?}\n", file(dir.path(), "client_secret", client_secret));
    if let Some(token) = refresh_token {
        secrets.push_str(&format!("refresh_token = {:?}\n", file(dir.path(), "refresh_token", token)));
    }
    let url = mocks.base_url("salesforce");
    let text = format!(
        "[sandbox]\ncache_dir = {:?}\n[vault]\nmaster_key = \"file:{}\"\n[connector.salesforce]\nfile = {:?}\n\
         [connection.crm]\nconnector = \"salesforce\"\ntenant = \"demo\"\naccess = \"write\"\nallow_insecure = true\n\
         allow_addresses = [\"127.0.0.1/32\"]\nauth = {{ api = \"refresh\" }}\n[connection.crm.settings]\n\
         my_domain = \"acme\"\nclient_id = {client_id:?}\nbase_url = {url:?}\nlogin_url = {url:?}\n\
         [connection.crm.secrets]\n{secrets}",
        jackfield_tests::cache_dir().unwrap(),
        dir.path().join("master.key").display(),
        plugin("salesforce"),
    );
    let config = dir.path().join("jackfield.toml");
    std::fs::write(&config, text).unwrap();
    run(&config, "secrets init", "");
    Stage { mocks, config, _dir: dir }
}

impl Stage {
    async fn host(&self) -> Process {
        Process::serve(Path::new(BINARY), &self.config).await.unwrap()
    }

    fn token_requests(&self) -> usize {
        self.mocks.journal("salesforce").iter().filter(|entry| entry.path == TOKEN_PATH).count()
    }

    /// Neither the log nor any file but the operator's own shows a secret or the beginning of a token.
    fn assert_secret(&self, log: &str) {
        let tokens = ["5Aep861.", "00Dxx", credentials::SALESFORCE_ROTATING_CLIENT_SECRET];
        for file in jackfield_tests::process::files(self.config.parent().unwrap()).unwrap() {
            if file.ends_with("client_secret") || file.ends_with("refresh_token") {
                continue;
            }
            let bytes = std::fs::read(&file).unwrap();
            for token in tokens {
                let found = bytes.windows(token.len()).any(|window| window == token.as_bytes());
                assert!(!found, "{token} is in {}", file.display());
            }
        }
        for token in tokens {
            assert!(!log.contains(token), "{token} is in the log:\n{log}");
        }
    }

    fn hold(&self, kind: Kind, path: &str) -> u64 {
        self.mocks.fault(Fault { path: Some(path.to_owned()), times: Some(1), ..Fault::new("salesforce", kind) })
    }
}

/// A secret in a file that only its owner reads, as a source.
fn file(dir: &Path, name: &str, value: &str) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = dir.join(name);
    std::fs::write(&path, value).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    format!("file:{}", path.display())
}

/// A verb beside the server, with something on its standard input; its standard output.
fn run(config: &Path, verb: &str, input: &str) -> String {
    use std::io::Write as _;
    let mut child = command(Path::new(BINARY), config, verb)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{verb}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn lookup() -> Value {
    json!({ "email": "customer@example.com" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_calls_on_an_expired_token_ask_for_one_new_one() {
    let stage = rotating().await;
    let host = stage.host().await;
    let first = host.client.ask("customer.lookup", lookup()).await;
    assert_eq!(first.status, 200, "{}\n{}", first.raw, host.log());
    assert_eq!(stage.token_requests(), 1);

    stage.mocks.knob("salesforce", "expire-access-tokens", true);
    let calls: Vec<_> = (0..500)
        .map(|_| {
            let client = host.client.clone();
            tokio::spawn(async move { client.ask("customer.lookup", lookup()).await })
        })
        .collect();
    for call in calls {
        let answer = call.await.unwrap();
        assert_eq!(answer.status, 200, "{}", answer.raw);
    }
    assert_eq!(stage.token_requests(), 2, "one before, one for all of them");
    let log = host.log();
    host.kill().await.unwrap();
    stage.assert_secret(&log);
    assert!(stage.mocks.violations().is_empty(), "{:#?}", stage.mocks.violations());
}

/// Kills the host while the business system holds one of its requests, and starts another on what it left behind.
async fn killed_while(stage: &Stage, kind: Kind, path: &str) -> Process {
    let host = stage.host().await;
    let held = stage.hold(kind, path);
    let call = tokio::spawn({
        let client = host.client.clone();
        async move {
            client
                .try_send(
                    http::Method::POST,
                    "/v1/intents/customer.lookup",
                    &[("content-type", "application/json")],
                    json!({ "input": lookup() }).to_string(),
                )
                .await
        }
    });
    stage.mocks.until_held(held).await;
    host.kill().await.unwrap();
    assert!(call.await.unwrap().is_err(), "a killed host answers nothing");
    stage.mocks.clear_faults();
    stage.host().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_killed_before_its_refresh_is_processed_goes_on_with_the_token_it_has() {
    let stage = rotating().await;
    let host = killed_while(&stage, Kind::HoldBefore, TOKEN_PATH).await;
    let answer = host.client.ask("customer.lookup", lookup()).await;
    assert_eq!(answer.status, 200, "{}\n{}", answer.raw, host.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_killed_before_it_uses_a_new_token_still_has_it() {
    let stage = rotating().await;
    let host = killed_while(&stage, Kind::HoldBefore, "/services/data/**").await;
    let answer = host.client.ask("customer.lookup", lookup()).await;
    assert_eq!(answer.status, 200, "{}\n{}", answer.raw, host.log());
    // The configured refresh token is used up by now: only the stored one could have worked.
    stage.mocks.knob("salesforce", "expire-access-tokens", true);
    let again = host.client.ask("customer.lookup", lookup()).await;
    assert_eq!(again.status, 200, "{}\n{}", again.raw, host.log());
}

/// The one step that no client can make safe: the system has taken the old token back, and its answer never came. The
/// connection says so, asks no more, and one consent brings it back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotation_whose_answer_is_lost_is_said_plainly_and_healed_by_consent() {
    let stage = rotating().await;
    let host = killed_while(&stage, Kind::HoldAfter, TOKEN_PATH).await;
    for _ in 0..3 {
        let answer = host.client.ask("customer.lookup", lookup()).await;
        assert_eq!((answer.status, answer.text("/code")), (424, "reauth-required"), "{}", answer.raw);
    }
    assert_eq!(stage.token_requests(), 2, "one was lost and one was refused: never again in a loop");
    let connections = host.client.get("/v1/connections").await;
    assert_eq!(connections.text("/connections/0/state"), "reauth_required", "{}", connections.raw);

    consent(&stage).await;
    let answer = host.client.ask("customer.lookup", lookup()).await;
    assert_eq!(answer.status, 200, "the running host takes what `connect` stored: {}\n{}", answer.raw, host.log());
}

/// `jackfield connect`, with a person who follows the printed link and agrees.
async fn consent(stage: &Stage) {
    use tokio::io::{AsyncBufReadExt as _, BufReader};
    let mut child = tokio::process::Command::from(command(Path::new(BINARY), &stage.config, "connect crm"))
        .arg("--no-browser")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut said = String::new();
    let page = loop {
        let line = lines.next_line().await.unwrap().unwrap_or_else(|| panic!("it ended:\n{said}"));
        said.push_str(&line);
        if let Some(at) = line.find("http") {
            break line[at..].trim().to_owned();
        }
    };
    // The page of the system sends the browser back to the loopback address at once.
    let browser = jackfield_tests::Client::new("", "");
    let location = browser.get(&page).await;
    assert_eq!(location.status, 302, "{}", location.raw);
    let back = location.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(browser.get(&back).await.status, 200);
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_without_consent_is_pending_until_it_is_given() {
    let stage =
        stage(credentials::SALESFORCE_ROTATING_CLIENT_ID, credentials::SALESFORCE_ROTATING_CLIENT_SECRET, None).await;
    let host = stage.host().await;
    assert_eq!(host.client.get("/v1/connections").await.text("/connections/0/state"), "pending");
    let before = host.client.ask("customer.lookup", lookup()).await;
    assert_eq!((before.status, before.text("/code")), (424, "reauth-required"), "{}", before.raw);
    assert_eq!(stage.token_requests(), 0);
    consent(&stage).await;
    let after = host.client.ask("customer.lookup", lookup()).await;
    assert_eq!(after.status, 200, "{}\n{}", after.raw, host.log());
    assert_eq!(host.client.get("/v1/connections").await.text("/connections/0/state"), "active");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_endpoint_that_is_down_is_unavailable_and_not_a_lost_consent() {
    let stage = rotating().await;
    let host = stage.host().await;
    stage.mocks.fault(Fault {
        path: Some(TOKEN_PATH.to_owned()),
        status: Some(503),
        ..Fault::new("salesforce", Kind::Status)
    });
    let down = host.client.ask("customer.lookup", lookup()).await;
    assert_eq!((down.status, down.text("/code")), (503, "unavailable"), "{}", down.raw);
    stage.mocks.clear_faults();
    let answer = until(|| async {
        let answer = host.client.ask("customer.lookup", lookup()).await;
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_tested_with_its_probe_and_missing_scopes_are_named() {
    let stage = rotating().await;
    let host = stage.host().await;
    let report = host.client.post("/v1/connections/crm/test", &json!({})).await;
    assert_eq!(report.status, 200, "{}", report.raw);
    assert_eq!(report.body["ok"], true, "{}", report.raw);
    assert!(run(&stage.config, "check --live", "").contains("crm"));
    stage.mocks.knob("salesforce", "granted-scope", "refresh_token");
    stage.mocks.knob("salesforce", "expire-access-tokens", true);
    let report = host.client.post("/v1/connections/crm/test", &json!({})).await;
    assert_eq!(report.body["endpoints"]["api"]["missing_scopes"], json!(["api"]), "{}", report.raw);
    let refused = host.client.ask("customer.lookup", lookup()).await;
    // Salesforce says with 401 that a token is not for its API.
    assert_eq!((refused.status, refused.text("/code")), (424, "reauth-required"), "{}", refused.raw);
    assert_eq!(refused.text("/detail"), "the credential of connection `crm` lacks the scopes `api`");
    let listed = host.client.get("/v1/connections").await;
    assert_eq!(listed.body["connections"][0]["missing_scopes"], json!(["api"]), "{}", listed.raw);
    stage.mocks.knob("salesforce", "revoke-consent", true);
    stage.mocks.knob("salesforce", "expire-access-tokens", true);
    let report = host.client.post("/v1/connections/crm/test", &json!({})).await;
    assert_eq!(report.body["ok"], false, "{}", report.raw);
    assert!(!report.raw.contains("5Aep861"), "{}", report.raw);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_use_of_a_credential_is_in_the_audit_and_the_chain_holds() {
    let stage = rotating().await;
    let host = stage.host().await;
    assert_eq!(host.client.ask("customer.lookup", lookup()).await.status, 200);
    let shown = until(|| async {
        let shown = run(&stage.config, "audit show --json", "");
        (shown.contains("credential_used") && shown.contains("token_requested")).then_some(shown)
    })
    .await;
    for part in ["\"connection\":\"crm\"", "\"tenant\":\"demo\"", "\"outcome\":\"200\"", "refresh_token"] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
    assert!(run(&stage.config, "audit verify", "").contains("head"));
}

/// A guest behind a key that the system changes while calls go on, and a vault whose master key changes meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rotation_and_rekeying_under_load_fail_no_call() {
    let accepted = Arc::new(std::sync::Mutex::new(vec!["key-one-0123456789"]));
    let upstream = {
        let accepted = accepted.clone();
        Stub::start(move |arrived| {
            let key = arrived.headers.iter().find(|(name, _)| name == "x-api-key").map(|(_, key)| key.clone());
            let is_accepted = key.is_some_and(|key| accepted.lock().unwrap().contains(&&*key));
            let status = if is_accepted { 200 } else { 401 };
            http::Response::builder().status(status).body("{}".into()).unwrap()
        })
        .await
        .unwrap()
    };
    let dir = tempfile::tempdir().unwrap();
    let manifest = format!(
        "{}auth = {{ scheme = \"header\", header = \"X-Api-Key\", secret = \"api_key\" }}\n[[secret]]\nname = \"api_key\"\npurpose = \"tests\"\n",
        guests::manifest("trespass")
    );
    let wasm = guests::write(dir.path(), "trespass", &guests::package_with("trespass", manifest));
    let config = dir.path().join("jackfield.toml");
    let text = format!(
        "[vault]\nmaster_key = \"file:{}\"\n[connector.trespass]\nfile = {wasm:?}\n[connection.trespass]\n\
         connector = \"trespass\"\ntenant = \"demo\"\nallow_insecure = true\nallow_addresses = [\"127.0.0.1/32\"]\n\
         [connection.trespass.settings]\nbase_url = {:?}\n[connection.trespass.secrets]\napi_key = \"vault:\"\n",
        dir.path().join("master.key").display(),
        upstream.url
    );
    std::fs::write(&config, text).unwrap();
    run(&config, "secrets init", "");
    run(&config, "secrets set trespass api_key", "key-one-0123456789\n");

    let host = Process::serve(Path::new(BINARY), &config).await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (client, over, answered) = (host.client.clone(), over.clone(), answered.clone());
            tokio::spawn(async move {
                while !over.load(Ordering::Relaxed) {
                    let input = json!({ "endpoint": "api", "method": "GET", "path": "/orders/1" });
                    let answer = client.ask("trespass.run", input).await;
                    assert_eq!(answer.text("/output/outcome"), "status 200", "{}", answer.raw);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let more_answers = async || {
        let before = answered.load(Ordering::Relaxed);
        until(|| async { (answered.load(Ordering::Relaxed) > before + 50).then_some(()) }).await;
    };
    more_answers().await;
    for _ in 0..5 {
        run(&config, "secrets rekey", "");
        more_answers().await;
    }
    // The operator knows the new key before the system takes it: both are live until it does.
    run(&config, "secrets rotate trespass api_key", "key-two-0123456789\n");
    more_answers().await;
    run(&config, "secrets rekey", "");
    // Then the system takes both for a while, and at last only the new one.
    accepted.lock().unwrap().push("key-two-0123456789");
    more_answers().await;
    accepted.lock().unwrap().remove(0);
    more_answers().await;
    over.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    // Once the system took the new one, the old one is never tried again.
    let before = upstream.arrived().len();
    assert_eq!(
        host.client
            .ask("trespass.run", json!({ "endpoint": "api", "method": "GET", "path": "/orders/1" }))
            .await
            .status,
        200
    );
    let last: Vec<_> = upstream.arrived().into_iter().skip(before).collect();
    assert_eq!(last.len(), 1, "{last:?}");
}
