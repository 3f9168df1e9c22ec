//! Whose token it is: exactly one tenant, connection, user and slot, with no fallback to "any".

use std::fmt::Write as _;
use std::sync::Arc;

use jackfield_core::call::{CallContext, User};
use jackfield_core::grant::{EndpointGrant, Subject};
use jackfield_core::manifest::{OAuth2, Scheme, TokenGrant, mentions_user};
use jackfield_core::port::SendError;
use sha2::{Digest, Sha256};

use crate::ledger;

/// Bound of what a user's id or e-mail address may be to stand in an assertion, in bytes.
const USER_TEXT_BYTES_MAX: usize = 320;

/// A digest over all parts with their lengths: no two keys read alike, and a look-up copies no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

/// Who asks for which token.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) endpoint: Arc<EndpointGrant>,
    /// Absent where the credential is the connection's.
    pub(crate) user: Option<Arc<User>>,
    /// Absent where nobody called: a test, a start.
    pub(crate) call_id: Option<Arc<str>>,
    pub(crate) key: Key,
}

impl Ask {
    /// The ask of a call.
    ///
    /// # Errors
    /// `Denied` when the credential is the user's and the call names none that is verified: no other credential
    /// stands in for it.
    pub(crate) fn of(endpoint: &Arc<EndpointGrant>, context: &CallContext) -> Result<Ask, SendError> {
        Ask::new(endpoint, context.user.as_ref(), Some(&context.call_id))
    }

    pub(crate) fn new(
        endpoint: &Arc<EndpointGrant>,
        user: Option<&Arc<User>>,
        call_id: Option<&Arc<str>>,
    ) -> Result<Ask, SendError> {
        let user = match endpoint.subject {
            Subject::Connection => None,
            Subject::User => Some(verified(endpoint, user)?.clone()),
        };
        let key = Key::of(endpoint, user.as_deref());
        Ok(Ask { endpoint: endpoint.clone(), user, call_id: call_id.cloned(), key })
    }

    /// The scheme, with what it says about the user filled in; nothing when it is another scheme than OAuth 2.0.
    ///
    /// # Errors
    /// `Denied` when the user has no such text, or it makes no sense where it is put.
    pub(crate) fn oauth2(&self) -> Result<Option<OAuth2>, SendError> {
        let mut scheme = self.endpoint.scheme.clone();
        if let Some(user) = &self.user {
            for text in scheme.templates() {
                if mentions_user(text) {
                    *text = filled_in(text, self.endpoint.connection(), user)?;
                }
            }
        }
        match scheme {
            Scheme::OAuth2(oauth2) => Ok(Some(*oauth2)),
            _ => Ok(None),
        }
    }

    pub(crate) fn subject(&self) -> ledger::Subject<'_> {
        ledger::Subject {
            tenant: self.endpoint.tenant(),
            connection: self.endpoint.connection(),
            slot: &self.endpoint.slot,
            user: self.user.as_deref().map(|user| &*user.id),
        }
    }

    /// Where the token belongs, for sealing it: what is kept for one place opens at no other.
    pub(crate) fn place(&self) -> [&str; 6] {
        let (whose, user) = match &self.user {
            None => ("connection", ""),
            Some(user) => ("user", &*user.id),
        };
        ["token", self.endpoint.tenant(), self.endpoint.connection(), &self.endpoint.slot, whose, user]
    }
}

impl Key {
    fn of(endpoint: &EndpointGrant, user: Option<&User>) -> Key {
        // An assertion that names an address speaks for that address. A refresh token is the consent of whoever has the
        // id, whatever their address is today.
        let asserted = matches!(
            &endpoint.scheme,
            Scheme::OAuth2(oauth2) if !matches!(oauth2.grant, TokenGrant::RefreshToken { .. })
        );
        let email = user.and_then(|user| user.email.as_deref()).filter(|_| asserted);
        Key::digest(endpoint.tenant(), endpoint.connection(), &endpoint.slot, user, email)
    }

