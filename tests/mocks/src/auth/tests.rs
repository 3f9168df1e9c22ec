//! The RFCs' own examples, and each departure from them.

use bytes::Bytes;
use hyper::{HeaderMap, Method, Uri};
use ring::rand::SystemRandom;
use ring::signature::RSA_PKCS1_SHA256;

use super::*;
use crate::credentials::SALESFORCE_JWT_PRIVATE_KEY;

fn request(content_type: &'static str, authorization: Option<&str>, body: &'static str) -> Request {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", content_type.parse().unwrap());
    if let Some(value) = authorization {
        headers.insert("authorization", value.parse().unwrap());
    }
    Request {
        method: Method::POST,
        uri: Uri::from_static("/token"),
        headers,
        body: Bytes::from_static(body.as_bytes()),
    }
}

const FORM: &str = "application/x-www-form-urlencoded";

fn token(header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", BASE64_URL_SAFE_NO_PAD.encode(header), BASE64_URL_SAFE_NO_PAD.encode(payload));
    let pair = RsaKeyPair::from_pkcs8(&der(SALESFORCE_JWT_PRIVATE_KEY)).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
    format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

#[test]
fn a_form_has_each_parameter_once_and_the_right_media_type() {
    let form = Form::read(&request(FORM, None, "a=1&b=&c=x%20y")).unwrap();
    assert_eq!((form.get("a"), form.get("b"), form.get("c")), (Some("1"), None, Some("x y")));
    assert_eq!(form.unknown(&["a", "b"]), ["unknown parameter c"]);
    assert_eq!(Form::read(&request(FORM, None, "a=1&a=2")).unwrap_err(), "the parameter a is repeated");
    assert!(Form::read(&request("application/json", None, "{}")).is_err());
}

#[test]
fn a_client_authenticates_in_one_way() {
    let form = |body| Form::read(&request(FORM, None, body)).unwrap();
    let header = format!("Basic {}", BASE64_STANDARD.encode("my%2Fid:s%3A1"));
    let found = client(&request(FORM, Some(&header), ""), &form("")).unwrap();
    assert_eq!(found, Client { id: "my/id".to_owned(), secret: Some("s:1".to_owned()), by_header: true });
    assert!(client(&request(FORM, Some(&header), ""), &form("client_id=my/id&client_secret=x")).is_err());
    let found = client(&request(FORM, None, ""), &form("client_id=a&client_secret=b")).unwrap();
    assert_eq!((found.id.as_str(), found.secret.as_deref(), found.by_header), ("a", Some("b"), false));
    assert!(client(&request(FORM, None, ""), &form("grant_type=x")).is_err());
}

#[test]
fn a_token_is_trusted_only_with_its_key_and_its_whole_text() {
    let good = token(r#"{"alg":"RS256"}"#, r#"{"iss":"me"}"#);
    let claims = Claims::read(&good).unwrap();
    assert!(claims.signed_by(SALESFORCE_JWT_PRIVATE_KEY));
    assert_eq!(claims.text("iss"), Some("me"));
    assert!(!claims.signed_by(crate::credentials::S4HANA_SAML_PRIVATE_KEY));
    let parts: Vec<_> = good.split('.').collect();
    let other = BASE64_URL_SAFE_NO_PAD.encode(r#"{"iss":"you"}"#);
    let forged = format!("{}.{other}.{}", parts[0], parts[2]);
    assert!(!Claims::read(&forged).unwrap().signed_by(SALESFORCE_JWT_PRIVATE_KEY));
}

#[test]
fn a_malformed_token_is_named() {
    let none = token(r#"{"alg":"none"}"#, "{}");
    assert_eq!(Claims::read(&none).unwrap_err(), "alg is not RS256");
    assert_eq!(Claims::read("a.b").unwrap_err(), "the assertion does not have three parts");
    let padded = "eyJhbGciOiJSUzI1NiJ9==.e30.AA";
    assert_eq!(Claims::read(padded).unwrap_err(), "the header is not base64url without padding");
}

#[test]
fn a_verifier_matches_its_challenge() {
    // RFC 7636, appendix B.
    let (verifier, challenge) =
        ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    assert!(pkce_matches(challenge, verifier));
    assert!(!pkce_matches(challenge, &verifier.replace('d', "e")));
    assert!(!pkce_matches(challenge, "short"));
}
