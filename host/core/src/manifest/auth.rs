//! How the host authenticates at an endpoint, as the manifest declares it: schemes with the names of their secrets,
//! never a value. Text in braces is a setting of the connection, or `{user.id}` and `{user.email}` of the person in
//! the chat where the connection's subject is the user. Making the credential is the egress's business.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A named authentication scheme of an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Auth {
    /// What a connection says to choose it; `default` when the manifest gives none.
    pub name: String,
    /// The scheme and its parts.
    pub scheme: Scheme,
}

/// How a credential is put on a request. Values in braces are settings; secrets are named, never written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "scheme", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scheme {
    /// A header of its own, such as `X-Shopify-Access-Token`.
    Header {
        /// Header name.
        header: String,
        /// Name of the secret.
        secret: String,
        /// Put before the value.
        #[serde(default)]
        prefix: String,
    },
    /// A query parameter.
    Query {
        /// Parameter name.
        parameter: String,
        /// Name of the secret.
        secret: String,
    },
    /// `Authorization: Bearer`.
    Bearer {
        /// Name of the secret.
        secret: String,
    },
    /// `Authorization: Basic` (RFC 7617).
    Basic {
        /// User name: text with settings in braces, such as `{email}/token`.
        username: String,
        /// Name of the secret that is the password; empty password when absent.
        #[serde(default)]
        secret: Option<String>,
        /// Name of the secret that is the user name, where it is one (an API key as user).
        #[serde(default)]
        username_secret: Option<String>,
    },
    /// An access token that the host gets from a token endpoint and renews (RFC 6749).
    #[serde(rename = "oauth2")]
    OAuth2(Box<OAuth2>),
    /// A signature on each request (RFC 5849).
    #[serde(rename = "oauth1")]
    OAuth1(Box<OAuth1>),
    /// No credential.
    None,
}

/// Where an access token comes from and how it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth2 {
    /// `https://{login_host}/services/oauth2/token`.
    pub token_url: String,
    /// No secret: a text with settings in braces.
    pub client_id: String,
    /// How the client proves at the token endpoint who it is.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// Name of the secret that proves it, with `basic` and `body`.
    #[serde(default)]
    pub client_secret: Option<String>,
    /// Name of the secret that is its private key (PEM, PKCS#8), with `private_key_jwt`.
    #[serde(default)]
    pub client_key: Option<String>,
    /// `kid` of that key.
    #[serde(default)]
    pub client_key_id: Option<String>,
    /// Signature of the client's own assertion.
    #[serde(default)]
    pub client_algorithm: SignatureAlgorithm,
    /// Asked for, and compared with what the token endpoint says it gave.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Whether the token request names them. Where they belong to the client's registration they are only compared.
    #[serde(default = "yes")]
    pub ask_scopes: bool,
    /// Further form parameters of the token request, such as `audience`.
    #[serde(default)]
    pub params: BTreeMap<String, String>,
    /// Lifetime of an access token in seconds, where the token endpoint does not say `expires_in`. Without either, a
    /// token is used until the system refuses it.
    #[serde(default)]
    pub lifetime_s: Option<u32>,
    /// Header that carries the access token.
    #[serde(default = "authorization")]
    pub header: String,
    /// Put before the access token.
    #[serde(default = "bearer")]
    pub prefix: String,
    /// What the token is asked for with.
    pub grant: TokenGrant,
}

fn authorization() -> String {
    "Authorization".to_owned()
}

fn yes() -> bool {
    true
}

fn bearer() -> String {
    "Bearer ".to_owned()
}

/// How a client authenticates at the token endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// `client_secret_basic`: the header of RFC 6749, section 2.3.1.
    #[default]
    Basic,
    /// `client_secret_post`: `client_id` and `client_secret` in the form.
    Body,
    /// An assertion signed with the client's own key (RFC 7523, section 2.2).
    PrivateKeyJwt,
    /// A public client: `client_id` in the form and no proof.
    None,
}

/// How an assertion is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum SignatureAlgorithm {
    /// RSA with PKCS#1 v1.5 and SHA-256.
    #[default]
    RS256,
    /// ECDSA with P-256 and SHA-256.
    ES256,
}

