//! The token that comes with an offer: leave a message, or speak to a team member. It says who was offered what after
//! which call, so that whoever takes the offer up need not say it again and cannot say anything else: a token of one
//! caller, tenant or user is worth nothing to another.
//!
//! As with [`crate::confirm`], claims prove nothing by themselves: the caller of this module seals and opens them, and
//! takes each one's [`Claims::message`] up once.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, DigestBuilder};

/// How long an offer stands, in milliseconds: a person who comes back from lunch may still take it up.
pub const LIFE_MS: u64 = 4 * 60 * 60 * 1_000;

/// What may be made of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// What the person wants is taken down and delivered.
    Message,
    /// A team takes the conversation over.
    Handoff,
}

impl Kind {
    /// As it stands in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Message => "message",
            Kind::Handoff => "handoff",
        }
    }
}

/// The call after which something is offered.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wish {
    /// The call that failed.
    pub call_id: String,
    /// The intent.
    pub intent: String,
    /// Its title.
    pub title: String,
    /// The connection that failed.
    pub connection: String,
    /// The digest of the validated input.
    pub input: Digest,
    /// The input in words, a line for each field; cut where it is long.
    pub details: String,
    /// The problem's code.
    pub reason: String,
    /// Whether a write may have happened all the same.
    pub in_doubt: bool,
    /// Where the person can be reached, as far as the call told.
    pub email: Option<String>,
    /// The bot service's id of the conversation.
    pub conversation_id: Option<String>,
    /// Such as `web`.
    pub channel: Option<String>,
}

/// What a person typed is in no log.
impl fmt::Debug for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wish").field("call_id", &self.call_id).finish_non_exhaustive()
    }
}

/// Who is offered something, or takes it up.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The bot service.
    pub caller: &'a str,
    /// Its tenant.
    pub tenant: &'a str,
    /// The bot service's id of the person in the chat.
    pub user: Option<&'a str>,
}

/// What a token says. To be sealed: it holds what a person typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    caller: String,
    tenant: String,
    user: Option<String>,
    kinds: Vec<Kind>,
    wish: Wish,
    /// Milliseconds since the epoch.
    expires_ms: u64,
    nonce: u128,
}

/// Why a token is no offer to this caller and user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotThis {
    /// It was given to another bot service, or is of another tenant.
    Stranger,
    /// It was offered to somebody else.
    User,
    /// Something else was offered.
    Kind,
    /// It was offered too long ago.
    Expired,
}

impl Claims {
    /// The claims of an offer made now. `nonce` is random and makes each offer one of its own.
    pub fn new(subject: &Subject<'_>, kinds: Vec<Kind>, wish: Wish, now_ms: u64, nonce: u128) -> Claims {
        Claims {
            caller: subject.caller.to_owned(),
            tenant: subject.tenant.to_owned(),
            user: subject.user.map(str::to_owned),
            kinds,
            wish,
            expires_ms: now_ms.saturating_add(LIFE_MS),
            nonce,
        }
    }

    /// Whether this was offered to them. Whose it is comes first: a stranger with a token learns nothing of what it is
    /// for.
    ///
    /// # Errors
    /// The first part that differs.
    pub fn check(&self, subject: &Subject<'_>, kind: Kind, now_ms: u64) -> Result<(), NotThis> {
        let same = [
            (self.caller == subject.caller && self.tenant == subject.tenant, NotThis::Stranger),
            (self.user.as_deref() == subject.user, NotThis::User),
            (self.kinds.contains(&kind), NotThis::Kind),
            (now_ms < self.expires_ms, NotThis::Expired),
        ];
        same.into_iter().find(|(same, _)| !same).map_or(Ok(()), |(_, why)| Err(why))
    }

    /// What was wanted.
    pub fn wish(&self) -> &Wish {
        &self.wish
    }

    /// The one message that may come of it, whichever of its options is chosen: a token counts once.
    pub fn message(&self) -> Digest {
        let nonce = format!("{:032x}", self.nonce);
        DigestBuilder::new("offer").text(&self.tenant).text(&self.caller).text(&nonce).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: u64 = 1_700_000_000_000;

    fn wish() -> Wish {
        Wish {
            call_id: "01K".to_owned(),
            intent: "order.status".to_owned(),
            title: "Order status".to_owned(),
            connection: "shop".to_owned(),
            input: Digest::of_json(&json!({})),
            details: "- Order number: 1001".to_owned(),
            reason: "unavailable".to_owned(),
            in_doubt: false,
            email: None,
            conversation_id: None,
            channel: None,
        }
    }

    const OWNER: Subject<'_> = Subject { caller: "bot", tenant: "acme", user: Some("u1") };

    #[test]
    fn an_offer_is_for_whom_it_was_made_and_no_longer_than_it_stands() {
        let claims = Claims::new(&OWNER, vec![Kind::Handoff], wish(), NOW, 1);
        let cases = [
            (OWNER, Kind::Handoff, NOW, Ok(())),
            (Subject { caller: "other", ..OWNER }, Kind::Handoff, NOW, Err(NotThis::Stranger)),
            (Subject { tenant: "other", ..OWNER }, Kind::Handoff, NOW, Err(NotThis::Stranger)),
            (Subject { user: Some("u2"), ..OWNER }, Kind::Handoff, NOW, Err(NotThis::User)),
            (Subject { user: None, ..OWNER }, Kind::Handoff, NOW, Err(NotThis::User)),
            (OWNER, Kind::Message, NOW, Err(NotThis::Kind)),
            (OWNER, Kind::Handoff, NOW + LIFE_MS - 1, Ok(())),
            (OWNER, Kind::Handoff, NOW + LIFE_MS, Err(NotThis::Expired)),
            // A stranger hears nothing but that it is not theirs.
            (Subject { caller: "other", ..OWNER }, Kind::Message, NOW + LIFE_MS, Err(NotThis::Stranger)),
        ];
        for (subject, kind, now_ms, expected) in cases {
            assert_eq!(claims.check(&subject, kind, now_ms), expected, "{subject:?} {kind:?}");
        }
    }

    #[test]
    fn each_offer_leads_to_a_message_of_its_own() {
        let message = |subject: &Subject<'_>, nonce| Claims::new(subject, vec![], wish(), NOW, nonce).message();
        assert_eq!(message(&OWNER, 1), message(&OWNER, 1));
        assert_ne!(message(&OWNER, 1), message(&OWNER, 2));
        assert_ne!(message(&OWNER, 1), message(&Subject { tenant: "other", ..OWNER }, 1));
    }
}
