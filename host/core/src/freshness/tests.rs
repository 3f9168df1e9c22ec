//! Ages as a table, keys as a property, tags by what the catalogue's intents look like.

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn the_three_ages_of_an_answer() {
    use Freshness::{Fresh, Gone, Stale};
    let keeping = Keeping { ttl_ms: 1_000, max_stale_ms: 60_000 };
    const MADE: u64 = 1_000_000;
    let cases = [
        // now, the request's max_stale_ms, judgement
        (MADE, None, Fresh { age_ms: 0 }),
        (MADE + 999, None, Fresh { age_ms: 999 }),
        (MADE + 999, Some(0), Fresh { age_ms: 999 }),
        (MADE + 1_000, None, Stale { age_ms: 1_000 }),
        (MADE + 60_000, None, Stale { age_ms: 60_000 }),
        (MADE + 60_001, None, Gone),
        (MADE + 60_001, Some(999_999), Gone),
        (MADE + 5_000, Some(5_000), Stale { age_ms: 5_000 }),
        (MADE + 5_001, Some(5_000), Gone),
        (MADE + 1_000, Some(0), Gone),
        (MADE - CLOCK_SKEW_MS, None, Fresh { age_ms: 0 }),
        (MADE - CLOCK_SKEW_MS - 1, None, Gone),
    ];
    for (now, asked, expected) in cases {
        assert_eq!(keeping.judge(MADE, now, asked), expected, "at {now} with {asked:?}");
    }
}

#[test]
fn nothing_is_kept_unless_configured_and_never_of_a_write() {
    let keeping = Keeping { ttl_ms: 1_000, max_stale_ms: 2_000 };
    assert_eq!(Keeping::default().judge(5, 5, Some(1_000)), Freshness::Gone);
    assert_eq!(Keeping::default().kept_ms(), None);
    assert_eq!(Keeping::of(Effect::Read, keeping).kept_ms(), Some(2_000));
    for effect in [Effect::Create, Effect::Update, Effect::Delete] {
        assert_eq!(Keeping::of(effect, keeping).kept_ms(), None, "{effect:?}");
    }
}

#[test]
fn a_key_does_not_hang_on_the_order_of_members() {
    let edition = Digest::of_json(&json!(1));
    let question = |input| {
        key(&Question { tenant: "t", connection: "c", edition: &edition, person: None, intent: "order.status", input })
    };
    let (one, other) = (json!({ "a": 1, "b": { "c": 2, "d": 3 } }), json!({ "b": { "d": 3, "c": 2 }, "a": 1 }));
    assert_eq!(question(&one), question(&other));
}

#[test]
fn a_person_is_the_same_only_with_the_same_bot_service_and_the_same_proofs() {
    let edition = Digest::of_json(&json!(1));
    let of = |person| {
        let input = &json!({ "order_number": "1001" });
        key(&Question { tenant: "t", connection: "c", edition: &edition, person, intent: "order.status", input })
    };
    let jane = Person { caller: "bot", id: "42", email: Some("jane@example.com"), phone: None };
    let others = [
        None,
        Some(Person { caller: "other", ..jane }),
        Some(Person { id: "43", ..jane }),
        Some(Person { email: None, ..jane }),
        Some(Person { email: Some("joe@example.com"), ..jane }),
        Some(Person { email: None, phone: jane.email, ..jane }),
        Some(Person { phone: Some("+12025550143"), ..jane }),
        Some(Person { caller: "", id: "", email: None, phone: None }),
    ];
    assert_eq!(of(Some(jane)), of(Some(jane)));
    for other in others {
        assert_ne!(of(Some(jane)), of(other), "{other:?}");
    }
}

#[test]
fn another_edition_of_a_connection_is_another_question() {
    let of = |edition: Digest| {
        let input = &json!({});
        key(&Question { tenant: "t", connection: "c", edition: &edition, person: None, intent: "order.status", input })
    };
    assert_ne!(of(Digest::of_json(&json!("shop one"))), of(Digest::of_json(&json!("shop two"))));
}

#[derive(Clone, Debug, PartialEq)]
struct Asked {
    tenant: String,
    connection: String,
    caller: String,
    user: Option<String>,
    intent: String,
    input: String,
}

/// Names from two letters and the separators that a careless key would use: near misses are frequent.
fn asked() -> impl Strategy<Value = Asked> {
    const NAME: &str = "[ab:/\\x00]{0,3}";
    (NAME, NAME, NAME, prop::option::of(NAME), NAME, NAME).prop_map(
        |(tenant, connection, caller, user, intent, input)| {
            // Nobody is nobody, whoever asks.
            let caller = if user.is_some() { caller } else { String::new() };
            Asked { tenant, connection, caller, user, intent, input }
        },
    )
}

fn key_of(asked: &Asked) -> Digest {
    let person = asked.user.as_deref().map(|id| Person { caller: &asked.caller, id, email: None, phone: None });
    key(&Question {
        tenant: &asked.tenant,
        connection: &asked.connection,
        edition: &Digest::of_json(&json!(1)),
        person,
        intent: &asked.intent,
        input: &json!({ "x": asked.input }),
    })
}

/// Two questions of which any parts may be the same: most often they differ in one or two.
fn pairs() -> impl Strategy<Value = (Asked, Asked)> {
    (asked(), asked(), prop::array::uniform5(prop::bool::weighted(0.2))).prop_map(|(one, two, changed)| {
        let (caller, user) = if changed[2] { (two.caller, two.user) } else { (one.caller.clone(), one.user.clone()) };
        let other = Asked {
            tenant: if changed[0] { two.tenant } else { one.tenant.clone() },
            connection: if changed[1] { two.connection } else { one.connection.clone() },
            caller,
            user,
            intent: if changed[3] { two.intent } else { one.intent.clone() },
            input: if changed[4] { two.input } else { one.input.clone() },
        };
        (one, other)
    })
}

