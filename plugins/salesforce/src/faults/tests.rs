//! Each error that Salesforce documents, and what becomes of it.

use jackfield_sdk::{Value, prelude::*};

use super::*;

/// What a whole answer becomes: sent through the connector's own way, over the test host.
fn failure_of(status: u16, body: Value) -> Failure {
    let exchange = testing::Exchange::get("/x").reply_json(status, body);
    testing::Host::new().expect(exchange).with("customer.lookup", |call| {
        let response = call.http("api").get("/x").unwrap().send().unwrap();
        failure(&response)
    })
}

fn error(code: &str) -> Value {
    json!([{"message": "o'neil@acme.example: bad value for field", "errorCode": code, "fields": ["Email"]}])
}

#[test]
fn every_code_has_its_failure() {
    for (status, code, kind) in [
        (401, "INVALID_SESSION_ID", "reauth-required"),
        (403, "REQUEST_LIMIT_EXCEEDED", "rate-limited"),
        (403, "API_DISABLED_FOR_ORG", "denied"),
        (403, "INSUFFICIENT_ACCESS", "denied"),
        (400, "INSUFFICIENT_ACCESS_OR_READONLY", "denied"),
        (400, "INVALID_FIELD", "denied"),
        (400, "INVALID_FIELD_FOR_INSERT_UPDATE", "denied"),
        (400, "UNABLE_TO_LOCK_ROW", "conflict"),
        (412, "PRECONDITION_FAILED", "conflict"),
        (400, "REQUIRED_FIELD_MISSING", "rejected"),
        (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "rejected"),
        (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "rejected"),
        (400, "STRING_TOO_LONG", "rejected"),
        (400, "DUPLICATES_DETECTED", "duplicate"),
        (400, "DUPLICATE_VALUE", "duplicate"),
        (400, "MALFORMED_ID", "not-found"),
        (404, "NOT_FOUND", "not-found"),
        (404, "ENTITY_IS_DELETED", "not-found"),
        (400, "MALFORMED_QUERY", "internal"),
        (400, "SOMETHING_NEW", "internal"),
        (410, "UNSUPPORTED_API_VERSION", "internal"),
        (503, "SERVER_UNAVAILABLE", "unavailable"),
        (500, "UNKNOWN_EXCEPTION", "unavailable"),
    ] {
        let failure = failure_of(status, error(code));
        assert_eq!(failure.kind.code(), kind, "{code}");
        assert!(!failure.to_string().contains("neil"), "{code} repeats what Salesforce said");
    }
}

#[test]
fn the_log_has_names_and_nothing_of_the_text() {
    let body = json!([{
        "message": "\nSELECT Id,Tier__c FROM Contact WHERE Email = 'ada@acme.example'\nERROR at Row:1:Column:11\n\
                    No such column 'Tier__c' on entity 'Contact'.",
        "errorCode": "INVALID_FIELD",
        "fields": ["not a field name"]
    }]);
    let detail = failure_of(400, body).detail;
    assert!(detail.contains("`INVALID_FIELD` about Tier__c: hidden by field-level security"), "{detail}");
    assert!(!detail.contains("ada") && !detail.contains("not a field"), "{detail}");
}

#[test]
fn one_match_is_the_existing_record_and_several_are_none() {
    let found = |ids: &[&str]| {
        let records: Vec<Value> = ids.iter().map(|id| json!({"record": {"Id": id}})).collect();
        let result = json!({"allowSave": true, "matchResults": [{"matchRecords": records}]});
        failure_of(400, json!([{"errorCode": "DUPLICATES_DETECTED", "message": "", "duplicateResult": result}])).kind
    };
    // The short and the long form of one id are one record.
    let one = Failure::duplicate_of("001A000001EjxaBIAR").kind;
    assert_eq!(found(&["001A000001EjxaB", "001A000001EjxaBIAR"]), one);
    assert_eq!(found(&["001A000001EjxaB", "001A000001EjxaC"]), Failure::duplicate().kind);
    assert_eq!(found(&["anything else"]), Failure::duplicate().kind);
}

#[test]
fn a_unique_field_names_the_record_that_has_its_value() {
    let failure = |message: &str| failure_of(400, json!([{"errorCode": "DUPLICATE_VALUE", "message": message}])).kind;
    let told = "duplicate value found: Key__c duplicates value on record with id: 001A000001EjxaB";
    assert_eq!(failure(told), Failure::duplicate_of("001A000001EjxaBIAR").kind);
    assert_eq!(failure("duplicate value found: <unknown>"), Failure::duplicate().kind);
}

#[test]
fn what_is_no_list_of_errors_is_judged_by_its_status() {
    for (status, kind) in
        [(300, "internal"), (404, "internal"), (410, "internal"), (503, "unavailable"), (401, "reauth-required")]
    {
        assert_eq!(failure_of(status, json!({"error": "x"})).kind.code(), kind, "{status}");
    }
}
