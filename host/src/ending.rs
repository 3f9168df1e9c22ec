//! What is done between the end of a guest and the moment its caller hears of it. The order is what matters here.

use std::sync::Arc;

use jackfield_core::call::WriteGate;

use crate::app::App;
use crate::dispatch::Order;
use crate::dispatch::confirm::Ready;
use crate::dispatch::fresh::Inquiry;
use crate::dispatch::idempotency::{self, Claim};
use crate::dispatch::settle::{self, Pending};
use crate::error::Problem;
use crate::fallback::{self, Case};
use crate::reply::Reply;

/// All that it takes to end a call. Made before it runs, since its order is gone afterwards.
pub(crate) struct Ending {
    case: Arc<Case>,
    inquiry: Option<Inquiry>,
    gate: WriteGate,
    pending: Option<Pending>,
    claim: Option<Claim>,
}

impl Ending {
    /// Of a call that is about to run.
    pub(crate) fn of(app: &Arc<App>, ready: Ready, case: Arc<Case>) -> (Order, Ending) {
        let pending = ready.pending();
        let Ready { order, claim } = ready;
        let inquiry = Inquiry::of(app, order.budgeted());
        let ending = Ending { case, inquiry, gate: order.gate().clone(), pending, claim };
        (order, ending)
    }

    /// What there is to fall back on.
    pub(crate) fn case(&self) -> &Arc<Case> {
        &self.case
    }

    /// The record of a write that was called off before anything of it left.
    pub(crate) fn into_claim(self) -> Option<Claim> {
        self.claim
    }

    /// Makes of what the guest ended with what the caller is told.
    ///
    /// # Errors
    /// The very problem that came, in better words where there are some.
    pub(crate) async fn reach(self, app: &App, answered: Result<Reply, Problem>) -> Result<Reply, Problem> {
        // A write whose end nobody heard is on record before anybody is told so: from then on somebody looks, also where
        // the caller is given something else instead of an answer.
        let answered = settle::take_up(app, self.pending, answered).await;
        // As part of the answer that is kept: who hears that it was taken down does not do it again.
        let answered = fallback::soften(app, &self.case, self.inquiry.as_ref(), &self.gate, answered).await;
        // What was heard once can be heard again.
        idempotency::keep(app, self.claim, answered).await
    }
}
