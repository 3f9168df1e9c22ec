//! `connector.toml`: whatever stands in it is read or refused, at a place that is in the file; what was read says what the
//! file says.

use jackfield_core::manifest::{Manifest, Rule, is_dashed_name};

use super::assert_within;

/// See the file.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let lines = text.split('\n').count();
    match Manifest::parse(text) {
        Err(error) => {
            assert!(!error.to_string().is_empty());
            error.span.iter().for_each(|span| assert_within(span, text));
            assert!(error.line.is_none_or(|line| (1..=lines).contains(&line)), "line of {lines}: {error:?}");
        }
        Ok(manifest) => {
            assert!(is_dashed_name(&manifest.id));
            for rule in manifest.endpoints.values().flat_map(|endpoint| &endpoint.rules) {
                assert!((1..=lines).contains(&rule.line), "{rule:?}");
                assert_eq!(Rule::parse(&rule.text, rule.line).as_ref(), Ok(rule), "a rule means what it says");
                assert!(rule.covers(rule), "{rule:?}");
            }
        }
    }
}
