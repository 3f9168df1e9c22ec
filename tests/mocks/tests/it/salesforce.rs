//! The simulated org's data: seeds, queries, writes, duplicates, composite, and what each refuses.

use jackfield_mocks::{Fault, Kind, Mocks, credentials};
use serde_json::{Value, json};

use crate::client::{Reply, send, start};

const DATA: &str = "/services/data/v55.0";

async fn call(mocks: &Mocks, method: &str, path: &str, more: &[(&str, &str)], body: Value) -> Reply {
    let authorization = format!("Bearer {}", credentials::SALESFORCE_ACCESS_TOKEN);
    let mut headers = vec![("authorization", authorization.as_str())];
    let body = match body {
        Value::Null => String::new(),
        body => {
            headers.push(("content-type", "application/json"));
            body.to_string()
        }
    };
    headers.extend(more);
    send(mocks.base_url("salesforce"), method, &format!("{DATA}{path}"), &headers, &body).await.unwrap()
}

async fn query(mocks: &Mocks, soql: &str) -> Reply {
    let encoded: String = url::form_urlencoded::byte_serialize(soql.as_bytes()).collect();
    call(mocks, "GET", &format!("/query?q={encoded}"), &[], Value::Null).await
}

async fn ids(mocks: &Mocks, soql: &str) -> Vec<String> {
    let reply = query(mocks, soql).await;
    assert_eq!(reply.status, 200, "{soql}: {}", reply.json());
    let body = reply.json();
    let records = body["records"].as_array().unwrap().iter();
    records.map(|record| record["Id"].as_str().unwrap().to_owned()).collect()
}

