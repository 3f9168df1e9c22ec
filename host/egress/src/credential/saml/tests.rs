//! What an assertion says, that others verify it, and that no text gets out of its place.

use jackfield_core::manifest::SignatureAlgorithm::{ES256, RS256};
use proptest::prelude::*;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use roxmltree::{Document, Node};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;
use x509_parser::prelude::FromDer;

use super::super::sign::tests::{P256, RSA, key};
use super::*;

/// Verified by hand against `rsa-2048-public.pem` with xmlsec1 1.2.37 (`xmlsec1 --verify --pubkey-pem`), and with the
/// canonicalisation of lxml 6.1 and the RSA of pyca/cryptography: neither shares code with what is tested here.
const VERIFIED: &str = include_str!("../../../tests/keys/assertion.saml.xml");

const PUBLIC: &str = include_str!("../../../tests/keys/rsa-2048-public.pem");

/// Everything that XML gives a meaning to, and a character beyond the basic plane.
const ODD: &str = "</saml2:NameID>&amp;<!--\"'>]]>\r\n\t \u{1f600}\u{85}\u{2028}";

fn claims<'a>(subject: &'a str, attributes: &'a BTreeMap<String, String>) -> Claims<'a> {
    Claims {
        issuer: "www.successfactors.com",
        subject,
        subject_format: "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
        audience: "www.successfactors.com",
        recipient: "https://apisalesdemo2.successfactors.eu/oauth/token?a=1&b=2",
        attributes,
        issued_at: "2026-01-31T12:00:00.9Z".parse().unwrap(),
        lifetime_s: 180,
        id: "01JZX4",
    }
}

fn attributes(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn signed(claims: &Claims<'_>) -> String {
    assertion(claims, &key(RSA, RS256)).unwrap().to_string()
}

fn only<'d>(document: &'d Document<'d>, name: &str) -> Node<'d, 'd> {
    let mut found = document.descendants().filter(|node| node.tag_name().name() == name);
    let node = found.next().unwrap_or_else(|| panic!("no {name}"));
    assert!(found.next().is_none(), "two of {name}");
    node
}

/// Names of all elements, in order.
fn skeleton(document: &Document<'_>) -> Vec<String> {
    document.descendants().filter(Node::is_element).map(|node| node.tag_name().name().to_owned()).collect()
}

#[test]
fn the_assertion_is_the_one_that_others_verified() {
    let attributes = attributes(&[("api_key", "OGM3<&>\r\n\t\""), ("use_username", "true"), ("a \"name\"\n", "")]);
    assert_eq!(signed(&claims(ODD, &attributes)), VERIFIED);
}

#[test]
fn it_says_who_for_whom_until_when() {
    let attributes = attributes(&[("api_key", "OGM3"), ("use_username", "true")]);
    let xml = signed(&claims("cgrant", &attributes));
    let document = Document::parse(&xml).unwrap();
    let text = |name| only(&document, name).text();
    let value = |name, attribute| only(&document, name).attribute(attribute);
    assert_eq!(text("Issuer"), Some("www.successfactors.com"));
    assert_eq!(text("NameID"), Some("cgrant"));
    assert_eq!(value("NameID", "Format"), Some("urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"));
    assert_eq!(value("SubjectConfirmation", "Method"), Some("urn:oasis:names:tc:SAML:2.0:cm:bearer"));
    assert_eq!(value("SubjectConfirmationData", "NotOnOrAfter"), Some("2026-01-31T12:03:00Z"));
    assert_eq!(
        value("SubjectConfirmationData", "Recipient"),
        Some("https://apisalesdemo2.successfactors.eu/oauth/token?a=1&b=2")
    );
    assert_eq!(value("Conditions", "NotBefore"), Some("2026-01-31T11:59:00Z"));
    assert_eq!(value("Conditions", "NotOnOrAfter"), Some("2026-01-31T12:03:00Z"));
    assert_eq!(text("Audience"), Some("www.successfactors.com"));
    assert_eq!(value("AuthnStatement", "AuthnInstant"), Some("2026-01-31T12:00:00Z"));
    assert_eq!(value("Assertion", "ID"), Some("_01JZX4"));
    assert_eq!(value("Assertion", "IssueInstant"), Some("2026-01-31T12:00:00Z"));
    assert_eq!(value("Reference", "URI"), Some("#_01JZX4"));
    let stated: Vec<_> = document
        .descendants()
        .filter(|node| node.has_tag_name(("urn:oasis:names:tc:SAML:2.0:assertion", "Attribute")))
        .map(|node| (node.attribute("Name").unwrap(), node.first_element_child().unwrap().text().unwrap()))
        .collect();
    assert_eq!(stated, [("api_key", "OGM3"), ("use_username", "true")]);
}

