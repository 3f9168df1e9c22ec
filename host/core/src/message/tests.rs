//! Deliveries as a table, and the promise that nothing is done twice as a property.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: u64 = 1_700_000_000_000;
const LEASE: u64 = 30_000;

fn id() -> Digest {
    Digest::of_json(&json!("message"))
}

fn message(kind: Kind) -> Message {
    let route = (kind == Kind::Handoff).then(|| json!({ "hand_off": true }));
    let content =
        Content { create: json!({ "subject": "s" }), route, locale: "en".to_owned(), time_zone: "UTC".to_owned() };
    let taken = Taken {
        id: id(),
        tenant: "acme".to_owned(),
        helpdesk: "help".to_owned(),
        kind,
        call_id: "01K".to_owned(),
        reason: "unavailable".to_owned(),
        fingerprint: id(),
        content,
    };
    Message::take(taken, NOW)
}

fn never(_: u64) -> bool {
    false
}

fn two_hours(age_ms: u64) -> bool {
    age_ms < 7_200_000
}

fn claimed(message: &Message, now_ms: u64) -> Message {
    message.claimed(now_ms, LEASE).unwrap()
}

fn ticket() -> Heard {
    Heard::Done { ticket: Some("7".to_owned()) }
}

fn doubtful() -> Heard {
    Heard::Doubtful { why: "timeout".to_owned() }
}

fn not_yet() -> Heard {
    Heard::NotYet { retry_after_ms: None }
}

#[test]
fn a_message_is_delivered_by_one_errand_and_keeps_no_content() {
    let done = claimed(&message(Kind::Message), NOW).heard(ticket(), NOW + 5, never, 0);
    assert_eq!((&done.state, done.ticket.as_deref()), (&State::Delivered { at_ms: NOW + 5 }, Some("7")));
    assert_eq!((&done.content, done.state.is_open()), (&None, false));
    assert!(!done.is_over(NOW + 5) && done.is_over(NOW + 5 + DONE_KEPT_MS));
}

#[test]
fn a_handoff_opens_the_ticket_and_then_routes_it_under_a_key_of_its_own() {
    let created = claimed(&message(Kind::Handoff), NOW).heard(ticket(), NOW + 5, never, 0);
    assert_eq!((created.errand(), created.due_ms()), (Errand::Route, Some(NOW + 5)));
    assert_ne!(created.guest_key(&id()), message(Kind::Handoff).guest_key(&id()));
    let routed = claimed(&created, NOW + 6).heard(Heard::Done { ticket: None }, NOW + 9, never, 0);
    assert_eq!((&routed.state, routed.ticket.as_deref()), (&State::Delivered { at_ms: NOW + 9 }, Some("7")));
    let nameless = claimed(&message(Kind::Handoff), NOW).heard(Heard::Done { ticket: None }, NOW, never, 0);
    assert_eq!(nameless.state.as_str(), "unknown");
}

#[test]
fn what_was_certainly_not_done_is_tried_again_with_growing_waits_until_it_is_too_old() {
    let mut message = message(Kind::Message);
    let mut waits = Vec::new();
    for _ in 0..12 {
        let now = message.due_ms().unwrap();
        message = claimed(&message, now).heard(not_yet(), now, never, u64::MAX);
        waits.push(message.due_ms().unwrap() - now);
    }
    assert_eq!(&waits[..4], [1_000, 2_000, 4_000, 8_000]);
    assert_eq!(waits[11], 300_000);
    let asked = Heard::NotYet { retry_after_ms: Some(600_000) };
    let now = message.due_ms().unwrap();
    assert_eq!(claimed(&message, now).heard(asked, now, never, 0).due_ms(), Some(now + 600_000));
    let late = NOW + AGE_MS_MAX;
    assert_eq!(claimed(&message, late).heard(not_yet(), late, never, 0).state.as_str(), "dead");
}

