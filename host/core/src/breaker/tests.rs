//! The breaker's life, step by step, and what no sequence of events may bring about.

use proptest::prelude::*;

use super::*;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn policy() -> BreakerPolicy {
    BreakerPolicy { calls_min: 4, open_ms: 1_000, open_ms_max: 3_000, ..BreakerPolicy::default() }
}

/// A breaker with its policy and a clock that the test moves. Random numbers are the largest: full open times.
struct Bench {
    breaker: Breaker,
    policy: BreakerPolicy,
    now: Instant,
}

impl Bench {
    fn new(policy: BreakerPolicy) -> Bench {
        let now = Instant::now();
        Bench { breaker: Breaker::new(now), policy, now }
    }

    fn admit(&mut self) -> Admission {
        self.breaker.admit(&self.policy, self.now)
    }

    fn record(&mut self, permit: Permit, verdict: Verdict) {
        self.breaker.record(&self.policy, self.now, permit, verdict, u64::MAX);
    }

    fn pass(&mut self, verdict: Verdict) {
        match self.admit() {
            Admission::Pass(permit) => self.record(permit, verdict),
            other => panic!("{other:?}"),
        }
    }

    fn probe(&mut self) -> Permit {
        match self.admit() {
            Admission::Probe(permit) => permit,
            other => panic!("{other:?}"),
        }
    }

    fn refused(&mut self) -> Duration {
        match self.admit() {
            Admission::Refuse { retry_after } => retry_after,
            other => panic!("{other:?}"),
        }
    }

    /// An open breaker.
    fn opened(policy: BreakerPolicy) -> Bench {
        let mut bench = Bench::new(policy);
        (0..4).for_each(|_| bench.pass(Verdict::Bad));
        bench
    }
}

#[test]
fn what_counts_as_a_failure_as_a_table() {
    let policy = BreakerPolicy { timeout_counts_ms: 2_000, answers: vec![501], ..policy() };
    let cases = [
        (Ending::Status(200), Verdict::Good),
        (Ending::Status(404), Verdict::Good),
        (Ending::Status(401), Verdict::Good),
        (Ending::Status(429), Verdict::Neither),
        (Ending::Status(500), Verdict::Bad),
        (Ending::Status(501), Verdict::Good),
        (Ending::Status(503), Verdict::Bad),
        (Ending::Unavailable, Verdict::Bad),
        (Ending::Timeout { had: ms(2_000) }, Verdict::Bad),
        (Ending::Timeout { had: ms(1_999) }, Verdict::Neither),
        (Ending::Ours, Verdict::Neither),
    ];
    for (ending, expected) in cases {
        assert_eq!(policy.judge(ending), expected, "{ending:?}");
    }
}

#[test]
fn it_opens_on_the_share_of_failures_and_not_before_enough_requests() {
    let mut bench = Bench::new(policy());
    (0..3).for_each(|_| bench.pass(Verdict::Bad));
    assert_eq!(bench.breaker.standing(bench.now), Standing::Closed);
    bench.pass(Verdict::Good);
    assert_eq!(bench.breaker.standing(bench.now), Standing::Open { retry_after_ms: 1_000 });
    assert_eq!(bench.refused(), ms(1_000));
}

#[test]
fn failures_under_the_share_and_failures_long_ago_do_not_open_it() {
    let mut bench = Bench::new(policy());
    for _ in 0..20 {
        bench.pass(Verdict::Good);
        bench.pass(Verdict::Good);
        bench.pass(Verdict::Bad);
    }
    for _ in 0..20 {
        bench.now += ms(4_000);
        bench.pass(Verdict::Bad);
    }
    assert_eq!(bench.breaker.standing(bench.now), Standing::Closed);
}

#[test]
fn good_requests_never_open_it_whatever_the_share() {
    let mut bench = Bench::new(BreakerPolicy { failure_percent: 0, ..policy() });
    (0..20).for_each(|_| bench.pass(Verdict::Good));
    bench.pass(Verdict::Bad);
    assert!(matches!(bench.breaker.standing(bench.now), Standing::Open { .. }));
}

#[test]
fn what_says_nothing_changes_nothing() {
    let mut bench = Bench::new(policy());
    (0..100).for_each(|_| bench.pass(Verdict::Neither));
    assert_eq!(bench.breaker.standing(bench.now), Standing::Closed);
}

#[test]
fn good_probes_close_it_and_the_past_is_forgotten() {
    let mut bench = Bench::opened(policy());
    bench.now += ms(1_000);
    let probe = bench.probe();
    bench.record(probe, Verdict::Good);
    assert_eq!(bench.breaker.standing(bench.now), Standing::HalfOpen);
    let probe = bench.probe();
    bench.record(probe, Verdict::Good);
    assert_eq!(bench.breaker.standing(bench.now), Standing::Closed);
    bench.pass(Verdict::Bad);
    assert_eq!(bench.breaker.standing(bench.now), Standing::Closed);
}