proptest! {
    #[test]
    fn keys_are_equal_for_equal_questions_and_no_others((one, other) in pairs()) {
        prop_assert_eq!(key_of(&one) == key_of(&other), one == other);
    }

    #[test]
    fn moving_a_letter_from_one_part_to_the_next_is_another_key(one in asked(), letter in "[ab]") {
        let (mut left, mut right) = (one.clone(), one);
        left.tenant.push_str(&letter);
        right.connection.insert_str(0, &letter);
        prop_assert_ne!(key_of(&left), key_of(&right));
    }
}

/// The tags of a catalogue intent, read by its real schemas.
fn tagger(intent: &str) -> Tagger {
    let known = jackfield_catalog::definition(intent).unwrap();
    Tagger::new(intent, &known.input_schema, &known.output_schema)
}

fn texts(tags: &Tags) -> Vec<&str> {
    tags.iter().collect()
}

#[test]
fn an_answer_is_tagged_with_the_objects_that_it_tells_of() {
    let cases = [
        (
            "order.status",
            json!({ "order_number": "#1001" }),
            json!({ "id": "gid://Order/45", "number": "1001", "line_items": [{ "id": "9", "sku": "TS" }] }),
            vec!["order:1001", "order:gid://order/45"],
        ),
        (
            "order.search",
            json!({ "email": "jane@example.com" }),
            json!({ "orders": [{ "id": "45", "number": "1001" }, { "id": 46 }], "more": false }),
            vec!["order:*", "order:1001", "order:45", "order:46"],
        ),
        ("order.search", json!({}), json!({ "orders": [], "more": false }), vec!["order:*"]),
        (
            "customer.lookup",
            json!({ "email": "jane@example.com" }),
            json!({ "contacts": [{ "id": "c7" }] }),
            vec!["contact:c7", "customer:*", "customer:c7"],
        ),
        ("budget.status", json!({}), json!({ "name": "travel" }), vec!["budget:*"]),
    ];
    for (intent, input, output, expected) in cases {
        assert_eq!(texts(&tagger(intent).of_answer(&input, &output)), expected, "{intent}");
    }
}

#[test]
fn a_write_drops_what_it_changed_and_every_list_that_may_now_differ() {
    let status = tagger("ticket.status");
    let search = tagger("ticket.search");
    let one = status.of_answer(&json!({ "ticket_id": "35" }), &json!({ "id": "35" }));
    let other = status.of_answer(&json!({ "ticket_id": "36" }), &json!({ "id": "36" }));
    let list = search.of_answer(&json!({ "query": "printer" }), &json!({ "tickets": [{ "id": "36" }] }));

    let update = tagger("ticket.update").of_write(&json!({ "ticket_id": "35", "comment": "hi" }), None);
    assert!(update.touch(&one));
    assert!(!update.touch(&other));
    assert!(update.touch(&list));

    let create = tagger("ticket.create").of_write(&json!({ "subject": "x" }), Some(&json!({ "id": "37" })));
    assert!(!create.touch(&one));
    assert!(create.touch(&list));
}

#[test]
fn a_write_of_one_kind_drops_answers_of_another_that_it_names() {
    let order = tagger("order.status").of_answer(&json!({ "order_number": "1001" }), &json!({ "id": "45" }));
    let returned = tagger("return.start").of_write(&json!({ "order_number": "#1001" }), None);
    assert!(returned.touch(&order));
}

#[test]
fn a_schema_that_names_its_ids_is_taken_at_its_word() {
    let output = json!({ "properties": { "key": { "type": "string", "x-tags": ["macro", "rule"] }, "id": {} } });
    let tagger = Tagger::new("zendesk.macro.apply", &json!({}), &output);
    let tags = tagger.of_answer(&json!({}), &json!({ "key": "M-1", "id": "99" }));
    assert_eq!(texts(&tags), ["macro:m-1", "rule:m-1"]);
}

#[test]
fn an_answer_of_too_many_objects_hangs_on_all_of_the_kind() {
    let rows: Vec<Value> = (0..1_000).map(|id| json!({ "id": id.to_string() })).collect();
    let tags = tagger("order.search").of_answer(&json!({}), &json!({ "orders": rows }));
    assert!(tags.iter().count() <= 65);
    assert!(texts(&tags).contains(&"order:*"));
    let long = json!({ "id": "x".repeat(100_000) });
    assert_eq!(texts(&tagger("order.status").of_answer(&json!({}), &long)), ["order:*"]);
}

#[test]
fn an_object_that_changed_elsewhere_touches_its_answers_and_the_lists_of_its_kind() {
    let order = tagger("order.status").of_answer(&json!({ "order_number": "1001" }), &json!({ "id": "45" }));
    let other = tagger("order.status").of_answer(&json!({ "order_number": "1002" }), &json!({ "id": "46" }));
    let list = tagger("order.search").of_answer(&json!({}), &json!({ "orders": [] }));
    let changed = Tags::of_object("order", "#1001");
    assert!(changed.touch(&order) && changed.touch(&list) && !changed.touch(&other));
}

#[test]
fn tags_are_read_as_they_are_written() {
    let tags = tagger("order.search").of_answer(&json!({}), &json!({ "orders": [{ "id": "45" }] }));
    let text = serde_json::to_string(&tags).unwrap();
    assert_eq!(text, r#"["order:*","order:45"]"#);
    assert_eq!(serde_json::from_str::<Tags>(&text).unwrap(), tags);
}
