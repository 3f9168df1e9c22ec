//! SuccessFactors' errors as failures. Their texts go nowhere: they quote what was sent and name people.
//!
//! Source: SAP's "SAP SuccessFactors API Reference Guide (OData V2)", errors; SAP note 3159263 for throttling.

use std::time::Duration;

use jackfield_sdk::{odata::Fault, prelude::*};

/// How long to stay away after a 429 that does not say: SAP's own advice.
const RETRY_AFTER: Duration = Duration::from_secs(300);

/// What users read when a request for time off is refused, by a word of the reason.
const REFUSED: [(&[&str], &str); 4] = [
    (&["collision", "collide", "overlap"], "You already have time off in these days."),
    (&["balance", "entitlement"], "There is not enough left for this."),
    (&["working day", "non-working"], "There is no working day among these days."),
    (&["in the past", "advance notice", "lead time"], "It is too late to ask for these days."),
];

/// What an error answer to a read means.
pub(crate) fn read(response: &Response) -> Failure {
    let fault = Fault::of(response);
    common(response).unwrap_or_else(|| response.failure()).detail(fault.for_the_log(response.status()))
}

/// What an error answer to a write means: a 400 is then a rule of the company.
pub(crate) fn write(response: &Response) -> Failure {
    let fault = Fault::of(response);
    let failure = common(response).unwrap_or_else(|| match response.status() {
        400 | 422 if fault.is_known() => Failure::rejected(sentence(&fault)),
        _ => response.failure(),
    });
    failure.detail(fault.for_the_log(response.status()))
}

fn common(response: &Response) -> Option<Failure> {
    (response.status() == 429).then(|| Failure::rate_limited(Some(response.retry_after().unwrap_or(RETRY_AFTER))))
}

fn sentence(fault: &Fault) -> &'static str {
    let known = REFUSED.iter().find(|(words, _)| fault.mentions(words));
    known.map_or("The HR system did not accept this. Your HR team can tell you why.", |(_, sentence)| sentence)
}
