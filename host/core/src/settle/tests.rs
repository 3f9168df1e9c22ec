//! When to look, what a look proves, when to give up.

use serde_json::json;

use super::*;
use crate::digest::DigestBuilder;
use crate::manifest::RepeatBy;

const ENDED: u64 = 1_700_000_000_000;

fn write() -> Write {
    Write {
        call_id: "01CALL".to_owned(),
        tenant: "acme".to_owned(),
        connection: "helpdesk".to_owned(),
        intent: "ticket.create".to_owned(),
        input: json!({ "description": "jane@example.com cannot log in" }),
        user: Some(User { id: "u-1".to_owned(), email: Some("jane@example.com".to_owned()), phone: None }),
        locale: "de".to_owned(),
        time_zone: "Europe/Vienna".to_owned(),
        guest_key: "abc".to_owned(),
        began_ms: ENDED - 15_000,
    }
}

fn settling(policy: &SettlePolicy) -> Settling {
    Settling::begin(write(), None, ENDED, policy)
}

#[test]
fn looks_are_further_and_further_apart_and_the_last_is_at_the_end() {
    let policy = SettlePolicy::default();
    let mut settling = settling(&policy);
    let mut at = Vec::new();
    for _ in 0..7 {
        let now = settling.due_ms;
        at.push((now - ENDED) / 1_000);
        settling = settling.looking(now, &policy);
    }
    assert_eq!(at, [2, 12, 72, 372, 2_172, 3_972, 5_772]);
    while settling.judge(None, settling.due_ms, &policy).is_none() {
        let now = settling.due_ms;
        settling = settling.looking(now, &policy);
    }
    assert_eq!(settling.due_ms, ENDED + policy.give_up_ms, "the last look is at the end, and there is one");
    assert!(settling.looks < 60, "{}", settling.looks);
}

#[test]
fn what_happened_is_true_at_once_and_what_did_not_only_when_nobody_can_be_at_it_any_more() {
    let policy = SettlePolicy { sure_after_ms: 60_000, give_up_ms: 100_000, ..SettlePolicy::default() };
    let settling = settling(&policy);
    let applied = Settlement::Applied("{}".to_owned());
    for (told, after_ms, end) in [
        (Some(&applied), 0, Some(End::Applied)),
        (Some(&applied), 200_000, Some(End::Applied)),
        (Some(&Settlement::NotApplied), 59_999, None),
        (Some(&Settlement::NotApplied), 60_000, Some(End::NotApplied)),
        (Some(&Settlement::Unknown), 99_999, None),
        (Some(&Settlement::Unknown), 100_000, Some(End::Unknown)),
        (None, 99_999, None),
        (None, 100_000, Some(End::Unknown)),
    ] {
        assert_eq!(settling.judge(told, ENDED + after_ms, &policy), end, "{told:?} after {after_ms} ms");
    }
}

#[test]
fn a_look_comes_before_a_repetition_and_a_repetition_only_while_it_is_harmless() {
    let two_hours = Repeat { by: RepeatBy::IdempotencyKey, within_ms: Some(7_200_000) };
    for (settles, repeat, age_ms, expected) in [
        (true, None, 0, Way::Look),
        (true, Some(&two_hours), 0, Way::Look),
        (false, Some(&two_hours), 7_199_999, Way::Repeat),
        (false, Some(&two_hours), 7_200_000, Way::Nothing),
        (false, None, 0, Way::Nothing),
    ] {
        assert_eq!(way(settles, repeat, age_ms), expected, "{settles} {repeat:?} {age_ms}");
    }
}

#[test]
fn it_is_read_as_it_was_written_and_shows_nothing_of_the_person() {
    let policy = SettlePolicy::default();
    let key = DigestBuilder::new("test").text("k").finish();
    let kept = Settling::begin(write(), Some(key), ENDED, &policy).looking(ENDED + 2_000, &policy);
    assert_eq!(Settling::from_bytes(&kept.to_bytes()), Ok(kept.clone()));
    assert!(!format!("{kept:?}").contains("jane"), "{kept:?}");
    assert_eq!(Settling::from_bytes(br#"{"version":2,"anything":1}"#), Err(SettlingError::Newer(2)));
    let told = Settling::from_bytes(br#"{"version":1,"write":"jane@example.com"}"#).unwrap_err().to_string();
    assert!(told.starts_with("it is damaged") && !told.contains("jane"), "{told}");
}

#[test]
fn an_operators_waits_are_bounded() {
    assert_eq!(SettlePolicy::default().check(), Ok(()));
    let with = |change: fn(&mut SettlePolicy)| {
        let mut policy = SettlePolicy::default();
        change(&mut policy);
        policy.check().unwrap_err()
    };
    assert!(with(|p| p.waits_ms = Vec::new()).contains("`waits_ms` has 0 waits"));
    assert!(with(|p| p.waits_ms = vec![1]).contains("a wait of 1 ms"));
    assert!(with(|p| p.sure_after_ms = p.give_up_ms + 1).contains("`sure_after_ms` is at most"));
    assert!(with(|p| p.give_up_ms = u64::MAX).contains("at most 604800000"));
    assert!(with(|p| p.look_ms = 0).contains("`look_ms`"));
}
