//! What windows allow, as tables and as properties; how vendors tell of theirs is in `tests/vendors.rs`.

use proptest::prelude::*;

use super::*;

mod vendors;

/// 2026-01-20T10:00:00Z, a full hour.
const EPOCH_MS: u64 = 1_768_903_200_000;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A budget with a clock that the test moves.
struct Bench {
    budget: Budget,
    start: Instant,
    at_ms: u64,
}

impl Bench {
    /// From the text of `[endpoint.NAME.rate]`.
    fn new(table: &str) -> Bench {
        let rate: Rate = toml::from_str(table).unwrap();
        rate.check().unwrap();
        Bench::of(rate)
    }

    fn of(rate: Rate) -> Bench {
        let start = Instant::now();
        let budget = Budget::new(Arc::new(rate), Now { instant: start, epoch_ms: EPOCH_MS });
        Bench { budget, start, at_ms: 0 }
    }

    fn now(&self) -> Now {
        Now { instant: self.start + ms(self.at_ms), epoch_ms: EPOCH_MS + self.at_ms }
    }

    fn claim(&self, request: &str) -> Claim {
        let (method, path) = request.split_once(" /").unwrap();
        let path: Vec<&str> = path.split('/').collect();
        self.budget.claim(&Method::from_bytes(method.as_bytes()).unwrap(), &path)
    }

    fn take(&mut self, request: &str) -> Take {
        let claim = self.claim(request);
        let now = self.now();
        self.budget.take(now, &claim, ms(60_000))
    }

    /// How many requests go through at once.
    fn burst(&mut self, request: &str) -> usize {
        (0..10_000).take_while(|_| self.take(request) == Take::Go).count()
    }

    /// How long the next one has to wait or stay away, in milliseconds.
    fn wait_ms(&mut self, request: &str) -> u64 {
        match self.take(request) {
            Take::Go => 0,
            Take::Wait(wait) | Take::Refuse { retry_after: wait } => wait.as_millis() as u64,
        }
    }

    fn answered(&mut self, request: &str, status: u16, headers: &[(&str, &str)]) {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.to_lowercase(), (*value).to_owned())).collect();
        let claim = self.claim(request);
        let now = self.now();
        self.budget.observe(now, &claim, status, &headers);
    }
}

const ONE: &str = "GET /a";

#[test]
fn each_kind_of_window_allows_its_limit_and_gives_it_back_in_its_own_way() {
    let table = |kind: &str| {
        format!("wait_ms_max = 60000\n[[window]]\nname = 'w'\nkind = '{kind}'\nlimit = 10\nlength_ms = 10000")
    };
    // Half a window after ten requests at once: nothing, nothing, and half.
    for (kind, half, whole) in [("moving", 0, 10), ("fixed", 0, 10), ("bucket", 5, 5)] {
        let mut bench = Bench::new(&table(kind));
        assert_eq!(bench.burst(ONE), 10, "{kind} at first");
        bench.at_ms = 5_000;
        assert_eq!(bench.burst(ONE), half, "{kind} after a half");
        bench.at_ms = 10_500;
        assert_eq!(bench.burst(ONE), whole, "{kind} after the whole");
    }
}

#[test]
fn a_fixed_window_lies_on_the_calendar_until_the_system_says_otherwise() {
    let hour = "[[window]]\nname = 'hour'\nkind = 'fixed'\nlimit = 10\nlength_ms = 3600000\n\
                told = { remaining = 'left', reset = 'reset' }";
    let mut bench = Bench::new(hour);
    bench.at_ms = 3_000_000;
    bench.burst(ONE);
    assert_eq!(bench.wait_ms(ONE), 600_000, "until the full hour");
    bench.answered(ONE, 200, &[("left", "0"), ("reset", "30")]);
    assert_eq!(bench.wait_ms(ONE), 30_000, "until the system's own");
    bench.at_ms += 30_000;
    assert_eq!(bench.burst(ONE), 10);
    assert_eq!(bench.wait_ms(ONE), 3_600_000, "and an hour from there");
    // The system has begun a window before we thought so.
    bench.at_ms += 3_000_000;
    bench.answered(ONE, 200, &[("left", "9"), ("reset", "3600")]);
    assert_eq!(bench.burst(ONE), 9);
}

