//! What callers say, as the log tells it: on one line, without what moves a terminal, and never a key.

use http::Method;
use jackfield_tests::{Process, until};
use serde_json::json;

/// As a caller might make it up, to forge a line or to colour a terminal.
const PLANTED: &str = "x%0aPLANTED%20INFO%20access%0d%1b%5b31m";

#[tokio::test]
async fn no_caller_writes_a_line_of_the_log_and_no_key_stands_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("jackfield.toml");
    let digest = jackfield::audit::hex(&jackfield::admission::digest("narrow-key"));
    let config = format!(
        "[server]\nkey_failures_max = 2\n[caller.narrow]\nkey_sha256 = \"{digest}\"\ntenant = \"demo\"\n\
         scopes = [\"intent:order.*\"]\n"
    );
    std::fs::write(&file, config).unwrap();
    let host = Process::serve(env!("CARGO_BIN_EXE_jackfield-under-test").as_ref(), &file).await.unwrap();
    let narrow = host.client.with_key("narrow-key");
    for path in [format!("/v1/intents/{PLANTED}"), format!("/v1/calls/{PLANTED}/cancel"), format!("/{PLANTED}")] {
        let headers = [("content-type", "application/json"), ("x-planted", "PLANTED"), ("origin", "PLANTED")];
        for headers in [&headers[..1], &headers] {
            let body = json!({ "input": { "PLANTED": "PLANTED" } }).to_string();
            assert!(narrow.send(Method::POST, &path, headers, body).await.status >= 400, "{path}");
        }
    }
    for _ in 0..5 {
        host.client.with_key("jf_wrong-key-0123456789").get("/v1/intents").await;
    }
    until(async || host.log().contains("too many wrong API keys").then_some(())).await;
    let log = host.log();
    // One line each: two denied, and none for those that came after.
    assert_eq!(log.matches("keys.guessed").count(), 1, "{log}");
    assert!(log.lines().all(|line| !line.starts_with("PLANTED")), "{log}");
    assert!(!log.contains("\u{1b}[31m") && !log.contains('\r'), "{log}");
    for key in ["narrow-key", "wrong-key"] {
        assert!(!log.contains(key), "{key}: {log}");
    }
}
