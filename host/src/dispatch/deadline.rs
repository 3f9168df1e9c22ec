//! Starts the budget of a call: one line of time from the first byte read to the answer, which everybody may shorten
//! and nobody stretch. The arithmetic is `core::deadline`'s; here stands who has a say.

use jackfield_core::deadline::{Deadline, Narrower, Times};

use crate::admission::Vetted;
use crate::error::Problem;
use crate::policy::Policy;
use crate::trace::Trace;

/// A call with its budget.
pub struct Budgeted {
    pub(super) vetted: Vetted,
    pub(super) deadline: Deadline,
    pub(super) trace: Trace,
}

/// A longer budget is as good as this one: nobody waits a day.
const END_MS_MAX: u64 = 86_400_000;

/// Starts the budget, from when the request was read: what admission took is spent.
///
/// # Errors
/// `reauth-required` where the connection is out of service: nobody should say yes to what cannot be done.
pub fn start(vetted: Vetted, trace: &Trace) -> Result<Budgeted, Problem> {
    super::in_service(&vetted.connection)?;
    let times = times(vetted.connection.limits.wall_ms, &vetted.intent.policy, vetted.admitted.deadline_ms);
    Ok(Budgeted { deadline: Deadline::start(trace.began, times), vetted, trace: trace.clone() })
}

/// The connection's wall time, shortened by the intent's policy and by the request.
fn times(wall_ms: u64, policy: &Policy, asked_ms: Option<u64>) -> Times {
    Times { end_ms: wall_ms.min(END_MS_MAX), ..Times::default() }
        .narrowed(policy.times)
        .narrowed(Narrower { end_ms: asked_ms, ..Narrower::default() })
}

#[cfg(test)]
mod tests {
    use jackfield_core::intent::Effect;

    use super::*;
    use crate::config::{Config, Draft, Source};

    #[test]
    fn connection_intent_and_request_only_shorten() {
        let text = "[intent.\"order.*\"]\ndeadline_ms = 4000\nprogress_ms = 1500\n".to_owned();
        let config = Config::draft(Source { path: "t.toml".into(), text }).and_then(Draft::finish).unwrap();
        let policy = |intent: &str| Policy::of(&config, intent, Effect::Read);
        let cases = [
            // wall, intent, request, progress, end
            (15_000, "ticket.status", None, 5_000, 15_000),
            (60_000, "ticket.status", None, 5_000, 60_000),
            (60_000, "ticket.status", Some(90_000), 5_000, 60_000),
            (60_000, "order.status", Some(90_000), 1_500, 4_000),
            (3_000, "order.status", None, 1_500, 3_000),
            (15_000, "order.status", Some(2_000), 1_500, 2_000),
            (15_000, "order.status", Some(0), 1_500, 100),
            (u64::MAX, "ticket.status", None, 5_000, END_MS_MAX),
        ];
        for (wall, intent, asked, progress_ms, end_ms) in cases {
            let got = times(wall, &policy(intent), asked);
            assert_eq!(got, Times { progress_ms, end_ms }, "{wall} ms, {intent}, {asked:?}");
        }
    }
}
