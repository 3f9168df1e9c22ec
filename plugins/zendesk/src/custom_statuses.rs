//! The statuses that an account made for itself, and what customers are to read in place of them.

use std::time::Duration;

use jackfield_sdk::prelude::*;

use crate::{
    faults,
    wire::{CustomStatus, CustomStatuses, Ticket as WireTicket},
};

const KEY: &str = "custom_statuses";
/// An admin's change of a label may take this long to show.
const TTL: Duration = Duration::from_secs(600);
/// A label is not worth a longer wait: there are words of our own.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The account's own words for where a ticket stands. None where Zendesk's usual statuses say it: for those the host
/// has words in the user's language.
pub(crate) fn label(call: &Call, ticket: &WireTicket) -> Option<String> {
    let id = ticket.custom_status_id?;
    // A closed ticket keeps the id of the status it was solved with.
    if ticket.status() == "closed" {
        return None;
    }
    let statuses = cache::get_or_fetch(KEY, TTL, || fetch(call)).unwrap_or_else(|failure| {
        info!("custom statuses could not be read, going on without"; failure);
        Vec::new()
    });
    let status = statuses.into_iter().find(|status| status.id == id && !status.default)?;
    status.end_user_label.filter(|label| !label.trim().is_empty())
}

/// Not in pages: an account has few.
fn fetch(call: &Call) -> Result<Vec<CustomStatus>, Failure> {
    let response = call.http("api").get("/api/v2/custom_statuses")?.timeout(TIMEOUT).send()?;
    // An account or a token without them has none, and need not be asked each time.
    if matches!(response.status(), 403 | 404) {
        return Ok(Vec::new());
    }
    Ok(response.error_for(faults::failure)?.json::<CustomStatuses>()?.custom_statuses)
}
