//! Counts what an operator watches. Labels come from the configuration only (intents, connections, problem codes), so
//! that no caller can make new series.

use std::sync::Arc;
use std::time::Duration;

use jackfield_egress::{Change, Health, Observer, State, Watcher};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::calls::Gauges;

mod answers;
mod upstream;

pub use answers::{AnswerCounts, Came};
use upstream::Upstream;

/// What [`Metrics::encode`] returns.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Bounds of the latency histogram, in seconds: from a cached look-up to the wall time.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0];

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    connection: Arc<str>,
    intent: Arc<str>,
    /// A status, `replayed`, or a problem's code.
    outcome: &'static str,
}

/// Whose time it was.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Subject {
    connection: Arc<str>,
    intent: Arc<str>,
}

/// A connector that did not keep to its bounds, to WebAssembly or to its own schema.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Breach {
    connection: String,
    /// A code of the sandbox's faults, or `answer`.
    fault: &'static str,
}

/// A host's counters.
pub struct Metrics {
    registry: Registry,
    calls: Family<Outcome, Counter>,
    seconds: Family<Subject, Histogram>,
    refused: Family<Vec<(&'static str, &'static str)>, Counter>,
    troubled: Family<Standing, Gauge>,
    faults: Family<Breach, Counter>,
    settled: Family<Outcome, Counter>,
    unsettled: Gauge,
    messages: MessageMeter,
    in_flight: Gauge,
    upstream: Upstream,
    answers: AnswerCounts,
    later: Gauges,
}

/// Counts what is taken down for a helpdesk.
#[derive(Clone, Default)]
pub struct MessageMeter {
    open: Family<MessageStanding, Gauge>,
    happened: Family<MessageEvent, Counter>,
}

/// Messages that are not done.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MessageStanding {
    connection: String,
    /// `waiting`, `delivering`, `unknown` or `dead`: an alert is set on the last two.
    state: &'static str,
}

/// What happened to one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MessageEvent {
    connection: String,
    /// `taken`, `delivered`, `unknown` or `dead`.
    how: &'static str,
}

impl MessageMeter {
    /// A message of a helpdesk stands so, or does not any more.
    pub fn stands(&self, helpdesk: &str, state: &'static str, change: i64) {
        self.open.get_or_create(&MessageStanding { connection: helpdesk.to_owned(), state }).inc_by(change);
    }

    /// Something happened to one.
    pub fn happened(&self, helpdesk: &str, how: &'static str) {
        self.happened.get_or_create(&MessageEvent { connection: helpdesk.to_owned(), how }).inc();
    }
}

/// Credentials that do not work as they should.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Standing {
    connection: String,
    /// `degraded`, `pending` or `reauth_required`: what an alert is set on.
    state: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("jackfield");
        let calls = Family::default();
        registry.register("calls", "Calls that reached a connector, by what came of them", calls.clone());
        let seconds: Family<Subject, Histogram> = Family::new_with_constructor(|| Histogram::new(BUCKETS));
        registry.register_with_unit("call", "Time of a call in dispatch", Unit::Seconds, seconds.clone());
        let refused = Family::default();
        registry.register("refused", "Requests that ended before dispatch, by problem code", refused.clone());
        let in_flight = Gauge::default();
        registry.register("in_flight", "Calls under way", in_flight.clone());
        let troubled = Family::default();
        registry.register(
            "credentials_troubled",
            "Credentials of a connection that wait for a person, by state",
            troubled.clone(),
        );
        let faults = Family::default();
        registry.register("faults", "Calls that broke their connector's bounds, by which", faults.clone());
        let settled = Family::default();
        registry.register("settled", "Writes whose end nobody heard, by what became of them", settled.clone());
        let unsettled = Gauge::default();
        registry.register("unsettled", "Writes of which nobody knows yet what became of them", unsettled.clone());
        let messages = MessageMeter::default();
        registry.register(
            "messages_open",
            "Messages for a helpdesk that are not done, by state",
            messages.open.clone(),
        );
        registry.register("messages", "What happened to messages for a helpdesk", messages.happened.clone());
        let upstream = Upstream::register(&mut registry);
        let answers = AnswerCounts::register(&mut registry);
        let later = Gauges::default();
        registry.register("calls_working", "Accepted calls that this host carries out", later.working.clone());
        registry.register("calls_watched", "Streams and waiting polls that are open", later.watchers.clone());
        Metrics {
            registry,
            calls,
            seconds,
            refused,
            troubled,
            faults,
            settled,
            unsettled,
            messages,
            in_flight,
            upstream,
            answers,
            later,
        }
    }
}

