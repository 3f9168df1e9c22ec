//! What goes to a token endpoint: the form of each grant, and how the client proves who it is. Nothing is sent here.

use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderValue;
use jackfield_core::manifest::{AssertionEncoding, ClientAuth, OAuth2, SignatureAlgorithm, TokenGrant};
use jiff::Timestamp;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

use super::Fault;
use crate::credential::{jwt, saml, sensitive, sign::SigningKey};
use crate::random;
use crate::vault::SecretValue;

/// How long the client's own assertion holds, in seconds: long enough for a clock that is a little off.
const CLIENT_ASSERTION_LIFETIME_S: u32 = 120;

/// RFC 7523, section 2.2.
const JWT_CLIENT_ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// RFC 7523, section 2.1.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// RFC 7522, section 2.1.
const SAML2_BEARER: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";

/// Values by the name of their secret.
pub(crate) struct Secrets(pub(crate) Vec<(String, Arc<SecretValue>)>);

impl Secrets {
    /// The value of a name.
    pub(crate) fn get(&self, name: &str) -> Result<&str, Fault> {
        let found = self.0.iter().find(|(known, _)| known == name);
        let (_, value) = found.ok_or_else(|| Fault::missing(format!("secret `{name}` has no value")))?;
        Ok(value.expose())
    }
}

/// What a token is asked for with.
#[derive(Clone, Copy)]
pub(crate) enum With<'w> {
    /// What the scheme says.
    Scheme,
    /// A refresh token.
    Refresh(&'w str),
    /// The code of somebody's consent (RFC 6749, section 4.1.3) and the PKCE verifier (RFC 7636).
    Code { code: &'w str, redirect_uri: &'w str, verifier: &'w str },
}

/// A token request as it is sent.
pub(crate) struct Form {
    pub(crate) body: Zeroizing<String>,
    pub(crate) authorization: Option<HeaderValue>,
    /// Texts made here that have to be scrubbed like a secret.
    pub(crate) derived: Vec<Zeroizing<String>>,
}

/// The name of the grant in the audit log: as the manifest writes it.
pub(crate) fn name(oauth2: &OAuth2, with: With<'_>) -> &'static str {
    match (with, &oauth2.grant) {
        (With::Code { .. }, _) => "authorization_code",
        (With::Refresh(_), _) | (With::Scheme, TokenGrant::RefreshToken { .. }) => "refresh_token",
        (With::Scheme, TokenGrant::ClientCredentials) => "client_credentials",
        (With::Scheme, TokenGrant::JwtBearer { .. }) => "jwt_bearer",
        (With::Scheme, TokenGrant::Saml2Bearer { .. }) => "saml2_bearer",
        (With::Scheme, TokenGrant::Password { .. }) => "password",
    }
}

/// Whether the request says what time it is, so that a wrong clock can be why it is refused.
pub(crate) fn is_timed(oauth2: &OAuth2, with: With<'_>) -> bool {
    let asserted = matches!(oauth2.grant, TokenGrant::JwtBearer { .. } | TokenGrant::Saml2Bearer { .. });
    oauth2.client_auth == ClientAuth::PrivateKeyJwt || (asserted && matches!(with, With::Scheme))
}

/// Puts a token request together, as of `now`.
pub(crate) fn build(oauth2: &OAuth2, secrets: &Secrets, with: With<'_>, now: SystemTime) -> Result<Form, Fault> {
    let mut form = Writer::default();
    match with {
        With::Refresh(token) => form.pair("grant_type", "refresh_token").pair("refresh_token", token),
        With::Code { code, redirect_uri, verifier } => form
            .pair("grant_type", "authorization_code")
            .pair("code", code)
            .pair("redirect_uri", redirect_uri)
            .pair("code_verifier", verifier),
        With::Scheme => grant(oauth2, secrets, now, &mut form)?,
    };
    // A refresh token keeps the scopes that it was given with (RFC 6749, section 6), and a code those of its consent.
    if matches!(with, With::Scheme) && oauth2.ask_scopes && !oauth2.scopes.is_empty() {
        form.pair("scope", &oauth2.scopes.join(" "));
    }
    for (name, value) in &oauth2.params {
        form.pair(name, value);
    }
    let authorization = client(oauth2, secrets, now, &mut form)?;
    Ok(Form { body: form.text, authorization, derived: form.derived })
}

fn grant<'f>(
    oauth2: &OAuth2,
    secrets: &Secrets,
    now: SystemTime,
    form: &'f mut Writer,
) -> Result<&'f mut Writer, Fault> {
    Ok(match &oauth2.grant {
        TokenGrant::ClientCredentials => form.pair("grant_type", "client_credentials"),
        TokenGrant::Password { username, password } => {
            form.pair("grant_type", "password").pair("username", username).pair("password", secrets.get(password)?)
        }
        TokenGrant::JwtBearer { issuer, subject, audience, key, key_id, algorithm, lifetime_s } => {
            let statement = Statement { issuer, subject, audience, lifetime_s: *lifetime_s };
            let assertion = statement.sign(secrets, key, key_id.as_deref(), *algorithm, now)?;
            form.pair("grant_type", JWT_BEARER).pair("assertion", &assertion).derive(assertion)
        }
        TokenGrant::Saml2Bearer {
            issuer,
            subject,
            subject_format,
            audience,
            recipient,
            attributes,
            key,
            encoding,
            lifetime_s,
        } => {
            let unusable = |problem: &dyn std::fmt::Display| Fault::missing(format!("secret `{key}`: {problem}"));
            let signer = SigningKey::parse(secrets.get(key)?, SignatureAlgorithm::RS256).map_err(|p| unusable(&p))?;
            let claims = saml::Claims {
                issuer,
                subject,
                subject_format,
                audience,
                recipient: recipient.as_deref().unwrap_or(&oauth2.token_url),
                attributes,
                issued_at: Timestamp::try_from(now).map_err(|error| unusable(&error))?,
                lifetime_s: *lifetime_s,
                id: &random::name().map_err(Fault::unavailable)?,
            };
            let xml = saml::assertion(&claims, &signer).map_err(|problem| unusable(&problem))?;
            let assertion = Zeroizing::new(match encoding {
                // RFC 7522, section 2.1; padding left out, as it would only be escaped.
                AssertionEncoding::Base64url => URL_SAFE_NO_PAD.encode(xml.as_bytes()),
                AssertionEncoding::Base64 => STANDARD.encode(xml.as_bytes()),
            });
            form.pair("grant_type", SAML2_BEARER).pair("assertion", &assertion).derive(assertion)
        }
        TokenGrant::RefreshToken { .. } => {
            return Err(Fault::missing("there is no refresh token"));
        }
    })
}

