//! What the audit log says and how its entries hang together. Writing and reading it is the store's business.
//!
//! An entry never holds a secret value, an input, or anything of an answer: names, hosts and outcomes only.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// RFC 3339, UTC, with milliseconds.
    pub at: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
    /// The tenant whose connection it is.
    pub tenant: String,
    /// The connection.
    pub connection: String,
    /// The call, where it happened for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_id: Option<String>,
    /// The bot service's id of the person in the chat, where the credential is theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// `ok`, an HTTP status such as `401`, or why there was none such as `timeout`.
    pub outcome: String,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// A credential went out with a request.
    CredentialUsed {
        /// The endpoint of the manifest.
        endpoint: String,
        /// The scheme's name, such as `oauth2`.
        scheme: String,
        /// Names of the secrets that it is made of.
        secrets: Vec<String>,
        /// Method of the request.
        method: String,
        /// Where to: `https://host:port`.
        origin: String,
    },
    /// An access token was asked for.
    TokenRequested {
        /// Which of the connection's tokens.
        slot: String,
        /// What it was asked for with, such as `refresh_token`.
        grant: String,
        /// Where: `https://host:port`.
        origin: String,
    },
    /// A guest was shown a secret, or had a message authenticated with one.
    SecretUsed {
        /// Name of the secret.
        secret: String,
        /// `hmac`, `reveal` or `fill`.
        how: String,
    },
    /// A connection's state changed.
    StateChanged {
        /// `active`, `degraded`, `reauth_required`, …
        state: String,
    },
    /// A write whose end nobody heard has been settled; the outcome says how.
    WriteSettled {
        /// What was asked.
        intent: String,
        /// How often somebody looked.
        looks: u32,
    },
    /// The operator changed a secret or consented.
    SecretChanged {
        /// Name of the secret or the token's slot.
        secret: String,
        /// `set`, `rotate`, `rekey` or `connect`.
        how: String,
    },
    /// What a person wanted was taken down for the helpdesk, or something came of it.
    Message {
        /// As the person and the operator know it.
        reference: String,
        /// `taken`, `delivered`, `unknown`, `dead`, `retried` or `dropped`.
        how: String,
    },
}

/// The digest of a chain that has no entry yet.
pub const GENESIS: [u8; 32] = [0; 32];

/// The digest of a chain after one more entry: whoever changes, drops or reorders an entry changes every digest behind
/// it. Lengths are part of it, so that no two chains read alike.
pub fn link(before: &[u8; 32], sequence: u64, body: &[u8]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(b"jackfield log 1\n");
    hasher.update(before);
    hasher.update(sequence.to_be_bytes());
    hasher.update((body.len() as u64).to_be_bytes());
    hasher.update(body);
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_hangs_on_every_byte_and_on_the_order() {
        let chain = |bodies: &[&[u8]]| {
            bodies.iter().zip(1..).fold(GENESIS, |before, (body, sequence)| link(&before, sequence, body))
        };
        let whole = chain(&[b"one", b"two"]);
        assert_ne!(whole, chain(&[b"two", b"one"]));
        assert_ne!(whole, chain(&[b"one", b"twp"]));
        assert_ne!(whole, chain(&[b"onet", b"wo"]));
        assert_ne!(whole, chain(&[b"one"]));
        assert_eq!(whole, chain(&[b"one", b"two"]));
    }

    #[test]
    fn a_record_is_flat() {
        let record = Record {
            at: "2026-01-20T10:00:00.000Z".to_owned(),
            event: Event::SecretUsed { secret: "api_key".to_owned(), how: "hmac".to_owned() },
            tenant: "acme".to_owned(),
            connection: "crm".to_owned(),
            call_id: None,
            user: None,
            outcome: "ok".to_owned(),
        };
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(
            text,
            r#"{"at":"2026-01-20T10:00:00.000Z","event":"secret_used","secret":"api_key","how":"hmac","tenant":"acme","connection":"crm","outcome":"ok"}"#
        );
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }
}
