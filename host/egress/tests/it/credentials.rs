//! Each scheme as the far side receives it, and what happens when its secret is missing.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jackfield_core::call::CallContext;
use jackfield_core::grant::OutboundRequest;
use jackfield_core::port::{HmacAlgorithm, Secrets, SendError};

use crate::far_side::{FarSide, ok, with_headers};
use crate::near_side::{CONNECTION, Wish, context, get, post, write_secret};
use crate::token_house::status;
use jackfield_egress::State;

const VALUE: &str = "s3cr3t+/value=&x";

async fn received(auth: &'static str, secrets: &[(&'static str, &'static str)]) -> String {
    let far = FarSide::answering(|_| ok(b"")).await;
    let near = Wish::to(&far.url()).auth(auth, secrets).build();
    let query = vec![("q".to_owned(), "a b".to_owned())];
    near.send(OutboundRequest { query, ..get("/open/x") }).await.unwrap();
    far.only()
}

#[tokio::test]
async fn a_header_key_is_a_header() {
    let auth = r#"{ scheme = "header", header = "X-Api-Key", secret = "token", prefix = "Key " }"#;
    let request = received(auth, &[("token", VALUE)]).await;
    assert!(request.contains(&format!("x-api-key: Key {VALUE}\r\n")), "{request}");
    let auth = r#"{ scheme = "header", header = "X-Api-Key", secret = "token" }"#;
    let request = received(auth, &[("token", VALUE)]).await;
    assert!(request.contains(&format!("x-api-key: {VALUE}\r\n")), "{request}");
}

