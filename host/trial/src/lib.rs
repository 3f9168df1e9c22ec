//! Tries a packaged connector: the real component in the real sandbox, under the grant that its manifest asks for, with
//! a business system that answers what a fixture says ([`fixtures`](Trial::fixtures)) or misbehaves
//! ([`conformance`](Trial::conformance)).
//!
//! Also makes fixtures, of a call through ports that lead to a system which is really there ([`record`](Trial::record)).
//!
//! Nothing is compiled or packaged here, no socket is opened, and no secret is kept: what an operator's host adds
//! (credentials, retries, masking, words) is not on trial.
//!
//! A crate of its own because it needs the sandbox and the fixtures and nothing else of the host: no HTTP, no store, no
//! configuration.

mod ask;
mod complaint;
mod conformance;
mod fixtures;
mod journal;
mod record;
mod rehearse;
mod report;
mod sample;
mod settings;
mod stage;
mod trial;

pub use complaint::Complaint;
pub use conformance::{Expectation, OutputRule, TABLE};
pub use journal::Noted;
pub use record::{Live, RecordOptions, Recording};
pub use rehearse::{Came, Rehearsal, Told};
pub use report::{Filter, Outcome, Paint, Report, Suite, difference, junit, text};
pub use trial::{Trial, TrialError};
