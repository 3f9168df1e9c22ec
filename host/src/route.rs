//! Picks the connection of an admitted request. Only this module makes a [`Routed`].

use std::sync::Arc;

use jackfield_core::failure::FieldError;
use jackfield_core::routing::RouteError;

use crate::admission::Admitted;
use crate::error::{Code, Problem};
use crate::registry::{Connection, Intent, Registry};

/// A request that knows who answers it.
pub struct Routed {
    /// As it was let in.
    pub admitted: Admitted,
    /// Who answers.
    pub connection: Arc<Connection>,
    /// What is asked of it.
    pub intent: Arc<Intent>,
}

/// Chooses by name, route or being the only one.
///
/// # Errors
/// `unknown-intent`, or `invalid-input` on `/connection` when it names none or is needed to choose.
pub fn choose(registry: &Registry, admitted: Admitted) -> Result<Routed, Problem> {
    let named = admitted.connection.as_deref();
    let chosen = registry.routes().route(&admitted.caller.tenant, &admitted.intent, named);
    let name = chosen.map_err(|error| match &error {
        RouteError::UnknownIntent => Problem::told(Code::UnknownIntent, format!("`{}`: {error}", admitted.intent)),
        RouteError::UnknownConnection | RouteError::Ambiguous(_) => {
            Problem::invalid(vec![FieldError { pointer: "/connection".to_owned(), detail: error.to_string() }])
        }
    })?;
    let connection = registry.connection(name).cloned();
    let intent = connection.as_ref().and_then(|c| c.intents.get(&admitted.intent)).cloned();
    match (connection, intent) {
        (Some(connection), Some(intent)) => Ok(Routed { admitted, connection, intent }),
        _ => Err(Problem::new(Code::Internal, "the route table and the registry differ")),
    }
}
