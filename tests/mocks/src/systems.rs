//! What a simulated system is, and the table of all of them. A new system is one module here and one line in the table.

mod shopify;
mod zendesk;

use crate::exchange::{Answer, Request};

/// A business system with its own state.
pub(crate) trait System: Send + Sync + 'static {
    /// Checks and applies a request.
    fn answer(&self, request: &Request) -> Answer;

    /// The vendor's own answer for an error status, as a fault asks for it. Applies nothing.
    fn error(&self, status: u16, request: &Request) -> Answer;

    /// The vendor's way to say "slow down" inside a successful answer, when it has one for this request.
    fn throttled(&self, _: &Request) -> Option<Answer> {
        None
    }

    /// Back to the seed.
    fn reset(&self);
}

/// Makes a system that knows its own base URL, because vendors put absolute URLs into their answers.
type Make = fn(&str) -> Box<dyn System>;

/// Every system; the order decides the ports.
pub(crate) const TABLE: &[(&str, Make)] = &[("shopify", shopify::system), ("zendesk", zendesk::system)];
