//! What is said to the server: log in, read a secret of a KV engine of version 2
//! (<https://openbao.org/api-docs/secret/kv/kv-v2/>). A token is used until its lease is nearly over or the server
//! refuses it; then a new one is asked for, once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use url::Url;
use zeroize::Zeroizing;

use super::OpenBaoProblem;
use super::config::{OpenBaoAuth, OpenBaoConfig};
use crate::config::ConnectionConfig;
use crate::scrub::Scrubber;
use crate::tls::Material;
use crate::vault::{SecretSource, SecretValue, env, file};

/// Bound of one answer, in bytes: OpenBao takes no larger secret than 1 MiB.
const ANSWER_BYTES_MAX: usize = 2 << 20;

/// How long before its end a lease counts as over.
const LEASE_MARGIN: Duration = Duration::from_secs(10);

/// What the scrubber files the login's secrets under; no connection has this name.
const LOGIN: &str = "";

/// The fields of a secret that are texts.
pub(super) type Fields = HashMap<String, Zeroizing<String>>;

/// A server and the token that it gave.
pub(super) struct Client {
    http: legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: Url,
    namespace: Option<HeaderValue>,
    timeout: Duration,
    auth: OpenBaoAuth,
    token: tokio::sync::Mutex<Option<Token>>,
}

/// Proof of a login.
#[derive(Clone)]
struct Token {
    value: HeaderValue,
    /// Absent when it does not end.
    until: Option<Instant>,
}

impl Client {
    pub(super) fn new(config: &OpenBaoConfig) -> Result<Client, OpenBaoProblem> {
        let address = |why: &str| OpenBaoProblem::Address(why.to_owned());
        let base = Url::parse(&config.address).map_err(|_| address("it is not a URL"))?;
        match base.scheme() {
            "https" => {}
            "http" if config.allow_insecure => {}
            "http" => return Err(address("it is plain HTTP; for a test server set `allow_insecure = true`")),
            _ => return Err(address("it is neither https nor http")),
        }
        if !base.username().is_empty() || base.password().is_some() || base.path() != "/" || base.query().is_some() {
            return Err(address("it has more in it than host and port"));
        }
        let namespace = config.namespace.as_ref().map(HeaderValue::try_from).transpose();
        let namespace = namespace.map_err(|_| address("`namespace` cannot stand in a header"))?;
        let transport = ConnectionConfig { ca_file: config.ca_file.clone(), ..ConnectionConfig::default() };
        let tls = Material::read(&transport).and_then(|material| material.client_config(&transport));
        let tls = tls.map_err(|e| OpenBaoProblem::Tls(e.to_string()))?;
        let https = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_all_versions().build();
        let http = legacy::Client::builder(TokioExecutor::new())
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(transport.pool_idle_timeout())
            .build(https);
        let timeout = Duration::from_millis(config.timeout_ms);
        Ok(Client { http, base, namespace, timeout, auth: config.auth.clone(), token: tokio::sync::Mutex::new(None) })
    }

    /// Every field of a secret.
    pub(super) async fn read(&self, mount: &str, path: &str, scrubber: &Scrubber) -> Result<Fields, OpenBaoProblem> {
        let at = format!("{mount}/data/{path}");
        let mut token = self.token(None, scrubber).await?;
        let (mut status, mut body) = self.send(Method::GET, &at, Some(&token), Bytes::new()).await?;
        if status == StatusCode::FORBIDDEN && !matches!(self.auth, OpenBaoAuth::Token { .. }) {
            // Revoked, or of a server that was restored: a new login says which.
            token = self.token(Some(&token), scrubber).await?;
            (status, body) = self.send(Method::GET, &at, Some(&token), Bytes::new()).await?;
        }
        match status {
            StatusCode::OK => {}
            StatusCode::FORBIDDEN => return Err(OpenBaoProblem::Denied(at)),
            StatusCode::NOT_FOUND => return Err(OpenBaoProblem::NoPath(at)),
            other => return Err(refused(other)),
        }
        let answer: Answer<Secret<'_>> =
            serde_json::from_slice(&body).map_err(|_| OpenBaoProblem::Unexpected(status.as_u16()))?;
        Ok(answer.data.texts())
    }

    /// A token that is good; `refused` is one that is not, whatever its lease says.
    async fn token(&self, refused: Option<&Token>, scrubber: &Scrubber) -> Result<Token, OpenBaoProblem> {
        // One logs in, the others wait for its token.
        let mut kept = self.token.lock().await;
        let is_good = |token: &&Token| {
            refused.is_none_or(|refused| refused.value != token.value)
                && token.until.is_none_or(|until| Instant::now() < until)
        };
        if let Some(token) = kept.as_ref().filter(is_good) {
            return Ok(token.clone());
        }
        let token = self.log_in(scrubber).await?;
        // A token of the operator's is read again each time: it is renewed by writing the file.
        if !matches!(self.auth, OpenBaoAuth::Token { .. }) {
            *kept = Some(token.clone());
        }
        Ok(token)
    }

