//! The egress against far sides that behave and misbehave. Every assertion about what was sent is made on what the
//! far side received.

mod addresses;
mod bodies;
mod breakers;
mod budgets;
mod bulkheads;
mod connect;
mod credentials;
mod deadlines;
mod far_side;
mod faults;
mod faulty;
mod framing;
mod http2;
mod leaks;
mod near_side;
mod pools;
mod redirects;
mod refresh;
mod retries;
mod sessions;
mod slow;
mod tls;
mod token_house;
mod tokens;
