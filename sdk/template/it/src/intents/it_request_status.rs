//! `it_request.status`: where something that was asked of IT stands, told only to who asked for it.

use jackfield_sdk::prelude::*;

use crate::{faults, names, wire};

pub(crate) fn run(call: &Call, input: ItRequestStatusInput) -> Result<ItRequest, Failure> {
    // Who gives no proof is asked for one before anything is sent.
    let sentence = "Please give the e-mail address that the request was made with.";
    let ownership = Ownership::by_email(call, input.email.as_deref(), sentence)?;
    let found: Vec<wire::Request> = call
        .http("api")
        .get(path!("v1/requests"))?
        .query("number", &input.request_number)
        .send()?
        .error_for(faults::failure)?
        .json()?;
    // Systems search more loosely than people ask.
    let request = found
        .into_iter()
        .find(|request| request.number == input.request_number)
        .ok_or_else(Failure::not_found)?;
    // A mismatch is the same failure as a request that does not exist.
    ownership.proves(&OrderOwner::new().email(request.email.as_deref()))?;

    Ok(ItRequest {
        id: request.id,
        number: request.number,
        subject: request.subject,
        status: names::status(call.status_names(), &request.state),
        status_raw: Some(request.state),
        due_at: request.due_at.map(Timestamp::new),
        ..ItRequest::default()
    })
}