#[test]
fn a_failed_probe_doubles_the_time_up_to_the_cap() {
    let mut bench = Bench::opened(policy());
    for expected in [1_000, 2_000, 3_000, 3_000] {
        assert_eq!(bench.refused(), ms(expected));
        bench.now += ms(expected);
        let probe = bench.probe();
        bench.record(probe, Verdict::Bad);
    }
}

#[test]
fn half_of_the_open_time_is_certain_and_half_is_jitter() {
    for (random, expected) in [(0, 500), (u64::MAX / 2, 750), (u64::MAX, 1_000)] {
        let mut bench = Bench::new(policy());
        for _ in 0..4 {
            let Admission::Pass(permit) = bench.admit() else { panic!() };
            bench.breaker.record(&bench.policy, bench.now, permit, Verdict::Bad, random);
        }
        assert_eq!(bench.refused(), ms(expected));
    }
}

#[test]
fn a_probe_that_is_dropped_frees_its_place() {
    let mut bench = Bench::opened(policy());
    bench.now += ms(1_000);
    let cancelled = bench.probe();
    assert_eq!(bench.refused(), PROBING);
    drop(cancelled);
    let inconclusive = bench.probe();
    bench.record(inconclusive, Verdict::Neither);
    let probe = bench.probe();
    assert_eq!(bench.refused(), PROBING);
    bench.record(probe, Verdict::Good);
}

#[test]
fn a_request_from_before_says_nothing_about_now() {
    let mut bench = Bench::new(policy());
    let Admission::Pass(early) = bench.admit() else { panic!() };
    let Admission::Pass(late) = bench.admit() else { panic!() };
    (0..4).for_each(|_| bench.pass(Verdict::Bad));
    bench.record(early, Verdict::Good);
    assert!(matches!(bench.breaker.standing(bench.now), Standing::Open { .. }));
    bench.now += ms(1_000);
    let probe = bench.probe();
    bench.record(late, Verdict::Bad);
    assert_eq!(bench.breaker.standing(bench.now), Standing::HalfOpen);
    bench.record(probe, Verdict::Bad);
    // A probe of the last half-open time holds no place in the next.
    bench.now += ms(2_000);
    let _straggler = bench.probe();
    assert_eq!(bench.refused(), PROBING);
}

#[test]
fn one_that_is_switched_off_never_refuses() {
    let mut bench = Bench::new(BreakerPolicy { enabled: false, ..policy() });
    (0..100).for_each(|_| bench.pass(Verdict::Bad));
}

#[test]
fn reads_pass_while_writes_are_refused() {
    let (now, policy) = (Instant::now(), policy());
    let mut breakers = Breakers::new(now);
    for _ in 0..4 {
        let Admission::Pass(permit) = breakers.of(Access::Write).admit(&policy, now) else { panic!() };
        breakers.of(Access::Write).record(&policy, now, permit, Verdict::Bad, 0);
    }
    assert!(matches!(breakers.of(Access::Write).admit(&policy, now), Admission::Refuse { .. }));
    assert!(matches!(breakers.of(Access::Read).admit(&policy, now), Admission::Pass(_)));
}

/// One thing that happens to a breaker.
#[derive(Clone, Debug)]
enum Step {
    Later(u64),
    Admit,
    /// Ends the oldest request under way; `None` drops it.
    End(Option<Verdict>),
}

fn steps() -> impl Strategy<Value = Step> {
    let verdict = prop::option::of(prop::sample::select(vec![Verdict::Good, Verdict::Bad, Verdict::Neither]));
    prop_oneof![(0u64..1_500).prop_map(Step::Later), Just(Step::Admit), verdict.prop_map(Step::End)]
}

proptest! {
    #[test]
    fn probes_are_bounded_and_it_never_refuses_for_ever(
        steps in prop::collection::vec(steps(), 0..200), probes_max in 1u32..4, random: u64,
    ) {
        let policy = BreakerPolicy { probes_max, ..policy() };
        let mut now = Instant::now();
        let mut breaker = Breaker::new(now);
        let mut under_way: std::collections::VecDeque<(Permit, bool, u64)> = Default::default();
        for step in steps {
            match step {
                Step::Later(by) => now += ms(by),
                Step::Admit => match breaker.admit(&policy, now) {
                    Admission::Pass(permit) => under_way.push_back((permit, false, breaker.period)),
                    Admission::Probe(permit) => under_way.push_back((permit, true, breaker.period)),
                    Admission::Refuse { retry_after } => prop_assert!(retry_after <= ms(policy.open_ms_max)),
                },
                Step::End(verdict) => if let Some((permit, ..)) = under_way.pop_front()
                    && let Some(verdict) = verdict
                {
                    breaker.record(&policy, now, permit, verdict, random);
                }
            }
            let probing = under_way.iter().filter(|(_, probe, period)| *probe && *period == breaker.period).count();
            prop_assert!(probing <= probes_max as usize);
        }
        // Whatever happened: when nothing is under way and the longest open time has passed, a request gets through.
        under_way.clear();
        now += ms(policy.open_ms_max);
        let refused = matches!(breaker.admit(&policy, now), Admission::Refuse { .. });
        prop_assert!(!refused);
    }
}
