//! Asks token endpoints: one renewal from reading the secrets to a token that may be used. What is asked with is
//! `form.rs`, what the answer means `answer.rs`, what the store keeps `refresh.rs`; who waits for it is not known here.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use jackfield_core::audit::Event;
use jackfield_core::manifest::{Access, OAuth2, TokenGrant};
use jackfield_core::port::{SendError, Store};
use tokio::time::{Instant, timeout_at};
use url::Url;
use zeroize::{Zeroize, Zeroizing};

use super::answer::{self, Issued, Refused, Verdict};
use super::fault::Refusal;
use super::form::{self, Secrets, With};
use super::key::Key;
use super::refresh::Unsaved;
use super::{Ask, Fault, Fresh, Remembered};
use crate::body::{self, BodyError, Coding};
use crate::client::Connection;
use crate::clock;
use crate::credential;
use crate::ledger::Ledger;
use crate::retry::Stop;
use crate::state::{State, States};
use crate::vault::Vault;

/// A clock that is further off than this may be why an assertion was refused.
const SKEW_MIN: Duration = Duration::from_secs(30);

/// Makes tokens.
pub(crate) struct Desk {
    pub(super) vault: Arc<Vault>,
    pub(super) store: Option<Arc<dyn Store>>,
    ledger: Arc<Ledger>,
    states: Arc<States>,
    user_agent: HeaderValue,
    unsaved: Mutex<HashMap<Key, Unsaved>>,
}

/// What a renewal is about.
pub(crate) struct Renewal<'r> {
    pub(crate) ask: &'r Ask,
    pub(crate) connection: &'r Connection,
    /// The refusal that came of the last one.
    pub(crate) remembered: Option<&'r Remembered>,
    /// The token that is to be replaced, because it was refused or is old.
    pub(crate) known: Option<HeaderValue>,
    pub(crate) deadline: Instant,
}

/// Why a token request gave no token.
pub(super) enum Ended {
    Refused(Refused),
    Fault(Fault),
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Ended {
        Ended::Fault(fault)
    }
}

/// A token request that was answered.
pub(super) struct Answered {
    pub(super) issued: Issued,
    /// When it was asked for.
    pub(super) born: Instant,
}

impl Desk {
    pub(crate) fn new(
        vault: Arc<Vault>,
        store: Option<Arc<dyn Store>>,
        ledger: Arc<Ledger>,
        states: Arc<States>,
        user_agent: HeaderValue,
    ) -> Desk {
        Desk { vault, store, ledger, states, user_agent, unsaved: Mutex::default() }
    }

