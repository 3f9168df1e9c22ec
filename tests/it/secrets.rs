//! Nothing gets out: planted secrets, a business system that echoes them in every encoding, and a guest that carries
//! the echo to every way out. What leaves the process is searched byte by byte.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use jackfield_tests::process::{Process, files};
use jackfield_tests::{Stub, guests};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_jackfield-under-test");

/// Values as vendors make them: long, short, with characters that every encoding treats in its own way.
const API_KEY: &str = "plnt-A1/b2+c3==\"quoted\"&amp;d4";
const BODY_KEY: &str = "plnt-body-5e6f7a8b9c0d1e2f";
const PASSWORD: &str = "plnt:pass word/with ~ % signs";
const SIGNING: &str = "plnt-signing-key-0123456789abcdef";

const MANIFEST: &str = r#"
id = "trespass"
version = "0.1.0"
title = "Guest"
vendor_api = "none"
intents = ["trespass.run"]

[[secret]]
name = "api_key"
purpose = "the endpoint's own"
[[secret]]
name = "body_key"
purpose = "filled into bodies"
optional = true
[[secret]]
name = "password"
purpose = "the other endpoint's own"
[[secret]]
name = "signing"
purpose = "signs messages"
hmac = true

[endpoint.api]
base_url = "https://guest.invalid"
allow = ["read GET /**", "read POST /**"]
auth = { scheme = "header", header = "X-Api-Key", secret = "api_key" }
place = [{ secret = "body_key", body = "/auth/key" }, { secret = "body_key", header = "x-body-key" }]

[endpoint.other]
base_url = "https://guest.invalid"
allow = ["read GET /**", "read POST /**"]
auth = { scheme = "basic", username = "bot", secret = "password" }
"#;

struct Stage {
    host: Process,
    upstream: Stub,
    dir: tempfile::TempDir,
}

async fn stage() -> Stage {
    stage_with("").await
}

/// With more connections in the configuration; `{url}` in it is the system.
async fn stage_with(more: &str) -> Stage {
    let dir = tempfile::tempdir().unwrap();
    let upstream = Stub::echo().await.unwrap();
    let file = guests::write(dir.path(), "trespass", &guests::package_with("trespass", MANIFEST.to_owned()));
    let mut secrets = String::new();
    for (name, value) in [("api_key", API_KEY), ("body_key", BODY_KEY), ("password", PASSWORD), ("signing", SIGNING)] {
        secrets.push_str(&format!("{name} = \"file:{}\"\n", planted(dir.path(), name, value).display()));
    }
    let config = dir.path().join("jackfield.toml");
    let url = &upstream.url;
    let text = format!(
        "[connector.trespass]\nfile = {file:?}\n[connection.trespass]\nconnector = \"trespass\"\ntenant = \"demo\"\n\
         allow_insecure = true\nallow_addresses = [\"127.0.0.1/32\"]\n[connection.trespass.settings]\nbase_url = {url:?}\n\
         [connection.trespass.secrets]\n{secrets}{}",
        more.replace("{url}", url)
    );
    std::fs::write(&config, text).unwrap();
    let host = Process::serve(Path::new(BINARY), &config).await.unwrap();
    Stage { host, upstream, dir }
}

/// A secret's file, in a folder of its own that is left out when everything else is searched.
fn planted(dir: &Path, name: &str, value: &str) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = dir.join("planted");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, value).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    path
}

/// Every form in which a value could be found.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let hex: String = value.bytes().map(|b| format!("{b:02x}")).collect();
    let percent: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let json = serde_json::to_string(value).unwrap();
    let mut forms = vec![
        value.to_owned(),
        hex.to_uppercase(),
        hex,
        percent.replace('+', "%20"),
        percent,
        json.trim_matches('"').to_owned(),
        STANDARD.encode(value),
        STANDARD_NO_PAD.encode(value),
        URL_SAFE.encode(value),
        URL_SAFE_NO_PAD.encode(value),
    ];
    // Inside of longer base64 the first and last letters belong to its neighbours as well.
    for pad in ["x", "xy"] {
        let inside = STANDARD_NO_PAD.encode(format!("{pad}{value}"));
        forms.push(inside[4..inside.len() - 4].to_owned());
    }
    forms.into_iter().map(String::into_bytes).collect()
}

