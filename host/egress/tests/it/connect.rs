//! Consent: what is asked for, what counts as the answer, and what is there afterwards.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jackfield_core::audit::Event;
use jackfield_core::call::User;
use jackfield_core::port::{Egress as _, SendError};
use jackfield_egress::{Authorization, ConnectError, State};
use sha2::{Digest, Sha256};

use crate::near_side::{CONNECTION, Memory, NearSide, Wish, get, of_user};
use crate::token_house::TokenHouse;

const REDIRECT: &str = "http://127.0.0.1:7777/callback";

const AUTH: &str = r#"{ scheme = "oauth2", token_url = "https://login.example.com/token", client_id = "app", client_secret = "token", scopes = ["a", "b"], grant = { type = "refresh_token", authorize_url = "https://login.example.com/authorize?x=1", authorize_params = { access_type = "offline" } } }"#;
const WITH_ISSUER: &str = r#"{ scheme = "oauth2", token_url = "https://login.example.com/token", client_id = "app", client_secret = "token", grant = { type = "refresh_token", authorize_url = "https://login.example.com/authorize", issuer = "https://issuer.example.com" } }"#;

const HOUR: &str = r#","expires_in":3600"#;

fn host(house: &TokenHouse, store: &Arc<Memory>, auth: &'static str) -> NearSide {
    Wish::to(&house.url()).auth(auth, &[("token", "s3cr3t-client")]).store(store).build()
}

fn ask(near: &NearSide, user: Option<&Arc<User>>) -> (Authorization, HashMap<String, String>) {
    let endpoint = near.grant.endpoints().next().unwrap();
    let authorization = near.egress.authorization(endpoint, REDIRECT, user).unwrap();
    let asked = authorization.url().query_pairs().into_owned().collect();
    (authorization, asked)
}

#[tokio::test]
async fn a_consent_makes_a_pending_connection_work() {
    let (house, store) = (TokenHouse::rotating("refresh-token-1", HOUR).await, Memory::new());
    let near = host(&house, &store, AUTH);
    let outcome = near.get("/open/x").await;
    assert!(matches!(&outcome, Err(SendError::ReauthRequired(why)) if why.contains("jackfield connect shop-eu")));
    assert_eq!(near.egress.status(CONNECTION).state, State::Pending);

    let (authorization, asked) = ask(&near, None);
    assert!(authorization.url().as_str().starts_with(&format!("{}/authorize?x=1&", house.url())));
    for (name, value) in [
        ("response_type", "code"),
        ("client_id", "app"),
        ("redirect_uri", REDIRECT),
        ("code_challenge_method", "S256"),
        ("scope", "a b"),
        ("access_type", "offline"),
    ] {
        assert_eq!(asked[name], value);
    }
    house.change(|house| house.members = r#","expires_in":3600,"refresh_token":"refresh-token-1""#);
    let callback = format!("?code=the-code&state={}", asked["state"]);
    near.egress.finish(authorization, &callback).await.unwrap();
    assert_eq!(near.egress.status(CONNECTION).state, State::Active);

    let exchange = house.token_requests().pop().unwrap();
    let body = exchange.split("\r\n\r\n").nth(1).unwrap();
    let form: HashMap<_, _> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    assert_eq!((&*form["grant_type"], &*form["code"]), ("authorization_code", "the-code"));
    assert_eq!(form["redirect_uri"], REDIRECT);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(form["code_verifier"].as_bytes()));
    assert_eq!(challenge, asked["code_challenge"]);
    let changed =
        |r: &jackfield_core::audit::Record| matches!(&r.event, Event::SecretChanged { how, .. } if how == "connect");
    assert!(near.audit.all().iter().any(changed));

    // Also for a host that knows nothing but the store.
    house.change(|house| house.members = HOUR);
    assert_eq!(host(&house, &store, AUTH).get("/open/x").await.unwrap().status, 200);
}

#[tokio::test]
async fn what_is_not_the_answer_spends_no_code() {
    let (house, store) = (TokenHouse::rotating("refresh-token-1", HOUR).await, Memory::new());
    let cases = [
        (AUTH, "code=c", "`state` is another one"),
        (AUTH, "code=c&state=", "`state` is another one"),
        (AUTH, "code=c&state=x{state}", "`state` is another one"),
        (AUTH, "code=c&state={state}&state={state}", "comes twice"),
        (AUTH, "code=c&state={state}&iss=https://evil.example.com", "`iss` is somebody else"),
        (AUTH, "state={state}", "`code` is missing"),
        (AUTH, "error=access_denied&error_description=no%0Away&state={state}", "`access_denied` (no way)"),
        (AUTH, "error=access_denied", "`state` is another one"),
        (WITH_ISSUER, "code=c&state={state}", "`iss` is missing"),
        (WITH_ISSUER, "code=c&state={state}&iss=https://login.example.com", "`iss` is somebody else"),
    ];
    for (auth, callback, expected) in cases {
        let near = host(&house, &store, auth);
        let (authorization, asked) = ask(&near, None);
        let callback = callback.replace("{state}", &asked["state"]);
        let error = near.egress.finish(authorization, &callback).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{callback}: {error}");
        assert!(!matches!(error, ConnectError::Failed(_)));
    }
    assert_eq!(house.far.seen().len(), 0);
}

