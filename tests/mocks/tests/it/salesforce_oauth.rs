//! The simulated org's OAuth endpoints: every grant, rotation, revocation, lifetimes, clocks, and held requests.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jackfield_mocks::{Fault, Kind, Mocks, credentials};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use crate::client::{Reply, send, start};

const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const TOKEN: &str = "/services/oauth2/token";

async fn post(mocks: &Mocks, path: &str, more: &[(&str, &str)], pairs: &[(&str, &str)]) -> Reply {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let mut headers = vec![FORM];
    headers.extend(more);
    send(mocks.base_url("salesforce"), "POST", path, &headers, &body).await.unwrap()
}

async fn refresh(mocks: &Mocks, client: (&str, &str), token: &str) -> Reply {
    let pairs = [
        ("grant_type", "refresh_token"),
        ("client_id", client.0),
        ("client_secret", client.1),
        ("refresh_token", token),
    ];
    post(mocks, TOKEN, &[], &pairs).await
}

const PLAIN: (&str, &str) = (credentials::SALESFORCE_CLIENT_ID, credentials::SALESFORCE_CLIENT_SECRET);
const ROTATING: (&str, &str) =
    (credentials::SALESFORCE_ROTATING_CLIENT_ID, credentials::SALESFORCE_ROTATING_CLIENT_SECRET);

async fn works(mocks: &Mocks, token: &str) -> bool {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str())];
    let reply = send(mocks.base_url("salesforce"), "GET", "/services/data/v55.0/limits", &headers, "").await.unwrap();
    if reply.status == 401 {
        assert_eq!(reply.json()[0]["errorCode"], "INVALID_SESSION_ID");
    }
    reply.status == 200
}

fn access(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{}", reply.json());
    reply.json()["access_token"].as_str().unwrap().to_owned()
}

fn refusal(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["error"].as_str().unwrap().to_owned())
}

fn assertion(claims: &Value) -> String {
    let pem = credentials::SALESFORCE_JWT_PRIVATE_KEY;
    let encoded: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let pair = RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(encoded).unwrap()).unwrap();
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({ "alg": "RS256", "typ": "JWT" })), part(claims));
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn claims() -> Value {
    json!({
        "iss": credentials::SALESFORCE_JWT_CLIENT_ID,
        "sub": credentials::SALESFORCE_USERNAME,
        "aud": "https://login.salesforce.com",
        "exp": jiff::Timestamp::now().as_second() + 120,
    })
}

async fn jwt(mocks: &Mocks, claims: &Value) -> Reply {
    let assertion = assertion(claims);
    let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    post(mocks, TOKEN, &[], &[grant, ("assertion", &assertion)]).await
}

