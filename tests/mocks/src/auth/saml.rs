//! Verifies signed SAML 2.0 bearer assertions and reads what token endpoints check. Answers for the signature and the
//! form; issuers, audiences and times are each system's own. Sources: SAML 2.0 Core; XML Signature Syntax; RFC 7522.

use jiff::Timestamp;
use roxmltree::{Document, Node};

use super::canonical::canonical;
use super::signed_by;

const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
const DSIG: &str = "http://www.w3.org/2000/09/xmldsig#";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// Why an assertion is not accepted.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It is not what the standards describe: a violation.
    Malformed(String),
    /// It is well formed and signed by somebody else, or changed since.
    Untrusted,
}

#[derive(Debug)]
pub(crate) struct Assertion {
    pub(crate) issuer: String,
    pub(crate) name_id: String,
    pub(crate) audience: String,
    pub(crate) recipient: String,
    pub(crate) not_before: Option<Timestamp>,
    /// The earlier of the two ends that the subject's confirmation and the conditions set.
    pub(crate) not_on_or_after: Timestamp,
    attributes: Vec<(String, String)>,
}

impl Assertion {
    /// Verifies an assertion against the public half of a key pair.
    ///
    /// # Errors
    ///
    /// See [`Failure`].
    pub(crate) fn verify(xml: &[u8], private_pem: &str) -> Result<Self, Failure> {
        let text = std::str::from_utf8(xml).map_err(|_| malformed("the assertion is not UTF-8"))?;
        let document = Document::parse(text).map_err(|error| malformed(format!("the assertion is no XML: {error}")))?;
        let root = document.root_element();
        if !root.has_tag_name((SAML, "Assertion")) || root.attribute("Version") != Some("2.0") {
            return Err(malformed("the root is no SAML 2.0 Assertion"));
        }
        instant(root, "IssueInstant")?.ok_or_else(|| malformed("no IssueInstant"))?;
        trusted(&document, root, private_pem)?;
        Self::read(root)
    }

    /// Whether it is good at that time. Depends on two clocks, so a refusal for it is no violation.
    pub(crate) fn is_current(&self, now: Timestamp) -> bool {
        now < self.not_on_or_after && self.not_before.is_none_or(|start| start <= now)
    }

    /// The value of an attribute.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn read(root: Node<'_, '_>) -> Result<Self, Failure> {
        let subject = child(root, SAML, "Subject")?;
        let confirmation = child(subject, SAML, "SubjectConfirmation")?;
        if confirmation.attribute("Method") != Some(BEARER) {
            return Err(malformed("the subject is not confirmed by bearer"));
        }
        let data = child(confirmation, SAML, "SubjectConfirmationData")?;
        let conditions = child(root, SAML, "Conditions")?;
        let restriction = child(conditions, SAML, "AudienceRestriction")?;
        let ends = instant(data, "NotOnOrAfter")?.ok_or_else(|| malformed("no NotOnOrAfter in the confirmation"))?;
        let also = instant(conditions, "NotOnOrAfter")?.unwrap_or(ends);
        child(root, SAML, "AuthnStatement")?;
        let attributes = root
            .children()
            .filter(|node| node.has_tag_name((SAML, "AttributeStatement")))
            .flat_map(|statement| statement.children().filter(|node| node.has_tag_name((SAML, "Attribute"))))
            .filter_map(|attribute| {
                let value = attribute.children().find(|node| node.has_tag_name((SAML, "AttributeValue")))?;
                Some((attribute.attribute("Name")?.to_owned(), text(value)))
            })
            .collect();
        Ok(Self {
            issuer: text(child(root, SAML, "Issuer")?),
            name_id: text(child(subject, SAML, "NameID")?),
            audience: text(child(restriction, SAML, "Audience")?),
            recipient: data.attribute("Recipient").unwrap_or_default().to_owned(),
            not_before: instant(conditions, "NotBefore")?,
            not_on_or_after: ends.min(also),
            attributes,
        })
    }
}

/// Checks the enveloped signature: one reference, to the root, by the algorithms both products document.
fn trusted(document: &Document<'_>, root: Node<'_, '_>, private_pem: &str) -> Result<(), Failure> {
    let signature = child(root, DSIG, "Signature")?;
    let info = child(signature, DSIG, "SignedInfo")?;
    let reference = child(info, DSIG, "Reference")?;
    let algorithm = |node: Node<'_, '_>, name: &str, wanted: &str| {
        let found = child(node, DSIG, name)?.attribute("Algorithm").unwrap_or_default().to_owned();
        if found == wanted { Ok(()) } else { Err(malformed(format!("{name} is {found}"))) }
    };
    algorithm(info, "CanonicalizationMethod", EXCLUSIVE)?;
    algorithm(info, "SignatureMethod", RSA_SHA256)?;
    algorithm(reference, "DigestMethod", SHA256)?;
    let transforms: Vec<_> = child(reference, DSIG, "Transforms")?
        .children()
        .filter(Node::is_element)
        .map(|transform| transform.attribute("Algorithm").unwrap_or_default().to_owned())
        .collect();
    if transforms != [ENVELOPED, EXCLUSIVE] {
        return Err(malformed("the transforms are not enveloped-signature and exclusive canonicalization"));
    }
    if info.descendants().any(|node| node.tag_name().name() == "InclusiveNamespaces") {
        return Err(malformed("inclusive prefixes are not simulated"));
    }
    let id = root.attribute("ID").filter(|id| !id.is_empty()).ok_or_else(|| malformed("no ID"))?;
    if reference.attribute("URI") != Some(format!("#{id}").as_str()) {
        return Err(malformed("the reference is not to the assertion's ID"));
    }
    let content = canonical(document, root, Some(signature)).map_err(Failure::Malformed)?;
    let digest = ring::digest::digest(&ring::digest::SHA256, content.as_bytes());
    if decode(child(reference, DSIG, "DigestValue")?)? != digest.as_ref() {
        return Err(Failure::Untrusted);
    }
    let signed = canonical(document, info, None).map_err(Failure::Malformed)?;
    let value = decode(child(signature, DSIG, "SignatureValue")?)?;
    if signed_by(private_pem, signed.as_bytes(), &value) { Ok(()) } else { Err(Failure::Untrusted) }
}

fn malformed(message: impl Into<String>) -> Failure {
    Failure::Malformed(message.into())
}

/// The only child of that name.
fn child<'a, 'i>(node: Node<'a, 'i>, namespace: &str, name: &str) -> Result<Node<'a, 'i>, Failure> {
    let mut found = node.children().filter(|child| child.has_tag_name((namespace, name)));
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(malformed(format!("no {name} in {}", node.tag_name().name()))),
        (Some(_), Some(_)) => Err(malformed(format!("several {name} in {}", node.tag_name().name()))),
    }
}

fn text(node: Node<'_, '_>) -> String {
    node.text().unwrap_or_default().trim().to_owned()
}

fn instant(node: Node<'_, '_>, name: &str) -> Result<Option<Timestamp>, Failure> {
    let Some(value) = node.attribute(name) else {
        return Ok(None);
    };
    value.parse().map(Some).map_err(|_| malformed(format!("{name} is no UTC time")))
}

fn decode(node: Node<'_, '_>) -> Result<Vec<u8>, Failure> {
    use base64::Engine;
    let encoded: String = node.text().unwrap_or_default().split_whitespace().collect();
    base64::prelude::BASE64_STANDARD.decode(encoded).map_err(|_| malformed("a signature value is not base64"))
}

#[cfg(test)]
mod tests;
