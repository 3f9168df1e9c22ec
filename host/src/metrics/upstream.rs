//! Counts the traffic with business systems as the egress tells of it, and shows how breakers and budgets stand when
//! somebody looks. Labels are names of the configuration and of manifests, and short words of ours.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use jackfield_core::breaker::Standing;
use jackfield_core::manifest::Access;
use jackfield_egress::{Health, Moment, Watcher, What};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Reads or writes of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    connection: String,
    access: &'static str,
}

/// A kind of requests, and what came of them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    connection: String,
    access: &'static str,
    /// `1xx` to `5xx`, or `failed` where there was no whole answer.
    outcome: &'static str,
}

/// A kind of requests that a bound ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refused {
    connection: String,
    access: &'static str,
    by: &'static str,
}

/// Probes of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Probed {
    connection: String,
    /// `ok` or `failed`.
    outcome: &'static str,
}

/// A connection as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    connection: String,
}

/// A window of a vendor's budget.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Window {
    connection: String,
    endpoint: String,
    window: String,
}

type Seconds = Counter<f64, AtomicU64>;

/// The counters of all traffic.
#[derive(Clone)]
pub(super) struct Upstream {
    requests: Family<Ended, Counter>,
    seconds: Family<Kind, Histogram>,
    retries: Family<Kind, Counter>,
    waits: Family<Kind, Counter>,
    waited: Family<Kind, Seconds>,
    refused: Family<Refused, Counter>,
    probes: Family<Probed, Counter>,
    breaker: Family<Kind, Gauge>,
    in_flight: Family<Of, Gauge>,
    calls: Family<Of, Gauge>,
    budget: Family<Window, Gauge>,
}

impl Upstream {
    pub(super) fn register(registry: &mut Registry) -> Upstream {
        let all = Upstream {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(super::BUCKETS)),
            retries: Family::default(),
            waits: Family::default(),
            waited: Family::default(),
            refused: Family::default(),
            probes: Family::default(),
            breaker: Family::default(),
            in_flight: Family::default(),
            calls: Family::default(),
            budget: Family::default(),
        };
        registry.register(
            "upstream_requests",
            "Requests to business systems, by what came of them",
            all.requests.clone(),
        );
        let told = "Time from sending a request to the end of its answer";
        registry.register_with_unit("upstream_request", told, Unit::Seconds, all.seconds.clone());
        registry.register("upstream_retries", "Requests that were sent again", all.retries.clone());
        registry.register("upstream_budget_waits", "Requests that waited for a vendor's budget", all.waits.clone());
        let told = "Time that requests waited for a vendor's budget";
        registry.register_with_unit("upstream_budget_waited", told, Unit::Seconds, all.waited.clone());
        let told = "Requests that a bound kept from being sent or read: breaker, budget, requests, response_bytes";
        registry.register("upstream_refused", told, all.refused.clone());
        registry.register("upstream_probes", "Health probes, by what came of them", all.probes.clone());
        let told = "How a breaker stands: 0 closed, 1 half-open, 2 open";
        registry.register("upstream_breaker", told, all.breaker.clone());
        registry.register("upstream_in_flight", "Requests to business systems under way", all.in_flight.clone());
        registry.register("connection_in_flight", "Calls under way by connection", all.calls.clone());
        let told = "What is left of a window of a vendor's budget, as far as is known";
        registry.register("upstream_budget_left", told, all.budget.clone());
        all
    }

    /// Counts what the egress tells.
    pub(super) fn watcher(&self) -> Watcher {
        let all = self.clone();
        Arc::new(move |moment: &Moment<'_>| all.count(moment))
    }

    fn count(&self, moment: &Moment<'_>) {
        let connection = || moment.connection.to_owned();
        let access = word(moment.access);
        let kind = || Kind { connection: connection(), access };
        let ended = |outcome, elapsed: Duration| {
            self.requests.get_or_create(&Ended { connection: connection(), access, outcome }).inc();
            self.seconds.get_or_create(&kind()).observe(elapsed.as_secs_f64());
        };
        match moment.what {
            What::Answered { status, elapsed } => ended(class(status), elapsed),
            What::Failed { elapsed } => ended("failed", elapsed),
            What::Repeated { .. } => drop(self.retries.get_or_create(&kind()).inc()),
            What::Waited { during } => {
                self.waits.get_or_create(&kind()).inc();
                self.waited.get_or_create(&kind()).inc_by(during.as_secs_f64());
            }
            What::Refused { by } => {
                self.refused.get_or_create(&Refused { connection: connection(), access, by: by.as_str() }).inc();
            }
            What::Probed { ok, .. } => {
                let outcome = if ok { "ok" } else { "failed" };
                self.probes.get_or_create(&Probed { connection: connection(), outcome }).inc();
            }
            What::Breaker { now } => drop(self.breaker.get_or_create(&kind()).set(level(now))),
        }
    }

    /// How a connection stands now. `calls` is the number of calls under way.
    pub(super) fn show(&self, connection: &str, health: &Health, calls: usize) {
        let of = Of { connection: connection.to_owned() };
        self.in_flight.get_or_create(&of).set(gauge(health.requests_in_flight as u64));
        self.calls.get_or_create(&of).set(gauge(calls as u64));
        for (access, standing) in [(Access::Read, health.breaker.read), (Access::Write, health.breaker.write)] {
            let kind = Kind { connection: connection.to_owned(), access: word(access) };
            self.breaker.get_or_create(&kind).set(level(standing));
        }
        for budget in &health.budget {
            for standing in &budget.windows {
                let window = Window {
                    connection: connection.to_owned(),
                    endpoint: budget.endpoint.clone(),
                    window: standing.window.clone(),
                };
                self.budget.get_or_create(&window).set(gauge(standing.limit.saturating_sub(standing.used)));
            }
        }
    }
}

