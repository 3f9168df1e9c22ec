//! Tests of the simulated systems through their sockets, in process and on ephemeral ports.

mod assertion;
mod client;
mod control;
mod faults;
mod s4hana;
mod salesforce;
mod salesforce_oauth;
mod shopify;
mod successfactors;
mod zendesk;
