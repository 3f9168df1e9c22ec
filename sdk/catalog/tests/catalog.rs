//! Holds the catalogue to its own rules: schemas, samples, names and the golden file agree with each other.
//! What the texts look like is tested by the renderer.

use jackfield_catalog::{Definition, Effect, definition, definitions};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/catalog.json");

#[test]
fn golden_catalogue_is_up_to_date() {
    let all: Vec<Value> = definitions()
        .iter()
        .map(|definition| {
            json!({
                "name": definition.name,
                "effect": definition.effect,
                "domain": definition.domain,
                "title": definition.title,
                "description": definition.description,
                "input_schema": definition.input_schema,
                "output_schema": definition.output_schema,
            })
        })
        .collect();
    let mut text = serde_json::to_string_pretty(&all).unwrap();
    text.push('\n');
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(GOLDEN, &text).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    let line = golden.lines().zip(text.lines()).position(|(old, new)| old != new);
    assert!(
        golden == text,
        "golden/catalog.json differs from the types, first in line {}: a change to the public contract; if it is meant, run the test with UPDATE_GOLDEN=1",
        line.unwrap_or(golden.lines().count().min(text.lines().count())) + 1,
    );
}

#[test]
fn names_are_unique_and_well_formed() {
    let mut seen = BTreeSet::new();
    for definition in definitions() {
        let parts: Vec<&str> = definition.name.split('.').collect();
        let well_formed = |part: &&str| {
            part.starts_with(|first: char| first.is_ascii_lowercase())
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        };
        assert!(parts.len() >= 2 && parts.iter().all(well_formed), "{}", definition.name);
        assert!(seen.insert(definition.name), "{} is there twice", definition.name);
    }
    assert!(definition("order.status").is_some());
    assert!(definition("order.fly").is_none());
}

#[test]
fn every_intent_of_the_contract_is_there_with_its_effect() {
    let expected: BTreeMap<&str, (&str, &[&str])> = BTreeMap::from([
        (
            "crm",
            (
                "customer.lookup",
                ["contact.update!u", "lead.create!c", "opportunity.create!c", "interaction.log!c"].as_slice(),
            ),
        ),
        ("helpdesk", ("ticket.status", &["ticket.create!c", "ticket.search", "ticket.update!u", "ticket.route!u"])),
        (
            "commerce",
            ("order.status", &["order.search", "product.search", "inventory.check", "return.start!c", "cart.create!c"]),
        ),
        (
            "hr",
            (
                "pto.balance",
                &["benefits.summary", "employee.lookup", "pto.request!c", "hr_case.create!c", "hr_case.status"],
            ),
        ),
        ("it", ("it_request.status", &["it_request.create!c"])),
        ("finance", ("invoice.status", &["payment.status", "expense.status", "budget.status"])),
        ("erp", ("sales_order.status", &["purchase_order.status", "stock.check"])),
    ]);
    let mut count = 0;
    for (domain, (first, rest)) in expected {
        for word in std::iter::once(&first).chain(rest) {
            let (name, effect) = match word.split_once('!') {
                Some((name, "c")) => (name, Effect::Create),
                Some((name, _)) => (name, Effect::Update),
                None => (*word, Effect::Read),
            };
            let found = definition(name).unwrap_or_else(|| panic!("{name} is missing"));
            assert_eq!((found.domain, found.effect), (domain, effect), "{name}");
            count += 1;
        }
    }
    assert_eq!(count, definitions().len());
}

#[test]
fn everything_says_what_it_is() {
    for definition in definitions() {
        assert!(!definition.title.is_empty());
        assert!(definition.description.len() > 20, "{}: {:?}", definition.name, definition.description);
        assert!(!definition.template.trim().is_empty(), "{} has no template", definition.name);
        for schema in [&definition.input_schema, &definition.output_schema] {
            walk(schema, definition.name, &mut |path, schema| {
                let is_property = path.rsplit_once('/').is_some_and(|(parent, _)| parent.ends_with("/properties"));
                assert!(!is_property || schema["description"].is_string(), "{path} has no description");
            });
        }
    }
}