#[tokio::test]
async fn without_rotation_a_refresh_token_stays_and_none_is_returned() {
    let mocks = start().await;
    let first = refresh(&mocks, PLAIN, credentials::SALESFORCE_REFRESH_TOKEN).await;
    let body = first.json();
    assert!(body.get("refresh_token").is_none() && body.get("expires_in").is_none());
    assert_eq!(body["instance_url"], mocks.base_url("salesforce"));
    assert!(works(&mocks, &access(&first)).await);
    let again = refresh(&mocks, PLAIN, credentials::SALESFORCE_REFRESH_TOKEN).await;
    assert_ne!(access(&again), access(&first));
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn with_rotation_a_refresh_token_works_once() {
    let mocks = start().await;
    let first = refresh(&mocks, ROTATING, credentials::SALESFORCE_ROTATING_REFRESH_TOKEN).await;
    let fresh = first.json()["refresh_token"].as_str().unwrap().to_owned();
    let dead = refresh(&mocks, ROTATING, credentials::SALESFORCE_ROTATING_REFRESH_TOKEN).await;
    assert_eq!(refusal(&dead), (400, "invalid_grant".to_owned()));
    assert!(works(&mocks, &access(&first)).await);
    assert_eq!(refresh(&mocks, ROTATING, &fresh).await.status, 200);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn a_client_is_known_by_its_secret_in_one_place_only() {
    let mocks = start().await;
    let wrong = refresh(&mocks, (PLAIN.0, "wrong"), credentials::SALESFORCE_REFRESH_TOKEN).await;
    assert_eq!(refusal(&wrong), (400, "invalid_client".to_owned()));
    let wrong = refresh(&mocks, ("nobody", PLAIN.1), credentials::SALESFORCE_REFRESH_TOKEN).await;
    assert_eq!(refusal(&wrong), (400, "invalid_client_id".to_owned()));
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{}", PLAIN.0, PLAIN.1)));
    let header = [("authorization", basic.as_str())];
    let grant = [("grant_type", "refresh_token"), ("refresh_token", credentials::SALESFORCE_REFRESH_TOKEN)];
    assert_eq!(post(&mocks, TOKEN, &header, &grant).await.status, 200);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
    let twice = [grant[0], grant[1], ("client_id", PLAIN.0), ("client_secret", PLAIN.1)];
    assert_eq!(refusal(&post(&mocks, TOKEN, &header, &twice).await), (400, "invalid_request".to_owned()));
    let more = [grant[0], grant[1], ("colour", "red")];
    assert_eq!(post(&mocks, TOKEN, &header, &more).await.status, 200);
    let unknown = [("grant_type", "password"), ("client_id", PLAIN.0)];
    assert_eq!(refusal(&post(&mocks, TOKEN, &[], &unknown).await), (400, "unsupported_grant_type".to_owned()));
    assert_eq!(mocks.violations().len(), 3, "{:?}", mocks.violations());
}

#[tokio::test]
async fn access_tokens_die_when_told_and_after_their_time() {
    let mocks = start().await;
    let token = access(&refresh(&mocks, PLAIN, credentials::SALESFORCE_REFRESH_TOKEN).await);
    mocks.knob("salesforce", "expire-access-tokens", true);
    assert!(!works(&mocks, &token).await && !works(&mocks, credentials::SALESFORCE_ACCESS_TOKEN).await);
    mocks.knob("salesforce", "access-token-seconds", 60);
    let token = access(&refresh(&mocks, PLAIN, credentials::SALESFORCE_REFRESH_TOKEN).await);
    assert!(works(&mocks, &token).await);
    mocks.knob("salesforce", "clock-skew-seconds", 61);
    assert!(!works(&mocks, &token).await);
    mocks.knob("salesforce", "granted-scope", "id");
    let token = access(&refresh(&mocks, PLAIN, credentials::SALESFORCE_REFRESH_TOKEN).await);
    assert!(!works(&mocks, &token).await);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn revoked_consent_ends_every_grant_of_the_app() {
    let mocks = start().await;
    let token = access(&refresh(&mocks, PLAIN, credentials::SALESFORCE_REFRESH_TOKEN).await);
    mocks.knob("salesforce", "revoke-consent", PLAIN.0);
    assert!(!works(&mocks, &token).await);
    let dead = refresh(&mocks, PLAIN, credentials::SALESFORCE_REFRESH_TOKEN).await;
    assert_eq!(refusal(&dead), (400, "invalid_grant".to_owned()));
    assert_eq!(refresh(&mocks, ROTATING, credentials::SALESFORCE_ROTATING_REFRESH_TOKEN).await.status, 200);
    mocks.knob("salesforce", "revoke-consent", true);
    let dead = jwt(&mocks, &claims()).await;
    assert_eq!(dead.json()["error_description"], "user hasn't approved this consumer");
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn a_jwt_is_checked_in_every_claim() {
    let mocks = start().await;
    let token = access(&jwt(&mocks, &claims()).await);
    assert!(works(&mocks, &token).await);
    let site = json!(mocks.base_url("salesforce"));
    let now = jiff::Timestamp::now().as_second();
    let changed = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        claims
    };
    assert_eq!(jwt(&mocks, &changed("aud", site)).await.status, 200);
    for (claims, wanted) in [
        (changed("iss", json!("nobody")), "invalid_client_id"),
        (changed("sub", json!("stranger@example.com")), "invalid_grant"),
        (changed("exp", json!(now - 1)), "invalid_grant"),
        (changed("exp", json!(now + 600)), "invalid_grant"),
    ] {
        assert_eq!(refusal(&jwt(&mocks, &claims).await), (400, wanted.to_owned()), "{claims}");
    }
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
    for claims in
        [changed("aud", json!("https://elsewhere.example.com")), changed("exp", json!("soon")), changed("x", json!(1))]
    {
        assert_eq!(refusal(&jwt(&mocks, &claims).await), (400, "invalid_grant".to_owned()), "{claims}");
    }
    assert_eq!(mocks.violations().len(), 3);
}

#[tokio::test]
async fn a_wrong_clock_shows_in_the_date_and_refuses_assertions() {
    let mocks = start().await;
    for skew in [-600, 600] {
        mocks.knob("salesforce", "clock-skew-seconds", skew);
        let reply = jwt(&mocks, &claims()).await;
        assert_eq!(refusal(&reply), (400, "invalid_grant".to_owned()));
        let date = reply.header("date").unwrap();
        let theirs = jiff::civil::DateTime::strptime("%a, %d %b %Y %H:%M:%S GMT", date).unwrap();
        let theirs = theirs.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_second();
        let apart = theirs - jiff::Timestamp::now().as_second();
        assert!((apart - skew).abs() <= 5, "{apart}");
    }
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn client_credentials_are_for_the_app_that_has_them_switched_on() {
    let mocks = start().await;
    let ask = async |id: &str, secret: &str| {
        let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{id}:{secret}")));
        post(&mocks, TOKEN, &[("authorization", &basic)], &[("grant_type", "client_credentials")]).await
    };
    let reply =
        ask(credentials::SALESFORCE_INTEGRATION_CLIENT_ID, credentials::SALESFORCE_INTEGRATION_CLIENT_SECRET).await;
    assert!(works(&mocks, &access(&reply)).await);
    assert_eq!(refusal(&ask(PLAIN.0, PLAIN.1).await), (400, "invalid_grant".to_owned()));
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT: &str = "http://127.0.0.1:49152/callback";

async fn authorize(mocks: &Mocks) -> Vec<(String, String)> {
    let pairs = [
        ("response_type", "code"),
        ("client_id", ROTATING.0),
        ("redirect_uri", REDIRECT),
        ("scope", "api refresh_token"),
        ("state", "s-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let path = format!("/services/oauth2/authorize?{query}");
    let reply = send(mocks.base_url("salesforce"), "GET", &path, &[], "").await.unwrap();
    assert_eq!(reply.status, 302);
    let location = url::Url::parse(reply.header("location").unwrap()).unwrap();
    assert!(location.as_str().starts_with(REDIRECT));
    location.query_pairs().into_owned().collect()
}

fn find<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

async fn redeem(mocks: &Mocks, code: &str, verifier: &str) -> Reply {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", ROTATING.0),
        ("client_secret", ROTATING.1),
        ("redirect_uri", REDIRECT),
        ("code", code),
        ("code_verifier", verifier),
    ];
    post(mocks, TOKEN, &[], &pairs).await
}

#[tokio::test]
async fn a_code_is_redeemed_once_with_its_verifier() {
    let mocks = start().await;
    let back = authorize(&mocks).await;
    assert_eq!((find(&back, "state"), find(&back, "iss")), (Some("s-1"), Some(mocks.base_url("salesforce"))));
    let code = find(&back, "code").unwrap();
    let reply = redeem(&mocks, code, VERIFIER).await;
    assert!(works(&mocks, &access(&reply)).await);
    let fresh = reply.json()["refresh_token"].as_str().unwrap().to_owned();
    assert_eq!(refusal(&redeem(&mocks, code, VERIFIER).await), (400, "invalid_grant".to_owned()));
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
    assert_eq!(post(&mocks, "/services/oauth2/revoke", &[], &[("token", &fresh)]).await.status, 200);
    assert!(!works(&mocks, &access(&reply)).await);

    let back = authorize(&mocks).await;
    let other = VERIFIER.replace('d', "e");
    let reply = redeem(&mocks, find(&back, "code").unwrap(), &other).await;
    assert_eq!(refusal(&reply), (400, "invalid_grant".to_owned()));
    assert_eq!(mocks.violations().len(), 1);
}

#[tokio::test]
async fn the_consent_page_can_deny_and_can_be_somebody_else() {
    let mocks = start().await;
    mocks.knob("salesforce", "authorize", "deny");
    let back = authorize(&mocks).await;
    assert_eq!((find(&back, "error"), find(&back, "code")), (Some("access_denied"), None));
    for (knob, state, issuer) in [
        ("wrong-iss", Some("s-1"), Some("https://attacker.example.com")),
        ("no-iss", Some("s-1"), None),
        ("wrong-state", Some("a-state-nobody-sent"), Some(mocks.base_url("salesforce"))),
    ] {
        mocks.knob("salesforce", "authorize", knob);
        let back = authorize(&mocks).await;
        assert_eq!((find(&back, "state"), find(&back, "iss")), (state, issuer), "{knob}");
    }
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn introspection_tells_the_client_about_its_own_tokens() {
    let mocks = start().await;
    let token = access(&refresh(&mocks, PLAIN, credentials::SALESFORCE_REFRESH_TOKEN).await);
    let ask = async |client: (&str, &str)| {
        let pairs = [("token", token.as_str()), ("client_id", client.0), ("client_secret", client.1)];
        post(&mocks, "/services/oauth2/introspect", &[], &pairs).await.json()
    };
    let told = ask(PLAIN).await;
    assert_eq!((&told["active"], &told["scope"]), (&json!(true), &json!("api refresh_token")));
    assert!(told["exp"].is_i64());
    assert_eq!(ask(ROTATING).await, json!({ "active": false }));
}

#[tokio::test]
async fn a_token_request_can_be_held_before_and_after_it_is_applied() {
    let mocks = std::sync::Arc::new(start().await);
    for (kind, applied) in [(Kind::HoldBefore, false), (Kind::HoldAfter, true)] {
        mocks.reset();
        let fault = Fault { path: Some(TOKEN.to_owned()), times: Some(1), ..Fault::new("salesforce", kind) };
        let id = mocks.fault(fault);
        // The caller goes away while it is held: the first kind must then apply nothing, the second has applied
        // already.
        let caller = tokio::spawn({
            let mocks = std::sync::Arc::clone(&mocks);
            async move { refresh(&mocks, ROTATING, credentials::SALESFORCE_ROTATING_REFRESH_TOKEN).await }
        });
        mocks.until_held(id).await;
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        let path = format!("/faults/{id}");
        while send(mocks.control_url(), "GET", &path, &[], "").await.unwrap().json()["held"] != 0 {
            tokio::task::yield_now().await;
        }
        mocks.release(id);
        let again = refresh(&mocks, ROTATING, credentials::SALESFORCE_ROTATING_REFRESH_TOKEN).await;
        assert_eq!(again.status == 400, applied, "{kind:?}");
    }
}

#[tokio::test]
async fn a_held_request_goes_on_when_it_is_released_over_http() {
    let mocks = std::sync::Arc::new(start().await);
    let control = mocks.control_url().to_owned();
    let knob = json!({ "system": "salesforce", "knob": "lock-rows", "value": 1 }).to_string();
    assert_eq!(send(&control, "POST", "/knobs", &[], &knob).await.unwrap().status, 200);
    let knob = json!({ "system": "salesforce", "knob": "colour", "value": 1 }).to_string();
    assert_eq!(send(&control, "POST", "/knobs", &[], &knob).await.unwrap().status, 400);
    let id = mocks.fault(Fault::new("salesforce", Kind::HoldAfter));
    let caller = tokio::spawn({
        let mocks = std::sync::Arc::clone(&mocks);
        async move { refresh(&mocks, PLAIN, credentials::SALESFORCE_REFRESH_TOKEN).await }
    });
    mocks.until_held(id).await;
    let held = send(&control, "GET", &format!("/faults/{id}"), &[], "").await.unwrap();
    assert_eq!(held.json(), json!({ "held": 1 }));
    send(&control, "POST", &format!("/faults/{id}/release"), &[], "").await.unwrap();
    assert_eq!(caller.await.unwrap().status, 200);
}
