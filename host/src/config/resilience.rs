//! `[resilience]` and `[connection.NAME.resilience]`: how patiently a business system is asked, when it is left alone,
//! and what one connection may take of the host. What a connection does not write comes from the host's section, and
//! what that does not write from the defaults. What the numbers mean is decided by the egress and by `core`; here stands
//! what may be written.

use std::ops::{Range, RangeInclusive};

use jackfield_core::backoff::RetryPolicy;
use jackfield_core::breaker::BreakerPolicy;
use jackfield_egress::ConnectionConfig;
use serde::Deserialize;
use toml::Spanned;

use super::Complaints;

/// One section, of the host or of a connection.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResilienceSection {
    /// Sending again.
    pub retry: RetrySection,
    /// Leaving a system alone that fails.
    pub breaker: BreakerSection,
    /// Requests under way, waits and retries included; one more is refused at once.
    pub requests_in_flight_max: Option<Spanned<u64>>,
    /// Sockets to one origin.
    pub sockets_per_origin_max: Option<Spanned<u64>>,
    /// Bytes of answers that are being read.
    pub response_bytes_in_flight_max: Option<Spanned<u64>>,
    /// Name resolution, TCP and TLS together, in milliseconds.
    pub connect_timeout_ms: Option<Spanned<u64>>,
    /// How long a request waits for the vendor's budget at most, in milliseconds, whatever the manifest allows.
    pub budget_wait_ms_max: Option<Spanned<u64>>,
}

/// `retry` of a section: see [`RetryPolicy`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetrySection {
    /// Attempts of one request, the first included; 1 sends nothing again.
    pub attempts_max: Option<Spanned<u64>>,
    /// Bound of the first wait, in milliseconds.
    pub base_ms: Option<Spanned<u64>>,
    /// Bound of every wait, in milliseconds.
    pub cap_ms: Option<Spanned<u64>>,
    /// The least time that an attempt needs, in milliseconds.
    pub attempt_ms_min: Option<Spanned<u64>>,
}

/// `breaker` of a section: see [`BreakerPolicy`].
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerSection {
    /// Whether it ever refuses.
    pub enabled: Option<bool>,
    /// How far back it looks, in milliseconds.
    pub window_ms: Option<Spanned<u64>>,
    /// It does not open on fewer requests than this.
    pub calls_min: Option<Spanned<u64>>,
    /// The share of failures at which it opens, in percent.
    pub failure_percent: Option<Spanned<u64>>,
    /// How long it stays open the first time, in milliseconds.
    pub open_ms: Option<Spanned<u64>>,
    /// Bound of that time, in milliseconds.
    pub open_ms_max: Option<Spanned<u64>>,
    /// Trial requests at once.
    pub probes_max: Option<Spanned<u64>>,
    /// Good ones until it closes.
    pub probes_good: Option<Spanned<u64>>,
    /// A time-out counts only if the system had this long, in milliseconds.
    pub timeout_counts_ms: Option<Spanned<u64>>,
    /// Statuses of 500 and above that are an answer.
    pub answers: Option<Vec<u16>>,
}

/// What holds for one connection in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resilience {
    /// Sending again.
    pub retry: RetryPolicy,
    /// Leaving a system alone that fails.
    pub breaker: BreakerPolicy,
    /// Requests under way.
    pub requests_in_flight_max: usize,
    /// Sockets to one origin.
    pub sockets_per_origin_max: usize,
    /// Bytes of answers that are being read.
    pub response_bytes_in_flight_max: usize,
    /// Name resolution, TCP and TLS together, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How long a request waits for the vendor's budget at most; as the manifest says where it is absent.
    pub budget_wait_ms_max: Option<u64>,
}

impl Default for Resilience {
    fn default() -> Self {
        let egress = ConnectionConfig::default();
        Resilience {
            retry: egress.retry,
            breaker: egress.breaker,
            requests_in_flight_max: egress.requests_in_flight_max,
            sockets_per_origin_max: egress.sockets_per_origin_max,
            response_bytes_in_flight_max: egress.response_bytes_in_flight_max,
            connect_timeout_ms: egress.connect_timeout_ms,
            budget_wait_ms_max: None,
        }
    }
}

/// The longest time that may be written, in milliseconds: a day. Longer than any call, and far from any overflow.
const MS_MAX: u64 = 86_400_000;

/// Attempts of one request that may be written: each may cost the vendor's budget.
const ATTEMPTS_MAX: u64 = 20;

/// Requests, sockets and calls that may be written: more than one machine has.
pub(super) const COUNT_MAX: u64 = 1_000_000;

/// Bytes that may be written: 64 GiB.
const BYTES_MAX: u64 = 64 << 30;

/// A number that was written, its name, and what it may be.
type Number<'s> = (&'static str, Option<&'s Spanned<u64>>, RangeInclusive<u64>);

