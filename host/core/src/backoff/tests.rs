//! The retry decision as a table, and its two promises as properties.

use proptest::prelude::*;

use super::*;

const WRITE: bool = false;
const READ: bool = true;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn status(status: u16, retry_after_ms: Option<u64>) -> Cause {
    Cause::Status { status, retry_after: retry_after_ms.map(ms) }
}

#[test]
fn the_decision_as_a_table() {
    use GiveUp::{Attempts, Final, MayBeApplied, NoTime};
    let policy = RetryPolicy { attempts_max: 3, base_ms: 100, cap_ms: 1_000, attempt_ms_min: 500 };
    // The largest random number makes every wait its bound.
    let cases = [
        // cause, idempotent, attempts, left, decision
        (Cause::NotSent, WRITE, 1, 10_000, Ok(100)),
        (Cause::NoAnswer, WRITE, 1, 10_000, Err(MayBeApplied)),
        (Cause::NoAnswer, READ, 1, 10_000, Ok(100)),
        (Cause::NoAnswer, READ, 2, 10_000, Ok(200)),
        (Cause::NoAnswer, READ, 3, 10_000, Err(Attempts)),
        (Cause::NoAnswer, READ, 1, 550, Ok(50)),
        (Cause::NoAnswer, READ, 1, 499, Err(NoTime)),
        (Cause::Final, READ, 1, 10_000, Err(Final)),
        (status(429, None), WRITE, 1, 10_000, Ok(100)),
        (status(429, Some(2_000)), WRITE, 1, 10_000, Ok(2_100)),
        (status(429, Some(2_000)), READ, 1, 2_550, Ok(2_050)),
        (status(429, Some(2_000)), READ, 1, 2_400, Err(NoTime)),
        (status(429, Some(60_000)), READ, 1, 10_000, Err(NoTime)),
        (status(503, Some(2_000)), WRITE, 1, 10_000, Err(MayBeApplied)),
        (status(503, Some(2_000)), READ, 1, 10_000, Ok(2_100)),
        (status(502, None), READ, 1, 10_000, Ok(100)),
        (status(504, None), READ, 2, 10_000, Ok(200)),
        (status(408, None), READ, 1, 10_000, Ok(100)),
        (status(408, None), WRITE, 1, 10_000, Err(MayBeApplied)),
        (status(500, None), READ, 1, 10_000, Err(Final)),
        (status(404, None), READ, 1, 10_000, Err(Final)),
        (status(200, None), READ, 1, 10_000, Err(Final)),
    ];
    for (cause, idempotent, attempts, left, expected) in cases {
        let failed = Failed { cause, idempotent, attempts, left: ms(left) };
        let expected = match expected {
            Ok(after) => Retry::After(ms(after)),
            Err(why) => Retry::GiveUp(why),
        };
        assert_eq!(policy.decide(&failed, u64::MAX), expected, "{failed:?}");
    }
}

#[test]
fn what_the_egress_says_becomes_a_cause() {
    let cases = [
        (SendError::Timeout { sent: false }, Cause::NotSent),
        (SendError::Timeout { sent: true }, Cause::NoAnswer),
        (SendError::Unavailable { detail: String::new(), sent: false }, Cause::NotSent),
        (SendError::Unavailable { detail: String::new(), sent: true }, Cause::NoAnswer),
        (SendError::Denied(String::new()), Cause::Final),
        (SendError::TooLarge { limit: 1 }, Cause::Final),
        (SendError::RateLimited { retry_after_ms: Some(1) }, Cause::Final),
        (SendError::ReauthRequired(String::new()), Cause::Final),
    ];
    for (error, expected) in cases {
        assert_eq!(Cause::from(&error), expected, "{error}");
    }
}

#[test]
fn both_ends_of_the_jitter_are_reached() {
    let policy = RetryPolicy { base_ms: 100, cap_ms: 1_000, ..RetryPolicy::default() };
    assert_eq!(policy.delay(0, 0), ms(0));
    assert_eq!(policy.delay(0, u64::MAX), ms(100));
    assert_eq!(policy.delay(0, u64::MAX / 2), ms(50));
    assert_eq!(policy.delay(3, u64::MAX), ms(800));
    assert_eq!(policy.delay(4, u64::MAX), ms(1_000));
    assert_eq!(policy.delay(u32::MAX, u64::MAX), ms(1_000));
}

fn causes() -> impl Strategy<Value = Cause> {
    let retry_after = proptest::option::of((0u64..100_000).prop_map(ms));
    prop_oneof![
        Just(Cause::NotSent),
        Just(Cause::NoAnswer),
        Just(Cause::Final),
        (100u16..600, retry_after.clone()).prop_map(|(status, retry_after)| Cause::Status { status, retry_after }),
        (prop::sample::select(vec![408u16, 429, 502, 503, 504]), retry_after)
            .prop_map(|(status, retry_after)| Cause::Status { status, retry_after }),
    ]
}

fn policies() -> impl Strategy<Value = RetryPolicy> {
    (0u32..10, any::<u64>(), any::<u64>(), 0u64..20_000).prop_map(|(attempts_max, base_ms, cap_ms, attempt_ms_min)| {
        RetryPolicy { attempts_max, base_ms, cap_ms, attempt_ms_min }
    })
}

proptest! {
    #[test]
    fn no_wait_outlives_the_call(
        policy in policies(), cause in causes(), idempotent: bool, attempts in 1u32..10, left in 0u64..20_000,
        random: u64,
    ) {
        let failed = Failed { cause, idempotent, attempts, left: ms(left) };
        if let Retry::After(after) = policy.decide(&failed, random) {
            prop_assert!(after + ms(policy.attempt_ms_min) <= failed.left);
            prop_assert!(attempts < policy.attempts_max);
            if let Cause::Status { retry_after: Some(asked), .. } = cause {
                prop_assert!(after >= asked);
            }
        }
    }

    #[test]
    fn no_write_that_may_have_arrived_is_sent_again(
        policy in policies(), cause in causes(), left in 0u64..20_000, random: u64,
    ) {
        let failed = Failed { cause, idempotent: WRITE, attempts: 1, left: ms(left) };
        if let Retry::After(_) = policy.decide(&failed, random) {
            let untouched = matches!(cause, Cause::NotSent | Cause::Status { status: 429, .. });
            prop_assert!(untouched, "{:?}", cause);
        }
    }

    #[test]
    fn a_wait_stays_within_base_and_cap(policy in policies(), doublings in 0u32..100, random: u64) {
        prop_assert!(policy.delay(doublings, random) <= ms(policy.cap_ms));
    }
}
