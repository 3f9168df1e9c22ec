//! Every decision of the host, and nothing else: no I/O, no clock, no runtime. Time, randomness and configuration
//! are arguments, so that each decision can be tested as a table.

pub mod audit;
pub mod budget;
pub mod call;
pub mod failure;
pub mod grant;
pub mod intent;
pub mod manifest;
pub mod mask;
pub mod normalise;
pub mod package;
pub mod port;
pub mod routing;
pub mod schema;
