//! An intent as a loaded connector offers it: catalogue or its own, always with schemas.

pub use jackfield_catalog::Effect;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One intent of one connector, complete: what a bot, a validator and a renderer need.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IntentSpec {
    /// Such as `order.status`.
    pub name: String,
    /// What it may do to the business system.
    pub effect: Effect,
    /// A few words.
    pub title: String,
    /// A sentence or two; language models choose by it.
    pub description: String,
    /// JSON Schema 2020-12 with the host's annotations.
    pub input_schema: Value,
    /// JSON Schema 2020-12 with the host's annotations.
    pub output_schema: Value,
    /// Text for the user in English, in the renderer's template language.
    pub template: Option<String>,
}

impl From<&jackfield_catalog::Definition> for IntentSpec {
    fn from(known: &jackfield_catalog::Definition) -> Self {
        IntentSpec {
            name: known.name.to_owned(),
            effect: known.effect,
            title: known.title.to_owned(),
            description: known.description.to_owned(),
            input_schema: known.input_schema.clone(),
            output_schema: known.output_schema.clone(),
            template: Some(known.template.to_owned()),
        }
    }
}

/// Whether a name is well formed: lower-case words joined by dots, such as `zendesk.macro.apply`.
pub fn is_intent_name(name: &str) -> bool {
    let word = |w: &str| {
        w.starts_with(|c: char| c.is_ascii_lowercase())
            && w.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    name.len() <= 128 && name.contains('.') && name.split('.').all(word)
}

/// Whether a pattern of names (`*`, `order.*`, `order.status`) covers a name.
pub fn covers(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some("") => true,
        Some(prefix) if prefix.ends_with('.') => name.starts_with(prefix),
        _ => pattern == name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_covers_whole_words_only() {
        assert!(covers("*", "order.status"));
        assert!(covers("order.*", "order.status"));
        assert!(covers("order.status", "order.status"));
        assert!(!covers("order.*", "orders.status"));
        assert!(!covers("ord*", "order.status"));
        assert!(!covers("order.status", "order.search"));
    }

    #[test]
    fn names_are_lower_case_words_joined_by_dots() {
        for good in ["order.status", "zendesk.macro.apply", "it_request.create"] {
            assert!(is_intent_name(good), "{good}");
        }
        for bad in ["order", "Order.status", "order..status", ".a.b", "order.status\n", "order.2x", "a b.c"] {
            assert!(!is_intent_name(bad), "{bad}");
        }
    }
}