/// What an access token is asked for with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenGrant {
    /// The client for itself.
    ClientCredentials,
    /// A long-lived token that somebody's consent gave, through `jackfield connect` or out of a secret.
    RefreshToken {
        /// Name of the secret that holds the first one; `jackfield connect` needs none.
        #[serde(default)]
        secret: Option<String>,
        /// Where consent is asked for, with the authorization code flow and PKCE.
        #[serde(default)]
        authorize_url: Option<String>,
        /// Further parameters of that page, such as `access_type`.
        #[serde(default)]
        authorize_params: BTreeMap<String, String>,
        /// The authorization server's `iss` (RFC 9207); the origin of `authorize_url` when absent.
        #[serde(default)]
        issuer: Option<String>,
    },
    /// A signed statement of who is asked for (RFC 7523, section 2.1).
    JwtBearer {
        /// `iss`.
        issuer: String,
        /// `sub`: who the token is for.
        subject: String,
        /// `aud`.
        audience: String,
        /// Name of the secret that is the private key (PEM, PKCS#8).
        key: String,
        /// `kid` of that key.
        #[serde(default)]
        key_id: Option<String>,
        /// How it is signed.
        #[serde(default)]
        algorithm: SignatureAlgorithm,
        /// How long the assertion holds, in seconds.
        #[serde(default = "assertion_lifetime")]
        lifetime_s: u32,
    },
    /// The same in XML (RFC 7522), signed with RSA and SHA-256.
    #[serde(rename = "saml2_bearer")]
    Saml2Bearer {
        /// `Issuer`.
        issuer: String,
        /// `NameID`: who the token is for.
        subject: String,
        /// `NameID/@Format`.
        #[serde(default = "unspecified")]
        subject_format: String,
        /// `Audience`.
        audience: String,
        /// `SubjectConfirmationData/@Recipient`; the token URL when absent.
        #[serde(default)]
        recipient: Option<String>,
        /// Further statements about the subject.
        #[serde(default)]
        attributes: BTreeMap<String, String>,
        /// Name of the secret that is the private key (PEM, PKCS#8).
        key: String,
        /// How the assertion is written into the form.
        #[serde(default)]
        encoding: AssertionEncoding,
        /// How long the assertion holds, in seconds.
        #[serde(default = "assertion_lifetime")]
        lifetime_s: u32,
    },
    /// User name and password, only where a system takes nothing better (RFC 6749, section 4.3).
    Password {
        /// Text with settings in braces.
        username: String,
        /// Name of the secret.
        password: String,
    },
}

/// How a SAML assertion is written into a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AssertionEncoding {
    /// Without padding, as RFC 7522 says.
    #[default]
    Base64url,
    /// The ordinary alphabet with padding, as some systems want it.
    Base64,
}

fn assertion_lifetime() -> u32 {
    180
}

fn unspecified() -> String {
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified".to_owned()
}

/// The four values of a signed request, signed with HMAC-SHA256.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OAuth1 {
    /// Name of the secret that is the consumer key.
    pub consumer_key: String,
    /// Name of the secret that is the consumer secret.
    pub consumer_secret: String,
    /// Name of the secret that is the token; absent with a consumer alone.
    #[serde(default)]
    pub token: Option<String>,
    /// Name of the secret that is the token secret.
    #[serde(default)]
    pub token_secret: Option<String>,
    /// `realm`: text with settings in braces.
    #[serde(default)]
    pub realm: Option<String>,
}

/// A token against cross-site request forgery that a system wants on writes, bound to a cookie session: what OData
/// services of SAP Gateway ask for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Csrf {
    /// Path below the endpoint's base that gives a token to a `GET` with `Fetch`.
    pub path: String,
    /// Header that asks for it and carries it.
    #[serde(default = "csrf_header")]
    pub header: String,
    /// Headers of the write that its fetch repeats, in lower case: what chooses the session's client or language.
    #[serde(default)]
    pub repeat: Vec<String>,
}

fn csrf_header() -> String {
    "x-csrf-token".to_owned()
}

