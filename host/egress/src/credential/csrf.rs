//! Answers for sessions of systems that want a token against cross-site request forgery on writes, bound to the cookies
//! that came with it: who may use which session, how long, and that it is fetched once however many ask. Sending the
//! fetch is the caller's business, and so is trying a refused write once more.
//!
//! The custom of SAP Gateway: "Cross-Site Request Forgery Protection" in the SAP NetWeaver documentation of SAP Gateway
//! Foundation. A token without its cookies, or with those of somebody else, is refused.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{COOKIE, HeaderName, SET_COOKIE};
use http::{HeaderMap, HeaderValue, StatusCode};
use tokio::time::Instant;
use zeroize::Zeroizing;

/// How long a session is used: well under the 1800 seconds after which an ABAP system drops an idle one unless told
/// otherwise (profile parameter `rdisp/plugin_auto_logout`).
const AGE_MAX: Duration = Duration::from_secs(10 * 60);

/// Sessions that are kept; with more, those of longest ago go.
const SESSIONS_MAX: usize = 10_000;

/// Cookies of one session.
const COOKIES_MAX: usize = 32;

/// Bytes of all cookies of one session together, names too.
const COOKIES_BYTES_MAX: usize = 8 << 10;

/// Bytes of a token.
const TOKEN_BYTES_MAX: usize = 1 << 10;

/// Bytes of a refusal's body that are looked at.
const REFUSAL_BYTES_MAX: usize = 64 << 10;

/// Cookies that carry a choice and no secret, such as `sap-client=100`. Scrubbed, they would break answers that say so.
const OPEN_COOKIES: [&str; 1] = ["sap-usercontext"];

/// Whose session it is. Two that differ in any part never share one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// Name of the connection.
    pub(crate) connection: String,
    /// What tells the credentials of one connection apart, such as the endpoint.
    pub(crate) slot: String,
    /// The person in the chat, where the credential is theirs.
    pub(crate) user: Option<String>,
}

/// A token and the cookies that it is bound to. It has neither `Debug` nor `Display`.
pub(crate) struct Session {
    token: Zeroizing<String>,
    /// In the order in which they were first set.
    cookies: Vec<Cookie>,
    read_at: Instant,
}

struct Cookie {
    name: String,
    value: Zeroizing<String>,
}

/// Why an answer is no session. Never carries a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CsrfProblem {
    /// The header is missing, empty or still asks for one.
    #[error("the system gave no token against request forgery; check `csrf.path` of the endpoint")]
    NoToken,
    /// Over [`TOKEN_BYTES_MAX`], [`COOKIES_MAX`] or [`COOKIES_BYTES_MAX`].
    #[error(
        "the session is too large: a token has at most {TOKEN_BYTES_MAX} bytes, \
         its cookies are {COOKIES_MAX} at most with {COOKIES_BYTES_MAX} bytes together"
    )]
    TooLarge,
    /// Bytes that are no text: they could not be sent back.
    #[error("the token or a cookie of the session has a character that cannot stand in a header")]
    Unreadable,
}

impl Session {
    /// Reads what the system answered to the fetch. Of each cookie only name and value count, and the last of a name.
    ///
    /// # Errors
    /// When there is no token, or more than is good.
    pub(crate) fn read(header: &HeaderName, headers: &HeaderMap, now: Instant) -> Result<Session, CsrfProblem> {
        let token = text(headers.get(header).ok_or(CsrfProblem::NoToken)?)?.trim();
        // A system that did not understand repeats the question, or answers as it does to a write.
        if token.is_empty() || token.eq_ignore_ascii_case("fetch") || token.eq_ignore_ascii_case("required") {
            return Err(CsrfProblem::NoToken);
        }
        if token.len() > TOKEN_BYTES_MAX {
            return Err(CsrfProblem::TooLarge);
        }
        let mut cookies: Vec<Cookie> = Vec::new();
        for header in headers.get_all(SET_COOKIE) {
            let Some((name, value)) = cookie(text(header)?) else { continue };
            let value = Zeroizing::new(value.to_owned());
            match cookies.iter_mut().find(|cookie| cookie.name == name) {
                Some(cookie) => cookie.value = value,
                None => cookies.push(Cookie { name: name.to_owned(), value }),
            }
            // Within the loop, so that a flood of them costs no more than the bound allows.
            if cookies.len() > COOKIES_MAX || cookie_bytes(&cookies) > COOKIES_BYTES_MAX {
                return Err(CsrfProblem::TooLarge);
            }
        }
        Ok(Session { token: Zeroizing::new(token.to_owned()), cookies, read_at: now })
    }

    /// Puts token and cookies on a write, hidden from logs, in place of any that were there.
    ///
    /// # Errors
    /// None that [`Session::read`] would not have found.
    pub(crate) fn put(&self, header: &HeaderName, headers: &mut HeaderMap) -> Result<(), CsrfProblem> {
        headers.insert(header.clone(), sensitive(&self.token)?);
        if self.cookies.is_empty() {
            headers.remove(COOKIE);
            return Ok(());
        }
        let mut line = Zeroizing::new(String::with_capacity(cookie_bytes(&self.cookies)));
        for Cookie { name, value } in &self.cookies {
            if !line.is_empty() {
                line.push_str("; ");
            }
            line.push_str(name);
            line.push('=');
            line.push_str(value);
        }
        headers.insert(COOKIE, sensitive(&line)?);
        Ok(())
    }