fn code(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()[0]["errorCode"].as_str().unwrap().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn a_contact_is_found_by_its_address_with_its_account() {
    let mocks = start().await;
    let soql = "SELECT Id, Name, Account.Name, Owner.Name FROM Contact WHERE Email = 'CUSTOMER@example.com' LIMIT 5";
    let reply = query(&mocks, soql).await;
    assert!(reply.header("sforce-limit-info").unwrap().starts_with("api-usage="));
    let body = reply.json();
    assert_eq!((&body["totalSize"], &body["done"]), (&json!(1), &json!(true)));
    let contact = &body["records"][0];
    assert_eq!(contact["Name"], "Casey Customer");
    assert_eq!(contact["Account"]["Name"], "Acme Corporation");
    assert_eq!(contact["Owner"]["Name"], "Sam Seller");
    let url = format!("{DATA}/sobjects/Contact/0035g00000000C1AAI");
    assert_eq!(contact["attributes"], json!({ "type": "Contact", "url": url }));
    assert_eq!(ids(&mocks, r"SELECT Id FROM Contact WHERE LastName = 'O\'Neil'").await, ["0035g00000000C4AAI"]);
    assert_eq!(ids(&mocks, r"SELECT Id FROM Contact WHERE LastName LIKE '100\%\_m%'").await, ["0035g00000000C5AAI"]);
    assert_eq!(
        ids(&mocks, "SELECT Id FROM Contact WHERE Email = 'shared@example.com' ORDER BY FirstName").await,
        ["0035g00000000C3AAI", "0035g00000000C2AAI"]
    );
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn of_a_reference_to_several_objects_the_common_fields_are_read() {
    let mocks = start().await;
    let body = query(&mocks, "SELECT Id, Who.Name, Who.Email, What.Name FROM Task").await.json();
    let (who, what) = (&body["records"][0]["Who"], &body["records"][0]["What"]);
    assert_eq!((&who["Name"], &who["Email"]), (&json!("Casey Customer"), &json!("customer@example.com")));
    let url = format!("{DATA}/sobjects/Contact/0035g00000000C1AAI");
    assert_eq!(who["attributes"], json!({ "type": "Name", "url": url }));
    assert_eq!(what["Name"], "Acme 50 seats");
    assert_eq!(ids(&mocks, "SELECT Id FROM Task WHERE Who.Name LIKE 'casey%'").await, ["00T5g00000000T1EAI"]);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
    let own = query(&mocks, "SELECT What.StageName FROM Task").await;
    assert_eq!(code(&own), refused(400, "INVALID_FIELD"));
}

#[tokio::test]
async fn conditions_compare_by_type_and_through_parents() {
    let mocks = start().await;
    let soql = "SELECT Id FROM Opportunity WHERE Account.Name = 'acme corporation' AND \
                (IsClosed = false OR Amount < 1000) AND CloseDate >= 2026-01-01 ORDER BY CloseDate DESC";
    assert_eq!(ids(&mocks, soql).await, ["0065g00000000P1AAI"]);
    let soql = "SELECT Id FROM Contact WHERE AccountId IN ('0015g00000000A3','0015g00000000A1AAI') AND Phone != null \
                AND CreatedDate < 2026-02-01T00:00:00Z ORDER BY Name DESC NULLS LAST";
    assert_eq!(ids(&mocks, soql).await, ["0035g00000000C4AAI", "0035g00000000C1AAI"]);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn queries_the_platform_does_not_know_are_refused_and_noted() {
    let mocks = start().await;
    for (soql, wanted) in [
        ("SELECT Id FROM Contact WHERE Name = 'O'Neil'", "MALFORMED_QUERY"),
        ("SELECT Nope FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Firma.Name = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Nothing", "INVALID_TYPE"),
        ("SELECT Id FROM Opportunity WHERE Amount = '5'", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE CloseDate = '2026-01-01'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE CreatedDate > 2026-01-01", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Description LIKE '%x%'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE AccountId = 'x'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id, id FROM Contact", "INVALID_FIELD"),
    ] {
        let before = mocks.violations().len();
        assert_eq!(code(&query(&mocks, soql).await), refused(400, wanted), "{soql}");
        assert_eq!(mocks.violations().len(), before + 1, "{soql}");
    }
}

#[tokio::test]
async fn long_answers_come_in_pages() {
    let mocks = start().await;
    mocks.knob("salesforce", "page-size", 2);
    let first = query(&mocks, "SELECT Id FROM Contact ORDER BY Id").await.json();
    assert_eq!((&first["totalSize"], &first["done"]), (&json!(5), &json!(false)));
    let mut seen = first["records"].as_array().unwrap().len();
    let mut next = first["nextRecordsUrl"].as_str().map(str::to_owned);
    while let Some(url) = next {
        let page = call(&mocks, "GET", url.strip_prefix(DATA).unwrap(), &[], Value::Null).await.json();
        seen += page["records"].as_array().unwrap().len();
        next = page["nextRecordsUrl"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, 5);
    let reply = call(&mocks, "GET", "/query/01gNOPE-2", &[], Value::Null).await;
    assert_eq!(code(&reply), refused(400, "INVALID_QUERY_LOCATOR"));
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn what_is_created_is_read_and_what_is_changed_changes() {
    let mocks = start().await;
    let lead = json!({ "LastName": "Rossi", "FirstName": "Ada", "Company": "Acme", "Email": "ada@example.com" });
    let made = call(&mocks, "POST", "/sobjects/Lead", &[], lead).await;
    assert_eq!(made.status, 201);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(made.header("location"), Some(format!("{DATA}/sobjects/Lead/{id}").as_str()));
    let path = format!("/sobjects/Lead/{id}");
    let read = call(&mocks, "GET", &format!("{path}?fields=Name,Status,OwnerId"), &[], Value::Null).await.json();
    assert_eq!((&read["Name"], &read["Status"]), (&json!("Ada Rossi"), &json!("Open - Not Contacted")));
    let change = call(&mocks, "PATCH", &path, &[], json!({ "Status": "Working - Contacted", "Phone": null })).await;
    assert_eq!((change.status, change.body.len()), (204, 0));
    assert_eq!(ids(&mocks, "SELECT Id FROM Lead WHERE Status LIKE 'working%' AND FirstName = 'Ada'").await, [id]);
    let old = [("if-unmodified-since", "Thu, 01 Jan 2026 00:00:00 GMT")];
    assert_eq!(call(&mocks, "PATCH", &path, &old, json!({ "City": "Rome" })).await.status, 412);
    assert_eq!(call(&mocks, "DELETE", &path, &[], Value::Null).await.status, 204);
    assert_eq!(code(&call(&mocks, "GET", &path, &[], Value::Null).await), refused(404, "ENTITY_IS_DELETED"));
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn business_rules_refuse_without_a_violation() {
    let mocks = start().await;
    for (object, body, wanted) in [
        ("Lead", json!({ "LastName": "X" }), "REQUIRED_FIELD_MISSING"),
        ("Contact", json!({ "LastName": "x".repeat(81) }), "STRING_TOO_LONG"),
        ("Contact", json!({ "LastName": "X", "Email": "no address" }), "INVALID_EMAIL_ADDRESS"),
        ("Contact", json!({ "LastName": "X", "Language__c": "Klingon" }), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("Contact", json!({ "LastName": "X", "Member_Number__c": "M-1" }), "DUPLICATE_VALUE"),
        ("Contact", json!({ "LastName": "X", "AccountId": "0065g00000000P1AAI" }), "MALFORMED_ID"),
        ("Contact", json!({ "LastName": "X", "AccountId": "0015g00000000Z9AAI" }), "INVALID_CROSS_REFERENCE_KEY"),
        ("Contact", json!({ "LastName": "X", "Email": "customer@example.com" }), "DUPLICATES_DETECTED"),
        ("Task", json!({ "WhoId": "00Q5g00000000L1EAI", "WhatId": "0065g00000000P1AAI" }), "FIELD_INTEGRITY_EXCEPTION"),
    ] {
        let reply = call(&mocks, "POST", &format!("/sobjects/{object}"), &[], body).await;
        assert_eq!(code(&reply), refused(400, wanted));
    }
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn what_the_documentation_does_not_know_is_refused_and_noted() {
    let mocks = start().await;
    for (method, path, body, wanted) in [
        ("POST", "/sobjects/Lead", json!({ "LastName": "X", "Company": "Y", "Colour": 1 }), (400, "INVALID_FIELD")),
        ("POST", "/sobjects/Lead", json!({ "LastName": 5, "Company": "Y" }), (400, "JSON_PARSER_ERROR")),
        (
            "POST",
            "/sobjects/Lead",
            json!({ "LastName": "X", "Company": "Y", "Name": "Z" }),
            (400, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ),
        (
            "PATCH",
            "/sobjects/Opportunity/0065g00000000P1AAI",
            json!({ "CloseDate": "31.12.2026" }),
            (400, "JSON_PARSER_ERROR"),
        ),
        ("GET", "/sobjects/Nothing/0065g00000000P1AAI", Value::Null, (404, "NOT_FOUND")),
        ("GET", "/sobjects/Contact/customer@example.com", Value::Null, (404, "NOT_FOUND")),
        ("GET", "/sobjects/Contact/Email/customer@example.com", Value::Null, (404, "NOT_FOUND")),
        ("PUT", "/sobjects/Contact/0035g00000000C1AAI", json!({}), (405, "METHOD_NOT_ALLOWED")),
        ("GET", "/nowhere", Value::Null, (404, "NOT_FOUND")),
    ] {
        let before = mocks.violations().len();
        let reply = call(&mocks, method, path, &[], body).await;
        assert_eq!(code(&reply), refused(wanted.0, wanted.1), "{method} {path}");
        assert_eq!(mocks.violations().len(), before + 1, "{method} {path}");
    }
    let headers = [("content-type", "text/plain")];
    let reply = call(&mocks, "POST", "/sobjects/Lead", &headers, Value::Null).await;
    assert_eq!(code(&reply), refused(415, "UNSUPPORTED_MEDIA_TYPE"));
}

#[tokio::test]
async fn a_possible_duplicate_is_saved_only_when_the_rule_and_the_request_allow_it() {
    let mocks = start().await;
    let contact = || json!({ "LastName": "Again", "Email": "Customer@Example.com" });
    let reply = call(&mocks, "POST", "/sobjects/Contact", &[], contact()).await;
    let result = &reply.json()[0]["duplicateResult"];
    assert_eq!(result["allowSave"], true);
    let found = &result["matchResults"][0]["matchRecords"][0]["record"];
    assert_eq!((&found["Id"], found.get("Email")), (&json!("0035g00000000C1AAI"), None));
    let details = [("sforce-duplicate-rule-header", "allowSave=false; includeRecordDetails=true")];
    let reply = call(&mocks, "POST", "/sobjects/Contact", &details, contact()).await;
    assert_eq!(
        reply.json()[0]["duplicateResult"]["matchResults"][0]["matchRecords"][0]["record"]["Email"],
        "customer@example.com"
    );
    let allow = [("sforce-duplicate-rule-header", "allowSave=true")];
    mocks.knob("salesforce", "duplicate-rule", "block");
    let reply = call(&mocks, "POST", "/sobjects/Contact", &allow, contact()).await;
    assert_eq!(reply.json()[0]["duplicateResult"]["allowSave"], false);
    mocks.knob("salesforce", "duplicate-rule", "alert");
    assert_eq!(call(&mocks, "POST", "/sobjects/Contact", &allow, contact()).await.status, 201);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
    let wrong = [("sforce-duplicate-rule-header", "allowSave=yes")];
    call(&mocks, "POST", "/sobjects/Contact", &wrong, contact()).await;
    assert_eq!(mocks.violations().len(), 1);
}

#[tokio::test]
async fn an_upsert_creates_then_changes_and_writes_nothing_when_several_match() {
    let mocks = start().await;
    let path = "/sobjects/Lead/Jackfield_Request_Id__c/call%2F1";
    let body = || json!({ "LastName": "Up", "Company": "Sert" });
    let made = call(&mocks, "PATCH", path, &[], body()).await;
    assert_eq!((made.status, &made.json()["created"]), (201, &json!(true)));
    let again = call(&mocks, "PATCH", path, &[], body()).await;
    assert_eq!((again.status, &again.json()["created"]), (200, &json!(false)));
    assert_eq!(again.json()["id"], made.json()["id"]);
    let read = call(&mocks, "GET", path, &[], Value::Null).await.json();
    assert_eq!(read["Jackfield_Request_Id__c"], "call/1");
    let several = call(&mocks, "PATCH", "/sobjects/Contact/Legacy_Id__c/L-2000", &[], json!({ "Title": "T" })).await;
    assert_eq!((several.status, several.json().as_array().unwrap().len()), (300, 2));
    assert!(ids(&mocks, "SELECT Id FROM Contact WHERE Title = 'T'").await.is_empty());
    let only = "/sobjects/Lead/Jackfield_Request_Id__c/none?updateOnly=true";
    assert_eq!(call(&mocks, "PATCH", only, &[], body()).await.status, 404);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
    let reply = call(&mocks, "PATCH", path, &[], json!({ "Id": "00Q5g00000000L1EAI" })).await;
    assert_eq!(code(&reply), refused(400, "INVALID_FIELD"));
}

#[tokio::test]
async fn a_composite_resolves_references_and_undoes_everything_when_told() {
    let mocks = start().await;
    let parts = |what: &str| {
        json!({ "allOrNone": true, "compositeRequest": [
            { "method": "POST", "url": format!("{DATA}/sobjects/Opportunity"), "referenceId": "opp", "body":
                { "Name": "Chat", "StageName": "Prospecting", "CloseDate": "2026-12-01" } },
            { "method": "POST", "url": format!("{DATA}/sobjects/Task"), "referenceId": "log", "body":
                { "Subject": "Chat", "Status": "Completed", "WhatId": what } },
        ] })
    };
    let good = call(&mocks, "POST", "/composite", &[], parts("@{opp.id}")).await.json();
    assert_eq!(good["compositeResponse"][1]["httpStatusCode"], 201);
    let opportunity = good["compositeResponse"][0]["body"]["id"].as_str().unwrap();
    let soql = format!("SELECT Id, IsClosed FROM Task WHERE WhatId = '{opportunity}' AND IsClosed = true");
    assert_eq!(ids(&mocks, &soql).await.len(), 1);
    let bad = call(&mocks, "POST", "/composite", &[], parts("0065g00000000Z9AAI")).await;
    assert_eq!(bad.status, 200);
    let bad = bad.json();
    assert_eq!(bad["compositeResponse"][0]["body"][0]["errorCode"], "PROCESSING_HALTED");
    assert_eq!(bad["compositeResponse"][1]["body"][0]["errorCode"], "INVALID_CROSS_REFERENCE_KEY");
    assert_eq!(ids(&mocks, "SELECT Id FROM Opportunity WHERE Name = 'Chat'").await.len(), 1);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn search_finds_whole_words_in_the_fields_of_a_group() {
    let mocks = start().await;
    let search = async |query: &str| {
        let path = format!("/parameterizedSearch/?q={query}");
        let reply = call(&mocks, "GET", &path, &[], Value::Null).await;
        assert_eq!(reply.status, 200, "{query}");
        reply.json()["searchRecords"].as_array().unwrap().len()
    };
    assert_eq!(search("casey+customer&sobject=Contact&Contact.fields=Id,Name&Contact.limit=10").await, 1);
    assert_eq!(search("shared@example.com&in=EMAIL&sobject=Contact").await, 2);
    assert_eq!(search("case&sobject=Contact").await, 0);
    assert_eq!(search("case*&sobject=Contact&sobject=Lead").await, 1);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
    let path = "/parameterizedSearch/?q=x&sobject=Contact";
    let reply = call(&mocks, "GET", path, &[], Value::Null).await;
    assert_eq!(code(&reply), refused(400, "MALFORMED_SEARCH"));
}

#[tokio::test]
async fn locks_and_limits_come_on_demand() {
    let mocks = start().await;
    mocks.knob("salesforce", "lock-rows", 1);
    let change = || json!({ "Title": "Head of Buying" });
    let path = "/sobjects/Contact/0035g00000000C1AAI";
    let reply = call(&mocks, "PATCH", path, &[], change()).await;
    assert_eq!(code(&reply), refused(400, "UNABLE_TO_LOCK_ROW"));
    assert_eq!(call(&mocks, "PATCH", path, &[], change()).await.status, 204);
    mocks.knob("salesforce", "api-limit-reached", true);
    let reply = call(&mocks, "GET", path, &[], Value::Null).await;
    assert_eq!(code(&reply), refused(403, "REQUEST_LIMIT_EXCEEDED"));
    mocks.reset();
    let limits = call(&mocks, "GET", "/limits", &[], Value::Null).await.json();
    assert!(limits["DailyApiRequests"]["Remaining"].is_u64());
    mocks.fault(Fault { times: Some(1), ..Fault::new("salesforce", Kind::RateLimit) });
    assert_eq!(code(&call(&mocks, "GET", path, &[], Value::Null).await), refused(403, "REQUEST_LIMIT_EXCEEDED"));
}

#[tokio::test]
async fn versions_are_listed_and_old_ones_are_gone() {
    let mocks = start().await;
    let base = mocks.base_url("salesforce");
    let list = send(base, "GET", "/services/data", &[], "").await.unwrap().json();
    assert!(list.as_array().unwrap().iter().any(|version| version["label"] == "Summer '22"));
    let reply = send(base, "GET", "/services/data/v30.0/query", &[], "").await.unwrap();
    assert_eq!(code(&reply), refused(410, "UNSUPPORTED_API_VERSION"));
    let describe = call(&mocks, "GET", "/sobjects/Lead/describe", &[], Value::Null).await;
    let fields = describe.json()["fields"].as_array().unwrap().clone();
    let status = fields.iter().find(|field| field["name"] == "Status").unwrap();
    assert_eq!(status["picklistValues"][0]["defaultValue"], true);
    let since = [("if-modified-since", describe.header("last-modified").unwrap())];
    assert_eq!(call(&mocks, "GET", "/sobjects/Lead/describe", &since, Value::Null).await.status, 304);
}