/// A place that a guest may mark with `{{secret.NAME}}` for the host to fill in. Elsewhere the mark is plain text.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "PlacementFile")]
pub struct Placement {
    /// Name of the secret.
    pub secret: String,
    /// Where.
    pub place: Place,
}

/// Where a secret may be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The whole value of this header.
    Header(String),
    /// The whole string at this JSON Pointer (RFC 6901) of a JSON body.
    Body(String),
}

/// A place that the connector may mark with `{{secret.NAME}}` for the host to fill in: one header, or one string of the body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlacementFile {
    /// Name of the secret.
    secret: String,
    /// The whole value of this header.
    #[serde(default)]
    header: Option<String>,
    /// The whole string at this JSON Pointer (RFC 6901) of a JSON body.
    #[serde(default)]
    body: Option<String>,
}

impl TryFrom<PlacementFile> for Placement {
    type Error = String;

    fn try_from(file: PlacementFile) -> Result<Placement, String> {
        let place = match (file.header, file.body) {
            (Some(header), None) if http::HeaderName::from_bytes(header.as_bytes()).is_ok() => {
                Place::Header(header.to_ascii_lowercase())
            }
            (Some(header), None) => return Err(format!("`{header}` is not a header name")),
            (None, Some(pointer)) if pointer.starts_with('/') => Place::Body(pointer),
            (None, Some(pointer)) => return Err(format!("`{pointer}` is not a JSON Pointer: it begins with `/`")),
            _ => return Err("a placement has either `header` or `body`".to_owned()),
        };
        Ok(Placement { secret: file.secret, place })
    }
}

impl Scheme {
    /// Names of the secrets that it uses.
    pub fn secrets(&self) -> Vec<&str> {
        let mut names = self.required_secrets();
        if let Scheme::OAuth2(oauth2) = self
            && let TokenGrant::RefreshToken { secret: Some(secret), .. } = &oauth2.grant
        {
            names.push(secret);
        }
        names
    }

    /// Names of the secrets without which it cannot work. A first refresh token may come from `jackfield connect`.
    pub fn required_secrets(&self) -> Vec<&str> {
        match self {
            Scheme::Header { secret, .. } | Scheme::Query { secret, .. } | Scheme::Bearer { secret } => vec![secret],
            Scheme::Basic { secret, username_secret, .. } => {
                secret.iter().chain(username_secret).map(String::as_str).collect()
            }
            Scheme::OAuth2(oauth2) => {
                let own = match &oauth2.grant {
                    TokenGrant::ClientCredentials | TokenGrant::RefreshToken { .. } => None,
                    TokenGrant::JwtBearer { key, .. } | TokenGrant::Saml2Bearer { key, .. } => Some(key),
                    TokenGrant::Password { password, .. } => Some(password),
                };
                let client = oauth2.client_secret.iter().chain(&oauth2.client_key);
                own.into_iter().chain(client).map(String::as_str).collect()
            }
            Scheme::OAuth1(oauth1) => [&oauth1.consumer_key, &oauth1.consumer_secret]
                .into_iter()
                .chain(&oauth1.token)
                .chain(&oauth1.token_secret)
                .map(String::as_str)
                .collect(),
            Scheme::None => Vec::new(),
        }
    }

    /// Texts with settings in braces, for the manifest's check and for filling them in.
    pub fn templates(&mut self) -> Vec<&mut String> {
        match self {
            Scheme::Basic { username, .. } => vec![username],
            Scheme::OAuth2(oauth2) => {
                let OAuth2 { token_url, client_id, client_key_id, scopes, params, grant, .. } = &mut **oauth2;
                let mut texts = vec![token_url, client_id];
                texts.extend(client_key_id);
                texts.extend(scopes);
                texts.extend(params.values_mut());
                match grant {
                    TokenGrant::ClientCredentials => {}
                    TokenGrant::RefreshToken { authorize_url, authorize_params, issuer, .. } => {
                        texts.extend(authorize_url);
                        texts.extend(authorize_params.values_mut());
                        texts.extend(issuer);
                    }
                    TokenGrant::JwtBearer { issuer, subject, audience, key_id, .. } => {
                        texts.extend([issuer, subject, audience]);
                        texts.extend(key_id);
                    }
                    TokenGrant::Saml2Bearer { issuer, subject, audience, recipient, attributes, .. } => {
                        texts.extend([issuer, subject, audience]);
                        texts.extend(recipient);
                        texts.extend(attributes.values_mut());
                    }
                    TokenGrant::Password { username, .. } => texts.push(username),
                }
                texts
            }
            Scheme::OAuth1(oauth1) => oauth1.realm.iter_mut().collect(),
            Scheme::Header { .. } | Scheme::Query { .. } | Scheme::Bearer { .. } | Scheme::None => Vec::new(),
        }
    }