#[test]
fn the_parts_stand_in_the_order_of_the_schema() {
    let none = BTreeMap::new();
    let xml = signed(&claims("cgrant", &none));
    let document = Document::parse(&xml).unwrap();
    let parts: Vec<_> = document.root_element().children().map(|node| node.tag_name().name()).collect();
    // Without attributes there is no statement of them either.
    assert_eq!(parts, ["Issuer", "Signature", "Subject", "Conditions", "AuthnStatement"]);
}

#[test]
fn the_signature_covers_the_digest_of_all_else() {
    let none = BTreeMap::new();
    let xml = signed(&claims(ODD, &none));
    let document = Document::parse(&xml).unwrap();

    let signature = only(&document, "Signature").range();
    let rest = [&xml[..signature.start], &xml[signature.end..]].concat();
    assert_eq!(only(&document, "DigestValue").text(), Some(&*STANDARD.encode(Sha256::digest(rest))));

    let inner = &xml[only(&document, "SignedInfo").range()];
    let apex = inner.replacen("<ds:SignedInfo", &format!("<ds:SignedInfo xmlns:ds=\"{SIGNATURE_NAMESPACE}\""), 1);
    let value = STANDARD.decode(only(&document, "SignatureValue").text().unwrap()).unwrap();
    let public = SubjectPublicKeyInfoDer::from_pem_slice(PUBLIC.as_bytes()).unwrap();
    let (_, public) = x509_parser::x509::SubjectPublicKeyInfo::from_der(&public).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &public.subject_public_key.data);
    assert!(public.verify(apex.as_bytes(), &value).is_ok());
    assert!(public.verify(inner.as_bytes(), &value).is_err());
}

#[test]
fn what_xml_cannot_carry_is_refused_by_name() {
    let none = BTreeMap::new();
    let key = key(RSA, RS256);
    for bad in ["a\0", "\u{1b}[0m", "\u{b}", "\u{fffe}", "\u{ffff}", "\u{1f}"] {
        let problem = assertion(&claims(bad, &none), &key).err().unwrap();
        assert_eq!(problem, SamlProblem::Unwritable { part: "subject" });
        assert_eq!(problem.to_string(), "the `subject` of the assertion has a character that XML cannot carry");
        let attributes = attributes(&[(bad, "x")]);
        let problem = assertion(&claims("x", &attributes), &key).err();
        assert_eq!(problem, Some(SamlProblem::Unwritable { part: "attributes" }));
    }
    for bad in ["a b", "a\"", "é"] {
        let claims = Claims { id: bad, ..claims("x", &none) };
        assert_eq!(assertion(&claims, &key).err(), Some(SamlProblem::Unwritable { part: "id" }));
    }
}

#[test]
fn a_key_for_another_signature_is_refused() {
    let none = BTreeMap::new();
    let problem = assertion(&claims("x", &none), &key(P256, ES256)).err();
    assert_eq!(problem, Some(SamlProblem::Key(KeyProblem::WrongKind { wanted: RS256 })));
}

#[test]
fn the_end_of_time_is_no_panic() {
    let none = BTreeMap::new();
    for issued_at in [Timestamp::MIN, Timestamp::MAX] {
        let claims = Claims { issued_at, lifetime_s: u32::MAX, ..claims("x", &none) };
        assert!(assertion(&claims, &key(RSA, RS256)).is_ok());
    }
}

fn writable_text() -> impl Strategy<Value = String> {
    // Weighted towards what has a meaning in XML.
    let character = prop_oneof![
        proptest::sample::select(ODD.chars().collect::<Vec<_>>()),
        any::<char>().prop_filter("XML cannot carry it", |c| writable(*c)),
    ];
    proptest::collection::vec(character, 0..24).prop_map(String::from_iter)
}

proptest! {
    // Each case is an RSA signature.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_comes_back_as_it_went_in_and_changes_nothing_else(
        subject in writable_text(),
        format in writable_text(),
        name in writable_text(),
        value in writable_text(),
    ) {
        let attributes = BTreeMap::from([(name.clone(), value.clone())]);
        let xml = signed(&Claims { subject_format: &format, ..claims(&subject, &attributes) });
        let document = Document::parse(&xml).unwrap();
        prop_assert_eq!(only(&document, "NameID").text().unwrap_or_default(), subject);
        prop_assert_eq!(only(&document, "NameID").attribute("Format"), Some(&*format));
        prop_assert_eq!(only(&document, "Attribute").attribute("Name"), Some(&*name));
        prop_assert_eq!(only(&document, "AttributeValue").text().unwrap_or_default(), value);
        let plain = self::attributes(&[("a", "b")]);
        let plain = signed(&claims("cgrant", &plain));
        prop_assert_eq!(skeleton(&document), skeleton(&Document::parse(&plain).unwrap()));
    }
}
