//! Upgrades as tables: what asks for more, what breaks, and what does neither.

use serde_json::json;

use super::*;
use crate::package::{CONTRACT, FORMAT};

const MANIFEST: &str = r#"
id = "acme"
version = "1.0.0"
title = "Acme"
vendor_api = "v1"
intents = ["acme.thing.show"]
calls = ["order.*"]

[endpoint.api]
base_url = "https://api.acme.example"
allow = ["read GET /things/*", "read POST /graphql graphql=query", "write PUT /things/*/name"]
rate = { wait_ms_max = 40 }

[endpoint.api.auth]
scheme = "oauth2"
token_url = "https://api.acme.example/token"
client_id = "jackfield"
client_secret = "client"
scopes = ["things:read"]
grant = { type = "client_credentials" }

[[secret]]
name = "client"
purpose = "The client's secret."

[[secret]]
name = "signing"
purpose = "Signs."
optional = true

[setting.region]
type = "string"
enum = ["eu", "us"]
"#;

struct Built {
    package: Package,
    manifest: Manifest,
    imports: Vec<String>,
}

impl Built {
    fn new(manifest: &str, input: Value, output: Value) -> Built {
        let parsed = Manifest::parse(manifest).unwrap_or_else(|error| panic!("{error}"));
        let intents = parsed.intents.iter().map(|name| spec(name, input.clone(), output.clone())).collect();
        let package = Package {
            format: FORMAT,
            contract: CONTRACT.to_owned(),
            manifest: manifest.to_owned(),
            intents,
            settles: Vec::new(),
        };
        Built { package, manifest: parsed, imports: vec!["jackfield:connector/http@1.0.0".to_owned()] }
    }

    fn plain(manifest: &str) -> Built {
        Built::new(manifest, json!({ "type": "object" }), json!({ "type": "object" }))
    }

    fn release(&self) -> Release<'_> {
        Release { package: &self.package, manifest: &self.manifest, imports: &self.imports }
    }
}

fn spec(name: &str, input_schema: Value, output_schema: Value) -> IntentSpec {
    IntentSpec {
        name: name.to_owned(),
        effect: Effect::Read,
        title: "Show".to_owned(),
        description: "Shows.".to_owned(),
        input_schema,
        output_schema,
        template: None,
    }
}

/// What a manifest asks for that differs from [`MANIFEST`] in one text.
fn asks(from: &str, to: &str) -> Vec<String> {
    let manifest = MANIFEST.replacen(from, to, 1);
    assert_ne!(manifest, MANIFEST, "`{from}` is not in the manifest");
    let (old, new) = (Built::plain(MANIFEST), Built::plain(&manifest));
    let upgrade = Upgrade::between(old.release(), new.release());
    upgrade.asks.into_iter().map(|ask| format!("{}: {}", ask.place, ask.text)).collect()
}

#[test]
fn the_same_version_asks_for_nothing_and_breaks_nothing() {
    let built = Built::plain(MANIFEST);
    let upgrade = Upgrade::between(built.release(), built.release());
    assert!(!upgrade.asks_for_more() && !upgrade.breaks(), "{upgrade:?}");
    assert!(upgrade.drops.is_empty() && upgrade.intents.is_empty() && upgrade.settings.is_empty(), "{upgrade:?}");
}

#[test]
fn whatever_an_operator_would_have_to_grant_is_named() {
    for (from, to, asked) in [
        ("\"read GET /things/*\"", "\"read GET /**\"", "endpoint.api: sends `read GET /**`"),
        (
            "\"read GET /things/*\"",
            "\"read GET /things/*\", \"write DELETE /things/*\"",
            "endpoint.api: sends `write DELETE /things/*`",
        ),
        ("write PUT /things/*/name", "read PUT /things/*/name", "endpoint.api: sends `read PUT /things/*/name`"),
        ("graphql=query", "", "endpoint.api: sends `read POST /graphql `"),
        (
            "https://api.acme.example\"",
            "https://acme.test\"",
            "endpoint.api: `base_url` is \"https://acme.test\" instead of \"https://api.acme.example\"",
        ),
        ("\"things:read\"", "\"things:read\", \"things:write\"", "endpoint.api: `auth.scopes` adds \"things:write\""),
        (
            "\"https://api.acme.example/token\"",
            "\"https://elsewhere.example/token\"",
            "endpoint.api: `auth.token_url` is \"https://elsewhere.example/token\" instead of \"https://api.acme.example/token\"",
        ),
        ("wait_ms_max = 40", "wait_ms_max = 80", "endpoint.api: `rate.wait_ms_max` is 80 instead of 40"),
        ("optional = true", "", "secret.signing: needs the secret `signing`, which was optional"),
        ("optional = true", "optional = true\nhmac = true", "secret.signing: signs with the secret `signing` (`hmac`)"),
        ("[\"order.*\"]", "[\"order.*\", \"ticket.create\"]", "calls: asks other connectors for `ticket.create`"),
        (
            "[[secret]]",
            "[[secret]]\nname = \"more\"\npurpose = \"More.\"\n\n[[secret]]",
            "secret.more: needs the secret `more`: More.",
        ),
    ] {
        assert_eq!(asks(from, to), [asked], "{from} -> {to}");
    }
    let two = asks(
        "[[secret]]",
        "[endpoint.files]\nbase_url = \"https://files.acme.example\"\nallow = [\"read GET /f/*\"]\n\n[[secret]]",
    );
    assert_eq!(two, ["endpoint.files: reaches https://files.acme.example", "endpoint.files: sends `read GET /f/*`"]);
}

