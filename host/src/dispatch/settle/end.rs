//! The end of a write that was unknown: what is kept of it is dropped, it is written down, put in the place of the answer
//! that is kept for its key, and told to whoever watches its call. In this order, and the record goes last: whoever dies
//! in between does it again.

use std::borrow::Cow;

use jackfield_core::audit::{Event, Record as AuditRecord};
use jackfield_core::idempotency::{Answer, Record, State};
use jackfield_core::port::Expect;
use jackfield_core::settle::{End, Settling, Write};
use jiff::Timestamp;

use super::Records;
use super::look::Found;
use crate::app::App;
use crate::calls;
use crate::dispatch::envelope::Unkept;
use crate::dispatch::fresh;
use crate::dispatch::idempotency::{Ledger, answer_of};
use crate::error::{Code, Problem};
use crate::policy::Sentence;

/// Brings a write to its end.
///
/// # Errors
/// Why it did not get there; it stays on record then.
pub(super) async fn bring(
    app: &App,
    settling: &Settling,
    revision: u64,
    end: End,
    found: Option<Box<Found>>,
) -> Result<(), String> {
    let write = &settling.write;
    let unkept = |why: Unkept| why.to_string();
    // Whoever owes the answer to its call looks at what is kept under its key; that must not change meanwhile.
    if calls::is_owed(&*app.store, &write.call_id).await.map_err(|error| error.to_string())? {
        return Err("its call is not answered yet".to_owned());
    }
    // Before anybody hears of it: who reads after a write must not be told what was before.
    forget(app, write, end, found.as_deref());
    audit(app, settling, end)?;
    let answer = answer_of(&match found {
        Some(found) => Ok(found.reply),
        None => Err(problem(app, write, end)),
    });
    replace(app, settling, end, answer.clone()).await.map_err(unkept)?;
    // A call that was held has nobody left to tell.
    app.calls.settled(&write.call_id, end.outcome(), &answer).await.map_err(unkept)?;
    match Records::new(app).delete(&write.call_id, revision).await {
        Ok(()) => {}
        // Another host got there first.
        Err(Unkept::Conflict) => return Ok(()),
        Err(why) => return Err(why.to_string()),
    }
    app.metrics.settled(&write.connection, &write.intent, end.as_str());
    tracing::info!(
        call_id = write.call_id,
        connection = write.connection,
        intent = write.intent,
        end = end.as_str(),
        looks = settling.looks,
        "a write is settled"
    );
    Ok(())
}

/// Drops the answers to reads that this write may have changed.
fn forget(app: &App, write: &Write, end: End, found: Option<&Found>) {
    match (found, super::intent_of(app, write)) {
        (Some(found), _) => fresh::settled(app, &write.connection, &found.touched),
        (None, Some(intent)) if end != End::NotApplied => {
            fresh::settled(app, &write.connection, &intent.tagger.of_write(&write.input, None));
        }
        (None, _) => {}
    }
}

/// What the caller is told where there is no reply.
fn problem(app: &App, write: &Write, end: End) -> Problem {
    let call_id = write.call_id.as_str().into();
    let (detail, sentence) = match end {
        End::NotApplied => (
            "this write ended without an answer; the business system says that it did not happen",
            Sentence::NotApplied,
        ),
        // Never without a reply, and if it were: it happened.
        End::Applied => ("this write happened", Sentence::Unknown),
        End::Unknown => (
            "nobody can tell whether this write happened; look before sending it again with a new key",
            Sentence::Unsettled,
        ),
    };
    let said = super::sentence(app, write, sentence);
    Problem::told(Code::Timeout, detail).outcome(end.outcome()).saying(said).of_call(&call_id)
}

/// Puts the truth in the place of "unknown", so that whoever repeats the write hears it. Of what did not happen nothing
/// is kept: the key is free again.
async fn replace(app: &App, settling: &Settling, end: End, answer: Answer) -> Result<(), Unkept> {
    let Some(key) = &settling.idempotency else { return Ok(()) };
    let ledger = Ledger::new(app);
    let Some((record, revision)) = ledger.get(key).await? else { return Ok(()) };
    if call_of(&record).as_deref() != Some(&*settling.write.call_id) {
        // The key was used again, a day later: that answer is another write's.
        return Ok(());
    }
    let replaced = match end {
        End::NotApplied => ledger.delete(key, Expect::Revision(revision)).await,
        End::Applied | End::Unknown => {
            let record = record.answered(crate::dispatch::now_ms(), answer);
            ledger.put(key, &record, Expect::Revision(revision)).await.map(drop)
        }
    };
    match replaced {
        Err(Unkept::Conflict) => Err(Unkept::Unusable("the kept answer changed at this moment".to_owned())),
        other => other,
    }
}

/// Which call a record belongs to.
fn call_of(record: &Record) -> Option<Cow<'_, str>> {
    match &record.state {
        State::InFlight { write, .. } => write.as_ref().map(|write| Cow::Borrowed(write.call_id.as_str())),
        State::Done { answer, .. } => {
            let body: serde_json::Value = serde_json::from_str(&answer.body).ok()?;
            body["call_id"].as_str().map(|id| Cow::Owned(id.to_owned()))
        }
    }
}

fn audit(app: &App, settling: &Settling, end: End) -> Result<(), String> {
    let write = &settling.write;
    app.audit.record(&AuditRecord {
        at: Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        event: Event::WriteSettled { intent: write.intent.clone(), looks: settling.looks },
        tenant: write.tenant.clone(),
        connection: write.connection.clone(),
        call_id: Some(write.call_id.clone()),
        user: None,
        outcome: end.as_str().to_owned(),
    })
}
