//! What a connector is to the host: it describes itself, answers calls, reads deliveries, and can be polled.
//!
//! Authors do not implement [`Connector`] by hand: [`#[connector]`](macro@crate::connector) does, from the functions that
//! answer intents.

use serde::Serialize;
use serde_json::Value;

pub use jackfield_catalog::{Effect, Intent};

use crate::{
    call::Call,
    decode,
    events::{Delivery, Event, EventPage, Poll},
    failure::{Failure, FailureKind, FieldError},
    settle::Settled,
};

/// The version of the WIT contract that this SDK speaks.
pub const CONTRACT: &str = "1.1.0";

/// A connector: a unit struct, since nothing it could hold survives a call.
pub trait Connector {
    /// The connector itself.
    fn new() -> Self
    where
        Self: Sized;

    /// The intents it answers. Run once when the connector is packaged, never on a request path.
    fn describe(&self) -> Description;

    /// Answers one call: input and output are JSON texts.
    fn handle(&self, call: &Call, input: &str) -> Result<String, Failure>;

    /// Looks whether a write happened whose end nobody heard: call and input are those that [`handle`](Self::handle) got.
    fn settle(&self, call: &Call, input: &str) -> Result<Settled<String>, Failure> {
        let _ = (call, input);
        Ok(Settled::Unknown)
    }

    /// Turns a verified webhook delivery into events.
    fn receive(&self, delivery: &Delivery) -> Result<Vec<Event>, Failure> {
        let _ = delivery;
        Err(Failure::unsupported().detail("this connector takes no webhooks"))
    }

    /// Changes since a cursor, for systems that push nothing.
    fn poll(&self, poll: &Poll) -> Result<EventPage, Failure> {
        let _ = poll;
        Err(Failure::unsupported().detail("this connector cannot be polled"))
    }
}

/// What a connector says about itself; its JSON form is what `describe` gives to `jackfield build`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    /// The version of the WIT contract.
    pub contract: &'static str,
    /// The version of the SDK.
    pub sdk: &'static str,
    /// The intents, in the order of the connector's methods.
    pub intents: Vec<IntentDescription>,
}

/// One intent of a description. Of an intent of the catalogue name and effect suffice: the packager takes the rest
/// from the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IntentDescription {
    /// Such as `order.status`.
    pub name: &'static str,
    /// What it may do to the business system.
    pub effect: Effect,
    /// Whether the connector can tell afterwards if such a write happened.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub settles: bool,
    /// A few words for a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'static str>,
    /// A sentence or two, also read by language models that choose among intents.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'static str>,
    /// JSON Schema 2020-12 of the input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input_schema: Option<Value>,
    /// JSON Schema 2020-12 of the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_schema: Option<Value>,
    /// The name of the output's type where no schema is given: a model of the catalogue, whose schema the packager knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub output_model: Option<&'static str>,
    /// The text for the user, as a template over the output.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<&'static str>,
}

impl Description {
    /// A description of these intents by this SDK.
    pub fn new(intents: Vec<IntentDescription>) -> Self {
        Description { contract: CONTRACT, sdk: env!("CARGO_PKG_VERSION"), intents }
    }
}

/// An intent that a connector brings along: `#[derive(Intent)]` implements it beside [`Intent`].
pub trait OwnIntent: Intent {
    /// Everything that the host must know about it.
    fn description() -> IntentDescription;
}

/// Says that a type is the one expected, for the compiler to check and to complain readably.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "the intent of this input answers with `{Expected}`, not with `{Self}`",
    label = "must be `Result<{Expected}, Failure>`"
)]
pub trait IsAnswer<Expected> {}

impl<T> IsAnswer<T> for T {}

/// Reads the input, runs the handler, writes the output: what `#[connector]` puts around each method.
#[doc(hidden)]
pub fn answer<I, O>(input: &str, handler: impl FnOnce(I) -> Result<O, Failure>) -> Result<String, Failure>
where
    I: Intent,
    O: Serialize + IsAnswer<I::Output>,
{
    let input = decode::read(input).map_err(refused_input)?;
    let output = handler(input)?;
    serde_json::to_string(&output).map_err(|error| Failure::internal(format!("failed to write the answer: {error}")))
}

/// The same for the method that settles a write.
#[doc(hidden)]
pub fn settled<I, O>(
    input: &str,
    settler: impl FnOnce(I) -> Result<Settled<O>, Failure>,
) -> Result<Settled<String>, Failure>
where
    I: Intent,
    O: Serialize + IsAnswer<I::Output>,
{
    let input = decode::read(input).map_err(refused_input)?;
    let write = |output: O| {
        serde_json::to_string(&output)
            .map_err(|error| Failure::internal(format!("failed to write the answer: {error}")))
    };
    Ok(match settler(input)? {
        Settled::Applied(output) => Settled::Applied(write(output)?),
        Settled::NotApplied => Settled::NotApplied,
        Settled::Unknown => Settled::Unknown,
    })
}

/// Marks the description of an intent whose writes are settled.
#[doc(hidden)]
pub fn settling(mut intents: Vec<IntentDescription>, names: &[&str]) -> Vec<IntentDescription> {
    for intent in &mut intents {
        intent.settles = names.contains(&intent.name);
    }
    intents
}

/// The host has validated the input against the schema: what still does not fit is a rule that only the type knows.
fn refused_input(mismatch: decode::Mismatch) -> Failure {
    let detail = format!("failed to read the input: {mismatch}");
    let error = FieldError { pointer: mismatch.pointer, detail: "This value is not in the expected form.".to_owned() };
    Failure::new(FailureKind::InvalidInput { errors: vec![error] }).detail(detail)
}

/// The host asks only for what was described: this is a fault of one of the two.
#[doc(hidden)]
pub fn unknown_intent(intent: &str) -> Failure {
    Failure::unsupported().detail(format!("this connector does not answer `{intent}`"))
}

/// Finds the description of an intent: its own where it is a connector's, name and effect where it is the catalogue's.
///
/// A connector's own intent has the inherent method, which comes before the trait's.
#[doc(hidden)]
pub struct Probe<I>(std::marker::PhantomData<I>);

#[doc(hidden)]
pub trait FromCatalogue {
    fn description(&self) -> IntentDescription;
}

impl<I> Probe<I> {
    #[doc(hidden)]
    pub const NEW: Self = Probe(std::marker::PhantomData);
}

impl<I: OwnIntent> Probe<I> {
    #[doc(hidden)]
    pub fn description(&self) -> IntentDescription {
        I::description()
    }
}

impl<I: Intent> FromCatalogue for Probe<I> {
    fn description(&self) -> IntentDescription {
        IntentDescription {
            name: I::NAME,
            effect: I::EFFECT,
            settles: false,
            title: None,
            description: None,
            input_schema: None,
            output_schema: None,
            output_model: None,
            template: None,
        }
    }
}

/// A schema's text as a value.
///
/// # Panics
/// When the text is not JSON. It runs when the connector is packaged and in its tests, never on a request path.
#[doc(hidden)]
pub fn schema(of: &str, text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(schema) => schema,
        Err(error) => panic!("the schema of `{of}` is not JSON: {error}"),
    }
}

/// Whether an intent is among those before it: what a `const` assertion asks.
#[doc(hidden)]
pub const fn is_among(name: &str, names: &[&str]) -> bool {
    let mut at = 0;
    while at < names.len() {
        if equal(name.as_bytes(), names[at].as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

/// Whether an intent writes: what a `const` assertion asks of one that is settled.
#[doc(hidden)]
pub const fn writes(effect: Effect) -> bool {
    !matches!(effect, Effect::Read)
}

const fn equal(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}
