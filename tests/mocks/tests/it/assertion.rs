//! Signs SAML assertions for the tests. Written in canonical form by hand: the simulations' canonicalization has no
//! part.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

pub(crate) struct Claims<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) name_id: &'a str,
    pub(crate) audience: &'a str,
    pub(crate) recipient: &'a str,
    pub(crate) attributes: &'a [(&'a str, &'a str)],
}

const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";

/// The XML of an assertion that is good from a minute ago for ten minutes.
pub(crate) fn sign(claims: &Claims<'_>, pem: &str) -> String {
    let Claims { issuer, name_id, audience, recipient, .. } = claims;
    let now = Timestamp::now();
    let at = |seconds: i64| (now + SignedDuration::from_secs(seconds)).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let (now, start, end) = (at(0), at(-60), at(600));
    let attributes: String = claims
        .attributes
        .iter()
        .map(|(name, value)| {
            format!(
                "<saml:Attribute Name=\"{name}\"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
            )
        })
        .collect();
    let head = format!(
        "<saml:Assertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"a1\" IssueInstant=\"{now}\" \
         Version=\"2.0\"><saml:Issuer>{issuer}</saml:Issuer>"
    );
    let tail = format!(
        "<saml:Subject><saml:NameID>{name_id}</saml:NameID><saml:SubjectConfirmation \
         Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData NotOnOrAfter=\"{end}\" \
         Recipient=\"{recipient}\"></saml:SubjectConfirmationData></saml:SubjectConfirmation></saml:Subject>\
         <saml:Conditions NotBefore=\"{start}\" NotOnOrAfter=\"{end}\"><saml:AudienceRestriction><saml:Audience>\
         {audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement \
         AuthnInstant=\"{now}\"></saml:AuthnStatement><saml:AttributeStatement>{attributes}\
         </saml:AttributeStatement></saml:Assertion>"
    );
    let content = BASE64_STANDARD.encode(digest(&SHA256, format!("{head}{tail}").as_bytes()));
    let inside = format!(
        "<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\"></ds:CanonicalizationMethod><ds:SignatureMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256\"></ds:SignatureMethod><ds:Reference \
         URI=\"#a1\"><ds:Transforms><ds:Transform Algorithm=\"{DSIG}enveloped-signature\"></ds:Transform>\
         <ds:Transform Algorithm=\"{EXCLUSIVE}\"></ds:Transform></ds:Transforms><ds:DigestMethod \
         Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>{content}\
         </ds:DigestValue></ds:Reference></ds:SignedInfo>"
    );
    let encoded: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let pair = RsaKeyPair::from_pkcs8(&BASE64_STANDARD.decode(encoded).unwrap()).unwrap();
    let mut signature = vec![0; pair.public().modulus_len()];
    let info = format!("<ds:SignedInfo xmlns:ds=\"{DSIG}\">{inside}");
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), info.as_bytes(), &mut signature).unwrap();
    let value = BASE64_STANDARD.encode(signature);
    format!(
        "{head}<ds:Signature xmlns:ds=\"{DSIG}\"><ds:SignedInfo>{inside}<ds:SignatureValue>{value}\
         </ds:SignatureValue></ds:Signature>{tail}"
    )
}
