//! What a simulated system is, and the table of all of them. A new system is one module here and one line in the table.

mod s4hana;
mod salesforce;
mod shopify;
mod successfactors;
mod zendesk;

use std::collections::BTreeMap;

use serde_json::Value;

use crate::exchange::{Answer, Request};

/// Numbers of objects by kind.
pub(crate) type Census = BTreeMap<String, usize>;

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

    /// Turns one of the system's own knobs, which decide what no request can: lifetimes, consent, clocks, limits.
    ///
    /// # Errors
    ///
    /// When the system has no such knob, or the value does not fit it; the message says which.
    fn turn(&self, knob: &str, _: &Value) -> Result<(), String> {
        Err(format!("the system has no knob {knob:?}"))
    }

    /// How many objects of each kind there are. What a write adds is counted once however often it was sent.
    fn census(&self) -> Census;

    /// Back to the seed, with every knob as at the start.
    fn reset(&self);
}

/// Makes a system that knows its own base URL, because vendors put absolute URLs into their answers.
type Make = fn(&str) -> Box<dyn System>;

/// Every system; the order decides the ports.
pub(crate) const TABLE: &[(&str, Make)] = &[
    ("shopify", shopify::system),
    ("zendesk", zendesk::system),
    ("salesforce", salesforce::system),
    ("sap-s4hana", s4hana::system),
    ("sap-successfactors", successfactors::system),
];