    pub(super) fn take_unsaved(&self, ask: &Ask) -> Option<Unsaved> {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).remove(&ask.key)
    }

    pub(super) fn put_unsaved(&self, ask: &Ask, unsaved: Unsaved) {
        self.unsaved.lock().unwrap_or_else(PoisonError::into_inner).insert(ask.key, unsaved);
    }

    /// Gets another token, or says why there is none, and keeps the connection's state.
    pub(crate) async fn renew(&self, renewal: &Renewal<'_>) -> Result<Fresh, Fault> {
        let outcome = self.make(renewal).await;
        self.followed(renewal.ask, outcome)
    }

    /// Keeps the connection's state in step with an outcome.
    pub(super) fn followed<T>(&self, ask: &Ask, outcome: Result<T, Fault>) -> Result<T, Fault> {
        if let Err(Fault::Refused { state, sentence, .. }) = &outcome {
            self.states.troubled(&ask.subject(), *state, sentence);
        }
        outcome
    }

    /// A person has done what had to be done.
    pub(super) fn consented(&self, ask: &Ask) {
        self.states.accepted(&ask.subject());
    }

    /// Writes down what is no token request.
    pub(super) fn note(&self, event: Event, ask: &Ask, outcome: &str) {
        self.ledger.note(event, &ask.subject(), ask.call_id.as_deref(), outcome);
    }

    async fn make(&self, renewal: &Renewal<'_>) -> Result<Fresh, Fault> {
        let ask = renewal.ask;
        let oauth2 = ask.oauth2().map_err(Fault::of_sending)?;
        let oauth2 = oauth2.ok_or_else(|| Fault::Denied("the endpoint has no token endpoint".into()))?;
        let secrets = self.secrets(ask).await?;
        if matches!(oauth2.grant, TokenGrant::RefreshToken { .. }) {
            return self.refresh(renewal, &oauth2, secrets).await;
        }
        // What was refused before is refused again, until something about it is different.
        if let Some(remembered) = renewal.remembered.filter(|before| before.of.is_same(&secrets, None)) {
            return Err(remembered.fault.clone());
        }
        match self.request(ask, renewal.connection, &oauth2, secrets, With::Scheme, renewal.deadline).await {
            Ok(answered) => {
                self.granted(ask, &oauth2, &answered.issued);
                self.fresh(ask, &oauth2, &answered.issued.access, answered.issued.lifetime, answered.born)
            }
            Err((Ended::Fault(fault), _)) => Err(fault),
            Err((Ended::Refused(refused), secrets)) => Err(self.refusal(ask, &oauth2, &refused, secrets, None)),
        }
    }

    /// The secrets without which nothing can be asked.
    pub(super) async fn secrets(&self, ask: &Ask) -> Result<Secrets, Fault> {
        let mut values = Vec::new();
        for name in ask.endpoint.scheme.required_secrets() {
            let value = credential::read(&self.vault, ask.endpoint.connection(), name);
            values.push((name.to_owned(), value.await.map_err(Fault::of_sending)?));
        }
        Ok(Secrets(values))
    }

    /// One token request; a second one where another live secret, or the other side's clock, may be what it takes.
    pub(super) async fn request(
        &self,
        ask: &Ask,
        connection: &Connection,
        oauth2: &OAuth2,
        mut secrets: Secrets,
        with: With<'_>,
        deadline: Instant,
    ) -> Result<Answered, (Ended, Secrets)> {
        let mut now = SystemTime::now();
        let (mut may_shift, mut may_swap) = (form::is_timed(oauth2, with), true);
        loop {
            let ended = match self.once(ask, connection, oauth2, &secrets, with, now, deadline).await {
                Ok(answered) => {
                    for (name, value) in &secrets.0 {
                        self.vault.accepted(ask.endpoint.connection(), name, value);
                    }
                    return Ok(answered);
                }
                Err(ended) => ended,
            };
            let Ended::Refused(refused) = &ended else { return Err((ended, secrets)) };
            let theirs = refused.date.filter(|theirs| clock::apart(*theirs, SystemTime::now()) > SKEW_MIN);
            if let (true, Some(theirs)) = (may_shift, theirs) {
                may_shift = false;
                now = theirs;
                tracing::warn!(
                    connection = ask.endpoint.connection(),
                    skew_s = clock::apart(theirs, SystemTime::now()).as_secs(),
                    "the token endpoint's clock and this host's are apart; asking once more by the other clock"
                );
                continue;
            }
            if may_swap && self.swap(ask, oauth2, refused, &mut secrets).await {
                may_swap = false;
                continue;
            }
            return Err((ended, secrets));
        }
    }

    /// Puts other live values in the place of those that the endpoint refused; says whether there was one.
    async fn swap(&self, ask: &Ask, oauth2: &OAuth2, refused: &Refused, secrets: &mut Secrets) -> bool {
        let mut swapped = false;
        for (name, value) in &mut secrets.0 {
            let of_client = [&oauth2.client_secret, &oauth2.client_key].into_iter().flatten().any(|own| own == name);
            if refused.of_client() == of_client
                && let Some(other) = self.vault.refused(ask.endpoint.connection(), name, value).await
            {
                *value = other;
                swapped = true;
            }
        }
        swapped
    }

    #[expect(clippy::too_many_arguments, reason = "one attempt of `request`, and nobody else's")]
    async fn once(
        &self,
        ask: &Ask,
        connection: &Connection,
        oauth2: &OAuth2,
        secrets: &Secrets,
        with: With<'_>,
        now: SystemTime,
        deadline: Instant,
    ) -> Result<Answered, Ended> {
        // Where this cannot be written down, it is not done.
        self.ledger.ready().map_err(Fault::of_sending)?;
        let url = Url::parse(&oauth2.token_url).map_err(|error| Fault::Denied(format!("token URL: {error}").into()))?;
        if url.scheme() != "https" && !ask.endpoint.network.allow_insecure {
            return Err(Fault::Denied(
                format!("the token URL of connection `{}` is plain HTTP", ask.endpoint.connection()).into(),
            )
            .into());
        }
        let form = form::build(oauth2, secrets, with, now)?;
        for derived in &form.derived {
            self.learn(ask, "derived", derived);
        }
        let request = post(&url, form, &self.user_agent)?;
        let born = Instant::now();
        let deadline = deadline.min(born + connection.token_timeout());
        let answer = self.exchange(connection, ask, request, deadline).await;
        let (outcome, verdict) = match answer {
            Ok((status, headers, mut body)) => {
                let verdict = answer::judge(status, &headers, &body, &oauth2.prefix);
                body.zeroize();
                (status.as_u16().to_string(), Ok(verdict))
            }
            Err(error) => ("unavailable".to_owned(), Err(error)),
        };
        let event = Event::TokenRequested {
            slot: ask.endpoint.slot.to_string(),
            grant: form::name(oauth2, with).to_owned(),
            origin: url.origin().ascii_serialization(),
        };
        self.ledger.note(event, &ask.subject(), ask.call_id.as_deref(), &outcome);
        match verdict {
            Ok(Verdict::Issued(issued)) => {
                // Before anybody has it: there is no moment at which it could pass unseen.
                self.learn(ask, "access", &issued.access);
                if let Some(refresh) = &issued.refresh {
                    self.learn(ask, "refresh", refresh);
                }
                Ok(Answered { issued, born })
            }
            Ok(Verdict::Refused(mut refused)) => {
                refused.words = self.vault.scrub(&refused.words).into_owned();
                Err(Ended::Refused(refused))
            }
            Ok(Verdict::Unavailable { detail, retry_after }) => {
                let detail = self.vault.scrub(&detail).as_ref().into();
                Err(Ended::Fault(Fault::Unavailable { detail, retry_after }))
            }
            Err(error) => Err(Ended::Fault(Fault::of_sending(error))),
        }
    }

    /// Sends a token request and reads the answer, whatever it is. Redirects are answers: none of them is followed.
    async fn exchange(
        &self,
        connection: &Connection,
        ask: &Ask,
        request: Request<Full<Bytes>>,
        deadline: Instant,
    ) -> Result<(StatusCode, HeaderMap, Vec<u8>), SendError> {
        let response = connection.send(&ask.endpoint, request, deadline).await.map_err(Stop::into_error)?;
        let (head, incoming) = response.into_parts();
        let body = async {
            let coding = Coding::of(&head.headers)?;
            body::read(incoming, coding, answer::BODY_BYTES_MAX, connection.body_room()).await
        };
        let body = timeout_at(deadline, body).await.map_err(|_| SendError::Timeout { sent: true })?;
        let body = body.map_err(|error| match error {
            BodyError::TooLarge => SendError::TooLarge { limit: answer::BODY_BYTES_MAX },
            BodyError::NoRoom => connection.no_room(&ask.endpoint, Access::Read).into_error(),
            BodyError::Broken(detail) => SendError::Unavailable { detail, sent: true },
        })?;
        // The only copy where nobody else holds the buffer, and then it can be wiped.
        let body = body.try_into_mut().map_or_else(|shared| shared.to_vec(), Vec::from);
        Ok((head.status, head.headers, body))
    }

    /// What a new token may do, for the connection's state.
    pub(super) fn granted(&self, ask: &Ask, oauth2: &OAuth2, issued: &Issued) {
        let missing = answer::missing_scopes(&oauth2.scopes, issued.scopes.as_deref());
        self.states.scopes(&ask.subject(), &missing);
    }

    /// A token as it is used from now on.
    pub(super) fn fresh(
        &self,
        ask: &Ask,
        oauth2: &OAuth2,
        access: &str,
        lifetime: Option<Duration>,
        born: Instant,
    ) -> Result<Fresh, Fault> {
        self.learn(ask, "access", access);
        let text = Zeroizing::new([&oauth2.prefix, access].concat());
        let header = credential::sensitive(&text)
            .ok_or_else(|| Fault::unavailable("the token endpoint gives a token that no header can hold"))?;
        let written = oauth2.lifetime_s.map(|seconds| Duration::from_secs(seconds.into()));
        Ok(Fresh { header, born, lifetime: lifetime.or(written) })
    }

    /// A refusal as the calls and the operator are told, and as it is remembered.
    pub(super) fn refusal(
        &self,
        ask: &Ask,
        oauth2: &OAuth2,
        refused: &Refused,
        secrets: Secrets,
        revision: Option<u64>,
    ) -> Fault {
        let connection = ask.endpoint.connection();
        let what = if refused.of_client() {
            "the client: check `client_id` and its secret"
        } else {
            match (&*refused.code, &oauth2.grant) {
                ("invalid_scope", _) => "the scopes: check what the client may ask for",
                (_, TokenGrant::RefreshToken { .. }) => {
                    "the refresh token: run `jackfield connect`, or replace the secret"
                }
                (_, TokenGrant::JwtBearer { .. } | TokenGrant::Saml2Bearer { .. }) => {
                    "the assertion: check key, issuer, subject and audience"
                }
                (_, TokenGrant::Password { .. }) => "user name or password",
                (_, TokenGrant::ClientCredentials) => "the client's request",
            }
        };
        let sentence =
            format!("the token endpoint of connection `{connection}` refuses {what}; it says {}", refused.words);
        let of = Some(Arc::new(Refusal { secrets: secrets.0, revision }));
        Fault::Refused { state: State::ReauthRequired, sentence: sentence.into(), of }
    }

    /// Has a text scrubbed wherever it turns up.
    pub(crate) fn learn(&self, ask: &Ask, what: &str, text: &str) {
        let slot = format!("{what} {}", ask.key.text());
        self.vault.learn(ask.endpoint.connection(), &slot, text);
    }
}

impl Refusal {
    /// Whether asking with these would be asking the same again.
    pub(super) fn is_same(&self, secrets: &Secrets, revision: Option<u64>) -> bool {
        let same = |((a, x), (b, y)): (&(String, _), &(String, _))| a == b && *x == *y;
        self.revision == revision
            && self.secrets.len() == secrets.0.len()
            && self.secrets.iter().zip(&secrets.0).all(same)
    }
}

fn post(url: &Url, form: form::Form, user_agent: &HeaderValue) -> Result<Request<Full<Bytes>>, Fault> {
    let uri = url.as_str().parse::<http::Uri>();
    let uri = uri.map_err(|_| Fault::Denied("the token URL cannot be sent as HTTP".into()))?;
    // Wiped when the client is done with it.
    let mut request = Request::new(Full::new(Bytes::from_owner(form.body)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, user_agent.clone());
    if let Some(authorization) = form.authorization {
        headers.insert(AUTHORIZATION, authorization);
    }
    Ok(request)
}
