//! Secrets, cache, intents and log: the allowed case beside the refused one.

use jackfield_core::call::WriteOutcome;
use jackfield_core::port::LogLevel;
use serde_json::{Value, json};

use crate::stand::{SECRET, Stand};

async fn ask(stand: &Stand, what: &str, name: &str, value: &str) -> Value {
    stand.answer("asker", &json!({ "ask": what, "name": name, "value": value }).to_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_guest_knows_the_names_of_its_secrets() {
    assert_eq!(ask(&Stand::new(), "granted", "", "").await, json!(["hidden", "signing_key", "token"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_revealed_only_where_the_operator_wrote_it() {
    let stand = Stand::new();
    assert_eq!(ask(&stand, "reveal", "token", "").await, json!({ "ok": SECRET }));
    let told = ask(&stand, "reveal", "hidden", "").await["error"].to_string();
    assert!(told.contains("secret `hidden` of connection `probe-eu` is not to be revealed"), "{told}");
    let told = ask(&stand, "reveal", "other", "").await["error"].to_string();
    assert!(told.contains("connection `probe-eu` has no secret `other`"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_signs_only_where_the_manifest_says_so() {
    let stand = Stand::new();
    assert_eq!(ask(&stand, "hmac", "signing_key", "ab").await, json!({ "ok": b"signing_keyab".to_vec() }));
    let told = ask(&stand, "hmac", "token", "ab").await["error"].to_string();
    assert!(told.contains("secret `token` is not for `hmac`"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cache_outlives_the_call() {
    let stand = Stand::new();
    assert_eq!(ask(&stand, "get", "k", "").await, Value::Null);
    assert_eq!(ask(&stand, "put", "k", "kept").await, json!({ "ok": null }));
    assert_eq!(ask(&stand, "get", "k", "").await, "kept");
    let told = ask(&stand, "put", "much too long a key", "x").await["error"].to_string();
    assert!(told.contains("TooLarge"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_listed_intents_of_others_can_be_called() {
    let stand = Stand::new();
    assert_eq!(ask(&stand, "intent", "order.status", "{\"n\":1}").await, json!({ "ok": "{\"status\":\"open\"}" }));
    let told = ask(&stand, "intent", "order.cancel", "{}").await["error"].to_string();
    assert!(told.contains("`probe` may not call the intent `order.cancel`"), "{told}");
    assert_eq!(
        *stand.seen.asked.lock().unwrap(),
        ["probe.run asks order.status with {\"n\":1} for acme"],
        "the refused one did not reach the port"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_connectors_private_words_stay_with_the_host() {
    let told = ask(&Stand::new(), "intent", "order.status", "\"missing\"").await["error"].to_string();
    assert!(told.contains("NotFound"), "{told}");
    assert!(!told.contains("no such row"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_another_connector_answers_for_its_writes() {
    let outcome = async |value: &str| {
        let input = json!({ "ask": "intent", "name": "order.status", "value": value });
        Stand::new().call("asker", &input.to_string()).await.usage.write_outcome
    };
    assert_eq!(outcome("{}").await, WriteOutcome::Applied);
    assert_eq!(outcome("\"lost\"").await, WriteOutcome::Unknown);
    assert_eq!(outcome("\"missing\"").await, WriteOutcome::None);
}

#[tokio::test(flavor = "multi_thread")]
async fn log_lines_are_scrubbed() {
    let stand = Stand::new();
    ask(&stand, "log", SECRET, &format!("the token is {SECRET}")).await;
    ask(&stand, "stderr", "", &format!("{SECRET} again\nand a second line")).await;
    let lines = stand.seen.lines.lock().unwrap();
    assert_eq!(lines[0].0, LogLevel::Warn);
    assert_eq!(lines[0].1, "the token is [secret]");
    assert_eq!(lines[0].2, [("name".to_owned(), "[secret]".to_owned())]);
    let texts: Vec<&str> = lines[1..].iter().map(|(_, text, _)| text.as_str()).collect();
    assert_eq!(texts, ["[secret] again", "and a second line"]);
}
