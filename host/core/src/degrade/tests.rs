//! The ladder as a table, and its three rules against every configuration.

use proptest::prelude::*;

use super::*;

const EVERYTHING: Available = Available { cached_age_ms: Some(60_000), helpdesk: Helpdesk::Up, contact: true };

fn failed(trouble: Trouble, effect: Effect, outcome: WriteOutcome) -> Failed {
    Failed { trouble, effect, outcome }
}

#[test]
fn the_first_step_that_is_there_is_taken() {
    use Effect::{Create, Read};
    use Passed::{AccessInDoubt, HelpdeskDown, IsWrite, MayBeApplied, NoContact, NoHelpdesk, NothingKept};
    use Step::{Cached, Contact, Handoff, Message};
    use Trouble::{Denied, ReauthRequired, Timeout, Unavailable};
    use WriteOutcome::{None as Not, Unknown};
    let no_cache = Available { cached_age_ms: None, ..EVERYTHING };
    let down = Available { helpdesk: Helpdesk::Down, ..no_cache };
    let alone = Available { helpdesk: Helpdesk::Absent, ..no_cache };
    let nothing = Available::default();
    let cases = [
        (failed(Timeout, Read, Not), EVERYTHING, Some(Cached), vec![]),
        (failed(Timeout, Read, Not), no_cache, Some(Message), vec![(Cached, NothingKept)]),
        (failed(Timeout, Read, Not), down, Some(Message), vec![(Cached, NothingKept)]),
        (failed(ReauthRequired, Read, Not), EVERYTHING, Some(Message), vec![(Cached, AccessInDoubt)]),
        (failed(Denied, Read, Not), EVERYTHING, Some(Message), vec![(Cached, AccessInDoubt)]),
        (failed(Unavailable, Create, Not), EVERYTHING, Some(Message), vec![(Cached, IsWrite)]),
        (failed(Timeout, Create, Unknown), EVERYTHING, Some(Handoff), vec![(Cached, IsWrite), (Message, MayBeApplied)]),
        (
            failed(Timeout, Create, Unknown),
            down,
            Some(Contact),
            vec![(Cached, IsWrite), (Message, MayBeApplied), (Handoff, HelpdeskDown)],
        ),
        (
            failed(Unavailable, Read, Not),
            alone,
            Some(Contact),
            vec![(Cached, NothingKept), (Message, NoHelpdesk), (Handoff, NoHelpdesk)],
        ),
        (
            failed(Unavailable, Read, Not),
            nothing,
            None,
            vec![(Cached, NothingKept), (Message, NoHelpdesk), (Handoff, NoHelpdesk), (Contact, NoContact)],
        ),
        (failed(Trouble::Request, Read, Not), EVERYTHING, None, vec![]),
    ];
    for (failed, available, step, passed) in cases {
        let fallback = Ladder::default().choose(&failed, &available);
        assert_eq!((fallback.step, fallback.passed), (step, passed), "{failed:?} {available:?}");
    }
}

#[test]
fn the_operator_chooses_the_steps_and_their_order() {
    let ladder: Ladder = serde_json::from_str(r#"["contact", "cached"]"#).unwrap();
    let fallback = ladder.choose(&failed(Trouble::Timeout, Effect::Read, WriteOutcome::None), &EVERYTHING);
    assert_eq!(fallback.step, Some(Step::Contact));
    assert_eq!(fallback.choices, [Choice::Retry]);
    let none = Ladder(Vec::new()).choose(&failed(Trouble::Timeout, Effect::Read, WriteOutcome::None), &EVERYTHING);
    assert_eq!(none.step, None);
}

#[test]
fn what_else_there_is_becomes_a_choice() {
    let after_cache =
        Ladder::default().choose(&failed(Trouble::Timeout, Effect::Read, WriteOutcome::None), &EVERYTHING);
    assert_eq!(after_cache.choices, [Choice::Retry, Choice::Message, Choice::Handoff, Choice::Contact]);
    let unknown =
        Ladder::default().choose(&failed(Trouble::Timeout, Effect::Create, WriteOutcome::Unknown), &EVERYTHING);
    assert_eq!(unknown.choices, [Choice::Contact], "nobody is invited to do it twice");
    let broken =
        Ladder::default().choose(&failed(Trouble::ConnectorFault, Effect::Read, WriteOutcome::None), &EVERYTHING);
    assert!(!broken.choices.contains(&Choice::Retry));
}

#[test]
fn a_connectors_failures_are_sorted_into_the_systems_and_the_users() {
    let own = [
        FailureKind::InvalidInput { errors: Vec::new() },
        FailureKind::NotFound,
        FailureKind::Duplicate { existing_id: None },
        FailureKind::Conflict,
        FailureKind::Rejected { sentence: String::new() },
    ];
    for kind in own {
        assert_eq!(Trouble::from(&kind), Trouble::Request, "{kind:?}");
    }
    assert_eq!(Trouble::from(&FailureKind::Unavailable), Trouble::Unavailable);
    assert_eq!(Trouble::from(&FailureKind::RateLimited { retry_after_ms: None }), Trouble::RateLimited);
}

fn troubles() -> impl Strategy<Value = Trouble> {
    use Trouble::*;
    prop::sample::select(vec![
        Request,
        Unavailable,
        Timeout,
        RateLimited,
        Overloaded,
        ReauthRequired,
        Denied,
        ConnectorFault,
        Unsupported,
        Internal,
    ])
}

proptest! {
    #[test]
    fn the_rules_hold_under_every_configuration(
        trouble in troubles(),
        effect in prop::sample::select(vec![Effect::Read, Effect::Create, Effect::Update, Effect::Delete]),
        outcome in prop::sample::select(vec![WriteOutcome::None, WriteOutcome::Applied, WriteOutcome::Unknown]),
        cached_age_ms in any::<Option<u64>>(),
        helpdesk in prop::sample::select(vec![Helpdesk::Absent, Helpdesk::Down, Helpdesk::Up]),
        contact: bool,
        steps in prop::collection::vec(
            prop::sample::select(vec![Step::Cached, Step::Message, Step::Handoff, Step::Contact]), 0..6),
    ) {
        let available = Available { cached_age_ms, helpdesk, contact };
        let fallback = Ladder(steps.clone()).choose(&Failed { trouble, effect, outcome }, &available);
        let offered = |step, choice| fallback.step == Some(step) || fallback.choices.contains(&choice);
        if fallback.step == Some(Step::Cached) {
            prop_assert!(effect.is_read() && cached_age_ms.is_some());
        }
        if offered(Step::Message, Choice::Message) {
            prop_assert!(trouble != Trouble::Request && helpdesk != Helpdesk::Absent);
            prop_assert!(effect.is_read() || outcome == WriteOutcome::None);
        }
        if offered(Step::Handoff, Choice::Handoff) {
            prop_assert!(helpdesk == Helpdesk::Up);
        }
        if fallback.choices.contains(&Choice::Retry) {
            prop_assert!(effect.is_read() || outcome == WriteOutcome::None);
        }
        prop_assert!(fallback.step.is_none_or(|step| steps.contains(&step)));
    }
}
