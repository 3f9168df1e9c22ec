//! How sections go together, and which language is spoken.

use serde_json::json;

use super::*;
use crate::config::{Draft, Source};

fn config(text: &str) -> Config {
    let source = Source { path: "t.toml".into(), text: text.to_owned() };
    Config::draft(source).and_then(Draft::finish).unwrap()
}

#[test]
fn the_most_specific_section_wins_key_by_key() {
    let config = config(
        r#"
[intent."order.cancel"]
deadline_ms = 4000
[intent."*"]
progress_ms = 1000
deadline_ms = 9000
confirm = "always"
cache = { ttl_ms = 5 }
[intent."order.*"]
deadline_ms = 6000
confirm = { when = [{ pointer = "/quantity", is = "above", value = 10 }] }
"#,
    );
    let exact = Policy::of(&config, "order.cancel", Effect::Update);
    assert_eq!(exact.times, Narrower { progress_ms: Some(1000), end_ms: Some(4000) });
    assert!(exact.confirm.asks(&json!({ "quantity": 11 })) && !exact.confirm.asks(&json!({ "quantity": 10 })));
    assert_eq!(Policy::of(&config, "order.return", Effect::Create).times.end_ms, Some(6000));
    let other = Policy::of(&config, "ticket.create", Effect::Create);
    assert_eq!((other.times.end_ms, other.confirm), (Some(9000), Confirm::Always));
}

#[test]
fn a_read_asks_nobody_and_a_write_keeps_nothing() {
    let config = config("[intent.\"*\"]\nconfirm = \"always\"\ncache = { ttl_ms = 5, max_stale_ms = 9 }\n");
    let read = Policy::of(&config, "order.status", Effect::Read);
    assert_eq!((read.confirm, read.keeping), (Confirm::Never, Keeping { ttl_ms: 5, max_stale_ms: 9 }));
    let write = Policy::of(&config, "ticket.create", Effect::Create);
    assert_eq!((write.confirm, write.keeping), (Confirm::Always, Keeping::default()));
}

#[test]
fn who_takes_an_older_answer_shares_a_new_one_unless_it_is_written_otherwise() {
    let config = config(
        r#"
[intent."*"]
cache = { max_stale_ms = 9 }
[intent."order.*"]
cache = { ttl_ms = 5 }
[intent."ticket.*"]
coalesce = true
[intent."stock.*"]
cache = { ttl_ms = 5 }
coalesce = false
"#,
    );
    let cases = [
        ("pto.balance", Effect::Read, false),
        ("order.status", Effect::Read, true),
        ("ticket.status", Effect::Read, true),
        ("stock.check", Effect::Read, false),
        ("order.return", Effect::Create, false),
        ("ticket.create", Effect::Create, false),
    ];
    for (intent, effect, shared) in cases {
        assert_eq!(Policy::of(&config, intent, effect).coalesce, shared, "{intent}");
    }
}

#[test]
fn a_sentence_is_in_the_users_language_before_it_is_in_the_intents() {
    let config = config(
        r#"
[texts.de]
timeout = "Das dauert zu lange."
[intent."order.*".texts.en]
timeout = "The shop takes too long."
[intent."order.status".texts.de-AT]
timeout = "Das dauert leider zu lange."
"#,
    );
    let sentences = Policy::of(&config, "order.status", Effect::Read).sentences;
    let cases = [
        ("de-AT", "Das dauert leider zu lange."),
        ("de-at-x", "Das dauert leider zu lange."),
        ("de", "Das dauert zu lange."),
        ("en-GB", "The shop takes too long."),
        ("fr", "The shop takes too long."),
    ];
    for (locale, expected) in cases {
        assert_eq!(sentences.say(Sentence::Timeout, locale), expected, "{locale}");
    }
    assert_eq!(sentences.say(Sentence::Progress, "de"), PROGRESS);
}
