//! The list of intents in the shapes that language models take as tools.
//!
//! Tool names allow no dots everywhere, so a tool is called as its intent with `-` for each `.`; an intent's own name
//! holds no `-`, so the way back is the same.

use std::sync::Arc;

use jackfield_core::intent::Effect;
use serde_json::{Value, json};

use crate::registry::Intent;

/// An intent and who serves it.
pub(super) struct Offer {
    pub intent: Arc<Intent>,
    pub connections: Vec<Arc<str>>,
}

/// A shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Native,
    OpenAi,
    Anthropic,
    Mcp,
}

impl Format {
    pub(super) fn parse(word: &str) -> Option<Format> {
        Some(match word {
            "native" => Format::Native,
            "openai" => Format::OpenAi,
            "anthropic" => Format::Anthropic,
            "mcp" => Format::Mcp,
            _ => return None,
        })
    }
}

pub(super) fn list(format: Format, offers: &[Offer]) -> Value {
    let one = |offer: &Offer| match format {
        Format::Native => native(offer),
        Format::OpenAi => openai(offer),
        Format::Anthropic => anthropic(offer),
        Format::Mcp => mcp(offer),
    };
    let key = if format == Format::Native { "intents" } else { "tools" };
    json!({ key: offers.iter().map(one).collect::<Vec<_>>() })
}

pub(super) fn native(offer: &Offer) -> Value {
    let spec = &offer.intent.spec;
    json!({
        "name": spec.name,
        "effect": spec.effect,
        "title": spec.title,
        "description": spec.description,
        "connections": offer.connections.iter().map(|c| &**c).collect::<Vec<_>>(),
        "input_schema": spec.input_schema,
        "output_schema": spec.output_schema,
    })
}

fn openai(offer: &Offer) -> Value {
    let spec = &offer.intent.spec;
    json!({
        "type": "function",
        "function": {
            "name": tool_name(&spec.name),
            "description": spec.description,
            "parameters": plain(&spec.input_schema),
        }
    })
}

fn anthropic(offer: &Offer) -> Value {
    let spec = &offer.intent.spec;
    json!({
        "name": tool_name(&spec.name),
        "description": spec.description,
        "input_schema": plain(&spec.input_schema),
    })
}

fn mcp(offer: &Offer) -> Value {
    let spec = &offer.intent.spec;
    json!({
        "name": tool_name(&spec.name),
        "title": spec.title,
        "description": spec.description,
        "inputSchema": plain(&spec.input_schema),
        "outputSchema": plain(&spec.output_schema),
        "annotations": {
            "readOnlyHint": spec.effect.is_read(),
            "destructiveHint": matches!(spec.effect, Effect::Update | Effect::Delete),
            "openWorldHint": true,
        }
    })
}

fn tool_name(intent: &str) -> String {
    intent.replace('.', "-")
}

/// The way back from [`tool_name`].
pub(super) fn intent_name(tool: &str) -> String {
    tool.replace('-', ".")
}

/// A schema without the host's annotations: strict readers refuse keywords that they do not know.
fn plain(schema: &Value) -> Value {
    match schema {
        Value::Object(map) => Value::Object(
            map.iter().filter(|(k, _)| !k.starts_with("x-")).map(|(k, v)| (k.clone(), plain(v))).collect(),
        ),
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_of_the_host_do_not_reach_a_model() {
        let schema = json!({ "properties": { "email": { "type": "string", "x-mask": "email" } }, "x-codes": {} });
        assert_eq!(plain(&schema), json!({ "properties": { "email": { "type": "string" } } }));
    }

    #[test]
    fn tool_names_can_be_turned_back() {
        assert_eq!(tool_name("it_request.create"), "it_request-create");
        assert_eq!(intent_name("it_request-create"), "it_request.create");
    }
}
