//! What goes onto a request besides the credential: sessions against forgery, and secrets in places of the manifest.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jackfield_core::audit::Event;
use jackfield_core::grant::OutboundRequest;
use jackfield_core::port::{Egress as _, SendError};

use crate::far_side::FarSide;
use crate::near_side::{NearSide, Wish, context, get, post, values};
use crate::token_house::status;

const BASIC: &str = r#"{ scheme = "basic", username = "bob", secret = "token" }"#;
const CSRF: &str = r#"csrf = { path = "/service/", repeat = ["sap-client"] }"#;

/// Gives session number `n` with its `n`th fetch, and takes writes with the session that is `valid`.
async fn gateway(valid: Arc<AtomicUsize>) -> FarSide {
    let fetched = AtomicUsize::new(0);
    FarSide::answering(move |request| {
        if request.contains("x-csrf-token: Fetch") {
            let n = fetched.fetch_add(1, Ordering::SeqCst) + 1;
            let lines = format!(
                "x-csrf-token: csrf-token-number-{n}\r\nset-cookie: SAP_SESSIONID_X=session-number-{n}; path=/; HttpOnly\r\n\
                 set-cookie: sap-usercontext=sap-client=100; path=/\r\n"
            );
            return status("200 OK", &lines, "");
        }
        let n = valid.load(Ordering::SeqCst);
        let right = request.contains(&format!("x-csrf-token: csrf-token-number-{n}\r\n"))
            && request.contains(&format!("cookie: SAP_SESSIONID_X=session-number-{n}; sap-usercontext=sap-client=100\r\n"));
        if right || request.starts_with("GET") {
            status("201 Created", &format!("x-csrf-token: csrf-token-number-{n}\r\n"), &format!("csrf-token-number-{n}"))
        } else {
            status("403 Forbidden", "x-csrf-token: Required\r\n", "CSRF token validation failed")
        }
    })
    .await
}

fn near(far: &FarSide) -> NearSide {
    Wish::to(&far.url()).auth(BASIC, &[("token", "correct horse")]).endpoint(CSRF).build()
}

#[tokio::test]
async fn a_write_carries_a_session_that_is_fetched_once() {
    let far = gateway(Arc::new(AtomicUsize::new(1))).await;
    let near = near(&far);
    assert_eq!(near.get("/open/x").await.unwrap().status, 201);
    let write = || {
        let headers = [("sap-client", "100"), ("x-other", "1")].map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
        OutboundRequest { headers, ..post("/open/x", "{}") }
    };
    let calls = (0..20).map(|_| near.send(write()));
    for answer in futures_util::future::join_all(calls).await {
        let answer = answer.unwrap();
        assert_eq!((answer.status, &answer.body[..]), (201, &b"[redacted]"[..]));
        assert!(values(&answer, "x-csrf-token").is_empty() && values(&answer, "set-cookie").is_empty());
    }
    let fetches: Vec<_> = far.seen().into_iter().filter(|r| r.contains("Fetch")).collect();
    assert_eq!(fetches.len(), 1);
    assert!(fetches[0].starts_with("GET /service/ HTTP/1.1\r\n") && fetches[0].contains("authorization: Basic "));
    assert!(fetches[0].contains("sap-client: 100\r\n") && fetches[0].contains("accept: application/json\r\n"));
    assert!(!fetches[0].contains("x-other"));
    assert!(!far.seen()[0].contains("x-csrf-token"), "a read needs none");
}

#[tokio::test]
async fn a_session_that_is_refused_is_fetched_anew_once() {
    let valid = Arc::new(AtomicUsize::new(1));
    let far = gateway(valid.clone()).await;
    let near = near(&far);
    assert_eq!(near.send(post("/open/x", "{}")).await.unwrap().status, 201);
    valid.store(2, Ordering::SeqCst);
    assert_eq!(near.send(post("/open/x", "{}")).await.unwrap().status, 201);
    valid.store(99, Ordering::SeqCst);
    let before = far.seen().len();
    assert_eq!(near.send(post("/open/x", "{}")).await.unwrap().status, 403);
    // The write, one fetch, the write again.
    assert_eq!(far.seen().len() - before, 3);
}

