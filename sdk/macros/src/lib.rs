//! The macros of the jackfield SDK: `#[connector]`, `#[derive(Intent)]` and `path!`.
//!
//! They only write code that an author could write by hand against `jackfield-sdk`, which re-exports them; what the
//! code means is documented there.

#![deny(missing_docs)]

mod connector;
mod intent;
mod path;
#[cfg(test)]
mod tests;

use proc_macro::TokenStream;

/// Makes a connector of an `impl` block: each method is the answer to one intent.
///
/// A method `fn(&self, &Call, I) -> Result<O, Failure>` answers the intent of its input type `I`; the name of the
/// method is free. One that answers `Result<Settled<O>, Failure>` looks whether such a write happened: see
/// `jackfield_sdk::settle`. `receive(&self, &Delivery) -> Result<Vec<Event>, Failure>` and
/// `poll(&self, &Poll) -> Result<EventPage, Failure>` may be there. Other functions belong in another `impl` block.
///
/// The type is a unit struct: nothing it could hold survives a call. In a component the macro also writes the exports,
/// so there is one connector in a crate.
///
/// ```
/// use jackfield_sdk::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Deserialize, Intent)]
/// #[intent(name = "demo.greet", effect = "read", output = Greeting, input_schema = "{}", output_schema = "{}")]
/// struct Greet { name: String }
///
/// #[derive(Serialize)]
/// struct Greeting { text: String }
///
/// struct Demo;
///
/// #[connector]
/// impl Demo {
///     fn greet(&self, _call: &Call, input: Greet) -> Result<Greeting, Failure> {
///         Ok(Greeting { text: format!("Hello, {}!", input.name) })
///     }
/// }
/// # let host = testing::Host::new();
/// # assert_eq!(host.run::<Demo>("demo.greet", json!({"name": "Ada"})), Ok(json!({"text": "Hello, Ada!"})));
/// ```
///
/// The compiler refuses an answer of another type than the intent's, and a second method for the same intent:
///
/// ```compile_fail
/// # use jackfield_sdk::prelude::*;
/// struct Shop;
/// #[connector]
/// impl Shop {
///     fn order_status(&self, call: &Call, input: OrderStatusInput) -> Result<OrderList, Failure> { unreachable!() }
/// }
/// ```
///
/// ```compile_fail
/// # use jackfield_sdk::prelude::*;
/// struct Shop;
/// #[connector]
/// impl Shop {
///     fn order_status(&self, call: &Call, input: OrderStatusInput) -> Result<Order, Failure> { unreachable!() }
///     fn the_same(&self, call: &Call, input: OrderStatusInput) -> Result<Order, Failure> { unreachable!() }
/// }
/// ```
///
/// It refuses to settle what nobody answers, and what only reads:
///
/// ```compile_fail
/// # use jackfield_sdk::prelude::*;
/// struct Shop;
/// #[connector]
/// impl Shop {
///     fn order_status(&self, call: &Call, input: OrderStatusInput) -> Result<Order, Failure> { unreachable!() }
///     fn settle(&self, call: &Call, input: TicketCreateInput) -> Result<Settled<Ticket>, Failure> { unreachable!() }
/// }
/// ```
///
/// ```compile_fail
/// # use jackfield_sdk::prelude::*;
/// struct Shop;
/// #[connector]
/// impl Shop {
///     fn order_status(&self, call: &Call, input: OrderStatusInput) -> Result<Order, Failure> { unreachable!() }
///     fn settle(&self, call: &Call, input: OrderStatusInput) -> Result<Settled<Order>, Failure> { unreachable!() }
/// }
/// ```
#[proc_macro_attribute]
pub fn connector(arguments: TokenStream, item: TokenStream) -> TokenStream {
    connector::expand(arguments.into(), item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes an input type the input of a connector's own intent.
///
/// ```
/// use jackfield_sdk::prelude::*;
/// use serde::{Deserialize, Serialize};
///
/// /// Applies a macro to a ticket. This text is the intent's description.
/// #[derive(Deserialize, Intent)]
/// #[intent(
///     name = "zendesk.macro.apply",
///     effect = "update",
///     title = "Apply a macro",
///     output = Applied,
///     input_schema = r#"{"type":"object","properties":{"ticket_id":{"type":"string"},"macro_id":{"type":"string"}},"required":["ticket_id","macro_id"]}"#,
///     output_schema = r#"{"type":"object","properties":{"ticket_id":{"type":"string"}}}"#,
///     template = "The macro has been applied to ticket {{ ticket_id }}.",
/// )]
/// struct MacroApply { ticket_id: String, macro_id: String }
///
/// #[derive(Serialize)]
/// struct Applied { ticket_id: String }
///
/// assert_eq!(MacroApply::NAME, "zendesk.macro.apply");
/// ```
///
/// | key | needed | value |
/// |---|---|---|
/// | `name` | yes | two or more words in lower case with dots between |
/// | `effect` | yes | `"read"`, `"create"`, `"update"` or `"delete"` |
/// | `output` | yes | the type of the answer |
/// | `input_schema` | yes | JSON Schema 2020-12 as text: a literal, a constant, `include_str!("..")` |
/// | `output_schema` | unless `output` is a model of the catalogue | the same for the answer |
/// | `title` | | a few words |
/// | `description` | | a sentence or two; the type's doc comment is taken otherwise |
/// | `template` | | the text for the user, over the output |
#[proc_macro_derive(Intent, attributes(intent))]
pub fn derive_intent(item: TokenStream) -> TokenStream {
    intent::expand(item.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// A path out of segments: `path!("admin/api" / version / "orders.json")` is a `Result<Path, Failure>`.
///
/// Literals may hold several segments and are judged when they are compiled; every other expression is one segment,
/// whatever it holds, and is percent-encoded. A part of a segment needs `format!`:
/// `path!("tickets" / format!("{id}.json"))`.
#[proc_macro]
pub fn path(input: TokenStream) -> TokenStream {
    path::expand(input.into()).unwrap_or_else(syn::Error::into_compile_error).into()
}