#[test]
fn a_request_takes_from_every_window_or_from_none() {
    let table = "wait_ms_max = 500\n\
                 [[window]]\nname = 'second'\nlimit = 2\nlength_ms = 1000\n\
                 [[window]]\nname = 'search'\nlimit = 1\nlength_ms = 400\nonly = ['POST /*/search']\n\
                 [[cost]]\nrequest = '/batch/**'\nweight = 2\n\
                 [[cost]]\nrequest = 'GET /free'\nweight = 0";
    let mut bench = Bench::new(table);
    assert_eq!(bench.take("POST /a/search"), Take::Go);
    assert_eq!(bench.take("POST /b/search"), Take::Wait(ms(420)));
    assert_eq!(bench.take("PUT /batch/1/x"), Take::Refuse { retry_after: ms(1_050) });
    assert_eq!(bench.take("GET /b/search"), Take::Go, "the refused ones took nothing");
    assert_eq!(bench.take("GET /b/search"), Take::Refuse { retry_after: ms(1_050) });
    assert_eq!(bench.take("GET /free"), Take::Go);
    let now = bench.now();
    let standing: Vec<_> = bench.budget.standing(now).into_iter().map(|s| (s.window, s.used, s.limit)).collect();
    assert_eq!(standing, [("second".to_owned(), 2, 2), ("search".to_owned(), 1, 1)]);
}

#[test]
fn nobody_waits_longer_than_the_call_or_the_manifest_allows() {
    let mut bench =
        Bench::new("wait_ms_max = 2000\n[[window]]\nname = 'w'\nkind = 'fixed'\nlimit = 1\nlength_ms = 1500");
    let claim = bench.claim(ONE);
    let mut take = |at_ms: u64, patience: u64| {
        bench.at_ms = at_ms;
        let now = bench.now();
        bench.budget.take(now, &claim, ms(patience))
    };
    // EPOCH_MS is a multiple of 1,500, so the first window ends after the whole length.
    assert_eq!(take(0, 0), Take::Go);
    assert_eq!(take(0, 1_499), Take::Refuse { retry_after: ms(1_500) });
    assert_eq!(take(0, 1_500), Take::Wait(ms(1_500)));
    assert_eq!(take(1_500, 0), Take::Go);
}

#[test]
fn a_weight_over_the_limit_goes_when_the_window_is_empty() {
    for kind in ["moving", "fixed", "bucket"] {
        let mut bench = Bench::new(&format!(
            "[[window]]\nname = 'w'\nkind = '{kind}'\nlimit = 10\nlength_ms = 1000\n\
             [[cost]]\nrequest = '/a'\nweight = 99"
        ));
        assert_eq!(bench.take(ONE), Take::Go, "{kind}");
        assert_ne!(bench.take(ONE), Take::Go, "{kind}");
        bench.at_ms += 20_000;
        assert_eq!(bench.take(ONE), Take::Go, "{kind}");
    }
}

#[test]
fn what_other_programs_use_is_counted_as_long_as_the_system_counts_it() {
    let mut bench =
        Bench::new("[[window]]\nname = 'w'\nlimit = 100\nlength_ms = 86400000\ntold = { fraction = 'usage' }");
    assert_eq!(bench.take(ONE), Take::Go);
    bench.answered(ONE, 200, &[("usage", "98/100")]);
    assert_eq!(bench.burst(ONE), 2);
    // The other program's requests leave the vendor's window; ours do not, and are not forgotten.
    bench.answered(ONE, 200, &[("usage", "50/100")]);
    assert_eq!(bench.burst(ONE), 50);
    // An answer to an early request that comes late does not hide what is under way.
    bench.answered(ONE, 200, &[("usage", "1/100")]);
    assert_eq!(bench.burst(ONE), 47);
}

#[test]
fn a_system_that_allows_nothing_is_asked_now_and_then() {
    let mut bench = Bench::new("[[window]]\nname = 'w'\nlimit = 100\nlength_ms = 1000\ntold = { limit = 'limit' }");
    bench.answered(ONE, 200, &[("limit", "0")]);
    assert_eq!(bench.burst(ONE), 1);
}

#[test]
fn a_value_of_a_length_that_no_vendor_sends_is_not_read() {
    let mut bench = Bench::new("[[window]]\nname = 'w'\nlimit = 10\nlength_ms = 1000\ntold = { used = 'h#used' }");
    bench.answered(ONE, 200, &[("h", &format!("{};used=10", "x".repeat(2_000)))]);
    assert_eq!(bench.burst(ONE), 10);
}