fn assert_nothing_in(place: &str, bytes: &[u8]) {
    for value in [API_KEY, BODY_KEY, PASSWORD, SIGNING] {
        for form in forms(value) {
            let found = bytes.windows(form.len()).position(|window| window == form);
            assert!(
                found.is_none(),
                "{place} holds {:?} at {found:?}:\n{}",
                String::from_utf8_lossy(&form),
                String::from_utf8_lossy(bytes)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_planted_secret_leaves_by_no_way_out() {
    let stage = stage().await;
    let mut said = String::new();
    for endpoint in ["api", "other"] {
        for tell in ["output", "escaped", "log", "cache", "hmac", "rejected", "panic"] {
            let body = json!({ "auth": { "key": "{{secret.body_key}}" } }).to_string();
            let input = json!({ "endpoint": endpoint, "method": "POST", "path": "/orders/1", "body": body, "tell": tell, "secret": "signing" });
            let answer = stage.host.client.ask("trespass.run", input).await;
            said.push_str(&format!("{:?}\n{}\n", answer.headers, answer.raw));
        }
    }
    // The test sees what it looks for: the system did get the values, and it did send them back.
    let arrived = stage.upstream.arrived();
    assert!(arrived.iter().any(|a| a.headers.iter().any(|(n, v)| n == "x-api-key" && v == API_KEY)));
    assert!(arrived.iter().any(|a| a.body.contains(BODY_KEY)));
    assert!(said.contains("[redacted]"), "{said}");

    assert_nothing_in("what callers were told", said.as_bytes());
    assert_nothing_in("the log", stage.host.log().as_bytes());
    for path in ["/v1/connections", "/v1/intents", "/metrics", "/v1/audit", "/openapi.json"] {
        assert_nothing_in(path, stage.host.client.get(path).await.raw.as_bytes());
    }
    let dir = stage.dir.path().to_owned();
    stage.host.kill().await.unwrap();
    let left: Vec<_> = files(&dir).unwrap().into_iter().filter(|f| !f.starts_with(dir.join("planted"))).collect();
    assert!(left.iter().any(|file| file.ends_with("jackfield.db")), "the store is not among {left:?}");
    for file in left {
        assert_nothing_in(&file.display().to_string(), &std::fs::read(&file).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mark_is_filled_in_where_the_manifest_says_and_is_plain_text_elsewhere() {
    let stage = stage().await;
    let ask = async |change: Value| {
        let mut input = json!({ "endpoint": "api", "method": "POST", "path": "/orders/1" });
        input.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let before = stage.upstream.arrived().len();
        let answer = stage.host.client.ask("trespass.run", input).await;
        (stage.upstream.arrived().into_iter().nth(before), answer.text("/output/outcome").to_owned())
    };
    let mark = "{{secret.body_key}}";

    let (listed, _) = ask(json!({ "body": json!({ "auth": { "key": mark } }).to_string() })).await;
    assert_eq!(listed.unwrap().body, format!("{{\"auth\":{{\"key\":\"{BODY_KEY}\"}}}}"));
    let (header, _) = ask(json!({ "headers": { "x-body-key": mark } })).await;
    assert!(header.unwrap().headers.contains(&("x-body-key".to_owned(), BODY_KEY.to_owned())));

    let elsewhere = [
        json!({ "path": "/orders/%7B%7Bsecret.body_key%7D%7D" }),
        json!({ "query": { "q": mark } }),
        json!({ "headers": { "x-other": mark } }),
        json!({ "headers": { "x-body-key": format!("a {mark}") } }),
        json!({ "headers": { "x-body-key": "{{secret.api_key}}" } }),
        json!({ "headers": { "x-body-key": "{{secret.signing}}" } }),
        json!({ "body": json!({ "auth": { "key": format!("{mark}x") } }).to_string() }),
        json!({ "body": json!({ "auth": { "key": "{{secret.api_key}}" } }).to_string() }),
        json!({ "body": json!({ "other": mark, "auth": [mark] }).to_string() }),
        json!({ "body": format!("auth.key={mark}") }),
        json!({ "endpoint": "other", "body": json!({ "auth": { "key": mark } }).to_string() }),
        json!({ "endpoint": "other", "headers": { "x-body-key": mark } }),
    ];
    for change in elsewhere {
        let (arrived, outcome) = ask(change.clone()).await;
        let arrived = arrived.unwrap_or_else(|| panic!("{change} was not sent: {outcome}"));
        let own = |name: &str| name == "x-api-key" || name == "authorization";
        let rest: Vec<_> = arrived.headers.iter().filter(|(name, _)| !own(name)).collect();
        assert_nothing_in(&change.to_string(), format!("{} {rest:?} {}", arrived.line, arrived.body).as_bytes());
        assert!(format!("{arrived:?}").contains("secret."), "{change} did not arrive as it was written: {arrived:?}");
    }
    let (arrived, outcome) = ask(json!({ "headers": { mark: "x" } })).await;
    assert!(arrived.is_none() && outcome.contains("is not a header name"), "{outcome}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_is_made_only_with_a_secret_that_is_for_it() {
    let stage = stage().await;
    let sign = async |secret: &str| {
        let input =
            json!({ "endpoint": "api", "method": "GET", "path": "/orders/1", "tell": "hmac", "secret": secret });
        stage.host.client.ask("trespass.run", input).await.text("/output/outcome").to_owned()
    };
    assert!(sign("signing").await.starts_with("Ok"), "{}", sign("signing").await);
    for other in ["api_key", "password", "body_key"] {
        let outcome = sign(other).await;
        assert!(outcome.contains(&format!("secret `{other}` is not for `hmac`")), "{outcome}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_whose_secret_is_missing_does_not_keep_the_others_from_starting() {
    let stage = stage_with(
        "[connection.broken]\nconnector = \"trespass\"\ntenant = \"demo\"\nallow_insecure = true\n\
         [connection.broken.settings]\nbase_url = \"{url}\"\n[connection.broken.secrets]\n\
         api_key = \"file:/nowhere/api_key\"\npassword = \"file:/nowhere/password\"\nsigning = \"file:/nowhere/signing\"\n",
    )
    .await;
    let ask = async |connection: &str| {
        let input = json!({ "endpoint": "api", "method": "GET", "path": "/orders/1" });
        let body = json!({ "input": input, "connection": connection });
        stage.host.client.post("/v1/intents/trespass.run", &body).await
    };
    let whole = ask("trespass").await;
    assert_eq!(whole.text("/output/outcome"), "status 200", "{}", whole.raw);
    let broken = ask("broken").await;
    assert_eq!((broken.status, broken.text("/code")), (424, "reauth-required"), "{}", broken.raw);
    let listed = stage.host.client.get("/v1/connections").await;
    assert_eq!(listed.text("/connections/0/state"), "disabled", "{}", listed.raw);
    assert!(stage.host.log().contains("secret `api_key` of connection `broken`"), "{}", stage.host.log());
}

#[test]
fn a_connector_that_signs_with_its_own_credential_does_not_load() {
    let manifest = MANIFEST.replace("secret = \"api_key\" }", "secret = \"signing\" }");
    assert_ne!(manifest, MANIFEST);
    let error = jackfield_core::manifest::Manifest::parse(&manifest).unwrap_err().to_string();
    assert!(error.contains("`signing` is for `hmac` and a credential as well"), "{error}");
}
