//! Access tokens: how they are asked for, how long they are used, and what happens when they are refused.

use std::sync::Arc;
use std::time::Duration;

use jackfield_core::audit::Event;
use jackfield_core::port::{Egress as _, SendError};
use jackfield_egress::State;

use crate::near_side::{CONNECTION, NearSide, Wish, context, get, of_user, post};
use crate::token_house::{TokenHouse, json, refusal, status};

const CLIENT: &str = r#"{ scheme = "oauth2", token_url = "https://login.example.com/token", client_id = "app:1",
    client_secret = "token", grant = { type = "client_credentials" } }"#;

const HOUR: &str = r#","expires_in":3600"#;

fn one_line(auth: &str) -> &'static str {
    Box::leak(auth.split_whitespace().collect::<Vec<_>>().join(" ").into_boxed_str())
}

fn client(house: &TokenHouse, auth: &str) -> NearSide {
    Wish::to(&house.url()).auth(one_line(auth), &[("token", "s3cr3t&client"), ("user", "pass+word")]).build()
}

fn form(request: &str) -> Vec<(String, String)> {
    let body = request.split("\r\n\r\n").nth(1).unwrap();
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

fn field(request: &str, name: &str) -> Option<String> {
    form(request).into_iter().find(|(n, _)| n == name).map(|(_, v)| v)
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_used_until_it_ends() {
    let house = TokenHouse::open(HOUR).await;
    let near = client(&house, CLIENT);
    for _ in 0..3 {
        assert_eq!(near.get("/open/x").await.unwrap().status, 200);
    }
    let asked = house.token_requests();
    assert_eq!(asked.len(), 1, "{asked:?}");
    // `app:1` and the secret, each form-encoded: app%3A1:s3cr3t%26client
    assert!(asked[0].contains("authorization: Basic YXBwJTNBMTpzM2NyM3QlMjZjbGllbnQ=\r\n"), "{}", asked[0]);
    assert_eq!(form(&asked[0]), [("grant_type".to_owned(), "client_credentials".to_owned())]);
    assert!(house.requests().iter().all(|r| r.contains("authorization: Bearer access-token-1\r\n")));
    let records = near.audit.all();
    assert!(
        matches!(&records[0].event, Event::TokenRequested { slot, grant, origin }
        if slot == "api/default" && grant == "client_credentials" && *origin == house.url()),
        "{records:?}"
    );
    assert_eq!(near.audit.uses(), ["200", "200", "200"]);
}

#[tokio::test]
async fn the_client_proves_itself_as_the_manifest_says() {
    let cases = [
        (r#"client_auth = "body", client_secret = "token""#, Some("s3cr3t&client")),
        (r#"client_auth = "none""#, None),
    ];
    for (how, secret) in cases {
        let house = TokenHouse::open(HOUR).await;
        let auth = format!(
            r#"{{ scheme = "oauth2", token_url = "https://login.example.com/token", client_id = "app", {how},
            scopes = ["a", "b"], params = {{ audience = "x y" }}, grant = {{ type = "client_credentials" }} }}"#
        );
        let near = client(&house, &auth);
        near.get("/open/x").await.unwrap();
        let asked = &house.token_requests()[0];
        assert!(!asked.contains("authorization"), "{asked}");
        assert_eq!(field(asked, "client_id").as_deref(), Some("app"));
        assert_eq!(field(asked, "client_secret").as_deref(), secret);
        assert_eq!(field(asked, "scope").as_deref(), Some("a b"));
        assert_eq!(field(asked, "audience").as_deref(), Some("x y"));
    }
}

#[tokio::test]
async fn a_password_grant_sends_user_and_password_in_the_body() {
    let house = TokenHouse::open(HOUR).await;
    let auth = r#"{ scheme = "oauth2", token_url = "https://login.example.com/token", client_id = "app",
        client_secret = "token", header = "X-Auth", prefix = "Zoho-oauthtoken ",
        grant = { type = "password", username = "bob", password = "user" } }"#;
    let near = client(&house, auth);
    near.get("/open/x").await.unwrap_err();
    let asked = &house.token_requests()[0];
    assert_eq!(field(asked, "username").as_deref(), Some("bob"));
    assert_eq!(field(asked, "password").as_deref(), Some("pass+word"));
    assert!(house.requests()[0].contains("x-auth: Zoho-oauthtoken access-token-1\r\n"), "{:?}", house.requests());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_calls_on_an_expired_token_make_one_token_request() {
    let house = TokenHouse::open(HOUR).await;
    let near = Arc::new(client(&house, CLIENT));
    near.get("/open/x").await.unwrap();
    house.end_sessions();
    let calls = (0..500).map(|_| {
        let near = near.clone();
        tokio::spawn(async move {
            let request = near.granted(get("/open/x"));
            near.egress.send(request, &context(Duration::from_secs(60))).await
        })
    });
    for call in futures_util::future::join_all(calls).await {
        assert_eq!(call.unwrap().unwrap().status, 200);
    }
    assert_eq!(house.token_requests().len(), 2);
}

#[tokio::test]
async fn a_caller_that_goes_away_does_not_take_the_token_with_it() {
    let house = TokenHouse::open(HOUR).await;
    let near = client(&house, CLIENT);
    let request = near.granted(get("/open/x"));
    let outcome = near.egress.send(request, &context(Duration::from_nanos(1))).await;
    assert_eq!(outcome, Err(SendError::Timeout { sent: false }));
    assert_eq!(near.get("/open/x").await.unwrap().status, 200);
    assert_eq!(house.token_requests().len(), 1);
}

#[tokio::test]
async fn a_token_that_the_system_refuses_is_renewed_once_and_also_a_write_is_sent_again() {
    let house = TokenHouse::open("").await;
    let near = client(&house, CLIENT);
    near.get("/open/x").await.unwrap();
    house.end_sessions();
    assert_eq!(near.send(post("/open/x", "{}")).await.unwrap().status, 200);
    assert_eq!(house.token_requests().len(), 2);
    let sent = house.requests();
    assert_eq!(sent.len(), 3);
    assert!(sent[1].ends_with("{}") && sent[2].ends_with("{}"), "{sent:?}");
    assert!(sent[2].contains("Bearer access-token-2\r\n"), "{sent:?}");
    assert_eq!(near.audit.uses(), ["200", "401", "200"]);
    assert_eq!(near.egress.status(CONNECTION).state, State::Active);
}

#[tokio::test]
async fn a_system_that_refuses_every_token_ends_the_loop() {
    let house = TokenHouse::open("").await;
    let near = client(&house, CLIENT);
    let wrong = r#"{ scheme = "oauth2", token_url = "https://login.example.com/token", client_id = "app",
        client_secret = "token", prefix = "Wrong ", grant = { type = "client_credentials" } }"#;
    let refused = client(&house, wrong);
    for _ in 0..5 {
        let outcome = refused.get("/open/x").await;
        assert!(
            matches!(&outcome, Err(SendError::ReauthRequired(why)) if why.contains("also a new one")),
            "{outcome:?}"
        );
    }
    // The first token and one more; after that none for a while.
    assert_eq!(house.token_requests().len(), 2);
    assert_eq!(house.requests().len(), 6);
    let status = refused.egress.status(CONNECTION);
    assert_eq!(status.state, State::ReauthRequired);
    assert_eq!(refused.changes.lock().unwrap().len(), 1);
    drop(near);
}

#[tokio::test]
async fn a_refusal_of_the_token_endpoint_is_remembered_until_the_secret_changes() {
    for code in ["invalid_grant", "invalid_client", "unauthorized_client", "invalid_scope"] {
        let house = TokenHouse::open(HOUR).await;
        let near = client(&house, CLIENT);
        house.answer_instead(Some(refusal(code)));
        for _ in 0..3 {
            let outcome = near.get("/open/x").await;
            let Err(SendError::ReauthRequired(why)) = outcome else { panic!("{outcome:?}") };
            assert!(why.contains(code) && why.contains("says the house"), "{why}");
        }
        assert_eq!(house.token_requests().len(), 1, "{code}");
        assert_eq!(house.requests().len(), 0);
        assert_eq!(near.egress.status(CONNECTION).state, State::ReauthRequired);

        house.answer_instead(None);
        crate::near_side::write_secret(&near.folder.path().join("token"), "another");
        assert_eq!(near.get("/open/x").await.unwrap().status, 200);
        assert_eq!(near.egress.status(CONNECTION).state, State::Active);
        let changes: Vec<_> = near.changes.lock().unwrap().iter().map(|change| change.to).collect();
        assert_eq!(changes, [State::ReauthRequired, State::Active]);
    }
}

#[tokio::test]
async fn a_token_endpoint_in_trouble_is_unavailable_and_left_alone_for_a_while() {
    let answers: Vec<Vec<u8>> = vec![
        status("500 Internal Server Error", "", r#"{"error":"invalid_grant"}"#),
        status("503 Service Unavailable", "retry-after: 60\r\n", ""),
        status("429 Too Many Requests", "retry-after: 60\r\n", r#"{"error":"invalid_grant"}"#),
        status("400 Bad Request", "content-type: text/html\r\n", "<html>who are you</html>"),
        status("200 OK", "", "<html>welcome</html>"),
        status("200 OK", "", r#"{"access_token":""}"#),
        status("200 OK", "", r#"{"access_token":"a b"}"#),
        status("200 OK", "", r#"{"access_token":"abc","token_type":"mac"}"#),
        status("200 OK", "", &format!(r#"{{"access_token":"{}"}}"#, "x".repeat(70_000))),
        status("302 Found", "location: /token2\r\n", ""),
        status("400 Bad Request", "", r#"{"error":"temporarily_unavailable"}"#),
        b"garbage\r\n\r\n".to_vec(),
    ];
    for answer in answers {
        let house = TokenHouse::open(HOUR).await;
        let near = client(&house, CLIENT);
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(60)]).into_owned();
        house.answer_instead(Some(answer));
        for _ in 0..3 {
            let outcome = near.get("/open/x").await;
            assert!(matches!(&outcome, Err(SendError::Unavailable { sent: false, .. })), "{shown}: {outcome:?}");
        }
        assert_eq!(house.token_requests().len(), 1, "{shown}");
        assert_eq!(house.requests().len(), 0);
        assert_eq!(near.egress.status(CONNECTION).state, State::Active, "{shown}");
    }
}

#[tokio::test]
async fn a_refusal_with_status_200_is_one() {
    let house = TokenHouse::open(HOUR).await;
    let near = client(&house, CLIENT);
    house.answer_instead(Some(json(r#"{"error":"invalid_code"}"#)));
    let outcome = near.get("/open/x").await;
    assert!(matches!(&outcome, Err(SendError::ReauthRequired(why)) if why.contains("`invalid_code`")), "{outcome:?}");
}

#[tokio::test]
async fn scopes_that_were_not_given_are_named() {
    let house = TokenHouse::open(r#","scope":"orders.read,profile""#).await;
    let auth = r#"{ scheme = "oauth2", token_url = "https://login.example.com/token", client_id = "app",
        client_secret = "token", scopes = ["orders.read", "orders.write", "profile"],
        grant = { type = "client_credentials" } }"#;
    let near = client(&house, auth);
    near.get("/open/x").await.unwrap();
    let status = near.egress.status(CONNECTION);
    assert_eq!(status.state, State::Degraded);
    assert_eq!(status.missing_scopes, ["orders.write"]);
    assert_eq!(status.reason.as_deref(), Some("it was not given the scope `orders.write`"));
}

#[tokio::test]
async fn a_call_without_a_verified_user_gets_no_users_token() {
    let house = TokenHouse::open(HOUR).await;
    let key = include_str!("../keys/rsa-2048.pem").replace('\n', "\\n");
    let key: &'static str = key.leak();
    let auth = one_line(
        r#"{ scheme = "oauth2", token_url = "https://login.example.com/token", client_id = "app",
        client_auth = "none", grant = { type = "jwt_bearer", issuer = "app", subject = "{user.email}",
        audience = "aud", key = "key" } }"#,
    );
    let near = Wish::to(&house.url()).auth(auth, &[("key", key)]).for_users().build();
    let outcome = near.get("/open/x").await;
    assert!(matches!(&outcome, Err(SendError::Denied(why)) if why.contains("no verified user")), "{outcome:?}");
    for (id, email) in [("", Some("a@example.com")), ("u1", None), ("u1", Some("a\u{0}@b")), ("u1", Some("{user.id}"))]
    {
        let outcome = near.egress.send(near.granted(get("/open/x")), &of_user(id, email)).await;
        assert!(matches!(&outcome, Err(SendError::Denied(_))), "{id} {email:?}: {outcome:?}");
    }
    assert_eq!(house.far.seen().len(), 0);

    for (id, email) in
        [("u1", "a@example.com"), ("u2", "b@example.com"), ("u1", "a@example.com"), ("u1", "c@example.com")]
    {
        let answer = near.egress.send(near.granted(get("/open/x")), &of_user(id, Some(email))).await.unwrap();
        assert_eq!(answer.status, 200);
    }
    let subjects: Vec<_> = house.token_requests().iter().map(|request| claims(request)["sub"].clone()).collect();
    assert_eq!(subjects, ["a@example.com", "b@example.com", "c@example.com"]);
    let shown: Vec<_> =
        house.requests().iter().map(|r| r.lines().find(|l| l.contains("Bearer")).unwrap().to_owned()).collect();
    assert_eq!(shown[0], shown[2]);
    assert_ne!(shown[0], shown[1]);
    let record = near.audit.all().into_iter().find(|r| matches!(r.event, Event::CredentialUsed { .. })).unwrap();
    assert_eq!(record.user.as_deref(), Some("u1"));
}

fn claims(request: &str) -> serde_json::Value {
    use base64::Engine;
    let assertion = field(request, "assertion").or_else(|| field(request, "client_assertion")).unwrap();
    let claims = assertion.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

#[tokio::test]
async fn an_assertion_is_made_once_more_by_the_clock_of_whoever_refused_it() {
    let house = TokenHouse::open(HOUR).await;
    let key: &'static str = include_str!("../keys/rsa-2048.pem").replace('\n', "\\n").leak();
    let auth = one_line(
        r#"{ scheme = "oauth2", token_url = "https://login.example.com/token", client_id = "app",
        client_auth = "private_key_jwt", client_key = "key", grant = { type = "client_credentials" } }"#,
    );
    let near = Wish::to(&house.url()).auth(auth, &[("key", key)]).build();
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let body = r#"{"error":"invalid_client"}"#;
    house.answer_instead(Some(status("401 Unauthorized", &format!("date: {date}\r\n"), body)));
    let outcome = near.get("/open/x").await;
    assert!(matches!(&outcome, Err(SendError::ReauthRequired(_))), "{outcome:?}");
    let asked = house.token_requests();
    assert_eq!(asked.len(), 2, "once more, and no more");
    assert_eq!(claims(&asked[1])["iat"], 784_111_777);
    assert!(claims(&asked[0])["iat"].as_i64().unwrap() > 1_700_000_000);
    assert_ne!(claims(&asked[0])["jti"], claims(&asked[1])["jti"]);
}

#[tokio::test]
async fn nothing_goes_out_while_the_audit_log_is_broken_and_nothing_is_lost() {
    let house = TokenHouse::open(HOUR).await;
    let near = client(&house, CLIENT);
    near.get("/open/x").await.unwrap();
    near.audit.set_broken(true);
    // This one could not know.
    near.get("/open/x").await.unwrap();
    for _ in 0..3 {
        let outcome = near.get("/open/x").await;
        assert!(
            matches!(&outcome, Err(SendError::Unavailable { detail, sent: false }) if detail.contains("audit log"))
        );
    }
    assert_eq!(house.requests().len(), 2);
    near.audit.set_broken(false);
    near.get("/open/x").await.unwrap();
    assert_eq!(near.audit.uses(), ["200", "200", "200"]);
}

#[tokio::test]
async fn an_old_token_is_renewed_beside_the_calls_that_still_use_it() {
    // Two seconds: the last fifth of a second and a little more is the margin.
    let house = TokenHouse::open(r#","expires_in":2"#).await;
    let near = client(&house, CLIENT);
    let renewed = async {
        while house.token_requests().len() < 2 {
            assert_eq!(near.get("/open/x").await.unwrap().status, 200);
        }
    };
    tokio::time::timeout(Duration::from_secs(20), renewed).await.unwrap();
    // No call ever met a token that had ended.
    assert!(near.audit.uses().iter().all(|outcome| outcome == "200"));
}

#[tokio::test]
async fn a_saml_assertion_is_written_in_the_alphabet_that_the_system_wants() {
    use base64::Engine;
    let house = TokenHouse::open(HOUR).await;
    let key: &'static str = include_str!("../keys/rsa-2048.pem").replace('\n', "\\n").leak();
    let auth = one_line(
        r#"{ scheme = "oauth2", token_url = "https://login.example.com/token", client_id = "app",
        client_auth = "none", grant = { type = "saml2_bearer", issuer = "app",
        subject = "bob", audience = "www.successfactors.com", key = "key", encoding = "base64" } }"#,
    );
    let near = Wish::to(&house.url()).auth(auth, &[("key", key)]).build();
    near.get("/open/x").await.unwrap();
    let assertion = field(&house.token_requests()[0], "assertion").unwrap();
    let xml = base64::engine::general_purpose::STANDARD.decode(assertion).unwrap();
    assert!(xml.starts_with(b"<"), "{}", String::from_utf8_lossy(&xml));
}

#[tokio::test]
async fn a_saml_assertion_is_shown_as_rfc_7522_wants_it() {
    let house = TokenHouse::open(HOUR).await;
    let key: &'static str = include_str!("../keys/rsa-2048.pem").replace('\n', "\\n").leak();
    let auth = one_line(
        r#"{ scheme = "oauth2", token_url = "https://login.example.com/token", client_id = "app",
        client_auth = "none", params = { company_id = "ACME" }, grant = { type = "saml2_bearer", issuer = "app",
        subject = "{user.id}", audience = "www.successfactors.com", key = "key" } }"#,
    );
    let near = Wish::to(&house.url()).auth(auth, &[("key", key)]).for_users().build();
    near.egress.send(near.granted(get("/open/x")), &of_user("o'neil & <sons>", None)).await.unwrap();
    let asked = &house.token_requests()[0];
    assert_eq!(field(asked, "grant_type").as_deref(), Some("urn:ietf:params:oauth:grant-type:saml2-bearer"));
    assert_eq!(field(asked, "company_id").as_deref(), Some("ACME"));
    use base64::Engine;
    let xml = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(field(asked, "assertion").unwrap()).unwrap();
    let xml = String::from_utf8(xml).unwrap();
    let document = roxmltree::Document::parse(&xml).unwrap();
    let saml = |name: &str| {
        let found = document.descendants().find(|n| n.tag_name().name() == name);
        found.and_then(|n| n.text().map(str::to_owned))
    };
    assert_eq!(saml("NameID").as_deref(), Some("o'neil & <sons>"));
    assert_eq!(saml("Audience").as_deref(), Some("www.successfactors.com"));
    assert!(xml.contains(&format!(r#"Recipient="{}/token""#, house.url())), "{xml}");
}

#[tokio::test]
async fn a_token_of_another_scheme_is_not_used_after_the_configuration_changed() {
    let house = TokenHouse::open(HOUR).await;
    let near = client(&house, CLIENT);
    near.get("/open/x").await.unwrap();
    let other = CLIENT.replace("app:1", "app:2");
    let changed = client(&house, &other);
    // The same egress, with what the new configuration grants.
    let granted = changed.granted(get("/open/x"));
    near.egress.send(granted, &context(Duration::from_secs(5))).await.unwrap();
    assert_eq!(house.token_requests().len(), 2);
}

#[tokio::test]
async fn a_token_endpoint_out_of_reach_by_policy_is_denied() {
    let house = TokenHouse::open(HOUR).await;
    let mut wish = Wish::to(&house.url()).auth(one_line(CLIENT), &[("token", "s3cr3t-client")]);
    wish.allow = Vec::new();
    let near = wish.build();
    let outcome = near.get("/open/x").await;
    assert!(matches!(&outcome, Err(SendError::Denied(why)) if why.contains("allow_addresses")), "{outcome:?}");
    assert_eq!(house.far.accepted(), 0);
}

#[tokio::test]
async fn the_outcome_is_the_same_for_everybody_who_waited() {
    let house = TokenHouse::open(HOUR).await;
    let near = Arc::new(client(&house, CLIENT));
    house.answer_instead(Some(refusal("invalid_scope")));
    let calls = (0..50).map(|_| {
        let near = near.clone();
        tokio::spawn(async move { near.get("/open/x").await })
    });
    for call in futures_util::future::join_all(calls).await {
        assert!(matches!(call.unwrap(), Err(SendError::ReauthRequired(why)) if why.contains("invalid_scope")));
    }
    assert_eq!(house.token_requests().len(), 1);
    assert_eq!(near.changes.lock().unwrap().len(), 1, "one alert");
}