#[test]
fn what_may_have_been_done_is_repeated_only_where_and_while_that_is_harmless() {
    let delivering = claimed(&message(Kind::Message), NOW);
    assert_eq!(delivering.heard(doubtful(), NOW + 9, never, 0).state.as_str(), "unknown");
    let again = delivering.heard(doubtful(), NOW + 9, two_hours, 0);
    assert_eq!(again.state.as_str(), "waiting");
    // A later attempt that certainly did nothing does not take the doubt about the first one away.
    let later = NOW + 7_200_000 - 100;
    let turned_away = claimed(&again, later).heard(not_yet(), later, two_hours, 0);
    assert_eq!(turned_away.state.as_str(), "unknown");
    let refused = claimed(&again, NOW + 900).heard(Heard::Refused { why: "no".to_owned() }, NOW + 901, two_hours, 0);
    assert_eq!(refused.state.as_str(), "unknown", "it may have been done the first time");
}

#[test]
fn a_refusal_is_for_the_operator_who_may_retry_or_drop_it() {
    let dead = claimed(&message(Kind::Message), NOW).heard(Heard::Refused { why: "no".to_owned() }, NOW, never, 0);
    assert_eq!((dead.state.as_str(), dead.due_ms(), dead.state.is_open()), ("dead", None, true));
    assert!(dead.is_over(NOW + DEAD_KEPT_MS));
    let retried = dead.retried(NOW + 10).unwrap();
    assert_eq!(retried.due_ms(), Some(NOW + 10));
    let dropped = dead.dropped(NOW + 10).unwrap();
    assert_eq!((dropped.state.as_str(), dropped.content.is_none()), ("dropped", true));
    assert!(dropped.retried(NOW).is_none() && dropped.dropped(NOW).is_none());
    assert!(claimed(&message(Kind::Message), NOW).dropped(NOW).is_none(), "a host is at it");
}

#[test]
fn a_host_that_died_in_the_middle_leaves_a_doubt() {
    let delivering = claimed(&message(Kind::Message), NOW);
    let over = NOW + LEASE + LEASE_GRACE_MS;
    assert_eq!(delivering.due_ms(), Some(over));
    assert_eq!(delivering.abandoned(over - 1, two_hours, 0), None);
    assert_eq!(delivering.abandoned(over, never, 0).unwrap().state.as_str(), "unknown");
    assert_eq!(delivering.abandoned(over, two_hours, 0).unwrap().state.as_str(), "waiting");
    assert_eq!(message(Kind::Message).abandoned(over, never, 0), None);
}

#[test]
fn a_message_is_read_as_it_is_written_and_nothing_else_is_one() {
    let one = message(Kind::Handoff);
    assert_eq!(Message::from_bytes(&one.to_bytes()), Ok(one.clone()));
    assert_eq!(Message::from_bytes(br#"{"version":9}"#), Err(MessageError::Newer(9)));
    assert!(matches!(Message::from_bytes(b"{}"), Err(MessageError::Damaged(_))));
    assert_eq!((one.reference.len(), one.reference.as_bytes()[4]), (9, b'-'));
}

proptest! {
    /// Whatever the helpdesk answers in whatever order: where repeating is not harmless, no attempt follows one that
    /// may have been carried out.
    #[test]
    fn nothing_is_done_twice(answers in prop::collection::vec(0..4_u8, 1..20), randoms in any::<[u64; 20]>()) {
        let mut message = message(Kind::Message);
        let mut maybe_done = false;
        for (answer, random) in answers.into_iter().zip(randoms) {
            let Some(now) = message.due_ms() else { break };
            prop_assert!(!maybe_done, "tried again after {:?}", message);
            let delivering = claimed(&message, now);
            message = match answer {
                0 => delivering.heard(not_yet(), now, never, random),
                1 => delivering.heard(Heard::Refused { why: String::new() }, now, never, random),
                2 => delivering.heard(doubtful(), now, never, random),
                _ => delivering.heard(ticket(), now, never, random),
            };
            maybe_done = answer >= 2;
        }
    }
}
