//! The jackfield host: the HTTP server, the pipeline that answers an intent, and the command line.
//!
//! `app.rs` alone plugs sandbox, egress and the rest together; `pipeline.rs` is the list of stages in order.

pub mod admission;
pub mod api;
pub mod app;
pub mod audit;
pub mod cache;
pub mod calls;
pub mod cli;
pub mod config;
pub mod dispatch;
pub mod ending;
pub mod error;
pub mod exit;
pub mod fallback;
pub mod guest_log;
pub mod health;
pub mod machine;
pub mod metrics;
pub mod orchestrate;
pub mod pipeline;
pub mod policy;
pub mod probing;
pub mod registry;
pub mod reply;
pub mod retention;
pub mod route;
pub mod secrets;
pub mod server;
pub mod telemetry;
pub mod token_seal;
pub mod trace;