#[tokio::test]
async fn a_bearer_token_is_an_authorization() {
    let request = received(r#"{ scheme = "bearer", secret = "token" }"#, &[("token", VALUE)]).await;
    assert!(request.contains(&format!("authorization: Bearer {VALUE}\r\n")), "{request}");
}

#[tokio::test]
async fn a_query_key_is_encoded_at_the_end_of_the_query() {
    let request =
        received(r#"{ scheme = "query", parameter = "api_key", secret = "token" }"#, &[("token", VALUE)]).await;
    assert!(request.starts_with("GET /open/x?q=a%20b&api_key=s3cr3t%2B%2Fvalue%3D%26x HTTP/1.1\r\n"), "{request}");
}

#[tokio::test]
async fn basic_is_the_pair_in_base64() {
    let auth = r#"{ scheme = "basic", username = "bob", secret = "token" }"#;
    let request = received(auth, &[("token", "open sesame")]).await;
    assert!(request.contains("authorization: Basic Ym9iOm9wZW4gc2VzYW1l\r\n"), "{request}");
    // An API key as user name, without a password.
    let auth = r#"{ scheme = "basic", username = "", username_secret = "user" }"#;
    let request = received(auth, &[("user", "key1")]).await;
    assert!(request.contains("authorization: Basic a2V5MTo=\r\n"), "{request}");
}

#[tokio::test]
async fn without_a_scheme_nothing_is_added() {
    let request = received(r#"{ scheme = "none" }"#, &[("token", VALUE)]).await;
    assert!(!request.contains("authorization") && !request.contains("s3cr3t"), "{request}");
    assert!(request.contains("user-agent: jackfield/"), "{request}");
    assert!(request.contains("accept-encoding: gzip, br, zstd, deflate\r\n"), "{request}");
}

#[tokio::test]
async fn a_missing_secret_is_named_and_nothing_is_sent() {
    let far = FarSide::answering(|_| ok(b"")).await;
    let schemes = [
        r#"{ scheme = "header", header = "X-Api-Key", secret = "token" }"#,
        r#"{ scheme = "query", parameter = "api_key", secret = "token" }"#,
        r#"{ scheme = "bearer", secret = "token" }"#,
        r#"{ scheme = "basic", username = "bob", secret = "token" }"#,
        r#"{ scheme = "basic", username = "", username_secret = "token" }"#,
    ];
    for scheme in schemes {
        let near = Wish::to(&far.url()).auth(scheme, &[]).build();
        let outcome = near.get("/open/x").await;
        let expected = "secret `token` of connection `shop-eu` (no source): the configuration gives it no source";
        assert_eq!(outcome, Err(SendError::ReauthRequired(expected.to_owned())));

        let near = Wish::to(&far.url()).auth(scheme, &[("token", VALUE)]).build();
        std::fs::remove_file(near.folder.path().join("token")).unwrap();
        let outcome = near.get("/open/x").await;
        let expected = "secret `token` of connection `shop-eu` (file): the file cannot be read: entity not found";
        assert_eq!(outcome, Err(SendError::ReauthRequired(expected.to_owned())));
    }
    assert_eq!(far.accepted(), 0);
}

#[tokio::test]
async fn a_value_that_no_header_can_hold_is_not_repeated() {
    let far = FarSide::answering(|_| ok(b"")).await;
    let near =
        Wish::to(&far.url()).auth(r#"{ scheme = "bearer", secret = "token" }"#, &[("token", "abc\u{1}def")]).build();
    let Err(SendError::ReauthRequired(detail)) = near.get("/open/x").await else { panic!("sent") };
    assert!(detail.contains("`token`") && !detail.contains("abc"), "{detail}");
    let auth = r#"{ scheme = "basic", username = "", username_secret = "user" }"#;
    let near = Wish::to(&far.url()).auth(auth, &[("user", "abc:def")]).build();
    let Err(SendError::ReauthRequired(detail)) = near.get("/open/x").await else { panic!("sent") };
    assert!(detail.contains("`user`") && !detail.contains("abc"), "{detail}");
    assert_eq!(far.accepted(), 0);
}

#[tokio::test]
async fn a_rotated_file_is_used_from_the_next_request_on() {
    let far = FarSide::answering(|_| ok(b"")).await;
    let near =
        Wish::to(&far.url()).auth(r#"{ scheme = "bearer", secret = "token" }"#, &[("token", "first-token")]).build();
    near.get("/open/x").await.unwrap();
    // Same length, rewritten in place at once: neither size nor inode tells.
    write_secret(&near.folder.path().join("token"), "other-token\n");
    near.get("/open/x").await.unwrap();
    let seen = far.seen();
    assert!(seen[0].contains("Bearer first-token\r\n") && seen[1].contains("Bearer other-token\r\n"), "{seen:?}");
    // The old one may still be valid, and stays hidden.
    assert_eq!(near.vault.scrub("first-token other-token"), "[redacted] [redacted]");
}

#[tokio::test]
async fn a_credential_that_the_upstream_echoes_does_not_reach_the_guest() {
    let far = FarSide::answering(|request| {
        let headers: String = request.lines().filter(|l| l.starts_with("authorization")).collect();
        with_headers(&format!("x-echo: {headers}\r\n"), request.as_bytes())
    })
    .await;
    let auth = r#"{ scheme = "basic", username = "bob", secret = "token" }"#;
    let near = Wish::to(&far.url()).auth(auth, &[("token", "correct horse battery")]).build();
    let response = near.get("/open/x").await.unwrap();
    let body = String::from_utf8_lossy(&response.body);
    assert!(body.contains("authorization: Basic [redacted]\r\n"), "{body}");
    assert_eq!(crate::near_side::values(&response, "x-echo"), ["authorization: Basic [redacted]"]);
}

#[test]
fn a_credential_in_the_clear_needs_the_operators_word() {
    let mut wish =
        Wish::to("http://127.0.0.1").auth(r#"{ scheme = "bearer", secret = "token" }"#, &[("token", "first-token")]);
    wish.insecure = false;
    let refusal = wish.try_grant().unwrap_err();
    assert!(refusal.hint.contains("allow_insecure"), "{refusal:?}");
}

#[tokio::test]
async fn hmac_uses_a_secret_by_its_name() {
    let near = Wish::to("https://shop.example.com").auth(r#"{ scheme = "none" }"#, &[("token", "key")]).build();
    let message = b"The quick brown fox jumps over the lazy dog";
    let call = context(Duration::from_secs(5));
    let cases = [
        (HmacAlgorithm::Sha1, "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9"),
        (HmacAlgorithm::Sha256, "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"),
        (HmacAlgorithm::Sha512, "b42af09057bac1e2d41708e48a902e09b5ff7f12ab428a4fe86653c73dd248fb"),
    ];
    for (algorithm, expected) in cases {
        let mac = near.egress.hmac(&call, "token", algorithm, message).await.unwrap();
        assert!(mac.iter().map(|b| format!("{b:02x}")).collect::<String>().starts_with(expected), "{algorithm:?}");
    }
    assert!(near.egress.hmac(&call, "other", HmacAlgorithm::Sha1, message).await.unwrap_err().contains("`other`"));
    assert_eq!(&*near.egress.reveal(&call, "token").await.unwrap(), "key");
    let elsewhere = CallContext { connection: "shop-us".into(), ..call };
    assert!(near.egress.reveal(&elsewhere, "token").await.is_err());
}

#[tokio::test]
async fn during_a_rotation_the_old_value_is_tried_once_when_the_new_one_is_refused() {
    // The operator has changed the file; the system knows the new value only from a moment later on.
    let accepted = Arc::new(Mutex::new("first-token"));
    let door = accepted.clone();
    let far = FarSide::answering(move |request| {
        let right = request.contains(&format!("Bearer {}\r\n", door.lock().unwrap()));
        if right { ok(b"fine") } else { status("401 Unauthorized", "", "") }
    })
    .await;
    let near =
        Wish::to(&far.url()).auth(r#"{ scheme = "bearer", secret = "token" }"#, &[("token", "first-token")]).build();
    assert_eq!(near.get("/open/x").await.unwrap().status, 200);
    write_secret(&near.folder.path().join("token"), "other-token");
    assert_eq!(near.send(post("/open/x", "{}")).await.unwrap().status, 200);
    assert_eq!(near.audit.uses(), ["200", "401", "200"]);
    assert_eq!(near.egress.status(CONNECTION).state, State::Active);

    *accepted.lock().unwrap() = "other-token";
    assert_eq!(near.get("/open/x").await.unwrap().status, 200);
    // The new one has been accepted: the old one has had its day, and a refusal is one.
    *accepted.lock().unwrap() = "first-token";
    assert_eq!(near.get("/open/x").await.unwrap().status, 401);
    assert_eq!(far.seen().len(), 5);
    let status = near.egress.status(CONNECTION);
    assert_eq!(status.state, State::ReauthRequired);
    assert_eq!(status.reason.as_deref(), Some("the system refuses secret `token` of connection `shop-eu`"));
}

/// A request that was refused with the new value waits with the old one, until the system has taken the new one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_request_that_the_end_of_a_rotation_overtakes_is_sent_with_the_new_value() {
    let accepted = Arc::new(Mutex::new("first-token"));
    let (held, mut until_held) = tokio::sync::mpsc::unbounded_channel();
    let (release, released) = std::sync::mpsc::channel::<()>();
    let released = Mutex::new(released);
    let door = accepted.clone();
    let far = FarSide::answering(move |request| {
        if request.contains("/open/slow") && request.contains("Bearer first-token\r\n") {
            held.send(()).unwrap();
            tokio::task::block_in_place(|| released.lock().unwrap().recv().unwrap());
        }
        let right = request.contains(&format!("Bearer {}\r\n", door.lock().unwrap()));
        if right { ok(b"fine") } else { status("401 Unauthorized", "", "") }
    })
    .await;
    let near =
        Wish::to(&far.url()).auth(r#"{ scheme = "bearer", secret = "token" }"#, &[("token", "first-token")]).build();
    assert_eq!(near.get("/open/x").await.unwrap().status, 200);
    write_secret(&near.folder.path().join("token"), "other-token");
    let overtaking = async {
        until_held.recv().await.unwrap();
        *accepted.lock().unwrap() = "other-token";
        assert_eq!(near.get("/open/x").await.unwrap().status, 200);
        release.send(()).unwrap();
    };
    let (slow, ()) = tokio::join!(near.get("/open/slow"), overtaking);
    assert_eq!(slow.unwrap().status, 200);
    assert_eq!(near.audit.uses(), ["200", "401", "200", "401", "200"]);
    assert_eq!(near.egress.status(CONNECTION).state, State::Active);
}

#[tokio::test]
async fn scopes_that_the_system_misses_are_named() {
    let far = FarSide::answering(|_| {
        status("403 Forbidden", "www-authenticate: Bearer error=\"insufficient_scope\", scope=\"orders.write\"\r\n", "")
    })
    .await;
    let near = Wish::to(&far.url()).auth(r#"{ scheme = "bearer", secret = "token" }"#, &[("token", VALUE)]).build();
    assert_eq!(near.get("/open/x").await.unwrap().status, 403);
    let status = near.egress.status(CONNECTION);
    assert_eq!((status.state, status.missing_scopes), (State::Degraded, vec!["orders.write".to_owned()]));
}
