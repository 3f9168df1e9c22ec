//! Tests of the simulated systems through their sockets, in process and on ephemeral ports.

mod client;
mod control;
mod faults;
mod shopify;
mod zendesk;
