//! One property a file. Where a decision can be told in another way, that other way is written down too and both must agree.

pub mod config;
pub mod grant;
pub mod graphql;
pub mod manifest;
pub mod mask;
pub mod package;
pub mod path;
pub mod scrub;

use std::collections::BTreeMap;
use std::ops::Range;

use jackfield_core::grant::{ConnectionGrant, Grant, NetworkPolicy, OutboundRequest, Subject};
use jackfield_core::manifest::{Access, Manifest};
use serde_json::Value;

/// A place in a text that a message names is a place in it.
fn assert_within(span: &Range<usize>, text: &str) {
    assert!(span.start <= span.end && span.end <= text.len(), "{span:?} of {} bytes", text.len());
    assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{span:?} cuts a letter");
}

/// The grant of a connection that says nothing special.
fn grant(manifest: &Manifest, settings: &Value, access: Access) -> Option<Grant> {
    let connection = ConnectionGrant {
        name: "shop-eu",
        tenant: "acme",
        subject: Subject::Connection,
        place: "jackfield.toml:12",
        settings,
        access,
        auth: &BTreeMap::new(),
        secrets: &BTreeMap::new(),
        network: NetworkPolicy::default(),
    };
    Grant::resolve(manifest, &connection).ok()
}

/// A request without anything but method and path.
fn request(method: http::Method, path: String) -> OutboundRequest {
    OutboundRequest {
        endpoint: "api".to_owned(),
        method,
        path,
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        timeout: None,
        idempotent: false,
    }
}