/// The client's proof: parameters of the form, or a header.
fn client(
    oauth2: &OAuth2,
    secrets: &Secrets,
    now: SystemTime,
    form: &mut Writer,
) -> Result<Option<HeaderValue>, Fault> {
    let secret = || secrets.get(oauth2.client_secret.as_deref().unwrap_or("client_secret"));
    match oauth2.client_auth {
        ClientAuth::None => {
            form.pair("client_id", &oauth2.client_id);
        }
        ClientAuth::Body => {
            form.pair("client_id", &oauth2.client_id).pair("client_secret", secret()?);
        }
        ClientAuth::Basic => {
            // Each half is form-encoded first (RFC 6749, section 2.3.1), so that a colon in one is not the joint.
            let mut pair = Zeroizing::new(String::with_capacity(oauth2.client_id.len() * 3 + 1 + secret()?.len() * 3));
            pair.extend(byte_serialize(oauth2.client_id.as_bytes()));
            pair.push(':');
            pair.extend(byte_serialize(secret()?.as_bytes()));
            let mut text = Zeroizing::new(String::with_capacity("Basic ".len() + pair.len().div_ceil(3) * 4));
            text.push_str("Basic ");
            STANDARD.encode_string(pair.as_bytes(), &mut text);
            form.derive(pair);
            return sensitive(&text)
                .map(Some)
                .ok_or_else(|| Fault::missing("the client's id and secret cannot stand in a header"));
        }
        ClientAuth::PrivateKeyJwt => {
            let id = &oauth2.client_id;
            let lifetime_s = CLIENT_ASSERTION_LIFETIME_S;
            let statement = Statement { issuer: id, subject: id, audience: &oauth2.token_url, lifetime_s };
            let key = oauth2.client_key.as_deref().unwrap_or("client_key");
            let key_id = oauth2.client_key_id.as_deref();
            let assertion = statement.sign(secrets, key, key_id, oauth2.client_algorithm, now)?;
            form.pair("client_id", id)
                .pair("client_assertion_type", JWT_CLIENT_ASSERTION)
                .pair("client_assertion", &assertion)
                .derive(assertion);
        }
    }
    Ok(None)
}

/// Who says what about whom.
struct Statement<'s> {
    issuer: &'s str,
    subject: &'s str,
    audience: &'s str,
    lifetime_s: u32,
}

impl Statement<'_> {
    fn sign(
        &self,
        secrets: &Secrets,
        key: &str,
        key_id: Option<&str>,
        algorithm: SignatureAlgorithm,
        now: SystemTime,
    ) -> Result<Zeroizing<String>, Fault> {
        let unusable = |problem: &dyn std::fmt::Display| Fault::missing(format!("secret `{key}`: {problem}"));
        // Read for each assertion and dropped with it: the library does not wipe the numbers of a key.
        let signer = SigningKey::parse(secrets.get(key)?, algorithm).map_err(|problem| unusable(&problem))?;
        let issued_at = Timestamp::try_from(now).map_err(|error| unusable(&error))?;
        let id = random::name().map_err(Fault::unavailable)?;
        let claims = jwt::Claims {
            issuer: self.issuer,
            subject: self.subject,
            audience: self.audience,
            issued_at,
            not_before: None,
            lifetime_s: self.lifetime_s,
            id: &id,
        };
        jwt::assertion(&claims, key_id, &signer).map_err(|problem| unusable(&problem))
    }
}

/// An `application/x-www-form-urlencoded` text in one piece of memory that is wiped.
struct Writer {
    text: Zeroizing<String>,
    derived: Vec<Zeroizing<String>>,
}

impl Default for Writer {
    fn default() -> Writer {
        Writer { text: Zeroizing::new(String::new()), derived: Vec::new() }
    }
}

impl Writer {
    fn pair(&mut self, name: &str, value: &str) -> &mut Writer {
        let needed = self.text.len() + (name.len() + value.len()) * 3 + 2;
        if needed > self.text.capacity() {
            // Growing in place would leave a copy behind that nobody wipes.
            let mut larger = Zeroizing::new(String::with_capacity(needed.next_power_of_two()));
            larger.push_str(&self.text);
            self.text = larger;
        }
        if !self.text.is_empty() {
            self.text.push('&');
        }
        self.text.extend(byte_serialize(name.as_bytes()));
        self.text.push('=');
        self.text.extend(byte_serialize(value.as_bytes()));
        self
    }

    fn derive(&mut self, text: Zeroizing<String>) -> &mut Writer {
        self.derived.push(text);
        self
    }
}
