//! Assertions signed by another implementation's template, and each way to spoil them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

use super::super::der;
use super::*;
use crate::credentials::{S4HANA_SAML_PRIVATE_KEY, SUCCESSFACTORS_SAML_PRIVATE_KEY};

/// An assertion in canonical form, split where the signature goes; and the signed info in canonical form. Both are
/// written by hand, so that the canonicalization under test has no part in making them.
fn signed() -> String {
    let head = format!(
        "<saml:Assertion xmlns:saml=\"{SAML}\" ID=\"a1\" IssueInstant=\"2026-01-01T00:00:00Z\" Version=\"2.0\">\
         <saml:Issuer>idp &amp; co</saml:Issuer>"
    );
    let tail = "<saml:Subject><saml:NameID>103266</saml:NameID><saml:SubjectConfirmation \
                Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData \
                NotOnOrAfter=\"2026-01-01T00:10:00Z\" Recipient=\"https://api/oauth/token\">\
                </saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject><saml:Conditions \
                NotBefore=\"2025-12-31T23:59:00Z\" NotOnOrAfter=\"2026-01-01T00:05:00Z\"><saml:AudienceRestriction>\
                <saml:Audience>sp</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement \
                AuthnInstant=\"2026-01-01T00:00:00Z\"></saml:AuthnStatement><saml:AttributeStatement><saml:Attribute \
                Name=\"api_key\"><saml:AttributeValue>k</saml:AttributeValue></saml:Attribute>\
                </saml:AttributeStatement></saml:Assertion>";
    let digest = ring::digest::digest(&ring::digest::SHA256, format!("{head}{tail}").as_bytes());
    let inside = format!(
        "<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"></ds:CanonicalizationMethod><ds:SignatureMethod \
         Algorithm=\"{RSA_SHA256}\"></ds:SignatureMethod><ds:Reference URI=\"#a1\"><ds:Transforms><ds:Transform \
         Algorithm=\"{ENVELOPED}\"></ds:Transform><ds:Transform Algorithm=\"{EXCLUSIVE}\"></ds:Transform>\
         </ds:Transforms><ds:DigestMethod Algorithm=\"{SHA256}\"></ds:DigestMethod><ds:DigestValue>{}</ds:DigestValue>\
         </ds:Reference></ds:SignedInfo>",
        BASE64_STANDARD.encode(digest.as_ref())
    );
    let pair = RsaKeyPair::from_pkcs8(&der(S4HANA_SAML_PRIVATE_KEY)).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    let canonical = format!("<ds:SignedInfo xmlns:ds=\"{DSIG}\">{inside}");
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), canonical.as_bytes(), &mut signature).unwrap();
    let value = BASE64_STANDARD.encode(signature);
    // In the document the prefix is declared on the signature, not on the signed info.
    format!(
        "{head}<ds:Signature xmlns:ds=\"{DSIG}\"><ds:SignedInfo>{inside}<ds:SignatureValue>{value}\
         </ds:SignatureValue></ds:Signature>{tail}"
    )
}

#[test]
fn a_signed_assertion_is_read() {
    let assertion = Assertion::verify(signed().as_bytes(), S4HANA_SAML_PRIVATE_KEY).unwrap();
    assert_eq!((assertion.issuer.as_str(), assertion.name_id.as_str()), ("idp & co", "103266"));
    assert_eq!((assertion.audience.as_str(), assertion.recipient.as_str()), ("sp", "https://api/oauth/token"));
    assert_eq!(assertion.not_on_or_after.to_string(), "2026-01-01T00:05:00Z");
    assert!(assertion.not_before.is_some());
    assert_eq!(assertion.attribute("api_key"), Some("k"));
}

#[test]
fn spacing_that_canonicalization_levels_does_not_matter() {
    let spaced = signed().replace("<saml:Attribute Name=\"api_key\">", "<saml:Attribute   Name='api_key' >");
    assert!(Assertion::verify(spaced.as_bytes(), S4HANA_SAML_PRIVATE_KEY).is_ok());
}

#[test]
fn a_changed_assertion_and_another_key_are_not_trusted() {
    let check = |text: &str, key: &str| Assertion::verify(text.as_bytes(), key).unwrap_err();
    assert_eq!(check(&signed(), SUCCESSFACTORS_SAML_PRIVATE_KEY), Failure::Untrusted);
    assert_eq!(check(&signed().replace("103266", "103267"), S4HANA_SAML_PRIVATE_KEY), Failure::Untrusted);
    // A changed digest breaks the signature over it.
    let swapped = signed().replace("<ds:DigestValue>", "<ds:DigestValue> ");
    assert_eq!(check(&swapped, S4HANA_SAML_PRIVATE_KEY), Failure::Untrusted);
}

#[test]
fn what_the_standards_do_not_describe_is_malformed() {
    let check = |text: String| match Assertion::verify(text.as_bytes(), S4HANA_SAML_PRIVATE_KEY) {
        Err(Failure::Malformed(message)) => message,
        other => panic!("{other:?}"),
    };
    assert_eq!(check(signed().replace("#a1", "#a2")), "the reference is not to the assertion's ID");
    assert!(check(signed().replace("rsa-sha256", "rsa-sha1")).starts_with("SignatureMethod is"));
    assert!(check("<x/>".to_owned()).contains("no SAML 2.0 Assertion"));
    assert!(check("no xml".to_owned()).contains("no XML"));
    let unsigned = signed();
    let (head, rest) = unsigned.split_once("<ds:Signature").unwrap();
    let (_, tail) = rest.split_once("</ds:Signature>").unwrap();
    assert_eq!(check(format!("{head}{tail}")), "no Signature in Assertion");
}