#[tokio::test]
async fn a_fetch_that_gives_no_session_sends_no_write() {
    for (answer, expected) in [
        (status("200 OK", "", ""), None),
        (status("500 Internal Server Error", "", ""), None),
        (status("401 Unauthorized", "", ""), Some(401)),
        (status("403 Forbidden", "", ""), Some(403)),
    ] {
        let far = FarSide::answering(move |_| answer.clone()).await;
        let outcome = near(&far).send(post("/open/x", "{}")).await;
        match expected {
            Some(status) => assert_eq!(outcome.unwrap().status, status),
            None => assert!(matches!(&outcome, Err(SendError::Unavailable { sent: false, .. })), "{outcome:?}"),
        }
        assert!(far.only().starts_with("GET /service/"), "{:?}", far.seen());
    }
}

#[tokio::test]
async fn a_marked_secret_is_filled_in_where_the_manifest_says_and_nowhere_else() {
    let far = FarSide::answering(|_| status("200 OK", "", "")).await;
    let endpoint = r#"place = [{ secret = "pin", header = "X-Pin" }, { secret = "pin", body = "/auth/pin" }]"#;
    let near = Wish::to(&far.url())
        .auth(BASIC, &[("token", "correct horse"), ("pin", "p\"in-1234")])
        .endpoint(endpoint)
        .build();
    let body = r#"{"note":"{{secret.pin}}","auth":{"pin":"{{secret.pin}}","x":"{{secret.token}}"}}"#;
    let headers = [("x-pin", "{{secret.pin}}"), ("x-other", "{{secret.pin}}")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    near.send(OutboundRequest { headers, body: Some(Bytes::from_static(body.as_bytes())), ..post("/open/x", "") })
        .await
        .unwrap();
    let seen = far.only();
    assert!(seen.contains("x-pin: p\"in-1234\r\n") && seen.contains("x-other: {{secret.pin}}\r\n"), "{seen}");
    assert!(
        seen.ends_with(r#"{"note":"{{secret.pin}}","auth":{"pin":"p\"in-1234","x":"{{secret.token}}"}}"#),
        "{seen}"
    );
    let filled = |r: &jackfield_core::audit::Record| matches!(&r.event, Event::SecretUsed { secret, how } if secret == "pin" && how == "fill");
    assert_eq!(near.audit.all().iter().filter(|r| filled(r)).count(), 1);
}

#[tokio::test]
async fn a_request_is_signed_with_oauth1() {
    let far = FarSide::answering(|_| status("200 OK", "", "")).await;
    let auth = r#"{ scheme = "oauth1", consumer_key = "user", consumer_secret = "token", token = "key", token_secret = "pin" }"#;
    let secrets =
        [("user", "consumer-key"), ("token", "consumer-secret"), ("key", "the-token"), ("pin", "token-secret")];
    let near = Wish::to(&far.url()).auth(auth, &secrets).build();
    near.get("/open/x").await.unwrap();
    let seen = far.only();
    assert!(seen.contains("authorization: OAuth ") && seen.contains("oauth_consumer_key=\"consumer-key\""), "{seen}");
    assert!(seen.contains("oauth_signature_method=\"HMAC-SHA256\"") && seen.contains("oauth_signature=\""), "{seen}");
    assert!(!seen.contains("consumer-secret") && !seen.contains("token-secret"), "{seen}");
}

#[tokio::test]
async fn a_request_that_was_dropped_is_in_the_audit_log_as_well() {
    let far = FarSide::handling(|stream, _| crate::far_side::hold(stream)).await;
    let near = Wish::to(&far.url()).auth(BASIC, &[("token", "correct horse")]).build();
    let context = context(Duration::from_secs(10));
    {
        let sending = near.egress.send(near.granted(get("/open/x")), &context);
        let dialled = async {
            while far.accepted() == 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! { _ = sending => panic!("answered"), () = dialled => {} }
    }
    assert_eq!(near.audit.uses(), ["cancelled"]);
}
