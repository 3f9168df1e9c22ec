//! Loads connectors, limits them and calls them: the only user of wasmtime in the workspace.
//!
//! [`Sandbox::load`] reads a component without running any of it and refuses what asks for too much.
//! [`Connector::handle`] answers one call in a fresh instance, within [`Limits`](jackfield_core::budget::Limits):
//! whatever the guest does, the call ends, and it ends as an answer, a failure in the guest's own words, or a
//! [`Fault`] in ours. What the guest may reach goes through `capability`, one file per import of the contract.
//!
//! No state survives a call, no guest sees another one, and no guest opens anything by itself.

mod capability;
mod compiled;
mod engine;
mod instance;
mod limits;
mod meter;
#[cfg(feature = "bench")]
mod native;
mod package;
mod permit;
mod ticker;
mod trap;
#[cfg(feature = "bench")]
mod variant;
mod world;

pub use compiled::CacheRefused;
pub use engine::{DescribeError, Sandbox, SandboxConfig, SandboxError};
pub use instance::{Completed, Connector, Delivery, Ended, Event, Invocation, Page, Ports, Usage};
#[cfg(feature = "bench")]
pub use native::{Native, Work, link};
pub use package::{COMPONENT_BYTES_MAX, Inspection, Kind, LoadError, embed, inspect};
pub use permit::{Permit, Permits};
pub use trap::{Fault, TrapKind};
#[cfg(feature = "bench")]
pub use variant::Variant;
