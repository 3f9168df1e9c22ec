//! Masks as tables: what is found, and that the same is always replaced by the same.

use serde_json::json;

use super::*;

fn masked(values: &[Value]) -> Vec<Value> {
    masked_beside(values, &[])
}

fn masked_beside(values: &[Value], extra: &[String]) -> Vec<Value> {
    let said = values.iter().map(Value::to_string).collect::<String>().to_lowercase();
    let mut finder = Finder::new(extra, &said);
    values.iter().for_each(|value| finder.by_name(value));
    let masks = finder.masks();
    let mask = |value: &Value| {
        let mut value = value.clone();
        masks.value(&mut value);
        value
    };
    values.iter().map(mask).collect()
}

#[test]
fn each_kind_of_member_has_a_stand_in_of_its_form() {
    let found = masked(&[json!({
        "first_name": "Erika", "LastName": "Mustermann", "email": "Erika.M@shop.test", "mobilePhone": "+49 (30) 901820-42",
        "billing": { "zip": "10115", "address1": "Example Street 12", "city": "Berlin", "country": "DE" },
        "birthDate": "1964-08-12", "browser_ip": "203.0.113.9", "id": 7, "total": "12.00", "latitude": 52.5
    })]);
    assert_eq!(
        found[0],
        json!({
            "first_name": "Alpha", "LastName": "Bravo", "email": "person-1@example.com", "mobilePhone": "+49 (30) 955501-01",
            "billing": { "zip": "11112", "address1": "Place 1", "city": "Place 2", "country": "DE" },
            "birthDate": "1990-01-02", "browser_ip": "192.0.2.1", "id": 7, "total": "12.00", "latitude": 11.4
        })
    );
}

#[test]
fn the_same_value_has_the_same_stand_in_in_every_form() {
    let found = masked(&[
        json!({ "email": "ada@shop.test", "phone": "+14155552671", "name": "Ada Lovelace" }),
        json!({ "note": "Mail ADA@SHOP.TEST or ring (415) 555-2671, says ada.", "link": "https://x.test/?q=ada%40shop.test" }),
    ]);
    assert_eq!(found[0], json!({ "email": "person-1@example.com", "phone": "+14155550101", "name": "person-1 Alpha" }));
    assert_eq!(
        found[1],
        json!({ "note": "Mail PERSON-1@EXAMPLE.COM or ring (415) 555-0101, says person-1.", "link": "https://x.test/?q=person-1%40example.com" })
    );
}

#[test]
fn a_name_is_a_persons_only_beside_a_way_to_reach_them() {
    let order = json!({ "name": "#1001", "email": "a@b.test" });
    assert_eq!(masked(&[order])[0]["name"], "#1001");
    let product = json!({ "name": "Blue Shirt", "sku": "B-1" });
    assert_eq!(masked(&[product])[0]["name"], "Blue Shirt");
    let person = json!({ "name": "Al", "email": null });
    assert_eq!(masked(&[person])[0]["name"], "Alpha");
}

#[test]
fn a_short_value_is_replaced_where_it_stands_alone_and_left_within_texts() {
    let found = masked(&[json!({ "first_name": "Al", "text": "Al and also Al" })]);
    assert_eq!(found[0], json!({ "first_name": "Alpha", "text": "Al and also Al" }));
}

#[test]
fn a_number_that_nobody_called_a_phone_stays() {
    let value = json!({ "order": "1001234567", "phone": null, "text": "4155552671 pieces" });
    assert_eq!(masked(std::slice::from_ref(&value))[0], value);
}

#[test]
fn what_a_link_proves_itself_with_is_replaced() {
    let found = masked(&[json!({ "url": "https://shop.test/o/7?key=5b3d1e&lang=en" })]);
    assert_eq!(found[0]["url"], "https://shop.test/o/7?key=masked-1&lang=en");
}

#[test]
fn a_stand_in_is_never_somebody_elses_value() {
    let found = masked(&[json!([{ "email": "a@b.test" }, { "email": "person-1@example.com" }])]);
    assert_eq!(found[0][0]["email"], "person-2@example.com");
    assert_ne!(found[0][1]["email"], "person-1@example.com");
    assert_ne!(found[0][1]["email"], found[0][0]["email"]);
}

#[test]
fn an_author_names_further_members() {
    let value = json!({ "company_name": "Lovelace Ltd" });
    assert_eq!(masked(std::slice::from_ref(&value))[0], value);
    assert_eq!(masked_beside(&[value], &["companyName".to_owned()])[0]["company_name"], "Alpha Bravo");
}

#[test]
fn schemas_mark_what_names_do_not_tell() {
    let schema =
        json!({ "properties": { "who": { "x-normalize": ["trim", "email"] }, "card": { "x-mask": "last4" } } });
    let value = json!({ "who": "x@y.test", "card": "4111 1111" });
    let mut finder = Finder::new(&[], "");
    finder.by_schema(&schema, &value);
    let masks = finder.masks();
    assert_eq!(masks.text("x@y.test has 4111 1111"), "person-1@example.com has 1111 1112");
    assert_eq!(masks.path("/people/x@y.test/a%2Fb"), "/people/person-1@example.com/a%2Fb");
}

#[test]
fn a_name_that_was_made_of_an_address_stays_one() {
    let found =
        masked(&[json!({ "email": "Ada.L@shop.test", "requester": { "email": "ada.l@shop.test", "name": "ada.l" } })]);
    assert_eq!(found[0]["requester"], json!({ "email": "person-1@example.com", "name": "person-1" }));
}
