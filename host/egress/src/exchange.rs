//! One hop of a request: what is put on, how often it is sent, and what the system's answer means for the credential.
//! The order is fixed: credential, session against forgery, secrets that the guest marked, audit, wire, judgement.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, HeaderName, HeaderValue};
use http::response::Parts;
use http::{Method, Request};
use http_body_util::Full;
use hyper::body::Incoming;
use jackfield_core::audit::Event;
use jackfield_core::call::CallContext;
use jackfield_core::grant::{Granted, OutboundRequest};
use jackfield_core::manifest::{Access, Csrf};
use jackfield_core::port::{SendError, UpstreamResponse};
use tokio::time::Instant;

use crate::client::Connection;
use crate::credential::csrf::{self, Session};
use crate::credential::{self, Attempt, Judgement, placement};
use crate::{Egress, redirect, request, response};

/// What one request led to.
pub(crate) enum Hop {
    Answer(UpstreamResponse),
    Redirect(u16, Box<Granted<OutboundRequest>>),
}

/// What every step of one hop goes by.
struct Leg<'l> {
    connection: &'l Arc<Connection>,
    granted: &'l Granted<OutboundRequest>,
    context: &'l CallContext,
    deadline: Instant,
}

/// The head of an answer, and the session that the request went out with.
struct Sent {
    head: Parts,
    body: Incoming,
    session: Option<Arc<Session>>,
}

/// What a session against forgery is fetched with led to.
enum Fetch {
    /// An answer that says no to the credential: it counts as the answer to the write, which did not go out.
    Answered(Box<(Parts, Incoming)>),
    Failed(SendError),
}

impl Egress {
    /// One request and its response. It is sent a second time where the system refused the credential, or the session
    /// against forgery, and so did not process the request, and there is another one; never twice for the same cause.
    pub(crate) async fn hop(
        &self,
        connection: &Arc<Connection>,
        granted: &Granted<OutboundRequest>,
        context: &CallContext,
        hops: usize,
        deadline: Instant,
    ) -> Result<Hop, SendError> {
        let leg = Leg { connection, granted, context, deadline };
        // Last of all that is put on, so that nothing before could carry it elsewhere.
        let mut attempt = self.credentials.acquire(granted, context, connection, deadline).await?;
        let csrf = csrf_header(granted)?;
        let mut forged_before = false;
        loop {
            let Sent { head, body, session } = self.exchange(&leg, &attempt, csrf.as_ref()).await?;
            let seen = (head.status, &head.headers);
            if let Judgement::Again(next) =
                self.credentials.judge(&attempt, granted, connection, seen, deadline).await?
            {
                attempt = next;
                continue;
            }
            // Before the body, which nobody reads when there is another hop.
            if let Some(next) = redirect::next(granted, head.status, &head.headers, hops)? {
                return Ok(Hop::Redirect(head.status.as_u16(), Box::new(next)));
            }
            let terms = response::Terms {
                connection: granted.connection(),
                method: &granted.value().method,
                body_bytes_max: connection.response_body_bytes_max(),
                deadline,
                own_header: granted.endpoint().csrf.as_ref().map(|csrf| &*csrf.header),
            };
            let response = response::read(&head, body, &terms, &self.vault).await?;
            if let (Some(session), Some((header, _)), false) = (session, &csrf, forged_before)
                && csrf::is_refused(header, head.status, &head.headers, &response.body)
            {
                self.sessions.forget(&session_key(granted, &attempt), &session);
                forged_before = true;
                continue;
            }
            return Ok(Hop::Answer(response));
        }
    }

    /// One request over the wire and the head of its response.
    async fn exchange(
        &self,
        leg: &Leg<'_>,
        attempt: &Attempt,
        csrf: Option<&(HeaderName, &Csrf)>,
    ) -> Result<Sent, SendError> {
        let mut request = request::build(leg.granted, &attempt.credential, &self.user_agent)?;
        let mut session = None;
        if let Some((header, csrf)) = csrf {
            match self.session(leg, attempt, header, csrf).await {
                Ok(found) => {
                    found.put(header, request.headers_mut()).map_err(|problem| unavailable(&problem))?;
                    session = Some(found);
                }
                Err(Fetch::Answered(answer)) => {
                    let (head, body) = *answer;
                    return Ok(Sent { head, body, session: None });
                }
                Err(Fetch::Failed(error)) => return Err(error),
            }
        }
        self.fill(leg, &mut request).await?;
        let (head, body) = self.wire(leg, attempt, request).await?;
        Ok(Sent { head, body, session })
    }

    /// Sends, and tells the audit log.
    async fn wire(
        &self,
        leg: &Leg<'_>,
        attempt: &Attempt,
        request: Request<Full<Bytes>>,
    ) -> Result<(Parts, Incoming), SendError> {
        // Where the use of a credential cannot be written down, it is not used.
        if crate::ledger::is_told_of(leg.granted.endpoint()) {
            self.ledger.ready()?;
        }
        let using = self.ledger.using(
            leg.granted,
            request.method().clone(),
            &leg.context.call_id,
            attempt.ask().subject().user,
        );
        // Addresses are judged inside, when and only when a socket is opened.
        match leg.connection.send(leg.granted.endpoint(), request, leg.deadline).await {
            Ok(response) => {
                using.answered(response.status().as_u16());
                Ok(response.into_parts())
            }
            Err(error) => {
                using.failed(&error);
                Err(error)
            }
        }
    }