#[test]
fn a_plan_larger_than_the_manifests_is_learnt_from_what_is_left() {
    let mut bench = Bench::new("[[window]]\nname = 'w'\nlimit = 10\nlength_ms = 1000\ntold = { remaining = 'left' }");
    bench.answered(ONE, 200, &[("left", "700")]);
    assert_eq!(bench.burst(ONE), 700);
}

#[test]
fn a_pause_stops_everything_and_is_never_cut_short_by_a_shorter_one() {
    let mut bench = Bench::new("wait_ms_max = 10000");
    assert_eq!(bench.burst(ONE), 10_000, "no window, no count");
    bench.answered(ONE, 429, &[("Retry-After", "5")]);
    bench.answered(ONE, 503, &[("Retry-After", "2")]);
    bench.answered(ONE, 503, &[]);
    bench.answered(ONE, 200, &[("Retry-After", "60")]);
    assert_eq!(bench.take("POST /b"), Take::Wait(ms(5_000)));
    bench.at_ms = 5_000;
    assert_eq!(bench.take(ONE), Take::Go);
    bench.answered(ONE, 429, &[]);
    assert_eq!(bench.budget.paused(bench.now()), ms(1_000), "the manifest's own where the system says nothing");
    bench.answered(ONE, 429, &[("Retry-After", "999999999")]);
    assert_eq!(bench.budget.paused(bench.now()), RETRY_AFTER_MAX);
}

#[test]
fn what_is_learnt_elsewhere_than_in_headers_counts_as_well() {
    let mut bench = Bench::new("[[window]]\nname = 'points'\nkind = 'bucket'\nlimit = 2000\nlength_ms = 20000");
    let now = bench.now();
    let reading = Reading { limit: Some(2_000), remaining: Some(0), ..Reading::default() };
    bench.budget.learn(now, "points", &reading);
    bench.budget.learn(now, "unknown", &reading);
    assert_eq!(bench.wait_ms(ONE), 10);
}

#[test]
fn a_table_that_makes_no_sense_is_refused() {
    let window = |rest: &str| format!("[[window]]\nname = 'w'\n{rest}");
    let shapes = [
        "wait = 5".to_owned(),
        window("limit = 1"),
        window("limit = 1\nlength_ms = 1\nkind = 'sliding'"),
        window("limit = -1\nlength_ms = 1"),
        window("limit = 1\nlength_ms = 1\nonly = ['orders']"),
        window("limit = 1\nlength_ms = 1\nonly = ['FETCH /orders']"),
        window("limit = 1\nlength_ms = 1\ntold = { left = 'x' }"),
        window("limit = 1\nlength_ms = 1\ntold = { remaining = 'a b' }"),
        window("limit = 1\nlength_ms = 1\ntold = { remaining = 'a#' }"),
        window("limit = 1\nlength_ms = 1\ntold = { remaining = 'a#b;' }"),
        window("limit = 1\nlength_ms = 1\ntold = { reset = 'a', reset_as = 'days' }"),
    ];
    for table in shapes {
        assert!(toml::from_str::<Rate>(&table).is_err(), "{table}");
    }
    let values = [
        window("limit = 0\nlength_ms = 1"),
        window("limit = 1\nlength_ms = 0"),
        window("limit = 1\nlength_ms = 9999999999"),
        window("limit = 9999999999\nlength_ms = 1"),
        window("limit = 1\nlength_ms = 1\n[[window]]\nname = 'w'\nlimit = 2\nlength_ms = 2"),
        "retry_after = ['a b']".to_owned(),
        "[[cost]]\nrequest = '/a'\nweight = 9999999999".to_owned(),
        (0..9).map(|i| format!("[[window]]\nname = 'w{i}'\nlimit = 1\nlength_ms = 1\n")).collect(),
    ];
    for table in values {
        assert!(toml::from_str::<Rate>(&table).unwrap().check().is_err(), "{table}");
    }
}

fn rate_of(kind: Kind, limit: u64, length_ms: u64) -> Rate {
    let window = WindowRule {
        name: "w".to_owned(),
        kind,
        limit,
        limit_max: None,
        length_ms,
        only: Vec::new(),
        told: None,
        told_in_body: None,
    };
    Rate { wait_ms_max: u64::MAX, window: vec![window], ..Rate::default() }
}

