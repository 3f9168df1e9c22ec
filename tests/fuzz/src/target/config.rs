//! `jackfield.toml`: whatever stands in it is read or complained about, each complaint at a place that is in the file.

use std::path::PathBuf;

use jackfield::config::{Config, Source};

use super::assert_within;

/// See the file.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let source = Source { path: PathBuf::from("jackfield.toml"), text: text.to_owned() };
    let (complaints, config) = match Config::draft(source) {
        Ok(draft) => (draft.complaints, Some(draft.config)),
        Err(complaints) => (complaints, None),
    };
    for complaint in complaints.list() {
        assert!(!complaint.message.is_empty() && !complaint.hint.is_empty(), "{complaint:?}");
        if let Some(span) = &complaint.span {
            assert_within(span, text);
        }
    }
    let shown = complaints.to_string();
    assert!(complaints.list().is_empty() || !shown.is_empty());
    for connection in config.iter().flat_map(|config| config.connections.values()) {
        assert_within(&connection.span(), text);
    }
}