    fn digest(tenant: &str, connection: &str, slot: &str, user: Option<&User>, email: Option<&str>) -> Key {
        let mut hasher = Sha256::new();
        let mut part = |text: &str| {
            hasher.update((text.len() as u64).to_be_bytes());
            hasher.update(text.as_bytes());
        };
        part(tenant);
        part(connection);
        part(slot);
        match user {
            None => part("connection"),
            Some(user) => {
                part("user");
                part(&user.id);
                email.into_iter().for_each(part);
            }
        }
        Key(hasher.finalize().into())
    }

    /// As the store names it.
    pub(crate) fn text(&self) -> String {
        let mut text = String::with_capacity(2 + self.0.len() * 2);
        text.push_str("t1");
        for byte in self.0 {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

fn verified<'u>(endpoint: &EndpointGrant, user: Option<&'u Arc<User>>) -> Result<&'u Arc<User>, SendError> {
    user.filter(|user| !user.id.is_empty()).ok_or_else(|| {
        SendError::Denied(format!(
            "connection `{}` has a credential for each user, and the call names no verified user",
            endpoint.connection()
        ))
    })
}

fn filled_in(text: &str, connection: &str, user: &User) -> Result<String, SendError> {
    let mut out = text.to_owned();
    for (name, value) in [("{user.id}", Some(&*user.id)), ("{user.email}", user.email.as_deref())] {
        if !out.contains(name) {
            continue;
        }
        let fits = |value: &&str| {
            !value.is_empty() && value.len() <= USER_TEXT_BYTES_MAX && !value.contains(|c: char| c.is_control())
        };
        let value = value.filter(fits).ok_or_else(|| {
            SendError::Denied(format!(
                "the credential of connection `{connection}` is made for `{name}`, and the call's user has none that fits"
            ))
        })?;
        // What was filled in is not looked at again: an id that reads like a place is a text.
        if value.contains('{') {
            return Err(SendError::Denied(format!(
                "the credential of connection `{connection}` is made for `{name}`, and the user's contains a brace"
            )));
        }
        out = out.replace(name, value);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(id: &str, email: Option<&str>) -> User {
        User { id: id.to_owned(), email: email.map(str::to_owned), phone: None }
    }

    #[test]
    fn what_is_filled_in_is_looked_at_once() {
        let texts = |user: &User| filled_in("{user.id}/{user.email}", "crm", user);
        assert_eq!(texts(&user("u1", Some("a@b.c"))).unwrap(), "u1/a@b.c");
        for (id, email) in [("{user.email}", Some("a@b.c")), ("u1", None), ("", Some("a@b.c")), ("u\n1", Some("a@b.c"))]
        {
            assert!(matches!(texts(&user(id, email)), Err(SendError::Denied(_))), "{id:?}");
        }
        let long = "x".repeat(USER_TEXT_BYTES_MAX + 1);
        assert!(texts(&user(&long, Some("a@b.c"))).is_err());
    }

    #[test]
    fn no_two_owners_share_a_key() {
        let ann = user("ann", Some("ann@example.com"));
        let owners = [
            ("acme", "crm", "api/x", None, None),
            ("acmecrm", "", "api/x", None, None),
            ("acme", "crma", "pi/x", None, None),
            ("acme", "crm", "api/y", None, None),
            ("acme", "crm", "api/x", Some(&ann), None),
            ("acme", "crm", "api/x", Some(&ann), Some("ann@example.com")),
            ("acme", "crm", "api/x", Some(&ann), Some("ann@example.org")),
        ];
        let keys: std::collections::HashSet<_> = owners
            .iter()
            .map(|(tenant, connection, slot, user, email)| Key::digest(tenant, connection, slot, *user, *email))
            .collect();
        assert_eq!(keys.len(), owners.len());
        // As a store may name it: NATS takes letters and digits.
        assert!(keys.iter().all(|key| key.text().bytes().all(|byte| byte.is_ascii_alphanumeric())));
    }
}