impl ResilienceSection {
    fn numbers(&self) -> [Number<'_>; 17] {
        let (retry, breaker) = (&self.retry, &self.breaker);
        [
            ("retry.attempts_max", retry.attempts_max.as_ref(), 1..=ATTEMPTS_MAX),
            ("retry.base_ms", retry.base_ms.as_ref(), 0..=MS_MAX),
            ("retry.cap_ms", retry.cap_ms.as_ref(), 0..=MS_MAX),
            ("retry.attempt_ms_min", retry.attempt_ms_min.as_ref(), 0..=MS_MAX),
            ("breaker.window_ms", breaker.window_ms.as_ref(), 100..=MS_MAX),
            ("breaker.calls_min", breaker.calls_min.as_ref(), 1..=COUNT_MAX),
            ("breaker.failure_percent", breaker.failure_percent.as_ref(), 1..=100),
            ("breaker.open_ms", breaker.open_ms.as_ref(), 1..=MS_MAX),
            ("breaker.open_ms_max", breaker.open_ms_max.as_ref(), 1..=MS_MAX),
            ("breaker.probes_max", breaker.probes_max.as_ref(), 1..=COUNT_MAX),
            ("breaker.probes_good", breaker.probes_good.as_ref(), 1..=COUNT_MAX),
            ("breaker.timeout_counts_ms", breaker.timeout_counts_ms.as_ref(), 0..=MS_MAX),
            ("requests_in_flight_max", self.requests_in_flight_max.as_ref(), 1..=COUNT_MAX),
            ("sockets_per_origin_max", self.sockets_per_origin_max.as_ref(), 1..=COUNT_MAX),
            ("response_bytes_in_flight_max", self.response_bytes_in_flight_max.as_ref(), 1..=BYTES_MAX),
            ("connect_timeout_ms", self.connect_timeout_ms.as_ref(), 1..=MS_MAX),
            ("budget_wait_ms_max", self.budget_wait_ms_max.as_ref(), 0..=MS_MAX),
        ]
    }

    /// Judges each number by itself. `whose` is `[resilience]` or `connection `NAME``.
    pub(super) fn check(&self, whose: &str, complaints: &mut Complaints) {
        for (name, written, may_be) in self.numbers() {
            check_number(whose, name, written, may_be, complaints);
        }
    }
}

/// Complains of a number that is out of its bounds.
pub(super) fn check_number(
    whose: &str,
    name: &str,
    written: Option<&Spanned<u64>>,
    may_be: RangeInclusive<u64>,
    complaints: &mut Complaints,
) {
    if let Some(number) = written.filter(|number| !may_be.contains(number.get_ref())) {
        complaints.push(
            Some(number.span()),
            format!("`{name}` of {whose} is {}", number.get_ref()),
            format!("a number from {} to {}", may_be.start(), may_be.end()),
        );
    }
}

impl Resilience {
    /// With what a section writes over it.
    #[must_use]
    pub fn with(mut self, section: &ResilienceSection) -> Resilience {
        fn set<T: TryFrom<u64>>(place: &mut T, written: Option<&Spanned<u64>>) {
            // What does not fit has had its complaint.
            if let Some(number) = written.and_then(|number| T::try_from(*number.get_ref()).ok()) {
                *place = number;
            }
        }
        let (retry, breaker) = (&section.retry, &section.breaker);
        set(&mut self.retry.attempts_max, retry.attempts_max.as_ref());
        set(&mut self.retry.base_ms, retry.base_ms.as_ref());
        set(&mut self.retry.cap_ms, retry.cap_ms.as_ref());
        set(&mut self.retry.attempt_ms_min, retry.attempt_ms_min.as_ref());
        set(&mut self.breaker.window_ms, breaker.window_ms.as_ref());
        set(&mut self.breaker.calls_min, breaker.calls_min.as_ref());
        set(&mut self.breaker.failure_percent, breaker.failure_percent.as_ref());
        set(&mut self.breaker.open_ms, breaker.open_ms.as_ref());
        set(&mut self.breaker.open_ms_max, breaker.open_ms_max.as_ref());
        set(&mut self.breaker.probes_max, breaker.probes_max.as_ref());
        set(&mut self.breaker.probes_good, breaker.probes_good.as_ref());
        set(&mut self.breaker.timeout_counts_ms, breaker.timeout_counts_ms.as_ref());
        self.breaker.enabled = breaker.enabled.unwrap_or(self.breaker.enabled);
        if let Some(answers) = &breaker.answers {
            self.breaker.answers.clone_from(answers);
        }
        set(&mut self.requests_in_flight_max, section.requests_in_flight_max.as_ref());
        set(&mut self.sockets_per_origin_max, section.sockets_per_origin_max.as_ref());
        set(&mut self.response_bytes_in_flight_max, section.response_bytes_in_flight_max.as_ref());
        set(&mut self.connect_timeout_ms, section.connect_timeout_ms.as_ref());
        if let Some(wait) = &section.budget_wait_ms_max {
            self.budget_wait_ms_max = Some(*wait.get_ref());
        }
        self
    }

    /// Judges what numbers of one or of two sections say together; the last of `sections` is the nearest.
    pub(super) fn check(&self, whose: &str, sections: &[&ResilienceSection], complaints: &mut Complaints) {
        type Pick = fn(&ResilienceSection) -> [Option<&Spanned<u64>>; 2];
        let waits: Pick = |section| [section.retry.base_ms.as_ref(), section.retry.cap_ms.as_ref()];
        let opens: Pick = |section| [section.breaker.open_ms.as_ref(), section.breaker.open_ms_max.as_ref()];
        let pairs = [
            ("retry.base_ms", self.retry.base_ms, "retry.cap_ms", self.retry.cap_ms, waits),
            ("breaker.open_ms", self.breaker.open_ms, "breaker.open_ms_max", self.breaker.open_ms_max, opens),
        ];
        for (low_name, low, high_name, high, pick) in pairs {
            if low > high {
                let to_blame: Option<Range<usize>> =
                    sections.iter().rev().flat_map(|section| pick(section)).flatten().map(Spanned::span).next();
                complaints.push(
                    to_blame,
                    format!("`{low_name}` of {whose} is {low}, above its `{high_name}`, which is {high}"),
                    format!("raise `{high_name}` as well, or lower `{low_name}`"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
