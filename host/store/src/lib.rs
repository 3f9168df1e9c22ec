//! What survives the process: the engines of [`jackfield_core::port::Store`].
//!
//! [`Embedded`] keeps everything in one SQLite file; nothing has to be installed for it. [`Observer`] looks at such a
//! file without changing it, whoever has it open: it verifies, checks, lists and copies. What a value or an entry means
//! is the business of who put it.

mod closed;
mod embedded;

pub use closed::Closed;
pub use embedded::{Compacted, Embedded, OpenError, OpenFault, Options, compact, preflight};
pub use embedded::{observer, observer::Observer};
