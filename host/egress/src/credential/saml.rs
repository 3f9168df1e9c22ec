//! Answers for the form of a signed SAML 2.0 assertion that asserts who a token is asked for (RFC 7522): its parts, its
//! escaping and its enveloped signature with RSA and SHA-256. Time and id are the caller's, and so are encoding it for
//! the form and sending it.
//!
//! What is written here is its own canonical form: attributes in the order of Exclusive XML Canonicalization, each
//! namespace declared where it is first used, no white space between elements, text escaped by that standard's rules.
//! So digest and signature are made over the very bytes that a verifier arrives at, and no XML is parsed or rewritten.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jackfield_core::manifest::SignatureAlgorithm;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::sign::{KeyProblem, SigningKey};

/// How far the system's clock may be behind ours, in seconds: the assertion holds from so much earlier.
const CLOCK_SKEW_S: i64 = 60;

/// Namespace of XML signatures.
const SIGNATURE_NAMESPACE: &str = "http://www.w3.org/2000/09/xmldsig#";

/// What an assertion says (RFC 7522, section 3).
pub(crate) struct Claims<'a> {
    /// `Issuer`.
    pub(crate) issuer: &'a str,
    /// `NameID`: who the token is for.
    pub(crate) subject: &'a str,
    /// `NameID/@Format`.
    pub(crate) subject_format: &'a str,
    /// `Audience`: the authorization server, by the name that it knows itself by.
    pub(crate) audience: &'a str,
    /// `SubjectConfirmationData/@Recipient`: the token URL.
    pub(crate) recipient: &'a str,
    /// Further statements about the subject.
    pub(crate) attributes: &'a BTreeMap<String, String>,
    /// `IssueInstant`; parts of a second are dropped.
    pub(crate) issued_at: Timestamp,
    /// `NotOnOrAfter`, in seconds after that.
    pub(crate) lifetime_s: u32,
    /// Never the same twice: letters, digits, `-`, `_` and `.`.
    pub(crate) id: &'a str,
}

/// Why there is no assertion. Names the part, never its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SamlProblem {
    /// A control character or a non-character: XML has no way to write it, not even escaped.
    #[error("the `{part}` of the assertion has a character that XML cannot carry")]
    Unwritable {
        /// As the manifest calls it.
        part: &'static str,
    },
    /// The key signs in another way, or not at all.
    #[error(transparent)]
    Key(#[from] KeyProblem),
}