#[test]
fn what_an_older_rule_covers_asks_for_nothing() {
    for (from, to) in [
        ("read GET /things/*", "read GET /things/*.json"),
        ("read GET /things/*", "read GET /things/all"),
        ("write PUT /things/*/name", "write PUT /things/7/name"),
        ("\"read GET /things/*\"", "\"read GET /things/*\", \"write GET /things/*\""),
        ("[\"order.*\"]", "[\"order.status\"]"),
        ("[\"order.*\"]", "[]"),
    ] {
        assert_eq!(asks(from, to), Vec::<String>::new(), "{from} -> {to}");
    }
}

#[test]
fn what_is_dropped_is_told_and_asks_for_nothing() {
    let lesser = MANIFEST.replace(", \"write PUT /things/*/name\"", "").replace("[\"order.*\"]", "[]");
    let (old, new) = (Built::plain(MANIFEST), Built::plain(&lesser));
    let upgrade = Upgrade::between(old.release(), new.release());
    let drops: Vec<_> = upgrade.drops.iter().map(|ask| ask.text.as_str()).collect();
    assert_eq!(drops, ["sends `write PUT /things/*/name`", "asks other connectors for `order.*`"]);
    assert!(!upgrade.asks_for_more() && !upgrade.breaks(), "{upgrade:?}");
}

#[test]
fn an_intent_that_is_gone_or_begins_to_write_breaks_and_one_that_is_new_does_not() {
    let two = MANIFEST.replace("[\"acme.thing.show\"]", "[\"acme.thing.show\", \"acme.thing.count\"]");
    let (one, two) = (Built::plain(MANIFEST), Built::plain(&two));
    let added = Upgrade::between(one.release(), two.release());
    assert_eq!((added.intents[0].what, added.breaks()), (What::Added, false));
    let removed = Upgrade::between(two.release(), one.release());
    assert_eq!((removed.intents[0].what, removed.breaks()), (What::Removed, true));
    let mut writing = Built::plain(MANIFEST);
    writing.package.intents[0].effect = Effect::Update;
    let changed = Upgrade::between(one.release(), writing.release());
    assert!(changed.breaks());
    assert_eq!(changed.asks[0].text, "`acme.thing.show` changes the system now (update)");
}

#[test]
fn another_interface_is_asked_for_and_the_same_of_a_later_contract_is_not() {
    let old = Built::plain(MANIFEST);
    let mut new = Built::plain(MANIFEST);
    new.imports = vec!["jackfield:connector/http@1.1.0".to_owned(), "jackfield:connector/secrets@1.1.0".to_owned()];
    let upgrade = Upgrade::between(old.release(), new.release());
    let asks: Vec<_> = upgrade.asks.iter().map(|ask| ask.text.as_str()).collect();
    assert_eq!(asks, ["uses `jackfield:connector/secrets@1.1.0`"]);
}

#[test]
fn a_setting_that_operators_have_to_change_breaks() {
    for (from, to, pointer) in [
        ("[\"eu\", \"us\"]", "[\"eu\"]", "/properties/region"),
        ("enum = [\"eu\", \"us\"]", "enum = [\"eu\", \"us\"]\nrequired = true", "/properties/region"),
        ("[setting.region]", "[setting.zone]", "/properties/region"),
    ] {
        let (old, new) = (Built::plain(MANIFEST), Built::plain(&MANIFEST.replacen(from, to, 1)));
        let upgrade = Upgrade::between(old.release(), new.release());
        let broken: Vec<_> =
            upgrade.settings.iter().filter(|change| change.breaks).map(|c| c.pointer.as_str()).collect();
        assert_eq!(broken, [pointer], "{from} -> {to}");
    }
}

