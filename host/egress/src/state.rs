//! Answers for what is known of each connection's credentials: whether they work, since when, and what a person has to
//! do where they do not. It follows what the requests show; nothing here decides whether a request is sent.
//!
//! Where the credential is the user's, so is the state: one person's revoked consent says nothing about the others.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jackfield_core::audit::Event;
use serde::Serialize;

use crate::ledger::{Ledger, Subject};

/// Troubled credentials that are remembered per connection; beyond that only the connection's own state is kept up.
const TROUBLED_MAX: usize = 10_000;

/// Scopes that are remembered as missing per credential.
const SCOPES_MAX: usize = 64;

/// How a connection is doing; the later ones are worse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its credentials are accepted, or nothing shows that they are not.
    #[default]
    Active,
    /// It works, but with less than was asked for: scopes are missing.
    Degraded,
    /// It waits for somebody's consent: `jackfield connect`.
    Pending,
    /// The system refuses its credential until a person does something.
    ReauthRequired,
}

impl State {
    /// As it stands in the API and in the audit log.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Active => "active",
            State::Degraded => "degraded",
            State::Pending => "pending",
            State::ReauthRequired => "reauth_required",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a connection is doing and why.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The worst of its credentials that are not a user's own; of all, where every credential is.
    pub state: State,
    /// For the operator, without any secret; absent when there is nothing to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Milliseconds since the Unix epoch; absent when it never changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<u64>,
    /// Scopes that were asked for, or that the system named, and were not given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_scopes: Vec<String>,
    /// Users whose own credential does not work.
    #[serde(skip_serializing_if = "is_zero")]
    pub users_troubled: usize,
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// A change, for whoever counts or alerts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Name of the connection.
    pub connection: String,
    /// Whose credential it is, where it is a user's own.
    pub user: Option<String>,
    /// What it was.
    pub from: State,
    /// What it is now.
    pub to: State,
    /// For the operator, without any secret.
    pub reason: Option<String>,
}

/// Is told of every change.
pub type Observer = Arc<dyn Fn(&Change) + Send + Sync>;

/// The states of every connection.
pub(crate) struct States {
    ledger: Arc<Ledger>,
    observer: Option<Observer>,
    /// By connection. Only what is not active stands here, so that a look at a healthy connection finds nothing.
    troubled: Mutex<HashMap<String, HashMap<Whose, Trouble>>>,
    /// Whether there is any trouble: the usual answer costs no lock.
    any: AtomicBool,
}

/// A credential of a connection.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Whose {
    slot: Arc<str>,
    user: Option<Arc<str>>,
}

struct Trouble {
    state: State,
    reason: Option<String>,
    since_ms: u64,
    missing_scopes: BTreeSet<String>,
}

impl States {
    pub(crate) fn new(ledger: Arc<Ledger>, observer: Option<Observer>) -> States {
        States { ledger, observer, troubled: Mutex::default(), any: AtomicBool::new(false) }
    }

    /// The credential was accepted. What it may not do stays known.
    pub(crate) fn accepted(&self, subject: &Subject<'_>) {
        if !self.any.load(Ordering::Acquire) {
            return;
        }
        self.change(subject, |before| match before {
            None => None,
            Some(trouble) if trouble.missing_scopes.is_empty() => None,
            Some(trouble) => Some((State::Degraded, trouble.reason.clone(), trouble.missing_scopes.clone())),
        });
    }

    /// What a token may do is known anew, because a new one was given.
    pub(crate) fn scopes(&self, subject: &Subject<'_>, missing: &[String]) {
        let missing: BTreeSet<String> = missing.iter().take(SCOPES_MAX).cloned().collect();
        self.change(subject, |before| match before {
            _ if !missing.is_empty() => Some((State::Degraded, Some(lacks(&missing)), missing.clone())),
            // A new token alone does not show that the system takes it again.
            Some(trouble) if trouble.state > State::Degraded => {
                Some((trouble.state, trouble.reason.clone(), BTreeSet::new()))
            }
            _ => None,
        });
    }

    /// The system said which scopes it misses.
    pub(crate) fn lacks(&self, subject: &Subject<'_>, named: &[String]) {
        self.change(subject, |before| {
            let mut missing = before.map(|trouble| trouble.missing_scopes.clone()).unwrap_or_default();
            missing.extend(named.iter().take(SCOPES_MAX.saturating_sub(missing.len())).cloned());
            match before {
                Some(trouble) if trouble.state > State::Degraded => {
                    Some((trouble.state, trouble.reason.clone(), missing))
                }
                _ => Some((State::Degraded, Some(lacks(&missing)), missing)),
            }
        });
    }

    /// The credential does not work until a person does something.
    pub(crate) fn troubled(&self, subject: &Subject<'_>, state: State, reason: &str) {
        self.change(subject, |before| {
            let missing = before.map(|trouble| trouble.missing_scopes.clone()).unwrap_or_default();
            Some((state, Some(reason.to_owned()), missing))
        });
    }