impl Metrics {
    /// A call that reached its connector.
    pub fn called(&self, connection: &Arc<str>, intent: &Arc<str>, outcome: &'static str, took: Duration) {
        // The names are shared with the registry: no call copies a label.
        let (connection, intent) = (connection.clone(), intent.clone());
        let subject = Subject { connection: connection.clone(), intent: intent.clone() };
        self.calls.get_or_create(&Outcome { connection, intent, outcome }).inc();
        self.seconds.get_or_create(&subject).observe(took.as_secs_f64());
    }

    /// A connector broke: the fault's code, or `answer` where its answer is not what its schema says.
    pub fn broke(&self, connection: &str, fault: &'static str) {
        self.faults.get_or_create(&Breach { connection: connection.to_owned(), fault }).inc();
    }

    /// A write whose end nobody heard is settled.
    pub fn settled(&self, connection: &str, intent: &str, outcome: &'static str) {
        let (connection, intent) = (connection.into(), intent.into());
        self.settled.get_or_create(&Outcome { connection, intent, outcome }).inc();
    }

    /// How many are not.
    pub fn unsettled(&self, count: usize) {
        self.unsettled.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Counts the states of credentials as they change.
    pub fn observer(&self) -> Observer {
        let troubled = self.troubled.clone();
        Arc::new(move |change: &Change| {
            let gauge = |state: State| {
                let standing = Standing { connection: change.connection.clone(), state: state.as_str() };
                troubled.get_or_create_owned(&standing)
            };
            if change.from != State::Active {
                gauge(change.from).dec();
            }
            if change.to != State::Active {
                gauge(change.to).inc();
            }
        })
    }

    /// Counts messages for helpdesks.
    pub fn messages(&self) -> MessageMeter {
        self.messages.clone()
    }

    /// Counts the traffic with business systems.
    pub fn watcher(&self) -> Watcher {
        self.upstream.watcher()
    }

    /// How a connection stands at this moment. `calls` is the number of calls under way.
    pub fn show(&self, connection: &str, health: &Health, calls: usize) {
        self.upstream.show(connection, health, calls);
    }

    /// What counts kept answers.
    pub fn answers(&self) -> &AnswerCounts {
        &self.answers
    }

    /// What counts the calls that are answered later.
    pub fn calls(&self) -> Gauges {
        self.later.clone()
    }

    /// A request that ended before.
    pub fn refused(&self, code: &'static str) {
        self.refused.get_or_create(&vec![("code", code)]).inc();
    }

    /// All of it as text.
    pub fn encode(&self, in_flight: usize) -> String {
        self.in_flight.set(i64::try_from(in_flight).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_counted_under_its_names() {
        let metrics = Metrics::default();
        let (shop, status) = ("shop".into(), "order.status".into());
        metrics.called(&shop, &status, "completed", Duration::from_millis(3));
        metrics.called(&shop, &status, "not-found", Duration::from_millis(3));
        metrics.refused("forbidden");
        metrics.broke("shop", "memory");
        metrics.settled("desk", "ticket.create", "applied");
        metrics.unsettled(3);
        let text = metrics.encode(2);
        for line in [
            "jackfield_calls_total{connection=\"shop\",intent=\"order.status\",outcome=\"completed\"} 1",
            "jackfield_refused_total{code=\"forbidden\"} 1",
            "jackfield_call_seconds_count{connection=\"shop\",intent=\"order.status\"} 2",
            "jackfield_faults_total{connection=\"shop\",fault=\"memory\"} 1",
            "jackfield_in_flight 2",
            "jackfield_settled_total{connection=\"desk\",intent=\"ticket.create\",outcome=\"applied\"} 1",
            "jackfield_unsettled 3",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }
}