#[tokio::test]
async fn the_right_issuer_is_the_answer() {
    let (house, store) = (TokenHouse::open(r#","refresh_token":"r-1234567""#).await, Memory::new());
    for (auth, issuer) in [(AUTH, house.url()), (WITH_ISSUER, "https://issuer.example.com".to_owned())] {
        let near = host(&house, &store, auth);
        let (authorization, asked) = ask(&near, None);
        let callback = format!("code=c&state={}&iss={issuer}", asked["state"]);
        near.egress.finish(authorization, &callback).await.unwrap();
    }
}

#[tokio::test]
async fn a_users_consent_is_that_users() {
    let (house, store) = (TokenHouse::rotating("refresh-token-1", HOUR).await, Memory::new());
    let near = Wish::to(&house.url()).auth(AUTH, &[("token", "s3cr3t-client")]).for_users().store(&store).build();
    let endpoint = near.grant.endpoints().next().unwrap();
    assert!(matches!(
        near.egress.authorization(endpoint, REDIRECT, None),
        Err(ConnectError::Failed(SendError::Denied(_)))
    ));
    let user = Arc::new(User { id: "u1".to_owned(), email: None, phone: None });
    let (authorization, asked) = ask(&near, Some(&user));
    house.change(|house| house.members = r#","refresh_token":"refresh-token-1""#);
    near.egress.finish(authorization, &format!("code=c&state={}", asked["state"])).await.unwrap();
    house.change(|house| house.members = HOUR);
    let send = async |id| near.egress.send(near.granted(get("/open/x")), &of_user(id, None)).await;
    assert_eq!(send("u1").await.unwrap().status, 200);
    // The same token under another user's key does not open: it is sealed for its place.
    let second = Arc::new(User { id: "u9".to_owned(), email: None, phone: None });
    let (authorization, asked) = ask(&near, Some(&second));
    house.change(|house| house.members = r#","refresh_token":"refresh-token-9""#);
    near.egress.finish(authorization, &format!("code=c&state={}", asked["state"])).await.unwrap();
    store.shuffle();
    let before = house.token_requests().len();
    let outcome = send("u9").await;
    assert!(matches!(&outcome, Err(SendError::ReauthRequired(why)) if why.contains("of no use")), "{outcome:?}");
    assert_eq!(house.token_requests().len(), before);

    for other in ["u2", "U1", "u1 ", "u"] {
        assert!(matches!(send(other).await, Err(SendError::ReauthRequired(_))), "{other}");
    }
}

#[tokio::test]
async fn a_connection_can_be_tried_out() {
    let (house, store) = (TokenHouse::rotating("first", HOUR).await, Memory::new());
    let near = host(&house, &store, AUTH);
    let endpoint = near.grant.endpoints().next().unwrap().clone();
    near.egress.prepare(CONNECTION, std::slice::from_ref(&endpoint)).await;
    assert_eq!(near.egress.status(CONNECTION).state, State::Pending);
    let report = near.egress.test(&endpoint, None, std::time::Duration::from_secs(5)).await;
    assert_eq!(report.state, State::Pending);
    near.egress.prepare(CONNECTION, &[]).await;
    assert_eq!(near.egress.status(CONNECTION).state, State::Active, "a scheme that is gone troubles nobody");
    assert!(report.problem.unwrap().contains("jackfield connect"));

    let auth = r#"{ scheme = "oauth2", token_url = "https://login.example.com/token", client_id = "app", client_secret = "token", scopes = ["a", "b"], grant = { type = "client_credentials" } }"#;
    let house = TokenHouse::open(r#","scope":"a""#).await;
    let near = Wish::to(&house.url()).auth(auth, &[("token", "s3cr3t")]).endpoint(r#"probe = "/open/me?x=1""#).build();
    let endpoint = near.grant.endpoints().next().unwrap().clone();
    let report = near.egress.test(&endpoint, None, std::time::Duration::from_secs(5)).await;
    assert_eq!((report.state, report.problem, report.probe_status), (State::Degraded, None, Some(200)));
    assert_eq!(report.missing_scopes, ["b"]);
    assert!(house.requests()[0].starts_with("GET /open/me?x=1 HTTP/1.1\r\n"));
}
