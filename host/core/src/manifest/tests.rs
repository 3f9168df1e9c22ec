use super::*;

const GOOD: &str = r#"
id = "zendesk"
version = "1.0.0"
title = "Zendesk Support"
vendor_api = "v2"
intents = ["ticket.create", "ticket.status"]

[setting.subdomain]
type = "string"
required = true

[setting.email]
type = "string"

[[secret]]
name = "api_token"
purpose = "API token of the integration's agent"

[[secret]]
name = "oauth_token"
purpose = "OAuth access token"
optional = true

[endpoint.api]
base_url = "https://{subdomain}.zendesk.com"
allow = ["read GET /api/v2/tickets/*", "write POST /api/v2/tickets"]

[[endpoint.api.auth]]
name = "token"
scheme = "basic"
username = "{email}/token"
secret = "api_token"

[[endpoint.api.auth]]
name = "oauth"
scheme = "bearer"
secret = "oauth_token"
"#;

#[test]
fn a_good_manifest_reads_whole() {
    let manifest = Manifest::parse(GOOD).unwrap();
    assert_eq!(manifest.intents, ["ticket.create", "ticket.status"]);
    let api = &manifest.endpoints["api"];
    assert_eq!(api.rules.len(), 2);
    assert_eq!(api.auth.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["token", "oauth"]);
    assert_eq!(manifest.settings["required"], serde_json::json!(["subdomain"]));
    assert!(manifest.settings["properties"]["field_map"].is_object());
}

#[test]
fn a_repetition_is_harmless_only_where_the_manifest_says_so_and_for_as_long() {
    let read = |section: &str| Manifest::parse(&format!("{GOOD}\n[intent.\"ticket.create\"]\n{section}\n"));
    let repeat = |section: &str| read(section).unwrap().repeats["ticket.create"];
    let by_key = repeat("repeat = \"idempotency-key\"\nrepeat_within_ms = 7200000");
    assert_eq!(by_key, Repeat { by: RepeatBy::IdempotencyKey, within_ms: Some(7_200_000) });
    assert!(by_key.holds(7_199_999) && !by_key.holds(7_200_000));
    assert!(repeat("repeat = \"external-id\"").holds(u64::MAX));
    assert_eq!(repeat("repeat = \"natural\"").by, RepeatBy::Natural);
    assert!(Manifest::parse(GOOD).unwrap().repeats.is_empty());

    let refused = |section: &str| read(section).unwrap_err().to_string();
    assert!(refused("repeat = \"idempotency-key\"").contains("does not say for how long the system remembers a key"));
    assert!(refused("repeat = \"natural\"\nrepeat_within_ms = 0").contains("is never"));
    assert!(refused("repeat = \"always\"").contains("unknown variant `always`"));
    assert!(refused("").contains("missing field `repeat`"));
    let other = Manifest::parse(&format!("{GOOD}\n[intent.\"ticket.update\"]\nrepeat = \"natural\"\n"));
    assert!(
        other.unwrap_err().to_string().contains("`[intent.\"ticket.update\"]` is about an intent that is not listed")
    );
}

#[test]
fn each_mistake_is_named_with_its_line() {
    let cases = [
        ("id = \"zendesk\"", "id = \"Zen Desk\"", "connector.toml:2: `Zen Desk` is not a connector id"),
        (
            "\"ticket.status\"]",
            "\"ticket.status\", \"ticket.status\"]",
            "connector.toml:6: `ticket.status` is listed twice",
        ),
        ("\"ticket.status\"]", "\"Ticket\"]", "connector.toml:6: `Ticket` is not an intent name"),
        (
            "read GET /api",
            "GET /api",
            "connector.toml:26: rule `GET /api/v2/tickets/*` does not begin with `read` or `write`",
        ),
        (
            "read GET",
            "read FETCH",
            "connector.toml:26: rule `read FETCH /api/v2/tickets/*` has `FETCH` where a method should stand",
        ),
        ("/api/v2/tickets/*\"", "/api//tickets\"", "connector.toml:26: path `/api//tickets` has an empty segment"),
        (
            "secret = \"api_token\"",
            "secret = \"nothing\"",
            "connector.toml:28: auth of endpoint `api` uses the secret `nothing`, which no `[[secret]]` declares",
        ),
        (
            "https://{subdomain}",
            "https://{domain}",
            "connector.toml:25: `https://{domain}.zendesk.com` uses the setting `domain`, which is not declared",
        ),
        ("https://", "http://", "connector.toml:25: base_url `http://{subdomain}.zendesk.com` is not https"),
        ("optional = true", "optionl = true", "connector.toml:22: unknown field `optionl`"),
        ("vendor_api = \"v2\"\n", "", "connector.toml"),
    ];
    for (from, to, message) in cases {
        assert!(GOOD.contains(from), "{from}");
        let error = Manifest::parse(&GOOD.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.starts_with(message), "\n{error}\n{message}");
    }
}

