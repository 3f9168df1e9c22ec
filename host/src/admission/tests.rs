use serde_json::json;

use super::*;
use crate::config::Source;

const CONFIG: &str = r#"
[server]
in_flight_max = 2
[caller.bot]
key_sha256 = "2c70e12b7a0646f92279f427c7b38e7334d8e5389cff167a1dc30e73f826b683"
tenant = "acme"
scopes = ["intent:order.*"]
in_flight_max = 1
[caller.other]
key_sha256 = "d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa"
tenant = "other"
scopes = ["intent:*"]
"#;

fn config() -> Config {
    let source = Source { path: "t.toml".into(), text: CONFIG.to_owned() };
    Config::draft(source).and_then(crate::config::Draft::finish).unwrap()
}

fn admission() -> Admission {
    let config = config();
    Admission::new(&config, None)
}

fn bot(admission: &Admission) -> Arc<Caller> {
    admission.authenticate(Some("Bearer key")).unwrap()
}

fn admit(intent: &str, body: &str) -> Result<Admitted, Problem> {
    let admission = admission();
    admission.admit(bot(&admission), Received { intent, body: body.as_bytes(), idempotency_key: None })
}

fn invalid(body: &str) -> Vec<(String, String)> {
    let problem = admit("order.status", body).unwrap_err();
    assert_eq!(problem.code, Code::InvalidInput, "{problem}");
    problem.errors.into_iter().map(|e| (e.pointer, e.detail)).collect()
}

#[test]
fn only_a_known_key_gets_in() {
    let admission = admission();
    assert_eq!(admission.authenticate(Some("Bearer key")).unwrap().name, "bot");
    assert_eq!(admission.authenticate(Some("bearer  key ")).unwrap().name, "bot");
    for bad in [None, Some(""), Some("key"), Some("Bearer"), Some("Bearer kez"), Some("Basic key"), Some("Bearer demo")]
    {
        assert_eq!(admission.authenticate(bad).unwrap_err().code, Code::Unauthenticated, "{bad:?}");
    }
}

#[test]
fn the_demo_key_exists_only_when_asked_for() {
    let config = config();
    assert_eq!(Admission::new(&config, Some("demo")).authenticate(Some("Bearer demo")).unwrap().name, "demo");
}

#[test]
fn a_scope_covers_or_the_answer_is_forbidden_whether_or_not_the_intent_exists() {
    assert!(admit("order.status", "{}").is_ok());
    for intent in ["ticket.create", "no.such.intent", "../x", ""] {
        assert_eq!(admit(intent, "{}").unwrap_err().code, Code::Forbidden, "{intent}");
    }
}

#[test]
fn what_is_no_json_object_is_malformed() {
    for body in ["", "nonsense", "[]", "3", "{\"input\":", "{\"input\":{}} x", "\u{feff}{}"] {
        assert_eq!(admit("order.status", body).unwrap_err().code, Code::Malformed, "{body}");
    }
}

#[test]
fn every_wrong_member_is_named_by_its_pointer() {
    assert_eq!(
        invalid(r#"{"input":{},"conection":"x","extra":1}"#),
        [
            ("/conection".to_owned(), "is not a known field".to_owned()),
            ("/extra".to_owned(), "is not a known field".to_owned())
        ]
    );
    assert_eq!(invalid(r#"{"input":[]}"#), [("/input".to_owned(), "must be an object".to_owned())]);
    assert_eq!(
        invalid(r#"{"input":{},"options":{"deadline_ms":"soon"}}"#),
        [("/options/deadline_ms".to_owned(), "must be a whole number".to_owned())]
    );
    assert_eq!(
        invalid(r#"{"context":{"locale":"en_US!","time_zone":"Mars/Base","user":{"id":"","email":"x"}}}"#)
            .into_iter()
            .map(|(p, _)| p)
            .collect::<Vec<_>>(),
        ["/context/user/id", "/context/user/email", "/context/locale", "/context/time_zone"]
    );
}

#[test]
fn only_a_verified_user_goes_on() {
    let user = |verified: bool| {
        let body =
            json!({ "context": { "user": { "id": "u1", "email": " Jane@Example.com ", "verified": verified } } });
        admit("order.status", &body.to_string()).unwrap().context.user
    };
    assert_eq!(user(true).unwrap().email.as_deref(), Some("jane@example.com"));
    assert_eq!(user(false), None);
}

#[test]
fn a_full_bound_answers_at_once_and_frees_its_place() {
    let admission = admission();
    let received = Received { intent: "order.status", body: b"{}", idempotency_key: None };
    let other = admission.authenticate(Some("Bearer other")).unwrap();
    let first = admission.admit(bot(&admission), received).unwrap();
    let full = admission.admit(bot(&admission), received).unwrap_err();
    assert_eq!((full.code, full.retry_after_ms), (Code::RateLimited, Some(1_000)));
    let second = admission.admit(other.clone(), received).unwrap();
    assert_eq!(admission.admit(other, received).unwrap_err().code, Code::Overloaded);
    assert_eq!(admission.in_flight(), 2);
    drop((first, second));
    assert_eq!(admission.in_flight(), 0);
    assert!(admission.admit(bot(&admission), received).is_ok());
}

#[test]
fn an_idempotency_key_is_bounded() {
    let admission = admission();
    for (key, good) in [("k-1", true), ("", false), ("a\nb", false), (&"x".repeat(256), false)] {
        let received = Received { intent: "order.status", body: b"{}", idempotency_key: Some(key) };
        assert_eq!(admission.admit(bot(&admission), received).is_ok(), good, "{key:?}");
    }
}

#[test]
fn scopes_are_patterns_of_intents_or_a_known_word() {
    for good in
        ["intent:*", "intent:order.*", "intent:order.status", "connections:read", "connections:test", "audit:read"]
    {
        assert!(is_scope(good), "{good}");
    }
    for bad in ["*", "order.status", "intent:", "intent:ord*", "intent:Order.status", "admin"] {
        assert!(!is_scope(bad), "{bad}");
    }
}

#[tokio::test]
async fn what_was_accepted_before_waits_for_room_and_is_refused_where_its_caller_or_scope_is_gone() {
    let admission = admission();
    let received = |intent| Received { intent, body: b"{}", idempotency_key: None };
    let first = admission.admit(bot(&admission), received("order.status")).unwrap();
    let mut again = std::pin::pin!(admission.readmit("bot", "acme", received("order.status")));
    let waiting = tokio::time::timeout(std::time::Duration::ZERO, &mut again).await;
    assert!(waiting.is_err(), "the caller's one place is taken");
    drop(first);
    assert_eq!(again.await.unwrap().intent, "order.status");
    for (caller, tenant, intent) in
        [("gone", "acme", "order.status"), ("bot", "other", "order.status"), ("bot", "acme", "ticket.create")]
    {
        let refused = admission.readmit(caller, tenant, received(intent)).await.unwrap_err();
        assert_eq!(refused.code, Code::Forbidden, "{caller} {tenant} {intent}");
    }
}