#[test]
fn examples_and_samples_obey_their_schemas() {
    for definition in definitions() {
        for (what, schema, value) in [
            ("example", &definition.input_schema, &definition.example),
            ("sample", &definition.output_schema, &definition.sample),
        ] {
            let validator = jsonschema::options().should_validate_formats(true).build(schema).unwrap();
            let errors: Vec<String> =
                validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
            assert!(errors.is_empty(), "{what} of {}: {errors:#?}", definition.name);
        }
    }
}

#[test]
fn every_input_is_bounded() {
    for definition in definitions() {
        assert_eq!(definition.input_schema["additionalProperties"], json!(false), "{}", definition.name);
        walk(&definition.input_schema, definition.name, &mut |path, schema| {
            let is = |name: &str| {
                schema["type"] == name || schema["type"].as_array().is_some_and(|types| types.contains(&json!(name)))
            };
            let has = |keyword: &str| !schema[keyword].is_null();
            if is("string") {
                assert!(has("maxLength") || has("enum"), "{path} is a text without a bound");
            }
            if is("number") || is("integer") {
                assert!(has("minimum") && has("maximum"), "{path} is a number without bounds");
            }
            if is("array") {
                assert!(has("maxItems"), "{path} is a list without a bound");
            }
            if is("object") {
                assert!(
                    schema["additionalProperties"] == json!(false) || has("maxProperties"),
                    "{path} is an open object"
                );
            }
            assert!(has("type"), "{path} takes anything");
        });
    }
}

#[test]
fn schemas_have_no_references_and_only_known_annotations() {
    const KNOWN: [&str; 4] = ["x-mask", "x-normalize", "x-format", "x-codes"];
    for definition in definitions() {
        for schema in [&definition.input_schema, &definition.output_schema] {
            assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
            assert!(!schema.to_string().contains("$ref"), "{}", definition.name);
            walk(schema, definition.name, &mut |path, schema| {
                for keyword in schema.as_object().unwrap().keys().filter(|keyword| keyword.starts_with("x-")) {
                    assert!(KNOWN.contains(&keyword.as_str()), "{path}: {keyword}");
                }
                if let Some(mask) = schema["x-mask"].as_str() {
                    assert!(["email", "phone", "last4", "all"].contains(&mask), "{path}: {mask}");
                }
                let normalize = match &schema["x-normalize"] {
                    Value::Null => &[],
                    Value::Array(steps) => steps.as_slice(),
                    step => std::slice::from_ref(step),
                };
                for step in normalize {
                    let known = ["trim", "lower", "upper", "email", "phone", "date", "order_number"];
                    assert!(known.contains(&step.as_str().unwrap()), "{path}: {step}");
                }
                if let Some(codes) = schema["x-codes"].as_object() {
                    let words: Vec<&str> = codes.keys().map(String::as_str).collect();
                    assert_eq!(schema["enum"], json!(words), "{path}");
                }
            });
        }
    }
}

#[test]
fn inputs_take_no_personal_data_out_and_outputs_mask_it() {
    // Fields by these names are masked wherever they stand, except in the company directory, whose purpose is to show them.
    for definition in definitions().iter().filter(|definition| definition.name != "employee.lookup") {
        walk(&definition.output_schema, definition.name, &mut |path, schema| {
            let field = path.rsplit('/').next().unwrap_or_default();
            let mask = match field {
                "email" | "requester_email" => "email",
                "phone" => "phone",
                "account" | "member_number" => "last4",
                _ => return,
            };
            assert_eq!(schema["x-mask"], mask, "{path}");
        });
        walk(&definition.input_schema, definition.name, &mut |path, schema| {
            assert!(schema["x-mask"].is_null() && schema["x-codes"].is_null(), "{path}");
        });
    }
}

/// Calls for every schema inside a schema, with its path.
fn walk(schema: &Value, path: &str, visit: &mut dyn FnMut(&str, &Value)) {
    visit(path, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        walk(property, &format!("{path}/properties/{name}"), visit);
    }
    if schema["items"].is_object() {
        walk(&schema["items"], &format!("{path}/items"), visit);
    }
    if schema["additionalProperties"].is_object() && schema["additionalProperties"]["type"].is_array() {
        walk(&schema["additionalProperties"], &format!("{path}/additionalProperties"), visit);
    }
}

/// The value, read as a `T` and written again.
fn through<T: serde::Serialize + serde::de::DeserializeOwned>(value: &Value) -> Value {
    let typed: T = serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value}"));
    serde_json::to_value(typed).unwrap()
}