/// Each line: the older schema, the newer one, and whether the change breaks an input and an output.
#[test]
fn what_is_taken_may_grow_and_what_is_given_may_shrink() {
    let object = |name: &str, schema: Value| json!({ "type": "object", "properties": { name: schema } });
    let table = [
        // (older, newer, breaks input, breaks output)
        (json!({ "type": "string" }), json!({ "type": ["string", "null"] }), false, true),
        (json!({ "type": "number" }), json!({ "type": "integer" }), true, false),
        (json!({ "type": "integer" }), json!({ "type": "number" }), false, true),
        (json!({}), json!({ "type": "string" }), true, false),
        (json!({ "enum": ["a", "b"] }), json!({ "enum": ["a"] }), true, false),
        (json!({ "enum": ["a"] }), json!({ "enum": ["a", "b"] }), false, true),
        (json!({ "oneOf": [{ "const": "a" }] }), json!({ "enum": ["a", "b"] }), false, true),
        (json!({ "type": "string", "maxLength": 9 }), json!({ "type": "string", "maxLength": 5 }), true, false),
        (json!({ "type": "string", "maxLength": 5 }), json!({ "type": "string" }), false, true),
        (json!({ "type": "integer", "minimum": 1 }), json!({ "type": "integer", "minimum": 0 }), false, true),
        (json!({ "type": "string" }), json!({ "type": "string", "pattern": "^a" }), true, false),
        (json!({ "type": "string", "pattern": "^a" }), json!({ "type": "string", "pattern": "^b" }), true, true),
        (object("a", json!({})), json!({ "type": "object" }), false, true),
        (json!({ "type": "object" }), object("a", json!({})), false, false),
        (
            json!({ "type": "object", "properties": { "a": {} } }),
            json!({ "type": "object", "properties": { "a": {} }, "required": ["a"] }),
            true,
            false,
        ),
        (
            json!({ "type": "object", "properties": { "a": {} }, "required": ["a"] }),
            json!({ "type": "object", "properties": { "a": {} } }),
            false,
            true,
        ),
        (
            json!({ "type": "object", "properties": { "a": {} }, "additionalProperties": false }),
            json!({ "type": "object", "properties": {}, "additionalProperties": false }),
            true,
            true,
        ),
        (json!({ "type": "object" }), json!({ "type": "object", "additionalProperties": false }), true, false),
        (json!({ "items": { "type": "string" } }), json!({ "items": { "type": "integer" } }), true, true),
        (
            json!({ "anyOf": [{ "required": ["a"] }, { "required": ["b"] }] }),
            json!({ "anyOf": [{ "required": ["a"] }] }),
            true,
            false,
        ),
        (json!({ "type": "string", "x-mask": "email" }), json!({ "type": "string" }), true, true),
        (json!({ "type": "string" }), json!({ "type": "string", "x-mask": "email" }), false, false),
        (json!({ "type": "string", "description": "a" }), json!({ "type": "string", "title": "b" }), false, false),
    ];
    for (old, new, input, output) in table {
        let breaks = |side| changes(side, &old, &new).iter().any(|change| change.breaks);
        assert_eq!((breaks(Side::Input), breaks(Side::Output)), (input, output), "{old} -> {new}");
    }
}

#[test]
fn a_change_is_named_by_its_place_also_behind_references() {
    let schema = |status: Value, required: Value| {
        json!({
            "type": "object",
            "properties": {
                "order": { "$ref": "#/$defs/Order" },
                "parent": { "anyOf": [{ "$ref": "#/$defs/Order" }, { "type": "null" }] }
            },
            "$defs": {
                "Order": {
                    "type": "object",
                    "properties": { "status": status, "next": { "$ref": "#/$defs/Order" }, "a/b": {} },
                    "required": required
                }
            }
        })
    };
    let old = schema(json!({ "enum": ["open"] }), json!(["status", "a/b"]));
    let new = schema(json!({ "enum": ["open", "lost"] }), json!(["status"]));
    let told: Vec<_> = changes(Side::Output, &old, &new).into_iter().map(|c| (c.pointer, c.text, c.breaks)).collect();
    assert_eq!(
        told,
        [
            ("/$defs/Order/properties/status".to_owned(), "may be `\"lost\"` now".to_owned(), true),
            ("/$defs/Order/properties/a~1b".to_owned(), "is not required any more".to_owned(), true),
        ]
    );
}

#[test]
fn a_reference_that_may_be_null_now_is_one_change() {
    let defs = json!({ "Name": { "type": "string" } });
    let old = json!({ "properties": { "n": { "$ref": "#/$defs/Name" } }, "$defs": defs });
    let new =
        json!({ "properties": { "n": { "anyOf": [{ "$ref": "#/$defs/Name" }, { "type": "null" }] } }, "$defs": defs });
    let told = changes(Side::Output, &old, &new);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].text, "may be `null` now");
}