/// Lines after the last of `GOOD`, the first of them line 38.
const RATE: &str = r#"
[endpoint.api.rate]
wait_ms_max = 2000

[[endpoint.api.rate.window]]
name = "account"
limit = 200
length_ms = 60000
told = { remaining = "x-rate-limit-remaining" }

[[endpoint.api.rate.cost]]
request = "GET /api/v2/search"
weight = 2
"#;

#[test]
fn a_budget_is_read_with_its_endpoint_and_one_without_counts_nothing() {
    let none = Manifest::parse(GOOD).unwrap();
    assert_eq!(*none.endpoints["api"].rate, Rate::default());
    let some = Manifest::parse(&format!("{GOOD}{RATE}")).unwrap();
    let rate = &some.endpoints["api"].rate;
    assert_eq!((rate.wait_ms_max, rate.window[0].limit, rate.cost[0].weight), (2_000, 200, 2));
    assert!(rate.hears("x-rate-limit-remaining") && rate.hears("retry-after") && !rate.hears("set-cookie"));
    // Also where its own table has no line.
    let implied = RATE.replace("[endpoint.api.rate]\nwait_ms_max = 2000\n", "");
    assert_eq!(Manifest::parse(&format!("{GOOD}{implied}")).unwrap().endpoints["api"].rate.window.len(), 1);
}

#[test]
fn each_mistake_in_a_budget_is_named_with_its_line() {
    let cases = [
        ("limit = 200", "limit = 0", "connector.toml:39: `limit` of window `account` is between 1 and"),
        ("limit = 200", "limits = 200", "connector.toml:44: unknown field `limits`"),
        ("remaining = \"x", "remaining = \"x y", "connector.toml:46: `x y-rate-limit-remaining` is not a header"),
        ("GET /api", "FETCH /api", "connector.toml:49: `FETCH /api/v2/search` does not begin with a method"),
    ];
    for (from, to, message) in cases {
        let text = format!("{GOOD}{}", RATE.replacen(from, to, 1));
        let error = Manifest::parse(&text).unwrap_err().to_string();
        assert!(error.starts_with(message), "\n{error}\n{message}");
    }
}

#[test]
fn patterns_match_whole_segments() {
    let matches =
        |pattern: &str, path: &[&str]| Rule::parse(&format!("read GET {pattern}"), 1).unwrap().path.matches(path);
    assert!(matches("/a/*/c", &["a", "b", "c"]));
    assert!(!matches("/a/*/c", &["a", "b", "d", "c"]));
    assert!(!matches("/a/*", &["a", ""]));
    assert!(!matches("/a/*", &["a"]));
    assert!(matches("/a/**", &["a", "b", "c"]));
    assert!(!matches("/a/**", &["a"]));
    assert!(matches("/orders/*.json", &["orders", "1.json"]));
    assert!(!matches("/orders/*.json", &["orders", ".json"]));
    assert!(matches("/Set('*')", &["Set('1')"]));
    assert!(!matches("/a", &["a", "b"]));
}

#[test]
fn bad_patterns_are_refused() {
    for bad in ["a/b", "/a/**/b", "/a/../b", "/a//b", "/a/*x*", "/a**b"] {
        assert!(Rule::parse(&format!("read GET {bad}"), 1).is_err(), "{bad}");
    }
    assert!(Rule::parse("read POST /x graphql=mutation", 1).is_err());
    assert!(Rule::parse("read POST /x other", 1).is_err());
}
