//! Arrivals as a table, keys as properties, and the form of a record.

use proptest::prelude::*;
use serde_json::json;

use super::*;

const NOW: u64 = 1_700_000_000_000;

fn asked(input: &Value) -> Asked<'_> {
    Asked { intent: "ticket.create", connection: "help", user: Some("u1"), input }
}

fn print_of(subject: &str) -> Digest {
    fingerprint(&asked(&json!({ "subject": subject })))
}

fn answer() -> Answer {
    Answer { status: 200, body: r#"{"status":"completed"}"#.to_owned() }
}

#[test]
fn an_arrival_gets_what_the_record_says() {
    let policy = IdempotencyPolicy { lease_ms: 30_000, retention_ms: 100_000 };
    let in_flight = Record::begin(print_of("a"), NOW, &policy);
    let done = in_flight.clone().answered(NOW + 1_000, answer());
    let replayed = answer();
    let dead = NOW + 30_000 + LEASE_GRACE_MS;
    let cases = [
        (None, "a", NOW, Arrival::First),
        (Some(&in_flight), "a", NOW, Arrival::InFlight { retry_after_ms: 2_000 }),
        (Some(&in_flight), "a", dead - 1, Arrival::InFlight { retry_after_ms: 1 }),
        (Some(&in_flight), "a", dead, Arrival::TakeOver),
        (Some(&in_flight), "b", NOW, Arrival::Mismatch),
        (Some(&in_flight), "b", dead, Arrival::Mismatch),
        (Some(&in_flight), "a", NOW + 100_000_000, Arrival::TakeOver),
        (Some(&done), "a", NOW + 2_000, Arrival::Replay(&replayed)),
        (Some(&done), "b", NOW + 2_000, Arrival::Mismatch),
        (Some(&done), "a", NOW + 100_999, Arrival::Replay(&replayed)),
        (Some(&done), "a", NOW + 101_000, Arrival::First),
        (Some(&done), "b", NOW + 101_000, Arrival::First),
    ];
    for (record, subject, now, expected) in cases {
        assert_eq!(arrive(record, &print_of(subject), now, &policy), expected, "{subject} at {now} with {record:?}");
    }
}

#[test]
fn a_renewed_lease_holds_off_whoever_would_take_over_and_never_shrinks() {
    let policy = IdempotencyPolicy::default();
    let record = Record::begin(print_of("a"), NOW, &policy).renewed(NOW + 20_000, &policy).renewed(NOW, &policy);
    let State::InFlight { since_ms, lease_until_ms, .. } = record.state else { panic!("{record:?}") };
    assert_eq!((since_ms, lease_until_ms), (NOW, NOW + 50_000));
}

#[test]
fn settling_replaces_the_answer() {
    let policy = IdempotencyPolicy::default();
    let settled = Answer { status: 200, body: r#"{"outcome":"applied"}"#.to_owned() };
    let record =
        Record::begin(print_of("a"), NOW, &policy).answered(NOW + 1, answer()).answered(NOW + 2, settled.clone());
    assert_eq!(arrive(Some(&record), &print_of("a"), NOW + 3, &policy), Arrival::Replay(&settled));
}

#[test]
fn the_form_of_a_record_is_kept() {
    let policy = IdempotencyPolicy::default();
    let begun = Record::begin(print_of("a"), NOW, &policy);
    for record in [begun.clone(), begun.clone().answered(NOW, answer())] {
        assert_eq!(Record::from_bytes(&record.to_bytes()).unwrap(), record);
    }
    // As hosts of version 1 wrote them: a later one must still read them.
    let digest = "0".repeat(64);
    let kept = format!(
        r#"{{"version":1,"fingerprint":"{digest}","state":{{"state":"done","at_ms":5,"answer":{{"status":200,"body":"x"}}}}}}"#
    );
    let record = Record::from_bytes(kept.as_bytes()).unwrap();
    assert_eq!(record.to_bytes(), kept.as_bytes());
    let kept = format!(
        r#"{{"version":1,"fingerprint":"{digest}","state":{{"state":"in-flight","since_ms":5,"lease_until_ms":9}}}}"#
    );
    let record = Record::from_bytes(kept.as_bytes()).unwrap();
    assert_eq!((record.write(), record.held_until_ms()), (None, Some(9 + LEASE_GRACE_MS)));
}

#[test]
fn what_is_written_is_known_until_it_is_answered() {
    let write = Write {
        call_id: "01CALL".to_owned(),
        tenant: "acme".to_owned(),
        connection: "helpdesk".to_owned(),
        intent: "ticket.create".to_owned(),
        input: serde_json::json!({ "subject": "Late" }),
        user: None,
        locale: "en".to_owned(),
        time_zone: "UTC".to_owned(),
        guest_key: "k".to_owned(),
        began_ms: NOW,
    };
    let begun = Record::begin(print_of("a"), NOW, &IdempotencyPolicy::default()).of(write.clone());
    assert_eq!(Record::from_bytes(&begun.to_bytes()).unwrap().write(), Some(&write));
    let done = begun.answered(NOW, answer());
    assert_eq!((done.write(), done.held_until_ms()), (None, None));
    assert!(!String::from_utf8(done.to_bytes()).unwrap().contains("Late"));
}

#[test]
fn a_record_that_cannot_be_read_is_no_missing_record() {
    assert_eq!(Record::from_bytes(br#"{"version":3,"anything":"else"}"#), Err(RecordError::Newer(3)));
    for bad in ["", "null", "{}", r#"{"version":1}"#, r#"{"version":1,"fingerprint":"x","state":{}}"#] {
        assert!(matches!(Record::from_bytes(bad.as_bytes()), Err(RecordError::Damaged(_))), "{bad}");
    }
}

#[test]
fn the_error_about_a_damaged_record_shows_nothing_of_it() {
    let kept = br#"{"version":1,"fingerprint":"jane@example.com","state":"jane@example.com"}"#;
    let error = Record::from_bytes(kept).unwrap_err().to_string();
    assert!(!error.contains("jane"), "{error}");
}

#[test]
fn only_visible_ascii_of_a_bounded_length_is_a_key() {
    for good in ["a", "8e03978e-40d5-43e8-bc93-6894a57f9324", &"k".repeat(255)] {
        assert!(sent_key("t", "c", good).is_ok(), "{good}");
    }
    for bad in ["", "a b", "a\n", "é", &"k".repeat(256)] {
        assert_eq!(sent_key("t", "c", bad), Err(BadKey), "{bad}");
    }
}

#[test]
fn a_key_is_derived_only_from_a_message_that_has_a_name() {
    let print = print_of("a");
    let derived = |conversation, message| derived_key("t", "c", Message { conversation, message }, &print);
    assert!(derived(Some("c1"), Some("m1")).is_some());
    assert_ne!(derived(Some("c1"), Some("m1")), derived(Some("c1"), Some("m2")));
    for (conversation, message) in
        [(None, Some("m1")), (Some("c1"), None), (Some(""), Some("m1")), (Some("c1"), Some(""))]
    {
        assert_eq!(derived(conversation, message), None, "{conversation:?} {message:?}");
    }
}

#[test]
fn the_same_words_for_another_system_user_or_intent_are_another_write() {
    let input = json!({ "subject": "a" });
    let base = asked(&input);
    let others = [
        Asked { intent: "ticket.update", ..base },
        Asked { connection: "help-eu", ..base },
        Asked { user: Some("u2"), ..base },
        Asked { user: None, ..base },
    ];
    for other in others {
        assert_ne!(fingerprint(&base), fingerprint(&other), "{other:?}");
    }
}

proptest! {
    #[test]
    fn keys_of_two_callers_or_tenants_never_meet(
        one in ("[ab]{0,2}", "[ab]{0,2}", "[ab]{1,2}"), other in ("[ab]{0,2}", "[ab]{0,2}", "[ab]{1,2}"),
    ) {
        let sent = |(tenant, caller, key): &(String, String, String)| sent_key(tenant, caller, key).unwrap();
        prop_assert_eq!(sent(&one) == sent(&other), one == other);
    }

    #[test]
    fn a_derived_key_never_meets_one_that_was_sent(
        tenant in "[a-c]{1,3}", caller in "[a-c]{1,3}", key in "[a-c]{1,3}",
    ) {
        let message = Message { conversation: Some(&key), message: Some(&key) };
        let derived = derived_key(&tenant, &caller, message, &print_of("a"));
        prop_assert_ne!(derived, sent_key(&tenant, &caller, &key).ok());
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Record::from_bytes(&bytes);
    }
}

#[test]
fn a_calls_own_key_is_no_other_calls_and_no_other_callers() {
    let key = call_key("t", "c", "1");
    assert_eq!(key, call_key("t", "c", "1"));
    let others = [call_key("t", "c", "2"), call_key("t", "d", "1"), call_key("u", "c", "1")];
    assert!(!others.contains(&key));
    assert_ne!(Ok(key), sent_key("t", "c", "1"), "what a caller sends never meets what the host makes");
}