    /// Header and query parameter that are the host's own with this scheme: a guest that sets one is refused.
    pub fn own_header(&self) -> Option<&str> {
        match self {
            Scheme::Header { header, .. } => Some(header),
            Scheme::OAuth2(oauth2) => Some(&oauth2.header),
            _ => None,
        }
    }

    /// Whether it can give each user a credential of their own: somebody's consent, or an assertion that names them.
    pub fn names_user(&self) -> bool {
        let Scheme::OAuth2(oauth2) = self else { return false };
        match &oauth2.grant {
            TokenGrant::RefreshToken { .. } => true,
            TokenGrant::JwtBearer { subject, .. } | TokenGrant::Saml2Bearer { subject, .. } => mentions_user(subject),
            TokenGrant::ClientCredentials | TokenGrant::Password { .. } => false,
        }
    }

    /// What is wrong with it beyond its shape.
    pub(super) fn check(&self) -> Result<(), String> {
        let header = |name: &str| match http::HeaderName::from_bytes(name.as_bytes()) {
            Ok(_) => Ok(()),
            Err(_) => Err(format!("`{name}` is not a header name")),
        };
        match self {
            Scheme::Header { header: name, .. } => header(name),
            Scheme::OAuth2(oauth2) => {
                header(&oauth2.header)?;
                let has = (oauth2.client_secret.is_some(), oauth2.client_key.is_some());
                match (oauth2.client_auth, has) {
                    (ClientAuth::Basic | ClientAuth::Body, (true, false))
                    | (ClientAuth::PrivateKeyJwt, (false, true))
                    | (ClientAuth::None, (false, false)) => {}
                    (ClientAuth::Basic | ClientAuth::Body, _) => {
                        return Err("`client_auth` of `basic` or `body` needs `client_secret` and no `client_key`; \
                                    write `client_auth = \"none\"` where the client has no secret"
                            .to_owned());
                    }
                    (ClientAuth::PrivateKeyJwt, _) => {
                        return Err(
                            "`client_auth = \"private_key_jwt\"` needs `client_key` and no `client_secret`".to_owned()
                        );
                    }
                    (ClientAuth::None, _) => {
                        return Err(
                            "`client_auth = \"none\"` takes neither `client_secret` nor `client_key`".to_owned()
                        );
                    }
                }
                match &oauth2.grant {
                    TokenGrant::RefreshToken { secret: None, authorize_url: None, .. } => {
                        Err("a refresh token needs a `secret`, an `authorize_url` for `jackfield connect`, or both"
                            .to_owned())
                    }
                    TokenGrant::JwtBearer { lifetime_s, .. } | TokenGrant::Saml2Bearer { lifetime_s, .. }
                        if !(30..=3600).contains(lifetime_s) =>
                    {
                        Err("`lifetime_s` of an assertion is between 30 and 3600 seconds".to_owned())
                    }
                    _ => Ok(()),
                }
            }
            Scheme::OAuth1(oauth1) if oauth1.token.is_some() != oauth1.token_secret.is_some() => {
                Err("`token` and `token_secret` go together".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Whether a text names the person in the chat.
pub fn mentions_user(text: &str) -> bool {
    USER_TEXTS.iter().any(|name| text.contains(&format!("{{{name}}}")))
}

/// What a template may say about the person in the chat.
pub const USER_TEXTS: [&str; 2] = ["user.id", "user.email"];

#[cfg(test)]
mod tests;
