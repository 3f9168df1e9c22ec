//! Text for the user, made from an intent's output: a template per intent and locale, with dates, money, numbers and plurals as
//! the user writes them.
//!
//! Pure: no I/O, no clock; the time of the call is an argument. What may be shown is decided before (validation,
//! masks): whatever is in the output may end up in the text.
//!
//! # Templates
//!
//! A template is minijinja over the output: its top-level fields are the variables. Sentences stand one to a line and are joined;
//! an empty line starts a paragraph, `- ` a list item. What is missing prints nothing. The English templates of the
//! catalogue are built in; an operator overrides any of them, or adds a locale.
//!
//! | in a template | gives |
//! |---|---|
//! | `x \| date`, `x \| time`, `x \| datetime` | an instant in the user's time zone, or a day; anything else as it stands |
//! | `x \| money` | `{"amount", "currency"}` with symbol and decimals of the currency |
//! | `x \| number` | a number, or a text that is one; at most three decimals |
//! | `x \| ordinal` | `1st` |
//! | `plural(n, one="# day", other="# days")` | the form for the number, `#` being the number; also `zero`, `two`, `few`, `many` |
//! | `xs \| list(kind="and", max=5, more="# more")` | `A, B and C`; `kind` may be `or` |
//! | `lines \| pieces` | each line of an order as a text: `2 × Blue T-Shirt` |
//! | `x \| code("status")` | the words for a canonical code of the field `status`, from its `x-codes` |
//! | `x \| reference` | `#35436` for digits, else as it stands |
//! | `x \| sentence` | without the full stop at its end, to be used in a sentence |
//! | `x \| shorten(200)` | at most so many characters |
//! | `x is positive` | a number or an amount above zero |
//!
//! Words (months, plurals, "and") are in the language of the template; how they are written (order, decimal comma, 24 hours) is the
//! user's region's. So a French user who gets an English text reads "20 January" and "1 200,50 €".

#![deny(missing_docs)]

mod call;
mod clean;
mod error;
mod filters;
mod formats;
mod plain;
mod reflow;
mod renderer;
mod words;

pub use error::{RenderError, TemplateError};
pub use renderer::{RenderContext, Renderer, Stale, TemplateKey};
