//! The life of a request, top to bottom. Each stage takes the value of the one before it, and only that stage can
//! make it: a stage cannot be skipped.

use std::sync::Arc;
use std::time::Instant;

use crate::admission::{self, Caller, Received};
use crate::app::App;
use crate::error::{Code, Problem};
use crate::reply::{self, Reply};
use crate::trace::Trace;
use crate::{dispatch, route};

/// Answers one intent.
///
/// # Errors
/// The problem to tell the caller, with the id of the call.
pub async fn answer(
    app: &Arc<App>,
    caller: Arc<Caller>,
    received: Received<'_>,
    trace: &Trace,
) -> Result<Reply, Problem> {
    let mut counted = Counted { app, began: Instant::now(), of: None };
    let answered = async {
        // First of all, since it is cheap and since nothing behind it should run for a stranger: scope, room, envelope.
        let admitted = app.admission.admit(caller, received)?;
        // Before validation: the region for phone numbers and a connector's own schemas hang on the connection.
        let routed = route::choose(&app.registry, admitted)?;
        // Bad input ends here; no guest ever sees it.
        let vetted = admission::vet(routed)?;
        counted.of = Some((vetted.connection.name.clone(), vetted.intent.spec.name.clone()));
        // The guest runs, within the deadline and the budgets; each of its requests passes grant and egress.
        let dispatched = dispatch::run(app, vetted, trace).await?;
        // Last, since an answer is as untrusted as the guest: schema, scrub, mask, then words for the user.
        reply::make(app, dispatched)
    };
    let answered = answered.await.map_err(|problem| problem.of_call(&trace.call_id));
    counted.ended(answered.as_ref().err().map(|problem| problem.code));
    answered
}

/// What the counters are told of a request.
struct Counted<'a> {
    app: &'a App,
    began: Instant,
    /// Connection and intent, once they are known to be ours: a caller cannot make labels.
    of: Option<(Arc<str>, String)>,
}

impl Counted<'_> {
    fn ended(self, problem: Option<Code>) {
        let outcome = problem.map_or("completed", Code::as_str);
        match self.of {
            Some((connection, intent)) => self.app.metrics.called(&connection, &intent, outcome, self.began.elapsed()),
            None => self.app.metrics.refused(outcome),
        }
    }
}