    /// How a connection is doing.
    pub(crate) fn status(&self, connection: &str) -> Status {
        let troubled = self.troubled.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(own) = troubled.get(connection) else { return Status::default() };
        let users_troubled = own.keys().filter(|whose| whose.user.is_some()).count();
        let shared = own.iter().filter(|(whose, _)| whose.user.is_none()).map(|(_, trouble)| trouble);
        let Some(worst) = shared.max_by_key(|trouble| trouble.state) else {
            return Status { users_troubled, ..Status::default() };
        };
        Status {
            state: worst.state,
            reason: worst.reason.clone(),
            since_ms: Some(worst.since_ms),
            missing_scopes: worst.missing_scopes.iter().cloned().collect(),
            users_troubled,
        }
    }

    /// How the credential of one subject is doing.
    pub(crate) fn of(&self, subject: &Subject<'_>) -> Status {
        let troubled = self.troubled.lock().unwrap_or_else(PoisonError::into_inner);
        let found = troubled.get(subject.connection).and_then(|own| own.get(&whose(subject)));
        found.map_or_else(Status::default, |trouble| Status {
            state: trouble.state,
            reason: trouble.reason.clone(),
            since_ms: Some(trouble.since_ms),
            missing_scopes: trouble.missing_scopes.iter().cloned().collect(),
            users_troubled: 0,
        })
    }

    /// Forgets the connections that are gone.
    pub(crate) fn retain(&self, exists: impl Fn(&str) -> bool) {
        self.troubled.lock().unwrap_or_else(PoisonError::into_inner).retain(|connection, _| exists(connection));
    }

    /// Forgets the schemes of a connection that are gone.
    pub(crate) fn retain_slots(&self, connection: &str, exists: impl Fn(&str) -> bool) {
        let mut troubled = self.troubled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = troubled.get_mut(connection) {
            own.retain(|whose, _| exists(&whose.slot));
        }
    }

    /// The one place that changes a state. `next` is given what was known and says what is.
    fn change(
        &self,
        subject: &Subject<'_>,
        next: impl FnOnce(Option<&Trouble>) -> Option<(State, Option<String>, BTreeSet<String>)>,
    ) {
        let change = {
            let mut troubled = self.troubled.lock().unwrap_or_else(PoisonError::into_inner);
            let before = troubled.get(subject.connection).and_then(|own| own.get(&whose(subject)));
            let (from, since_ms) = before.map_or((State::Active, None), |t| (t.state, Some(t.since_ms)));
            let known = before.is_some();
            let next = next(before);
            if next.is_none() && !known {
                return;
            }
            let to = next.as_ref().map_or(State::Active, |(state, ..)| *state);
            let reason = next.as_ref().and_then(|(_, reason, _)| reason.clone());
            match next {
                None => {
                    if let Some(own) = troubled.get_mut(subject.connection) {
                        own.remove(&whose(subject));
                        if own.is_empty() {
                            troubled.remove(subject.connection);
                        }
                    }
                }
                Some((state, reason, missing_scopes)) => {
                    let since_ms = since_ms.filter(|_| state == from).unwrap_or_else(crate::clock::now_ms);
                    let own = troubled.entry(subject.connection.to_owned()).or_default();
                    if known || own.len() < TROUBLED_MAX {
                        own.insert(whose(subject), Trouble { state, reason, since_ms, missing_scopes });
                    }
                }
            }
            self.any.store(!troubled.is_empty(), Ordering::Release);
            if from == to {
                return;
            }
            let user = subject.user.map(str::to_owned);
            Change { connection: subject.connection.to_owned(), user, from, to, reason }
        };
        self.announce(subject, &change);
    }

    /// Outside of the lock: whoever is told may ask back.
    fn announce(&self, subject: &Subject<'_>, change: &Change) {
        let (connection, reason) = (&*change.connection, change.reason.as_deref().unwrap_or_default());
        match change.to {
            State::ReauthRequired => tracing::error!(
                event = "connection.reauth_required",
                connection,
                user = change.user,
                slot = &**subject.slot,
                reason,
                "the credential is refused until somebody renews it"
            ),
            State::Pending | State::Degraded => tracing::warn!(
                event = "connection.state_changed",
                connection,
                user = change.user,
                slot = &**subject.slot,
                state = change.to.as_str(),
                reason,
                "the connection does not work as it should"
            ),
            State::Active => tracing::info!(
                event = "connection.state_changed",
                connection,
                user = change.user,
                slot = &**subject.slot,
                state = change.to.as_str(),
                "the connection works again"
            ),
        }
        let event = Event::StateChanged { state: change.to.as_str().to_owned() };
        self.ledger.note(event, subject, None, change.from.as_str());
        if let Some(observer) = &self.observer {
            observer(change);
        }
    }
}

fn whose(subject: &Subject<'_>) -> Whose {
    Whose { slot: subject.slot.clone(), user: subject.user.map(Arc::from) }
}

fn lacks(missing: &BTreeSet<String>) -> String {
    let names: Vec<_> = missing.iter().map(|scope| format!("`{scope}`")).collect();
    format!("it was not given the scope {}", names.join(", "))
}

#[cfg(test)]
mod tests;
