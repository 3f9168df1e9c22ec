//! What users read: the text of every intent's sample against a golden file, and the cases that matter one by one.
//! Whether samples obey their schemas is tested by the catalogue.

use jackfield_catalog::{definition, definitions};
use jackfield_render::{RenderContext, Renderer, Stale, TemplateKey};
use serde_json::{Value, json};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/texts.en.txt");

fn context<'a>(locale: &'a str, time_zone: &'a str) -> RenderContext<'a> {
    RenderContext { locale, time_zone, now: "2026-01-21T12:00:00Z".parse().unwrap() }
}

fn english() -> RenderContext<'static> {
    context("en-US", "America/New_York")
}

fn renderer() -> Renderer {
    Renderer::new([]).unwrap()
}

fn with(intent: &str, locale: &str, text: &str) -> Renderer {
    let key = TemplateKey { intent: intent.to_owned(), locale: locale.to_owned() };
    Renderer::new([(key, text.to_owned())]).unwrap_or_else(|error| panic!("{error}"))
}

/// The text of a connector's own intent `x.y` with that template.
fn own(text: &str, output: Value, context: &RenderContext<'_>) -> String {
    let mut renderer = renderer();
    renderer.add("x.y", "en", text).unwrap_or_else(|error| panic!("{error}"));
    renderer.render("x.y", &output, context).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn check(intent: &str, output: Value, expected: &str) {
    let text = renderer().render(intent, &output, &english()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(text, expected);
}

#[test]
fn golden_texts_are_up_to_date() {
    let renderer = renderer();
    let mut texts = String::new();
    for definition in definitions() {
        let text = renderer.render(definition.name, &definition.sample, &english()).unwrap();
        texts.push_str(&format!("## {}\n{text}\n\n", definition.name));
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &texts).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert!(
        golden == texts,
        "golden/texts.en.txt differs; if that is meant, run the test with UPDATE_GOLDEN=1\n{texts}"
    );
}

/// An order with the usual beginnings and whatever else a case needs.
fn order(fields: Value) -> Value {
    let mut order = json!({
        "id": "1", "number": "1002", "cancelled": false, "placed_at": "2026-01-20T09:14:03Z",
        "line_items": [{"title": "Blue T-Shirt", "quantity": 2}, {"title": "Black Jeans", "quantity": 1}],
    });
    order.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    order
}

#[test]
fn a_shipped_order_tells_carrier_tracking_and_arrival() {
    let shipment = |fields: Value| order(json!({"status": "shipped", "shipments": [fields]}));
    let found =
        "I found your order! Order #1002 was placed on January 20th and contains 2 × Blue T-Shirt and Black Jeans.";
    let expect = |fields: Value, rest: &str| check("order.status", shipment(fields), &format!("{found} {rest}"));
    expect(json!({"status": "in_transit"}), "It was shipped.");
    expect(json!({"status": "in_transit", "carrier": "DHL"}), "It was shipped via DHL.");
    expect(
        json!({"status": "in_transit", "carrier": "DHL", "tracking_number": "0034", "tracking_url": "https://t.example/0034"}),
        "It was shipped via DHL (tracking number 0034).",
    );
    expect(
        json!({"status": "in_transit", "tracking_url": "https://t.example/0034"}),
        "It was shipped (you can follow it at https://t.example/0034).",
    );
    expect(
        json!({"status": "out_for_delivery", "carrier": "DHL", "estimated_delivery": "2026-01-21"}),
        "It was shipped via DHL and is out for delivery today.",
    );
    expect(
        json!({"status": "delayed", "carrier": "DHL", "estimated_delivery": "2026-01-25"}),
        "It was shipped via DHL, but is delayed; it should now arrive by January 25th.",
    );
    expect(
        json!({"status": "failed"}),
        "It was shipped, but could not be delivered; please contact us so that we can sort it out.",
    );
    check("order.status", order(json!({"status": "shipped"})), &format!("{found} It has been shipped."));
}

#[test]
fn every_parcel_is_told() {
    check(
        "order.status",
        order(json!({"status": "shipped", "shipments": [
            {"status": "delivered", "carrier": "UPS", "tracking_number": "1Z", "delivered_at": "2026-01-21T10:00:00Z",
             "items": [{"title": "Blue T-Shirt", "quantity": 2}]},
            {"status": "in_transit", "carrier": "DHL", "tracking_number": "0034", "estimated_delivery": "2026-01-25"},
            {"status": "cancelled", "carrier": "DHL", "tracking_number": "0099"},
        ]})),
        "I found your order! Order #1002 was placed on January 20th and contains 2 × Blue T-Shirt and Black Jeans. \
         It was shipped in 2 parcels:\n\
         - shipped via UPS (tracking number 1Z) and was delivered on January 21st: 2 × Blue T-Shirt\n\
         - shipped via DHL (tracking number 0034) and should arrive by January 25th",
    );
}

#[test]
fn a_partly_shipped_order_tells_about_the_rest() {
    let shipments = json!([{"status": "in_transit", "carrier": "UPS", "tracking_number": "1Z", "estimated_delivery": "2026-01-25"}]);
    check(
        "order.status",
        order(json!({"status": "partially_shipped", "ship_by": "2026-02-02", "shipments": shipments})),
        "I found your order! Order #1002 was placed on January 20th and contains 2 × Blue T-Shirt and Black Jeans. \
         Part of it was shipped via UPS (tracking number 1Z) and should arrive by January 25th. \
         The rest should be on its way by February 2nd.",
    );
}

#[test]
fn a_delivered_order_tells_when() {
    let shipments = json!([{"status": "delivered", "carrier": "UPS", "tracking_number": "1Z", "delivered_at": "2026-01-21T10:00:00Z"}]);
    check(
        "order.status",
        order(json!({"status": "delivered", "shipments": shipments, "return_status": "requested"})),
        "I found your order! Order #1002 was placed on January 20th and contains 2 × Blue T-Shirt and Black Jeans. \
         It was delivered via UPS (tracking number 1Z) on January 21st. A return has been requested for this order.",
    );
    check(
        "order.status",
        json!({"number": "7", "status": "delivered"}),
        "I found your order! It is order #7. It was delivered.",
    );
}

#[test]
fn an_order_that_is_not_shipped_says_why() {
    let expect = |fields: Value, text: &str| check("order.status", order(fields), text);
    expect(
        json!({"status": "pending", "ship_by": "2026-01-25"}),
        "Your order #1002 is pending shipment and should be on its way by January 25th.",
    );
    expect(
        json!({"status": "pending"}),
        "Your order #1002 is pending shipment. It was placed on January 20th and contains 2 × Blue T-Shirt and Black Jeans.",
    );
    expect(
        json!({"status": "awaiting_payment"}),
        "Your order #1002 is waiting for payment. It will be shipped as soon as the payment has arrived.",
    );
    expect(json!({"status": "on_hold"}), "Your order #1002 is on hold right now, so it has not been shipped yet.");
    expect(
        json!({"status": "cancelled", "cancelled": true, "cancelled_at": "2026-01-21T03:00:00Z", "cancel_reason": "The item is sold out.",
            "refunded_total": {"amount": "78.99", "currency": "USD"}}),
        "Your order #1002 was cancelled on January 20th. The reason given is: The item is sold out. $78.99 has been refunded to you.",
    );
    expect(
        json!({"status": "refunded", "refunded_total": {"amount": "0.00", "currency": "USD"}}),
        "Your order #1002 was refunded.",
    );
    expect(
        json!({"status": "other", "status_text": "at the engraver's", "line_items": []}),
        "Your order #1002 is at the engraver's.",
    );
    expect(json!({"status": "other", "line_items": []}), "Your order #1002 is being processed.");
}

#[test]
fn a_ticket_without_a_subject_is_told_without_one() {
    let ticket = |subject: &str| json!({"id": "7", "subject": subject, "status": "open"});
    check("ticket.status", ticket(""), "Your ticket #7 is open.");
    check("ticket.status", ticket("Login"), "Your ticket #7 (Login) is open.");
    check("ticket.update", ticket(""), "I've updated ticket #7. It is now open.");
    check("ticket.create", ticket(""), "I've opened ticket #7 for you.");
    check("ticket.search", json!({"tickets": [ticket("")], "more": false}), "I found one ticket:\n- #7: open");
}

#[test]
fn a_wait_is_told_in_the_unit_that_people_would_use() {
    let minutes = [(1, "one minute"), (59, "59 minutes")];
    let hours = [(60, "an hour"), (89, "an hour"), (90, "2 hours"), (120, "2 hours"), (1_409, "23 hours")];
    let days = [(1_410, "a day"), (2_129, "a day"), (2_160, "2 days"), (u32::MAX, "2,982,616 days")];
    for (wait, told) in [&minutes[..], &hours, &days].concat() {
        check(
            "ticket.route",
            json!({"ticket": {"id": "7"}, "handed_off": true, "wait_minutes": wait}),
            &format!(
                "I'm connecting you with a team member now. It should take about {told}. Your ticket is #7, and they can \
                 see what we have talked about."
            ),
        );
    }
}

#[test]
fn nothing_found_is_said_in_a_helpful_sentence() {
    let renderer = renderer();
    for definition in definitions() {
        for (name, schema) in definition.output_schema["properties"].as_object().unwrap() {
            let is_the_list = schema["type"] == "array"
                && definition.output_schema["required"].as_array().unwrap().contains(&json!(name));
            if is_the_list {
                let text = renderer.render(definition.name, &json!({name: [], "more": false}), &english()).unwrap();
                let is_helpful = text.contains("couldn't find") || text.contains("not enrolled");
                assert!(is_helpful && text.ends_with(['.', '?']) && text.len() > 30, "{}: {text}", definition.name);
            }
        }
    }
}

#[test]
fn no_text_shows_what_is_missing() {
    let renderer = renderer();
    for definition in definitions() {
        // With only what is required, with everything empty, and with nulls.
        let empty: serde_json::Map<String, Value> =
            definition.sample.as_object().unwrap().keys().map(|name| (name.clone(), Value::Null)).collect();
        for output in [json!({}), json!({"id": "1"}), Value::Object(empty)] {
            let text = renderer.render(definition.name, &output, &english()).unwrap();
            let lower = text.to_lowercase();
            assert!(
                !lower.contains("none") && !lower.contains("undefined") && !lower.contains("null"),
                "{}: {text}",
                definition.name
            );
        }
    }
}

#[test]
fn one_and_many_are_told_apart() {
    let balance = |available: f64| json!({"balances": [{"name": "Vacation", "kind": "vacation", "unit": "days", "available": available}], "more": false});
    check("pto.balance", balance(1.0), "You have 1 day of Vacation left.");
    check("pto.balance", balance(0.5), "You have 0.5 days of Vacation left.");
    check("pto.balance", balance(0.0), "You have 0 days of Vacation left.");
    check("pto.balance", balance(12.333_333_333), "You have 12.333 days of Vacation left.");
}

#[test]
fn instants_are_told_in_the_users_time_zone_and_days_are_not_shifted() {
    let text = |zone: &str| {
        own(
            "{{ at | datetime }} / {{ at | date }} / {{ at | time }} / {{ day | date }}",
            json!({"at": "2026-01-21T02:30:00Z", "day": "2026-01-25"}),
            &context("en-US", zone),
        )
    };
    assert_eq!(text("America/Los_Angeles"), "January 20th at 6:30 PM / January 20th / 6:30 PM / January 25th");
    assert_eq!(text("Asia/Tokyo"), "January 21st at 11:30 AM / January 21st / 11:30 AM / January 25th");
    assert_eq!(text("Mars/Olympus"), "January 21st at 2:30 AM / January 21st / 2:30 AM / January 25th");
}

#[test]
fn a_far_day_is_told_with_its_year() {
    let text = |day: &str| own("{{ day | date }}", json!({"day": day}), &english());
    assert_eq!(text("2026-11-03"), "November 3rd");
    assert_eq!(text("2025-12-31"), "December 31st");
    assert_eq!(text("2025-01-02"), "January 2nd, 2025");
    assert_eq!(text("2027-06-11"), "June 11th, 2027");
    assert_eq!(text("2026-02-22T23:00:00-05:00"), "February 22nd");
}

#[test]
fn what_is_no_date_is_shown_as_it_stands() {
    for raw in ["soon", "2026-02-30", "20260125", "2026-01-25T25:00:00Z", "0000-00-00", "Q3 2026"] {
        assert_eq!(
            own("by {{ day | date }}{{ nothing | date }}", json!({"day": raw}), &english()),
            format!("by {raw}")
        );
    }
    assert_eq!(
        own("{{ n | date }} {{ o | date }} {{ l | money }}", json!({"n": 5, "o": {"a": 1}, "l": [1]}), &english()),
        "5"
    );
}

#[test]
fn dates_money_and_lists_follow_the_locale() {
    let template = "{{ at | date }} | {{ at | datetime }} | {{ far | date }} | {{ total | money }} | {{ n | number }} | {{ xs | list }}";
    let output = json!({"at": "2026-01-20T14:05:00Z", "far": "2028-03-01", "total": {"amount": "1234.5", "currency": "EUR"},
        "n": 1234567.891, "xs": ["A", "B", "C"]});
    let text = |locale: &str| {
        let mut renderer = renderer();
        for template_locale in ["en", "de", "fr"] {
            renderer.add("x.y", template_locale, template).unwrap();
        }
        renderer.render("x.y", &output, &context(locale, "UTC")).unwrap().replace(['\u{a0}', '\u{202f}'], " ")
    };
    assert_eq!(
        text("en"),
        "January 20th | January 20th at 2:05 PM | March 1st, 2028 | €1,234.50 | 1,234,567.891 | A, B and C"
    );
    assert_eq!(
        text("en-US"),
        "January 20th | January 20th at 2:05 PM | March 1st, 2028 | €1,234.50 | 1,234,567.891 | A, B, and C"
    );
    assert_eq!(
        text("en-GB"),
        "20th January | 20th January at 14:05 | 1st March 2028 | €1,234.50 | 1,234,567.891 | A, B and C"
    );
    assert_eq!(
        text("de-DE"),
        "20. Januar | 20. Januar um 14:05 | 1. März 2028 | 1.234,50 € | 1.234.567,891 | A, B und C"
    );
    assert_eq!(
        text("de-AT"),
        "20. Jänner | 20. Jänner um 14:05 | 1. März 2028 | € 1 234,50 | 1 234 567,891 | A, B und C"
    );
    assert_eq!(text("fr_FR"), "20 janvier | 20 janvier à 14:05 | 1 mars 2028 | 1 234,50 € | 1 234 567,891 | A, B et C");
    // No Spanish template: English words, written as in Spain.
    assert_eq!(
        text("es"),
        "20th January | 20th January at 14:05 | 1st March 2028 | 1.234,50 € | 1.234.567,891 | A, B and C"
    );
    for strange in ["", "x", "!!", "de-", "en-US-u-ca-", "*", &"a-".repeat(500)] {
        assert!(text(strange).contains("Januar"), "{strange}");
    }
}

#[test]
fn money_has_the_decimals_of_its_currency() {
    let text = |amount: &str, currency: &str| {
        own("{{ m | money }}", json!({"m": {"amount": amount, "currency": currency}}), &english())
    };
    assert_eq!(text("78.99", "USD"), "$78.99");
    assert_eq!(text("59.9", "EUR"), "€59.90");
    assert_eq!(text("1200", "JPY"), "¥1,200");
    assert_eq!(text("1200.4", "JPY"), "¥1,200");
    assert_eq!(text("-3", "USD"), "-$3.00");
    assert_eq!(text("1.5", "KWD").replace('\u{a0}', " "), "KWD 1.500");
    assert_eq!(text("99999999999999999999", "USD"), "$99,999,999,999,999,999,999.00");
    // What is no money is shown as it stands.
    assert_eq!(text("much", "USD"), "much USD");
    assert_eq!(text("5", "dollars"), "5 dollars");
    assert_eq!(text("1e400", "USD"), "1e400 USD");
}

#[test]
fn the_template_of_the_language_is_used_else_the_english_one() {
    let mut renderer = with("order.status", "de", "Ihre Bestellung {{ number }} ist {{ status | code(\"status\") }}.");
    let output = json!({"number": "1", "status": "shipped", "cancelled": false});
    let text =
        |renderer: &Renderer, locale: &str| renderer.render("order.status", &output, &context(locale, "UTC")).unwrap();
    assert_eq!(text(&renderer, "de-AT"), "Ihre Bestellung 1 ist shipped.");
    assert_eq!(text(&renderer, "DE"), "Ihre Bestellung 1 ist shipped.");
    assert_eq!(text(&renderer, "fr-FR"), "I found your order! It is order #1. It has been shipped.");
    renderer.add("order.status", "de-AT", "Servus, {{ number }}.").unwrap();
    assert_eq!(text(&renderer, "de-AT"), "Servus, 1.");
    assert_eq!(text(&renderer, "de-CH"), "Ihre Bestellung 1 ist shipped.");
    // An operator may change the English words, too.
    renderer.add("order.status", "en", "Order {{ number }}: {{ status }}.").unwrap();
    assert_eq!(text(&renderer, "en-GB"), "Order 1: shipped.");
}

#[test]
fn plural_forms_follow_the_language() {
    let mut renderer = renderer();
    let template =
        "{{ plural(n, one=\"# dzień\", few=\"# dni\", many=\"# dni!\", other=\"# dnia\") }} {{ 3 | ordinal }}";
    renderer.add("x.y", "pl", template).unwrap();
    let text = |n: f64| renderer.render("x.y", &json!({"n": n}), &context("pl", "UTC")).unwrap();
    assert_eq!([text(1.0), text(2.0), text(5.0), text(1.5)], ["1 dzień 3.", "2 dni 3.", "5 dni! 3.", "1,5 dnia 3."]);
    assert_eq!(
        own("{{ [1, 2, 3, 4, 11, 21, 112] | map(\"ordinal\") | list }}", json!({}), &context("en", "UTC")),
        "1st, 2nd, 3rd, 4th, 11th, 21st and 112th"
    );
}

#[test]
fn a_bad_override_names_intent_locale_line_and_cause() {
    let error = |text: &str| {
        let key = TemplateKey { intent: "order.status".to_owned(), locale: "de".to_owned() };
        Renderer::new([(key, text.to_owned())]).unwrap_err().to_string()
    };
    assert_eq!(
        error("Hallo\n{% if number %}"),
        "text of `order.status` for locale `de`, line 2: syntax error: unexpected end of input, expected end of block"
    );
    assert_eq!(
        error("Hallo\n\n{{ number | datum }}"),
        "text of `order.status` for locale `de`, line 3: unknown filter: filter datum is unknown"
    );
    assert_eq!(
        error("{{ plural(1) }}"),
        "text of `order.status` for locale `de`, line 1: missing argument: missing keyword argument 'other'"
    );
    let unknown = error("Hallo\n{{ nummer }}");
    assert!(unknown.starts_with("text of `order.status` for locale `de`, line 2: there is no field `nummer` in the output; there are id, number, status,"), "{unknown}");
    let key = TemplateKey { intent: "order.status".to_owned(), locale: "deutsch bitte".to_owned() };
    assert!(Renderer::new([(key, String::new())]).unwrap_err().cause.contains("BCP 47"));
}

#[test]
fn a_bad_text_does_not_replace_a_good_one() {
    let mut renderer = renderer();
    assert!(renderer.add("lead.create", "fr", "{{ nom }}").is_err());
    assert!(renderer.add("lead.create", "en", "{{ surname }}").is_err());
    assert!(renderer.add("lead.create", "en", "{% if %}").is_err());
    let output = json!({"id": "1", "name": "Jo", "status": "new"});
    let text = renderer.render("lead.create", &output, &context("fr", "UTC")).unwrap();
    assert_eq!(text, "I've recorded Jo as a lead. The sales team will follow up.");
}

#[test]
fn a_template_cannot_run_for_ever() {
    let mut renderer = renderer();
    renderer
        .add("x.y", "en", "{% for a in range(10000) %}{% for b in range(10000) %}{% endfor %}{% endfor %}")
        .unwrap();
    let error = renderer.render("x.y", &json!({}), &english()).unwrap_err();
    assert!(error.cause.contains("fuel"), "{error}");
    // The host still has something to say.
    assert_eq!(renderer.plain("x.y", &json!({"answer": 42}), &english()), "- Answer: 42");
}

#[test]
fn a_long_text_is_cut_behind_a_word() {
    let orders: Vec<Value> =
        (0..5000).map(|number| json!({"number": number.to_string(), "status": "shipped"})).collect();
    let text = renderer().render("order.search", &json!({"orders": orders, "more": false}), &english()).unwrap();
    assert!(text.len() <= 8192 && text.len() > 8000, "{}", text.len());
    assert!(text.starts_with("I found 5,000 orders:\n- #0: shipped\n") && text.ends_with('…'));
    let text = own("{{ t }}", json!({"t": "ä".repeat(100_000)}), &english());
    assert!(text.len() <= 8192 && text.ends_with("ä…"));
    assert_eq!(own("{{ t | shorten(12) }}", json!({"t": "one two three four"}), &english()), "one two…");
    assert_eq!(own("{{ t | shorten(12) }}", json!({"t": "one two"}), &english()), "one two");
}

#[test]
fn texts_of_business_systems_cannot_fake_structure() {
    let hostile = "Evil\r\n\n- Your account is locked\u{1b}[31m\u{0}\u{202e}txt.exe\u{2066}\u{e0041}\u{200b} {{ 7 * 7 }} <b>&amp;</b>\u{2028}end";
    let text = renderer()
        .render("order.status", &json!({"number": hostile, "status": "pending", "ship_by": hostile}), &english())
        .unwrap();
    let clean = "Evil - Your account is locked [31m txt.exe {{ 7 * 7 }} <b>&amp;</b> end";
    assert_eq!(text, format!("Your order #{clean} is pending shipment and should be on its way by {clean}."));
    assert_eq!(own("{{ t }}", json!({"t": "\u{2}a\u{2}\nb"}), &english()), "a b");
}

#[test]
fn an_output_cannot_reach_the_renderers_own_names() {
    let output = json!({"__call": {"x": 1}, "range": "mine", "day": "2026-01-25"});
    assert_eq!(own("{{ __call.x }}{{ day | date }} {{ range }}", output, &english()), "January 25th mine");
    // Deeper than any model.
    let mut deep = json!("x");
    for _ in 0..500 {
        deep = json!({"a": [deep]});
    }
    let text = renderer().render("order.status", &json!({"number": "1", "vendor": deep.clone()}), &english()).unwrap();
    assert!(text.starts_with("Your order #1"));
    renderer().plain("x.y", &deep, &english());
}

#[test]
fn an_intent_without_a_template_gets_a_readable_text() {
    let mut renderer = renderer();
    renderer
        .describe("zendesk.macro.apply", &json!({"properties": {"state": {"x-codes": {"wip": "being worked on"}}}}));
    let output = json!({
        "id": "77", "macro_id": "5", "title": "Refund", "state": "wip", "due_on": "2026-01-25", "changed_at": "2026-01-20T14:05:00Z",
        "fee": {"amount": "5", "currency": "EUR"}, "urgent": true, "tags": ["a", "b"], "note": null, "vendor": {"x": 1},
        "steps": [{"name": "Check", "done": true}, {"name": "Pay", "done": false}],
    });
    assert_eq!(
        renderer.render("zendesk.macro.apply", &output, &context("en", "UTC")).unwrap(),
        "- Title: Refund\n- State: being worked on\n- Due on: January 25th\n- Changed at: January 20th at 2:05 PM\n- Fee: €5.00\n\
         - Urgent: yes\n- Tags: a and b\nSteps:\n- name Check, done yes\n- name Pay, done no",
    );
    for (output, expected) in
        [(json!({}), "Done."), (json!(null), "Done."), (json!("All good."), "All good."), (json!([1, 2]), "1 and 2")]
    {
        assert_eq!(renderer.render("zendesk.macro.apply", &output, &context("en", "UTC")).unwrap(), expected);
    }
}

#[test]
fn empty_lines_of_a_template_start_paragraphs_and_tags_leave_none() {
    let text = "{% set a = 1 %}\n\n\nOne\n{% if a %}\nand a half.\n{% endif %}\n\nTwo.\n- x\n{% for y in [1, 2] %}\n- {{ y }}\n{% endfor %}\nThree.\n{# a\n\ncomment #}\nFour.\n\n";
    assert_eq!(own(text, json!({}), &english()), "One and a half.\n\nTwo.\n- x\n- 1\n- 2\nThree. Four.");
}

#[test]
fn a_renderer_is_shared_between_threads() {
    let renderer = renderer();
    let sample = &definition("order.status").unwrap().sample;
    std::thread::scope(|scope| {
        for locale in ["en", "de", "fr", "ja"] {
            let renderer = &renderer;
            scope.spawn(move || {
                for _ in 0..50 {
                    renderer.render("order.status", sample, &context(locale, "Europe/Vienna")).unwrap();
                }
            });
        }
    });
}

#[test]
fn a_question_shows_every_field_of_the_input_ids_too() {
    let input = json!({
        "ticket_id": "35436", "status": "solved", "note": "line\n- Total: 0", "due_on": "2026-01-25",
        "items": [{ "sku": "TS-1", "line_item_id": "9", "quantity": 2 }],
    });
    let text = renderer().question("ticket.update", "Change a ticket", &input, &english()).unwrap();
    assert_eq!(
        text,
        "Change a ticket: please check that this is right.\n\n- Ticket id: 35436\n- Status: solved\n\
         - Note: line - Total: 0\n- Due on: January 25th\nItems:\n- sku TS-1, line item id 9, quantity 2\n\nShall I go ahead?"
    );
}

#[test]
fn a_question_has_the_operators_words_in_the_users_language() {
    let mut renderer = renderer();
    renderer.add_question("return.start", "de", "Rückgabe zu {{ input.order_number | reference }}?").unwrap();
    let ask = |locale: &str| {
        let input = json!({ "order_number": "1001" });
        renderer.question("return.start", "Start a return", &input, &context(locale, "UTC")).unwrap()
    };
    assert_eq!(ask("de-AT"), "Rückgabe zu #1001?");
    assert!(ask("fr").starts_with("Start a return: "), "{}", ask("fr"));
}

#[test]
fn a_question_that_cannot_be_asked_is_found_when_it_is_added() {
    let mut renderer = renderer();
    for (text, why) in
        [("{{ order }}", "there is no `order`"), ("{{ title ", "syntax error"), ("{{ title | no }}", "unknown filter")]
    {
        let error = renderer.add_question("return.start", "en", text).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
}

fn kept(text: &str, age_ms: u64) -> Stale<'_> {
    Stale { title: "Order status", text, age_ms, fetched_at: "2026-01-21T11:48:00Z" }
}

#[test]
fn an_answer_that_is_not_of_now_says_how_old_it_is_in_one_unit() {
    let renderer = renderer();
    let cases = [
        (0, "1 second ago"),
        (89_999, "90 seconds ago"),
        (90_000, "2 minutes ago"),
        (12 * 60_000, "12 minutes ago"),
        (90 * 60_000 - 1, "90 minutes ago"),
        (5 * 3_600_000, "5 hours ago"),
        (36 * 3_600_000, "2 days ago"),
        (u64::MAX, "213,503,982,335 days ago"),
    ];
    for (age_ms, words) in cases {
        let text = renderer.stale("order.status", &kept("It is on its way.", age_ms), &english()).unwrap();
        let expected =
            format!("I can't get the latest information right now. This is from {words}:\n\nIt is on its way.");
        assert_eq!(text, expected);
    }
}

#[test]
fn the_words_around_a_kept_answer_are_the_operators_in_the_users_language() {
    let mut renderer = renderer();
    renderer.add_stale("order.status", "de", "Stand {{ fetched_at | time }} ({{ age }}): {{ text }}").unwrap();
    let answer = kept("Ihre Bestellung ist unterwegs.\n\n- A\n- B", 12 * 60_000);
    let text = |renderer: &Renderer, locale| {
        renderer.stale("order.status", &answer, &context(locale, "Europe/Vienna")).unwrap()
    };
    let german = "Stand 12:48 (vor 12 Minuten): Ihre Bestellung ist unterwegs.\n\n- A\n- B";
    assert_eq!(text(&renderer, "de-AT"), german);
    // A French user who gets English words gets an English age in them.
    let english = text(&renderer, "fr");
    assert!(english.contains("This is from 12 minutes ago:\n\nIhre"), "{english}");
    let error = renderer.add_stale("order.status", "de", "{{ output }}").unwrap_err().to_string();
    assert!(error.contains("there is no `output`"), "{error}");
    assert_eq!(text(&renderer, "de-AT"), german);
}
