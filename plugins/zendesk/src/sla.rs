//! What was promised about a ticket, whether it was kept, and when somebody will answer.
//!
//! Source: the side-load `slas` as developer.zendesk.com ("Side-Loading") and observed answers have it; metrics by "SLA
//! Policies"; the stages by support.zendesk.com, "Viewing and understanding SLA policies".

use jackfield_sdk::prelude::*;

use crate::wire::{Metrics, PolicyMetric, Ticket as WireTicket};

/// What a policy measures, as far as a customer would care.
#[derive(Clone, Copy, PartialEq)]
enum Promise {
    FirstReply,
    NextReply,
    Solution,
}

/// The promises about a ticket at this moment; `None` where no policy is for it.
pub(crate) fn told(ticket: &WireTicket, metrics: Option<&Metrics>, now: Instant) -> Option<Sla> {
    let promises = &ticket.slas.as_ref()?.policy_metrics;
    if promises.is_empty() {
        return None;
    }
    let happened = Happened::read(ticket, metrics);
    let due = |promise| earliest(promises, promise, |metric| is_open(metric) || happened.when(promise).is_some());
    let is_in_stage = |stage| promises.iter().any(|metric| metric.stage.as_deref() == Some(stage));
    Some(Sla {
        first_response_due_at: due(Promise::FirstReply).map(Into::into),
        first_response_at: happened.first_reply.map(Into::into),
        next_response_due_at: due(Promise::NextReply).map(Into::into),
        resolution_due_at: due(Promise::Solution).map(Into::into),
        breached: promises.iter().any(|metric| happened.too_late(metric, now)),
        paused: is_in_stage("paused") && !is_in_stage("active"),
        ..Sla::default()
    })
}

/// Whether an answer has been given to what a policy says about the first reply: worth asking when that was.
pub(crate) fn first_reply_is_done(ticket: &WireTicket) -> bool {
    let metrics = ticket.slas.as_ref().map(|slas| slas.policy_metrics.as_slice()).unwrap_or_default();
    metrics.iter().any(|metric| promise(metric) == Some(Promise::FirstReply) && !is_open(metric))
}

/// Minutes until the next reply is due, counted up. Nothing where none is promised, or where the promise is broken.
pub(crate) fn minutes_to_reply(ticket: &WireTicket, now: Instant) -> Option<u32> {
    let metrics = &ticket.slas.as_ref()?.policy_metrics;
    let replies = [Promise::FirstReply, Promise::NextReply];
    let due = replies.into_iter().filter_map(|promise| earliest(metrics, promise, is_active)).min()?;
    let wait_ms = due.ms().checked_sub(now.ms()).filter(|wait_ms| *wait_ms > 0)?;
    u32::try_from(wait_ms.saturating_add(59_999) / 60_000).ok()
}

/// What has happened already, as far as Zendesk's metrics tell.
struct Happened {
    first_reply: Option<Instant>,
    solved: Option<Instant>,
}

impl Happened {
    fn read(ticket: &WireTicket, metrics: Option<&Metrics>) -> Self {
        let instant = |text: &Option<String>| Instant::parse(text.as_deref()?);
        let minutes = metrics.and_then(|metrics| metrics.reply_time_in_minutes.as_ref()?.calendar);
        let first_reply = instant(&ticket.created_at).zip(minutes);
        // To the minute, since minutes are what is kept.
        let first_reply = first_reply.map(|(created, minutes)| created.plus_ms(minutes.saturating_mul(60_000)));
        let is_done = matches!(ticket.status(), "solved" | "closed");
        let solved = metrics.filter(|_| is_done).and_then(|metrics| instant(&metrics.solved_at));
        Happened { first_reply, solved }
    }

    fn when(&self, promise: Promise) -> Option<Instant> {
        match promise {
            Promise::FirstReply => self.first_reply,
            Promise::NextReply => None,
            Promise::Solution => self.solved,
        }
    }

    /// A clock that runs is held against now, one that has stopped against what stopped it. What is no promise to the
    /// customer, or none that is known here, is nothing to apologise for.
    fn too_late(&self, metric: &PolicyMetric, now: Instant) -> bool {
        let (Some(promise), Some(due)) = (promise(metric), due_at(metric)) else { return false };
        match metric.stage.as_deref() {
            Some("active") => self.solved.unwrap_or(now) > due,
            // It has not stopped, and its due time moves on while it stands.
            Some("paused") => false,
            _ => self.when(promise).is_some_and(|stopped| stopped > due),
        }
    }
}

fn promise(metric: &PolicyMetric) -> Option<Promise> {
    match metric.metric.as_deref()? {
        "first_reply_time" => Some(Promise::FirstReply),
        "next_reply_time" | "periodic_update_time" | "pausable_update_time" => Some(Promise::NextReply),
        "requester_wait_time" | "agent_work_time" | "total_resolution_time" => Some(Promise::Solution),
        _ => None,
    }
}

fn is_active(metric: &PolicyMetric) -> bool {
    metric.stage.as_deref() == Some("active")
}

fn is_open(metric: &PolicyMetric) -> bool {
    matches!(metric.stage.as_deref(), Some("active" | "paused"))
}

fn due_at(metric: &PolicyMetric) -> Option<Instant> {
    Instant::parse(metric.breach_at.as_deref()?)
}

/// The first due time among the metrics for a promise.
fn earliest(metrics: &[PolicyMetric], wanted: Promise, counts: impl Fn(&PolicyMetric) -> bool) -> Option<Instant> {
    metrics.iter().filter(|metric| promise(metric) == Some(wanted) && counts(metric)).filter_map(due_at).min()
}