/// When requests went out that asked after each of these pauses.
fn sent(bench: &mut Bench, pauses: &[u64]) -> Vec<u64> {
    let mut sent = Vec::new();
    for pause in pauses {
        bench.at_ms += pause;
        if bench.take(ONE) == Take::Go {
            sent.push(bench.at_ms);
        }
    }
    sent
}

fn pauses() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(prop_oneof![3 => 0u64..5, 1 => 0u64..400], 0..300)
}

proptest! {
    #[test]
    fn no_stretch_of_a_moving_windows_length_has_more_than_the_limit(
        pauses in pauses(), limit in 1u64..20, length_ms in 1u64..1_000,
    ) {
        let sent = sent(&mut Bench::of(rate_of(Kind::Moving, limit, length_ms)), &pauses);
        for first in &sent {
            let within = sent.iter().filter(|at| (*first..first + length_ms).contains(at)).count() as u64;
            prop_assert!(within <= limit, "{within} from {first}");
        }
    }

    #[test]
    fn no_calendar_window_has_more_than_the_limit(pauses in pauses(), limit in 1u64..20, length_ms in 1u64..1_000) {
        let sent = sent(&mut Bench::of(rate_of(Kind::Fixed, limit, length_ms)), &pauses);
        let mut counts = std::collections::HashMap::new();
        for at in sent {
            let count = counts.entry((EPOCH_MS + at) / length_ms).or_insert(0);
            *count += 1;
            prop_assert!(*count <= limit);
        }
    }

    #[test]
    fn a_bucket_never_holds_more_than_its_size(pauses in pauses(), limit in 1u64..20, length_ms in 1u64..1_000) {
        let sent = sent(&mut Bench::of(rate_of(Kind::Bucket, limit, length_ms)), &pauses);
        for (i, first) in sent.iter().enumerate() {
            for (k, last) in sent[i..].iter().enumerate() {
                let drained = (last - first) * limit / length_ms;
                prop_assert!((k as u64) < limit + drained + 1);
            }
        }
    }

    #[test]
    fn who_waits_as_long_as_told_gets_through(
        kind in prop::sample::select(vec![Kind::Moving, Kind::Fixed, Kind::Bucket]),
        pauses in pauses(), limit in 1u64..20, length_ms in 1u64..1_000,
        told in prop::option::of((0u64..30, 0u64..2_000)),
    ) {
        let mut bench = Bench::of(rate_of(kind, limit, length_ms));
        sent(&mut bench, &pauses);
        if let Some((used, reset)) = told {
            let now = bench.now();
            let reading = Reading { used: Some(used), reset: Some(ms(reset)), ..Reading::default() };
            bench.budget.learn(now, "w", &reading);
        }
        // A system may count more than its own limit: then the first wait ends in a second one, and no further.
        let mut waits = 0;
        let claim = bench.claim(ONE);
        while let now = bench.now() && let Take::Wait(wait) = bench.budget.take(now, &claim, Duration::MAX) {
            prop_assert!(wait >= ms(1) && wait <= ms(2_000 + 31 * length_ms), "{:?}", wait);
            bench.at_ms += wait.as_millis() as u64;
            waits += 1;
            prop_assert!(waits <= 2);
        }
    }

    #[test]
    fn headers_of_any_content_neither_break_it_nor_close_it_for_good(
        values in prop::collection::vec(r#"[0-9a-z"=;,/.:() -]{0,40}"#, 0..6),
        status in prop::sample::select(vec![200u16, 429, 503]),
        reset_as in prop::sample::select(
            vec!["seconds", "milliseconds", "epoch_seconds", "epoch_milliseconds", "http_date", "rfc3339"]),
    ) {
        let mut bench = Bench::new(&format!(
            "[[window]]\nname = 'w'\nlimit = 10\nlength_ms = 1000\n\
             told = {{ limit = 'h0', remaining = 'h1#a', used = 'h2', fraction = 'h3', reset = 'h4#*;t', \
             reset_as = '{reset_as}' }}"
        ));
        let names = ["h0", "h1", "h2", "h3", "h4", "retry-after"];
        let headers: Vec<_> = names.into_iter().zip(values.iter().map(String::as_str)).collect();
        bench.answered(ONE, status, &headers);
        bench.at_ms += RETRY_AFTER_MAX.as_millis() as u64 + 2_000;
        prop_assert_eq!(bench.take(ONE), Take::Go);
    }
}
