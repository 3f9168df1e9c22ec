//! Every decision of the host, and nothing else: no I/O, no clock, no runtime. Time, randomness and configuration
//! are arguments, so that each decision can be tested as a table.

pub mod audit;
pub mod backoff;
pub mod breaker;
pub mod budget;
pub mod call;
pub mod confirm;
pub mod deadline;
pub mod degrade;
pub mod digest;
pub mod failure;
pub mod freshness;
pub mod grant;
pub mod idempotency;
pub mod intent;
pub mod manifest;
pub mod mask;
pub mod message;
pub mod normalise;
pub mod offer;
pub mod package;
pub mod port;
pub mod rate;
pub mod routing;
pub mod schema;
pub mod settle;
pub mod upgrade;