    /// The session for a write: the known one, or a new one that every write at this time shares.
    async fn session(
        &self,
        leg: &Leg<'_>,
        attempt: &Attempt,
        header: &HeaderName,
        csrf: &Csrf,
    ) -> Result<Arc<Session>, Fetch> {
        let key = session_key(leg.granted, attempt);
        let fetch = async || {
            let failed = |problem| Fetch::Failed(unavailable(&problem));
            let mut request = request::beside(leg.granted, &csrf.path, &attempt.credential, &self.user_agent)
                .map_err(Fetch::Failed)?;
            csrf::ask(header, request.headers_mut());
            // Only the headers of the answer count, but a gateway may refuse what says no format.
            request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
            for (name, value) in
                leg.granted.headers().iter().filter(|(name, _)| csrf.repeat.iter().any(|r| r == name.as_str()))
            {
                request.headers_mut().insert(name.clone(), value.clone());
            }
            let sent = self.wire(leg, attempt, request).await;
            // Whatever happened, the write itself did not leave.
            let (head, body) = sent.map_err(|error| Fetch::Failed(unsent(error)))?;
            if matches!(head.status.as_u16(), 401 | 403) {
                return Err(Fetch::Answered(Box::new((head, body))));
            }
            let session = Session::read(header, &head.headers, Instant::now()).map_err(failed)?;
            for (name, value) in session.secrets() {
                let slot = format!("csrf {name} {}", attempt.ask().key.text());
                self.vault.learn(leg.granted.connection(), &slot, value);
            }
            Ok(session)
        };
        let waiting = self.sessions.get(&key, Instant::now(), fetch);
        let outcome = tokio::time::timeout_at(leg.deadline, waiting).await;
        outcome.unwrap_or(Err(Fetch::Failed(SendError::Timeout { sent: false })))
    }

    /// Fills in the secrets that the guest marked, where the manifest lists the place.
    async fn fill(&self, leg: &Leg<'_>, request: &mut Request<Full<Bytes>>) -> Result<(), SendError> {
        let endpoint = leg.granted.endpoint();
        if endpoint.placements.is_empty() || !has_mark(leg.granted) {
            return Ok(());
        }
        let connection = leg.granted.connection();
        let mut known = Vec::with_capacity(endpoint.placements.len());
        for placement in &endpoint.placements {
            known.push((&*placement.secret, credential::read(&self.vault, connection, &placement.secret).await));
        }
        let value = |name: &str| match known.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => value.clone(),
            None => Err(SendError::Denied(format!("secret `{name}` has no place in the request"))),
        };
        let mut body = leg.granted.value().body.clone().unwrap_or_default();
        let filled = placement::fill(connection, request.headers_mut(), &mut body, &endpoint.placements, value)?;
        *request.body_mut() = Full::new(body);
        for name in filled {
            let event = Event::SecretUsed { secret: name.to_owned(), how: "fill".to_owned() };
            let subject =
                crate::ledger::Subject { tenant: endpoint.tenant(), connection, slot: &endpoint.slot, user: None };
            self.ledger.note(event, &subject, Some(&leg.context.call_id), "ok");
        }
        Ok(())
    }
}

/// The header of the token against forgery, where this request needs one.
fn csrf_header(granted: &Granted<OutboundRequest>) -> Result<Option<(HeaderName, &Csrf)>, SendError> {
    let reads = matches!(granted.value().method, Method::GET | Method::HEAD | Method::OPTIONS);
    let Some(csrf) = granted.endpoint().csrf.as_ref().filter(|_| granted.access() == Access::Write && !reads) else {
        return Ok(None);
    };
    Ok(Some((credential::header_name(&csrf.header)?, csrf)))
}

fn session_key(granted: &Granted<OutboundRequest>, attempt: &Attempt) -> csrf::Key {
    csrf::Key {
        connection: granted.connection().to_owned(),
        // The session is one service's, whoever else the credential is for.
        slot: format!("{} {}", granted.endpoint().name, granted.endpoint().slot),
        user: attempt.ask().subject().user.map(str::to_owned),
    }
}

/// Whether there is anything to fill in: most requests carry no mark, and then nothing is read or copied.
fn has_mark(granted: &Granted<OutboundRequest>) -> bool {
    let mark = placement::MARK.as_bytes();
    let holds = |bytes: &[u8]| bytes.windows(mark.len()).any(|window| window == mark);
    granted.headers().iter().any(|(_, value)| holds(value.as_bytes()))
        || granted.value().body.as_deref().is_some_and(holds)
}

fn unavailable(problem: &dyn std::fmt::Display) -> SendError {
    SendError::Unavailable { detail: problem.to_string(), sent: false }
}

fn unsent(error: SendError) -> SendError {
    match error {
        SendError::Timeout { .. } => SendError::Timeout { sent: false },
        SendError::Unavailable { detail, .. } => SendError::Unavailable { detail, sent: false },
        other => other,
    }
}