/// The assertion as XML. Whoever has it can get a token with it until it expires, so it is a secret.
///
/// # Errors
/// When a text cannot be written in XML, or the key gives no RSA signature.
pub(crate) fn assertion(claims: &Claims<'_>, key: &SigningKey) -> Result<Zeroizing<String>, SamlProblem> {
    if key.algorithm() != SignatureAlgorithm::RS256 {
        return Err(KeyProblem::WrongKind { wanted: SignatureAlgorithm::RS256 }.into());
    }
    check(claims)?;
    let id = format!("_{}", claims.id);
    // The schema has the signature between these two.
    let (head, tail) = (head(claims, &id), tail(claims, &id));

    // The enveloped-signature transform takes the signature out again: what is digested is the rest.
    let digest = Sha256::new().chain_update(&head).chain_update(&tail).finalize();
    let signed_info = signed_info(&id, &STANDARD.encode(digest));
    // Canonicalised on its own, the element declares the namespace that it inherits where it stands.
    let apex = format!(r#"<ds:SignedInfo xmlns:ds="{SIGNATURE_NAMESPACE}">{signed_info}</ds:SignedInfo>"#);
    let signature = STANDARD.encode(key.sign(apex.as_bytes())?);

    // In one piece at last: before, it lacked its signature and opened nothing.
    Ok(Zeroizing::new(
        [
            &head,
            r#"<ds:Signature xmlns:ds=""#,
            SIGNATURE_NAMESPACE,
            r#""><ds:SignedInfo>"#,
            &signed_info,
            "</ds:SignedInfo><ds:SignatureValue>",
            &signature,
            "</ds:SignatureValue></ds:Signature>",
            &tail,
        ]
        .concat(),
    ))
}

fn head(claims: &Claims<'_>, id: &str) -> String {
    let issued_at = instant(claims, 0);
    let issuer = text(claims.issuer);
    [
        r#"<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion""#,
        &format!(r#" ID="{id}" IssueInstant="{issued_at}" Version="2.0">"#),
        &format!("<saml2:Issuer>{issuer}</saml2:Issuer>"),
    ]
    .concat()
}

fn tail(claims: &Claims<'_>, id: &str) -> String {
    let issued_at = instant(claims, 0);
    let not_before = instant(claims, -CLOCK_SKEW_S);
    let not_on_or_after = instant(claims, claims.lifetime_s.into());
    let (subject, format) = (text(claims.subject), attribute(claims.subject_format));
    let (audience, recipient) = (text(claims.audience), attribute(claims.recipient));
    [
        "<saml2:Subject>",
        &format!(r#"<saml2:NameID Format="{format}">{subject}</saml2:NameID>"#),
        r#"<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">"#,
        &format!(r#"<saml2:SubjectConfirmationData NotOnOrAfter="{not_on_or_after}" Recipient="{recipient}">"#),
        "</saml2:SubjectConfirmationData></saml2:SubjectConfirmation></saml2:Subject>",
        &format!(r#"<saml2:Conditions NotBefore="{not_before}" NotOnOrAfter="{not_on_or_after}">"#),
        &format!("<saml2:AudienceRestriction><saml2:Audience>{audience}</saml2:Audience></saml2:AudienceRestriction>"),
        "</saml2:Conditions>",
        // How the person came to be known is the chat's business: nothing better can be said honestly.
        &format!(r#"<saml2:AuthnStatement AuthnInstant="{issued_at}" SessionIndex="{id}"><saml2:AuthnContext>"#),
        "<saml2:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified</saml2:AuthnContextClassRef>",
        "</saml2:AuthnContext></saml2:AuthnStatement>",
        &attribute_statement(claims.attributes),
        "</saml2:Assertion>",
    ]
    .concat()
}

/// Empty when there is nothing to state, since the schema wants at least one attribute.
fn attribute_statement(attributes: &BTreeMap<String, String>) -> String {
    if attributes.is_empty() {
        return String::new();
    }
    let mut statement = "<saml2:AttributeStatement>".to_owned();
    for (name, value) in attributes {
        statement += &format!(r#"<saml2:Attribute Name="{}"><saml2:AttributeValue>"#, attribute(name));
        statement += &text(value);
        statement += "</saml2:AttributeValue></saml2:Attribute>";
    }
    statement + "</saml2:AttributeStatement>"
}

/// What is inside `SignedInfo`: which bytes are signed and how one arrives at them.
fn signed_info(id: &str, digest: &str) -> String {
    [
        r#"<ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#">"#,
        "</ds:CanonicalizationMethod>",
        r#"<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"></ds:SignatureMethod>"#,
        &format!(r##"<ds:Reference URI="#{id}"><ds:Transforms>"##),
        r#"<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#enveloped-signature"></ds:Transform>"#,
        r#"<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform></ds:Transforms>"#,
        r#"<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod>"#,
        &format!("<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"),
    ]
    .concat()
}

/// A moment so many seconds after the issue, in UTC and whole seconds. Past the end of time it is the end.
fn instant(claims: &Claims<'_>, after_s: i64) -> Timestamp {
    let second = claims.issued_at.as_second().saturating_add(after_s);
    let edge = if after_s < 0 { Timestamp::MIN } else { Timestamp::MAX };
    Timestamp::from_second(second).unwrap_or(edge)
}

fn check(claims: &Claims<'_>) -> Result<(), SamlProblem> {
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if !claims.id.bytes().all(named) {
        return Err(SamlProblem::Unwritable { part: "id" });
    }
    let attributes =
        claims.attributes.iter().flat_map(|(name, value)| [("attributes", &**name), ("attributes", value)]);
    let texts = [
        ("issuer", claims.issuer),
        ("subject", claims.subject),
        ("subject_format", claims.subject_format),
        ("audience", claims.audience),
        ("recipient", claims.recipient),
    ];
    match texts.into_iter().chain(attributes).find(|(_, text)| !text.chars().all(writable)) {
        Some((part, _)) => Err(SamlProblem::Unwritable { part }),
        None => Ok(()),
    }
}

/// `Char` of XML 1.0, production 2.
fn writable(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\0'..' ' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    }
}

/// Text of an element, by the rules of Canonical XML 1.0, section 2.3.
fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\r' => escaped.push_str("&#xD;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// Value of an attribute, by the same rules.
fn attribute(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' => escaped.push_str("&#x9;"),
            '\n' => escaped.push_str("&#xA;"),
            '\r' => escaped.push_str("&#xD;"),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