fn check<I>()
where
    I: jackfield_catalog::Intent + serde::Serialize,
    I::Output: Default + serde::de::DeserializeOwned,
{
    let definition: &Definition = definition(I::NAME).unwrap();
    assert_eq!(through::<I>(&definition.example), definition.example, "example of {}", I::NAME);
    assert_eq!(through::<I::Output>(&definition.sample), definition.sample, "sample of {}", I::NAME);

    let mut unknown = definition.example.clone();
    unknown["no_such_field"] = json!(1);
    assert!(serde_json::from_value::<I>(unknown).is_err(), "{} takes unknown fields", I::NAME);

    // An output that leaves everything out is still one, and so is one from a later version.
    let empty = serde_json::to_value(I::Output::default()).unwrap();
    assert!(jsonschema::is_valid(&definition.output_schema, &empty), "{}: {empty}", I::NAME);
    let mut later = definition.sample.clone();
    later["field_of_a_later_version"] = json!(1);
    assert!(serde_json::from_value::<I::Output>(later).is_ok(), "{}", I::NAME);
}

#[test]
fn examples_and_samples_survive_the_types() {
    use jackfield_catalog::*;
    macro_rules! check_all {
        ($($input:ident)+) => {{
            $( check::<$input>(); )+
            [$(stringify!($input)),+].len()
        }};
    }
    let count = check_all!(
        CustomerLookupInput ContactUpdateInput LeadCreateInput OpportunityCreateInput InteractionLogInput
        TicketCreateInput TicketStatusInput TicketSearchInput TicketUpdateInput TicketRouteInput
        OrderStatusInput OrderSearchInput ProductSearchInput InventoryCheckInput ReturnStartInput CartCreateInput
        PtoBalanceInput BenefitsSummaryInput EmployeeLookupInput PtoRequestInput HrCaseCreateInput HrCaseStatusInput
        ItRequestCreateInput ItRequestStatusInput
        InvoiceStatusInput PaymentStatusInput ExpenseStatusInput BudgetStatusInput
        SalesOrderStatusInput PurchaseOrderStatusInput StockCheckInput
    );
    assert_eq!(count, definitions().len(), "an intent is not checked here");
}

#[test]
fn an_unknown_word_becomes_the_lists_own_something_else() {
    use jackfield_catalog::{Coded, Order, OrderStatus, TicketStatus};
    let order: Order = serde_json::from_value(json!({"status": "teleported", "payment_status": "in_kind"})).unwrap();
    assert_eq!(order.status, OrderStatus::Other);
    assert_eq!(serde_json::to_value(order).unwrap()["status"], "other");
    let new: TicketStatus = serde_json::from_value(json!("new")).unwrap();
    assert_eq!((new, new.text()), (TicketStatus::Open, "open"));
}

#[test]
fn hostile_input_is_refused() {
    let refused = |name: &str, input: Value| {
        let schema = &definition(name).unwrap().input_schema;
        assert!(!jsonschema::is_valid(schema, &input), "{name} takes {input}");
    };
    refused("order.status", json!({"order_number": "1' or '1'='1"}));
    refused("order.status", json!({"order_number": "1001\r\nHost: evil"}));
    refused("order.status", json!({"order_number": "9".repeat(65)}));
    refused("order.status", json!({"order_number": ""}));
    refused("order.status", json!({"order_number": "1001", "admin": true}));
    refused("order.search", json!({"limit": 51}));
    refused("order.search", json!({"status": "other"}));
    refused("order.search", json!({"placed_after": "yesterday"}));
    refused("ticket.create", json!({"subject": "a", "description": "a".repeat(10_001)}));
    refused("ticket.create", json!({"subject": "a", "description": "a", "fields": {"x": {"deep": 1}}}));
    refused("ticket.update", json!({"ticket_id": "1"}));
    refused("contact.update", json!({"contact_id": "1", "changes": {}}));
    refused("customer.lookup", json!({}));
    refused("return.start", json!({"order_number": "1001", "items": []}));
    refused("return.start", json!({"order_number": "1001", "items": [{"quantity": 1, "reason": "too_small"}]}));
    refused("cart.create", json!({"items": [{"sku": "a", "quantity": 0}]}));
    refused("opportunity.create", json!({"name": "a", "amount": {"amount": "-1", "currency": "EUR"}}));
}
