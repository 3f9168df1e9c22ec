//! Requests to SuccessFactors: what every one of them has.

use jackfield_sdk::{odata, prelude::*};
use serde::Deserialize;

use crate::faults;

/// A read of an entity set, or of one entity where the resource has a key.
pub(crate) fn get(call: &Call, resource: &str) -> Result<Request, Failure> {
    // Without it errors come in XML.
    Ok(call.http("api").get(path!("odata/v2" / resource))?.header("accept", "application/json"))
}

/// A write to an entity set.
pub(crate) fn post(call: &Call, resource: &str) -> Result<Request, Failure> {
    Ok(call.http("api").post(path!("odata/v2" / resource))?.header("accept", "application/json"))
}

/// The entities that a read gives.
pub(crate) fn rows<T: for<'de> Deserialize<'de>>(request: Request) -> Result<Vec<T>, Failure> {
    Ok(odata::collection(&request.send()?.error_for(faults::read)?)?.results)
}
