//! What a person gets where there is no answer. Which step of the ladder is due is decided by `core::degrade`; here it is
//! carried out: [`ladder`] looks what there is, says it and offers it, [`accept`] takes an offer up, [`outbox`] keeps what was
//! taken down, and [`deliver`] brings it to the helpdesk. Answers are kept, and found, by `dispatch::fresh`.

use std::collections::HashMap;
use std::sync::Arc;

use jackfield_core::audit::{Event, Record};
use jackfield_core::digest::Digest;
use jackfield_core::message::Message;
use jackfield_core::port::{Audit, Store};
use jackfield_egress::Vault;
use jiff::Timestamp;

use crate::config::{Complaints, Config};
use crate::metrics::MessageMeter;
use crate::policy::Sentences;
use crate::registry::Registry;

pub mod accept;
pub mod deliver;
pub mod desk;
pub mod ladder;
pub mod offers;
pub mod outbox;
pub mod ticket;
pub mod words;

pub use accept::accept;
pub use ladder::{Case, offer, renew, soften};
pub use offers::Offers;

use desk::Desk;
use outbox::Outbox;

/// What the tenants of a host have to fall back on.
pub struct Fallbacks {
    desks: HashMap<String, Arc<Desk>>,
    /// The host's own sentences, for an intent that is not there any more.
    sentences: Sentences,
    /// What waits for a helpdesk.
    pub outbox: Outbox,
}

impl Fallbacks {
    /// Reads the configuration, with the connections at hand.
    pub fn new(
        config: &Config,
        registry: &Registry,
        store: Arc<dyn Store>,
        vault: Arc<Vault>,
        meter: MessageMeter,
        audit: Arc<dyn Audit>,
        complaints: &mut Complaints,
    ) -> Fallbacks {
        let outbox = Outbox::new(store, vault, meter, audit);
        Fallbacks { desks: desk::desks(config, registry, complaints), sentences: Sentences::default(), outbox }
    }

    /// What a tenant has.
    pub fn desk(&self, tenant: &str) -> Option<&Arc<Desk>> {
        self.desks.get(tenant)
    }
}

/// What the audit log is told of a message.
pub fn record(message: &Message, how: &str, outcome: &str) -> Record {
    Record {
        at: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        event: Event::Message { reference: message.reference.clone(), how: how.to_owned() },
        tenant: message.tenant.clone(),
        connection: message.helpdesk.clone(),
        call_id: Some(message.call_id.clone()),
        user: None,
        outcome: outcome.to_owned(),
    }
}

/// A new id, for what nothing tells from another.
///
/// # Errors
/// `internal` when there is no randomness.
fn new_id() -> Result<Digest, crate::error::Problem> {
    let nonce = format!("{:032x}", crate::token_seal::nonce()?);
    Ok(jackfield_core::digest::DigestBuilder::new("message").text(&nonce).finish())
}
