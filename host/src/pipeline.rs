//! The life of a request, top to bottom. Each stage takes the value of the one before it, and only that stage can
//! make it: a stage cannot be skipped.

use std::sync::Arc;

use crate::admission::{self, Caller, Received};
use crate::app::App;
use crate::error::Problem;
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
    let answered = async {
        // First of all, since it is cheap and since nothing behind it should run for a stranger: scope, room, envelope.
        let admitted = app.admission.admit(caller, received)?;
        // Before validation: the region for phone numbers and a connector's own schemas hang on the connection.
        let routed = route::choose(&app.registry, admitted)?;
        // Bad input ends here; no guest ever sees it.
        let vetted = admission::vet(routed)?;
        // The guest runs, within the deadline and the budgets; each of its requests passes grant and egress.
        let dispatched = dispatch::run(app, vetted, trace).await?;
        // Last, since an answer is as untrusted as the guest: schema, scrub, mask, then words for the user.
        reply::make(app, dispatched)
    };
    answered.await.map_err(|problem| problem.of_call(&trace.call_id))
}
