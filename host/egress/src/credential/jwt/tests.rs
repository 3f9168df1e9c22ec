//! What an assertion says, and that what is signed is what is sent.

use jackfield_core::manifest::SignatureAlgorithm::{ES256, RS256};
use proptest::prelude::*;
use serde_json::Value;

use super::super::sign::tests::{P256, RSA, key, verifies_p256};
use super::*;

fn claims<'a>(subject: &'a str) -> Claims<'a> {
    Claims {
        issuer: "3MVG99OxTyEMCQ3",
        subject,
        audience: "https://login.salesforce.com",
        issued_at: Timestamp::from_second(1_800_000_000).unwrap(),
        not_before: None,
        lifetime_s: 180,
        id: "01JZX4",
    }
}

/// Header and claims.
fn read(assertion: &str) -> (Value, Value) {
    let parts: Vec<_> = assertion.split('.').collect();
    let [header, payload, _] = parts[..] else { panic!("three parts") };
    let part = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    (part(header), part(payload))
}

#[test]
fn an_assertion_with_rsa_is_the_one_that_openssl_would_sign() {
    let assertion = assertion(&claims("bot@example.com"), None, &key(RSA, RS256)).unwrap();
    // Header and claims as below, the signature by `openssl dgst -sha256 -sign rsa-2048.pem`.
    assert_eq!(assertion.as_str(), include_str!("../../../tests/keys/assertion-rs256.jwt").trim_end());
    let (header, payload) = read(&assertion);
    assert_eq!(header, json!({ "alg": "RS256", "typ": "JWT" }));
    assert_eq!(
        payload,
        json!({
            "iss": "3MVG99OxTyEMCQ3",
            "sub": "bot@example.com",
            "aud": "https://login.salesforce.com",
            "iat": 1_800_000_000,
            "exp": 1_800_000_180,
            "jti": "01JZX4",
        })
    );
}

#[test]
fn an_assertion_with_ecdsa_names_its_key_and_verifies() {
    let key = key(P256, ES256);
    let assertion = assertion(&claims("bot"), Some("key \"1\""), &key).unwrap();
    let (header, _) = read(&assertion);
    assert_eq!(header, json!({ "alg": "ES256", "typ": "JWT", "kid": "key \"1\"" }));
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    assert!(verifies_p256(&key, signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()));
}

#[test]
fn not_before_is_said_where_the_caller_wants_it() {
    let mut claims = claims("bot");
    claims.not_before = Some(claims.issued_at);
    let (_, payload) = read(&assertion(&claims, None, &key(P256, ES256)).unwrap());
    assert_eq!(payload["nbf"], 1_800_000_000);
}

proptest! {
    #[test]
    fn any_subject_is_one_claim_and_nothing_more(subject in any::<String>()) {
        let (_, payload) = read(&assertion(&claims(&subject), None, &key(P256, ES256)).unwrap());
        prop_assert_eq!(payload["sub"].as_str(), Some(subject.as_str()));
        prop_assert_eq!(payload.as_object().map(serde_json::Map::len), Some(6));
    }
}
