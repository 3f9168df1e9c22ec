//! Bindings of the WIT contract, one module per major version: a new version stands beside the old one, and no
//! function asks which version it serves.

pub(crate) mod v1;
