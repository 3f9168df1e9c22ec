//! Settles writes whose end nobody heard: the caller was told `outcome: unknown`, and from then on the host looks, in the
//! connector's own way, until the business system has said what became of it. What a look proves and when to give up is
//! decided by `core::settle`; here it is kept on record ([`Records`]), worked off ([`run`]), asked (`look`) and brought
//! to its end (`end`).
//!
//! Nothing here writes a second time, save where the manifest says why that is harmless.

use std::sync::Arc;

use jackfield_core::call::WriteOutcome;
use jackfield_core::digest::Digest;
use jackfield_core::settle::{Settling, Way, Write, way};

use super::deadline::Budgeted;
use crate::app::App;
use crate::error::Problem;
use crate::policy::{Sentence, Sentences};
use crate::registry::{Connection, Intent};
use crate::reply::Reply;

mod end;
mod look;
mod records;
mod schedule;
mod worker;

pub use records::Records;
pub use schedule::Schedule;
pub use worker::run;

/// A write under way, as it would be put on record if its end were not heard.
pub struct Pending {
    write: Write,
    idempotency: Option<Digest>,
}

impl Pending {
    /// `None` for a read.
    pub(crate) fn of(write: Option<&Write>, idempotency: Option<Digest>) -> Option<Pending> {
        write.map(|write| Pending { write: write.clone(), idempotency })
    }
}

/// What it takes to ask again about a call that begins now.
pub(super) fn write(budgeted: &Budgeted, guest_key: String) -> Write {
    let vetted = &budgeted.vetted;
    let context = &vetted.admitted.context;
    Write {
        call_id: budgeted.trace.call_id.to_string(),
        tenant: vetted.connection.tenant.to_string(),
        connection: vetted.connection.name.to_string(),
        intent: vetted.intent.spec.name.clone(),
        input: vetted.input.clone(),
        user: context.user.clone(),
        locale: context.locale.clone(),
        time_zone: context.time_zone_name().to_owned(),
        guest_key,
        began_ms: super::now_ms(),
    }
}

/// Puts a write on record whose end was not heard, before anybody is told so. Where nothing can ever tell what became of
/// it, the sentence to the user says that at once.
///
/// # Errors
/// The very problem that came, in other words where there are better ones.
pub async fn take_up(app: &App, pending: Option<Pending>, answered: Result<Reply, Problem>) -> Result<Reply, Problem> {
    let problem = match answered {
        Err(problem) if problem.outcome == WriteOutcome::Unknown => problem,
        answered => return answered,
    };
    let Some(Pending { write, idempotency }) = pending else { return Err(problem) };
    let hopeless = app
        .registry
        .connection(&write.connection)
        .is_some_and(|connection| way_of(connection, &write, super::now_ms()) == Way::Nothing);
    let sentence = sentence(app, &write, Sentence::Unsettled);
    // On record also where nobody can look: it is counted and told like every other, in the same place.
    let settling = Settling::begin(write, idempotency, super::now_ms(), &app.config.settle);
    if let Err(error) = Records::new(app).begin(&settling).await {
        tracing::error!(call_id = settling.write.call_id, %error, "a write stays unknown: nobody will look for it");
    }
    Err(if hopeless && problem.text.is_none() { problem.saying(sentence) } else { problem })
}

/// What can be done about a write, as connector and manifest have it today.
fn way_of(connection: &Connection, write: &Write, now_ms: u64) -> Way {
    let repeat = connection.connector.manifest().repeats.get(&write.intent);
    way(connection.connector.settles(&write.intent), repeat, write.age_ms(now_ms))
}

/// What was asked, as it is served today.
fn intent_of<'a>(app: &'a App, write: &Write) -> Option<&'a Arc<Intent>> {
    app.registry.connection(&write.connection)?.intents.get(&write.intent)
}

/// A sentence for the user of a write, in their language and in the operator's words where there are some.
fn sentence(app: &App, write: &Write, sentence: Sentence) -> String {
    let said = intent_of(app, write).map(|intent| intent.policy.sentences.say(sentence, &write.locale).to_owned());
    said.unwrap_or_else(|| Sentences::default().say(sentence, &write.locale).to_owned())
}
