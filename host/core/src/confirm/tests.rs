//! Conditions as a table, and every part of a token changed in turn.

use serde_json::json;

use super::*;

const NOW: u64 = 1_700_000_000_000;

#[test]
fn a_condition_holds_as_a_table() {
    use Comparison::{Above, Absent, AtLeast, AtMost, Below, Different, Equal, OneOf, Present};
    let input = json!({
        "total": { "amount": "100.00", "currency": "EUR" }, "days": 5, "kind": "sick", "code": "007", "note": null, "list": [1, 2],
    });
    let cases = [
        ("/total/amount", Above, json!(99.99), true),
        ("/total/amount", Above, json!(100), false),
        ("/total/amount", AtLeast, json!("100"), true),
        ("/days", Below, json!(5), false),
        ("/days", AtMost, json!(5), true),
        ("/days", Equal, json!(5.0), true),
        ("/days", Equal, json!("5"), true),
        ("/total/amount", Equal, json!(100), true),
        ("/code", Different, json!("7"), true),
        ("/kind", Equal, json!("sick"), true),
        ("/kind", Different, json!("sick"), false),
        ("/kind", OneOf, json!(["unpaid", "sick"]), true),
        ("/kind", OneOf, json!(["unpaid"]), false),
        ("/list/1", Equal, json!(2), true),
        ("/kind", Present, json!(null), true),
        ("/note", Present, json!(null), false),
        ("/note", Absent, json!(null), true),
        ("/missing", Above, json!(1), false),
        ("/missing", Different, json!(1), false),
        // When in doubt, a person is asked.
        ("/kind", Above, json!(1), true),
        ("/list", Below, json!(1), true),
        ("/kind", OneOf, json!("sick"), true),
    ];
    for (pointer, is, value, expected) in cases {
        let condition = Condition { pointer: pointer.to_owned(), is, value };
        assert_eq!(Confirm::When(vec![condition.clone()]).asks(&input), expected, "{condition:?}");
    }
}

#[test]
fn texts_that_only_a_float_parser_takes_for_numbers_are_texts() {
    let condition = Condition { pointer: "/x".to_owned(), is: Comparison::Above, value: json!(1) };
    for text in ["inf", "nan", "infinity"] {
        assert!(condition.holds(&json!({ "x": text })), "{text} cannot be compared, so it is asked about");
    }
}

#[test]
fn one_condition_is_enough_and_none_is_never() {
    let condition =
        |pointer: &str| Condition { pointer: pointer.to_owned(), is: Comparison::Present, value: Value::Null };
    let input = json!({ "a": 1 });
    assert!(Confirm::When(vec![condition("/b"), condition("/a")]).asks(&input));
    assert!(!Confirm::When(Vec::new()).asks(&input));
    assert!(Confirm::Always.asks(&input));
    assert!(!Confirm::default().asks(&input));
}

#[test]
fn the_policy_is_written_as_a_word_or_as_conditions() {
    #[derive(Deserialize)]
    struct File {
        confirm: Confirm,
    }
    let read = |text: &str| toml::from_str::<File>(text).map(|file| file.confirm);
    assert_eq!(read(r#"confirm = "never""#), Ok(Confirm::Never));
    assert_eq!(read(r#"confirm = "always""#), Ok(Confirm::Always));
    let Ok(Confirm::When(conditions)) =
        read(r#"confirm = { when = [{ pointer = "/days", is = "at_least", value = 5 }] }"#)
    else {
        panic!("not read");
    };
    assert!(conditions.iter().all(|condition| condition.check().is_ok()));
    assert!(read(r#"confirm = { when = [{ pointer = "/days", is = "at_least", valeu = 5 }] }"#).is_err());
    assert!(read(r#"confirm = "sometimes""#).is_err());
}

#[test]
fn a_condition_that_can_compare_nothing_is_refused_when_it_is_read() {
    use Comparison::{Above, Equal, OneOf, Present};
    let cases = [
        ("days", Above, json!(1)),
        ("/days", Above, json!("many")),
        ("/days", Above, json!(null)),
        ("/days", Equal, json!(null)),
        ("/days", OneOf, json!("sick")),
        ("/days", Present, json!(1)),
    ];
    for (pointer, is, value) in cases {
        let condition = Condition { pointer: pointer.to_owned(), is, value };
        assert!(condition.check().is_err(), "{condition:?}");
    }
}

fn subject(input: &Value) -> Subject<'_> {
    Subject { caller: "bot", tenant: "acme", user: Some("u1"), intent: "pto.request", connection: "hr", input }
}

#[test]
fn a_yes_is_a_yes_to_exactly_this() {
    let input = json!({ "days": 5, "kind": "holiday" });
    let reordered = json!({ "kind": "holiday", "days": 5 });
    let changed = json!({ "days": 6, "kind": "holiday" });
    let claims = Claims::new(&subject(&input), NOW, LIFE_MS_DEFAULT, 7);
    let base = subject(&input);
    let cases = [
        (base, NOW, Ok(())),
        (Subject { input: &reordered, ..base }, NOW + LIFE_MS_DEFAULT - 1, Ok(())),
        (Subject { caller: "other", ..base }, NOW, Err(NotThis::Caller)),
        (Subject { tenant: "other", ..base }, NOW, Err(NotThis::Tenant)),
        (Subject { user: Some("u2"), ..base }, NOW, Err(NotThis::User)),
        (Subject { user: None, ..base }, NOW, Err(NotThis::User)),
        (Subject { intent: "pto.cancel", ..base }, NOW, Err(NotThis::Intent)),
        (Subject { connection: "hr-eu", ..base }, NOW, Err(NotThis::Connection)),
        (Subject { input: &changed, ..base }, NOW, Err(NotThis::Input)),
        (base, NOW + LIFE_MS_DEFAULT, Err(NotThis::Expired)),
        (Subject { caller: "other", input: &changed, ..base }, u64::MAX, Err(NotThis::Caller)),
    ];
    for (subject, now, expected) in cases {
        assert_eq!(claims.check(&subject, now), expected, "{subject:?} at {now}");
    }
}

#[test]
fn each_question_is_used_up_on_its_own() {
    let input = json!({});
    let ticket = |subject: &Subject<'_>, nonce| Claims::new(subject, NOW, 1_000, nonce).ticket();
    let base = subject(&input);
    assert_eq!(ticket(&base, 1), ticket(&base, 1));
    assert_ne!(ticket(&base, 1), ticket(&base, 2));
    assert_ne!(ticket(&base, 1), ticket(&Subject { caller: "other", ..base }, 1));
}

#[test]
fn claims_survive_being_written_down_and_their_life_is_bounded() {
    let input = json!({ "days": 5 });
    let claims = Claims::new(&subject(&input), NOW, u64::MAX, u128::MAX);
    assert_eq!(claims.expires_ms(), NOW + LIFE_MS_MAX);
    let text = serde_json::to_string(&claims).unwrap();
    assert_eq!(serde_json::from_str::<Claims>(&text).unwrap(), claims);
    assert!(!text.contains("days"), "the token holds the digest, not the input");
}