fn word(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
    }
}

fn class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

fn level(standing: Standing) -> i64 {
    match standing {
        Standing::Closed => 0,
        Standing::HalfOpen => 1,
        Standing::Open { .. } => 2,
    }
}

fn gauge(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use jackfield_egress::Bound;
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn what_the_egress_tells_is_counted_under_its_names() {
        let mut registry = Registry::with_prefix("jackfield");
        let watcher = Upstream::register(&mut registry).watcher();
        let elapsed = Duration::from_millis(30);
        let told = [
            (Access::Read, What::Answered { status: 200, elapsed }),
            (Access::Read, What::Answered { status: 503, elapsed }),
            (Access::Write, What::Failed { elapsed }),
            (Access::Read, What::Repeated { after: elapsed }),
            (Access::Read, What::Waited { during: Duration::from_millis(500) }),
            (Access::Write, What::Refused { by: Bound::Breaker }),
            (Access::Read, What::Probed { ok: true, elapsed }),
            (Access::Write, What::Breaker { now: Standing::Open { retry_after_ms: 2_000 } }),
        ];
        for (access, what) in told {
            watcher(&Moment { connection: "shop", access, what });
        }
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            "jackfield_upstream_requests_total{connection=\"shop\",access=\"read\",outcome=\"2xx\"} 1",
            "jackfield_upstream_requests_total{connection=\"shop\",access=\"read\",outcome=\"5xx\"} 1",
            "jackfield_upstream_requests_total{connection=\"shop\",access=\"write\",outcome=\"failed\"} 1",
            "jackfield_upstream_request_seconds_count{connection=\"shop\",access=\"read\"} 2",
            "jackfield_upstream_retries_total{connection=\"shop\",access=\"read\"} 1",
            "jackfield_upstream_budget_waited_seconds_total{connection=\"shop\",access=\"read\"} 0.5",
            "jackfield_upstream_refused_total{connection=\"shop\",access=\"write\",by=\"breaker\"} 1",
            "jackfield_upstream_probes_total{connection=\"shop\",outcome=\"ok\"} 1",
            "jackfield_upstream_breaker{connection=\"shop\",access=\"write\"} 2",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