    async fn log_in(&self, scrubber: &Scrubber) -> Result<Token, OpenBaoProblem> {
        let (mount, body) = match &self.auth {
            OpenBaoAuth::Token { token: source } => {
                let token = login_secret(&source.0, "openbao token", scrubber)?;
                return Ok(Token { value: header_value(token.expose())?, until: None });
            }
            OpenBaoAuth::AppRole { approle: role } => {
                let role_id = login_secret(&role.role_id.0, "openbao role_id", scrubber)?;
                let secret_id = login_secret(&role.secret_id.0, "openbao secret_id", scrubber)?;
                let body = LoginBody::AppRole { role_id: role_id.expose(), secret_id: secret_id.expose() };
                (&role.mount, body.to_bytes()?)
            }
            OpenBaoAuth::Kubernetes { kubernetes: pod } => {
                let jwt = login_secret(&SecretSource::File(pod.jwt_file.clone()), "openbao jwt", scrubber)?;
                (&pod.mount, LoginBody::Kubernetes { role: &pod.role, jwt: jwt.expose() }.to_bytes()?)
            }
        };
        let (status, body) = self.send(Method::POST, &format!("auth/{mount}/login"), None, body).await?;
        match status {
            StatusCode::OK => {}
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND => {
                return Err(OpenBaoProblem::LoginRefused(status.as_u16()));
            }
            other => return Err(refused(other)),
        }
        let LoginAnswer { auth } =
            serde_json::from_slice(&body).map_err(|_| OpenBaoProblem::Unexpected(status.as_u16()))?;
        // Known to the scrubber before it is in use.
        scrubber.learn(LOGIN, "openbao login", &auth.client_token);
        let lease = Duration::from_secs(auth.lease_duration);
        // Zero is a lease without an end. A short one is used for half of it.
        let until = (!lease.is_zero()).then(|| Instant::now() + lease.saturating_sub(LEASE_MARGIN).max(lease / 2));
        Ok(Token { value: header_value(&auth.client_token)?, until })
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        token: Option<&Token>,
        body: Bytes,
    ) -> Result<(StatusCode, Zeroizing<Vec<u8>>), OpenBaoProblem> {
        let unavailable = |why: &str| OpenBaoProblem::Unavailable(why.to_owned());
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}v1/{path}", self.base))
            .header(header::CONTENT_TYPE, "application/json")
            // Asked for by servers that guard against requests of browsers.
            .header(HeaderName::from_static("x-vault-request"), "true");
        if let Some(namespace) = &self.namespace {
            request = request.header(HeaderName::from_static("x-vault-namespace"), namespace);
        }
        if let Some(token) = token {
            request = request.header(HeaderName::from_static("x-vault-token"), &token.value);
        }
        let request = request.body(Full::new(body)).map_err(|_| unavailable("the path is not usable"))?;
        let answer = async {
            let response = self
                .http
                .request(request)
                .await
                .map_err(|e| unavailable(if e.is_connect() { "no connection" } else { "the connection broke" }))?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
            let body = body.map_err(|_| unavailable("the answer broke off, or is too large"))?;
            Ok((status, Zeroizing::new(body.to_bytes().to_vec())))
        };
        let late = |_| OpenBaoProblem::Unavailable(format!("no answer within {} ms", self.timeout.as_millis()));
        tokio::time::timeout(self.timeout, answer).await.map_err(late)?
    }
}

/// A status that says nothing about the secret. Sealed, in standby, overloaded: that passes.
fn refused(status: StatusCode) -> OpenBaoProblem {
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return OpenBaoProblem::Unavailable(format!("status {}", status.as_u16()));
    }
    OpenBaoProblem::Unexpected(status.as_u16())
}

fn header_value(token: &str) -> Result<HeaderValue, OpenBaoProblem> {
    let mut value = HeaderValue::from_str(token).map_err(|_| OpenBaoProblem::LoginRefused(0))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Read anew at every login: a rotated one needs no restart.
fn login_secret(source: &SecretSource, slot: &str, scrubber: &Scrubber) -> Result<SecretValue, OpenBaoProblem> {
    let read = match source {
        SecretSource::Env(variable) => env::read(variable),
        SecretSource::File(path) => file::read(path).map(|(value, _)| value),
        SecretSource::Vault | SecretSource::OpenBao(_) => Err(crate::vault::Why::NotLocal),
    };
    let value =
        read.map_err(|why| OpenBaoProblem::Login { at: source.to_string().into(), why: why.to_string().into() })?;
    value.learn(scrubber, LOGIN, slot);
    Ok(value)
}

/// What a login is made with.
#[derive(Serialize)]
#[serde(untagged)]
enum LoginBody<'a> {
    AppRole { role_id: &'a str, secret_id: &'a str },
    Kubernetes { role: &'a str, jwt: &'a str },
}

impl LoginBody<'_> {
    fn to_bytes(&self) -> Result<Bytes, OpenBaoProblem> {
        let text = serde_json::to_vec(self).map_err(|_| OpenBaoProblem::LoginRefused(0))?;
        Ok(Bytes::from_owner(Zeroizing::new(text)))
    }
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
struct Secret<'a> {
    /// Still in the answer's own bytes, which are zeroised: only what is a text is copied.
    #[serde(borrow)]
    data: HashMap<String, &'a RawValue>,
}

impl Secret<'_> {
    /// The fields that are texts; others are nobody's credential.
    fn texts(self) -> Fields {
        let text = |raw: &RawValue| serde_json::from_str::<Zeroizing<String>>(raw.get()).ok();
        self.data.into_iter().filter_map(|(name, raw)| Some((name, text(raw)?))).collect()
    }
}

#[derive(Deserialize)]
struct LoginAnswer {
    auth: LoginAuth,
}

#[derive(Deserialize)]
struct LoginAuth {
    client_token: Zeroizing<String>,
    /// In seconds.
    lease_duration: u64,
}
