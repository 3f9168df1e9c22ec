//! One hop of a request: what is put on, how often it is sent, and what the system's answer means for the credential.
//! The order is fixed: credential, session against forgery, secrets that the guest marked, audit, breaker and budget,
//! wire, judgement.

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
use crate::retry::Stop;
use crate::traffic::{Asking, Flight, Purpose};
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
    purpose: Purpose,
}

/// The head of an answer, and what the request went out with.
struct Sent {
    head: Parts,
    body: Incoming,
    /// Under way until the body is read.
    flight: Flight,
    session: Option<Arc<Session>>,
}

/// What a session against forgery is fetched with led to.
enum Fetch {
    /// An answer that says no to the credential: it counts as the answer to the write, which did not go out.
    Answered(Box<Sent>),
    Failed(Stop),
}

impl Egress {
    /// One request and its response. It is sent again where the system refused the credential, or the session against
    /// forgery, and so did not process the request, and there is another one: a token or a session once, a secret twice.
    pub(crate) async fn hop(
        &self,
        connection: &Arc<Connection>,
        granted: &Granted<OutboundRequest>,
        context: &CallContext,
        hops: usize,
        (deadline, purpose): (Instant, Purpose),
    ) -> Result<Hop, Stop> {
        let leg = Leg { connection, granted, context, deadline, purpose };
        // Last of all that is put on, so that nothing before could carry it elsewhere.
        // How often a credential is asked for is decided where that is done, for all requests together.
        let acquiring = self.credentials.acquire(granted, context, connection, deadline);
        let mut attempt = acquiring.await.map_err(Stop::Final)?;
        let csrf = csrf_header(granted)?;
        let mut forged_before = false;
        loop {
            let Sent { head, body, flight, session } = self.exchange(&leg, &attempt, csrf.as_ref()).await?;
            let status = head.status.as_u16();
            let judging = self.credentials.judge(&attempt, granted, connection, (head.status, &head.headers), deadline);
            match judging.await {
                Ok(Judgement::Stands) => {}
                // The body is nobody's, and how the system is doing stands in the head.
                Ok(Judgement::Again(next)) => {
                    flight.answered(status);
                    attempt = next;
                    continue;
                }
                Err(error) => {
                    flight.answered(status);
                    return Err(Stop::Final(error));
                }
            }
            // Before the body, which nobody reads when there is another hop.
            match redirect::next(granted, head.status, &head.headers, hops) {
                Ok(None) => {}
                Ok(Some(next)) => {
                    flight.answered(status);
                    return Ok(Hop::Redirect(status, Box::new(next)));
                }
                Err(error) => {
                    flight.answered(status);
                    return Err(Stop::Final(error));
                }
            }
            let terms = response::Terms { connection, granted, deadline };
            let response = match response::read(&head, body, &terms, &self.vault).await {
                Ok(response) => response,
                Err(stop) => {
                    match &stop {
                        Stop::Failed(error) => flight.failed(error),
                        Stop::Final(SendError::TooLarge { .. }) => flight.answered(status),
                        Stop::Final(error) | Stop::Refused(error) => flight.kept(error),
                    }
                    return Err(stop);
                }
            };
            flight.read(&response.body);
            flight.answered(status);
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
    ) -> Result<Sent, Stop> {
        let mut request = request::build(leg.granted, &attempt.credential, &self.user_agent)?;
        let mut session = None;
        if let Some((header, csrf)) = csrf {
            match self.session(leg, attempt, header, csrf).await {
                Ok(found) => {
                    found.put(header, request.headers_mut()).map_err(|problem| unavailable(&problem))?;
                    session = Some(found);
                }
                Err(Fetch::Answered(answer)) => return Ok(*answer),
                Err(Fetch::Failed(stop)) => return Err(stop),
            }
        }
        self.fill(leg, &mut request).await?;
        let sent = self.wire(leg, attempt, request, &leg.granted.value().path).await?;
        Ok(Sent { session, ..sent })
    }

    /// Sends when the system may be asked, and tells the audit log. `path` is the request's within the endpoint.
    async fn wire(
        &self,
        leg: &Leg<'_>,
        attempt: &Attempt,
        request: Request<Full<Bytes>>,
        path: &str,
    ) -> Result<Sent, Stop> {
        // Where the use of a credential cannot be written down, it is not used.
        if crate::ledger::is_told_of(leg.granted.endpoint()) {
            self.ledger.ready()?;
        }
        let flight = Flight::begin(
            leg.connection,
            &Asking {
                endpoint: leg.granted.endpoint(),
                access: leg.granted.access(),
                method: request.method(),
                path,
                deadline: leg.deadline,
                purpose: leg.purpose,
            },
        )
        .await?;
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
                let (head, body) = response.into_parts();
                flight.heard(head.status.as_u16(), &head.headers);
                Ok(Sent { head, body, flight, session: None })
            }
            Err(stop) => {
                match &stop {
                    Stop::Failed(error) => {
                        using.failed(error);
                        flight.failed(error);
                    }
                    Stop::Final(error) | Stop::Refused(error) => {
                        using.failed(error);
                        flight.kept(error);
                    }
                }
                Err(stop)
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
            let mut request = request::beside(leg.granted, &csrf.path, &attempt.credential, &self.user_agent)
                .map_err(|error| Fetch::Failed(error.into()))?;
            csrf::ask(header, request.headers_mut());
            // Only the headers of the answer count, but a gateway may refuse what says no format.
            request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
            for (name, value) in
                leg.granted.headers().iter().filter(|(name, _)| csrf.repeat.iter().any(|r| r == name.as_str()))
            {
                request.headers_mut().insert(name.clone(), value.clone());
            }
            let path = csrf.path.split_once('?').map_or(&*csrf.path, |(path, _)| path);
            let sent = self.wire(leg, attempt, request, path).await;
            // Whatever happened, the write itself did not leave.
            let sent = sent.map_err(|stop| Fetch::Failed(unsent(stop)))?;
            let Sent { head, flight, .. } = match sent.head.status.as_u16() {
                401 | 403 => return Err(Fetch::Answered(Box::new(sent))),
                _ => sent,
            };
            flight.answered(head.status.as_u16());
            let session = Session::read(header, &head.headers, Instant::now()).map_err(|problem| {
                let error = unavailable(&problem);
                // Of a system in trouble it is no news that it gives no session; of one that is well it is its way.
                let passing = matches!(head.status.as_u16(), 429 | 502..=504);
                Fetch::Failed(if passing { Stop::Failed(error) } else { Stop::Final(error) })
            })?;
            for (name, value) in session.secrets() {
                let slot = format!("csrf {name} {}", attempt.ask().key.text());
                self.vault.learn(leg.granted.connection(), &slot, value);
            }
            Ok(session)
        };
        let waiting = self.sessions.get(&key, Instant::now(), fetch);
        let outcome = tokio::time::timeout_at(leg.deadline, waiting).await;
        outcome.unwrap_or(Err(Fetch::Failed(SendError::Timeout { sent: false }.into())))
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

fn unsent(stop: Stop) -> Stop {
    match stop {
        Stop::Failed(SendError::Timeout { .. }) => Stop::Failed(SendError::Timeout { sent: false }),
        Stop::Failed(SendError::Unavailable { detail, .. }) => {
            Stop::Failed(SendError::Unavailable { detail, sent: false })
        }
        other => other,
    }
}
