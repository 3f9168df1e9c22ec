//! The input of a routed request, normalised and held against its schema. Only this module makes a [`Vetted`].

use jackfield_core::grant::Subject;
use jackfield_core::normalise::Locality;

use super::*;
use crate::registry::{Connection, Intent};
use crate::route::Routed;

/// A request whose input is sound: the last value before a guest runs.
pub struct Vetted {
    /// As it was let in.
    pub admitted: Admitted,
    /// Who answers.
    pub connection: Arc<Connection>,
    /// What is asked of it.
    pub intent: Arc<Intent>,
    /// Normalised and valid.
    pub input: Value,
}

/// How long a caller is told to wait for a place in a connection's bound, in milliseconds.
const FULL_RETRY_MS: u32 = 1_000;

/// A place among the calls of a connection.
///
/// # Errors
/// `overloaded` at once when all are taken: a system that hangs holds no more of the host than these.
pub fn enter(connection: &Connection) -> Result<Place, Problem> {
    connection.calls.take().ok_or_else(|| {
        let detail = format!(
            "connection `{}` has {} calls in flight, which is its `in_flight_max`",
            connection.name,
            connection.calls.max()
        );
        Problem::told(Code::Overloaded, detail).retry_after(FULL_RETRY_MS)
    })
}

/// Takes a place in the connection's bound, normalises and validates.
///
/// # Errors
/// `overloaded`; `invalid-input` with one entry per field, in the order of the schema.
pub fn vet(routed: Routed) -> Result<Vetted, Problem> {
    let Routed { mut admitted, connection, intent } = routed;
    admitted.places.push(enter(&connection)?);
    let mut input = std::mem::take(&mut admitted.input);
    sound(&intent, &connection, &admitted.context, &mut input)?;
    Ok(Vetted { admitted, connection, intent, input })
}

/// Normalises in place and validates, for a caller's input as for that of a connector which asks another.
///
/// # Errors
/// `invalid-input`, also where the connection needs a verified user and there is none.
pub fn sound(intent: &Intent, connection: &Connection, context: &Context, input: &mut Value) -> Result<(), Problem> {
    if connection.subject == Subject::User && context.user.is_none() {
        let detail = "names nobody who is verified, and this connection answers each user with their own credential";
        return Err(Problem::invalid(vec![FieldError {
            pointer: "/context/user".to_owned(),
            detail: detail.to_owned(),
        }]));
    }
    drop_nulls(input);
    let locality = Locality { region: connection.region.as_deref(), time_zone: &context.time_zone };
    intent.normaliser.apply(input, &locality);
    if intent.input.accepts(input) {
        return Ok(());
    }
    Err(Problem::invalid(intent.input.errors(input, "/input")))
}

/// Language models fill what they do not know with null; it means the same as leaving it out.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, member| !member.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