    /// What the scrubber has to know of it, each value with the name of the cookie or `token`.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = (&str, &str)> {
        let closed = self.cookies.iter().filter(|cookie| !OPEN_COOKIES.contains(&cookie.name.as_str()));
        std::iter::once(("token", self.token.as_str()))
            .chain(closed.map(|cookie| (cookie.name.as_str(), cookie.value.as_str())))
    }

    fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.read_at) < AGE_MAX
    }
}

/// Has a request ask for a token.
pub(crate) fn ask(header: &HeaderName, headers: &mut HeaderMap) {
    headers.insert(header.clone(), HeaderValue::from_static("Fetch"));
}

fn text(value: &HeaderValue) -> Result<&str, CsrfProblem> {
    value.to_str().map_err(|_| CsrfProblem::Unreadable)
}

fn sensitive(text: &str) -> Result<HeaderValue, CsrfProblem> {
    let mut value = HeaderValue::from_str(text).map_err(|_| CsrfProblem::Unreadable)?;
    value.set_sensitive(true);
    Ok(value)
}

/// Name and value of a `Set-Cookie` (RFC 6265, section 5.2); nothing where that has no name, and then none is set.
fn cookie(header: &str) -> Option<(&str, &str)> {
    let (pair, _attributes) = header.split_once(';').unwrap_or((header, ""));
    let (name, value) = pair.split_once('=')?;
    let name = name.trim();
    (!name.is_empty()).then_some((name, value.trim()))
}

/// With what stands between them.
fn cookie_bytes(cookies: &[Cookie]) -> usize {
    cookies.iter().map(|Cookie { name, value }| name.len() + "=".len() + value.len() + "; ".len()).sum()
}

/// Whether the system refused a write for want of a token that it knows, so that another may help.
pub(crate) fn is_refused(header: &HeaderName, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> bool {
    const TEXT: &[u8] = b"csrf token validation failed";
    if status != StatusCode::FORBIDDEN {
        return false;
    }
    let required = |value: &HeaderValue| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"required");
    let body = &body[..body.len().min(REFUSAL_BYTES_MAX)];
    headers.get_all(header).iter().any(required)
        || body.windows(TEXT.len()).any(|window| window.eq_ignore_ascii_case(TEXT))
}

/// The sessions of every connection.
#[derive(Default)]
pub(crate) struct Sessions {
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
}

/// The place of one session.
#[derive(Default)]
struct Slot {
    session: Mutex<Option<Arc<Session>>>,
    /// Held by the one who fetches.
    fetching: tokio::sync::Mutex<()>,
}

impl Sessions {
    /// The session of this key, if one is known that is not too old.
    #[cfg(test)]
    pub(crate) fn fresh(&self, key: &Key, now: Instant) -> Option<Arc<Session>> {
        lock(&self.slots).get(key)?.fresh(now)
    }

    /// The session of this key: the known one, or the one that `fetch` gets. While one caller fetches, the others wait
    /// and take what it got; where it got none, or was dropped half-way, the next tries for itself.
    ///
    /// # Errors
    /// Those of `fetch`.
    pub(crate) async fn get<E>(
        &self,
        key: &Key,
        now: Instant,
        fetch: impl AsyncFnOnce() -> Result<Session, E>,
    ) -> Result<Arc<Session>, E> {
        let slot = self.slot(key, now);
        if let Some(session) = slot.fresh(now) {
            return Ok(session);
        }
        let _fetching = slot.fetching.lock().await;
        // By the time that one came with, a session that was fetched meanwhile is new.
        if let Some(session) = slot.fresh(now) {
            return Ok(session);
        }
        let session = Arc::new(fetch().await?);
        *lock(&slot.session) = Some(session.clone());
        Ok(session)
    }

    /// Has the session not used again, since the system refused it. One that took its place meanwhile stays.
    pub(crate) fn forget(&self, key: &Key, refused: &Arc<Session>) {
        let Some(slot) = lock(&self.slots).get(key).cloned() else { return };
        let mut session = lock(&slot.session);
        if session.as_ref().is_some_and(|session| Arc::ptr_eq(session, refused)) {
            *session = None;
        }
    }

    /// The place of this key, and room for it.
    fn slot(&self, key: &Key, now: Instant) -> Arc<Slot> {
        let mut slots = lock(&self.slots);
        if let Some(slot) = slots.get(key) {
            return slot.clone();
        }
        // Whoever holds a place at this moment is about to use it; of the others, those with nothing of use go now.
        let held = |slot: &Arc<Slot>| Arc::strong_count(slot) > 1;
        slots.retain(|_, slot| held(slot) || slot.fresh(now).is_some());
        if slots.len() >= SESSIONS_MAX {
            let age = |slot: &Slot| lock(&slot.session).as_ref().map(|session| session.read_at);
            let idle = slots.iter().filter(|(_, slot)| !held(slot));
            let oldest = idle.min_by_key(|(_, slot)| age(slot)).map(|(key, _)| key.clone());
            oldest.and_then(|key| slots.remove(&key));
        }
        slots.entry(key.clone()).or_default().clone()
    }
}

impl Slot {
    fn fresh(&self, now: Instant) -> Option<Arc<Session>> {
        lock(&self.session).clone().filter(|session| session.is_fresh(now))
    }
}

/// What the locks guard is whole between any two statements, so a panic of another holder leaves nothing broken.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
