//! The simulated SuccessFactors company: tokens, who sees whom, requests for time off, and what each refuses.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jackfield_mocks::{Fault, Kind, Mocks, credentials};
use serde_json::{Value, json};

use crate::assertion::{Claims, sign};
use crate::client::{Reply, send, start};

const WORKER: &str = credentials::SUCCESSFACTORS_WORKER;
const MANAGER: &str = credentials::SUCCESSFACTORS_MANAGER;
const KEY: (&str, &str) = ("api_key", credentials::SUCCESSFACTORS_API_KEY);

async fn exchange(mocks: &Mocks, claims: &Claims<'_>, pem: &str) -> Reply {
    let assertion = BASE64_STANDARD.encode(sign(claims, pem));
    let pairs = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:saml2-bearer"),
        ("company_id", credentials::SUCCESSFACTORS_COMPANY),
        ("client_id", credentials::SUCCESSFACTORS_API_KEY),
        ("assertion", assertion.as_str()),
    ];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let headers = [("content-type", "application/x-www-form-urlencoded")];
    send(mocks.base_url("sap-successfactors"), "POST", "/oauth/token", &headers, &body).await.unwrap()
}

async fn token(mocks: &Mocks, user: &str) -> Reply {
    let recipient = format!("{}/oauth/token", mocks.base_url("sap-successfactors"));
    let claims = Claims {
        issuer: credentials::SUCCESSFACTORS_AUDIENCE,
        name_id: user,
        audience: credentials::SUCCESSFACTORS_AUDIENCE,
        recipient: &recipient,
        attributes: &[KEY, ("use_username", "false")],
    };
    exchange(mocks, &claims, credentials::SUCCESSFACTORS_SAML_PRIVATE_KEY).await
}

async fn bearer(mocks: &Mocks, user: &str) -> String {
    let reply = token(mocks, user).await;
    assert_eq!(reply.status, 200, "{}", reply.json());
    format!("Bearer {}", reply.json()["access_token"].as_str().unwrap())
}

async fn call(mocks: &Mocks, bearer: &str, method: &str, path: &str, body: Value) -> Reply {
    let mut headers = vec![("authorization", bearer), ("accept", "application/json")];
    let body = match body {
        Value::Null => String::new(),
        body => {
            headers.push(("content-type", "application/json"));
            body.to_string()
        }
    };
    let path = format!("/odata/v2/{}", path.replace(' ', "%20"));
    send(mocks.base_url("sap-successfactors"), method, &path, &headers, &body).await.unwrap()
}

async fn read(mocks: &Mocks, bearer: &str, path: &str) -> Value {
    let reply = call(mocks, bearer, "GET", path, Value::Null).await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.json());
    reply.json()["d"].clone()
}

/// Monday 2027-03-01 and onward.
fn absence(code: &str, kind: &str, last_day: i64) -> Value {
    const MONDAY_MS: i64 = 1_803_859_200_000;
    json!({
        "__metadata": { "uri": "EmployeeTime" },
        "externalCode": code, "userId": WORKER, "timeType": kind,
        "startDate": format!("/Date({MONDAY_MS})/"),
        "endDate": format!("/Date({})/", MONDAY_MS + last_day * 86_400_000),
    })
}

#[tokio::test]
async fn the_same_token_is_answered_while_it_lives() {
    let mocks = start().await;
    let first = token(&mocks, WORKER).await.json();
    mocks.knob("sap-successfactors", "clock-skew-seconds", 100);
    let again = token(&mocks, WORKER).await.json();
    assert_eq!(again["access_token"], first["access_token"]);
    assert!(again["expires_in"].as_i64().unwrap() <= 86_300);
    let authorization = format!("Bearer {}", first["access_token"].as_str().unwrap());
    let headers = [("authorization", authorization.as_str())];
    let base = mocks.base_url("sap-successfactors");
    assert_eq!(send(base, "GET", "/oauth/validate", &headers, "").await.unwrap().status, 200);
    mocks.knob("sap-successfactors", "expire-access-tokens", true);
    assert_eq!(send(base, "GET", "/oauth/validate", &headers, "").await.unwrap().status, 401);
    assert_ne!(token(&mocks, WORKER).await.json()["access_token"], first["access_token"]);
    mocks.knob("sap-successfactors", "revoke-consent", true);
    assert_eq!(token(&mocks, WORKER).await.status, 401);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn an_assertion_is_checked_in_every_part() {
    let mocks = start().await;
    let recipient = format!("{}/oauth/token", mocks.base_url("sap-successfactors"));
    let good = || Claims {
        issuer: credentials::SUCCESSFACTORS_API_KEY,
        name_id: "worker.acme",
        audience: credentials::SUCCESSFACTORS_AUDIENCE,
        recipient: &recipient,
        attributes: &[KEY, ("use_username", "true")],
    };
    let pem = credentials::SUCCESSFACTORS_SAML_PRIVATE_KEY;
    assert_eq!(exchange(&mocks, &good(), pem).await.status, 200);
    let other = credentials::S4HANA_SAML_PRIVATE_KEY;
    assert_eq!(exchange(&mocks, &good(), other).await.json()["error"], "invalid_grant");
    assert_eq!(exchange(&mocks, &Claims { name_id: WORKER, ..good() }, pem).await.status, 400);
    mocks.knob("sap-successfactors", "clock-skew-seconds", -120);
    assert_eq!(exchange(&mocks, &good(), pem).await.status, 400);
    mocks.knob("sap-successfactors", "clock-skew-seconds", 0);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
    for claims in [
        Claims { audience: "elsewhere", ..good() },
        Claims { recipient: "https://elsewhere.example.com", ..good() },
        Claims { attributes: &[], ..good() },
    ] {
        let before = mocks.violations().len();
        assert_eq!(exchange(&mocks, &claims, pem).await.status, 400);
        assert_eq!(mocks.violations().len(), before + 1);
    }
}

#[tokio::test]
async fn a_token_sees_its_own_user_and_a_manager_the_reports() {
    let mocks = start().await;
    let worker = bearer(&mocks, WORKER).await;
    let own = read(&mocks, &worker, &format!("User('{WORKER}')?$select=userId,email,defaultFullName")).await;
    assert_eq!((&own["email"], own.as_object().unwrap().len()), (&json!("worker@example.com"), 4));
    let path = "User?$filter=email eq 'second@example.com'";
    assert_eq!(read(&mocks, &worker, path).await["results"], json!([]));
    assert_eq!(call(&mocks, &worker, "GET", "User('103267')", Value::Null).await.status, 404);
    assert_eq!(read(&mocks, &worker, "EmpTimeAccountBalance").await["results"].as_array().unwrap().len(), 2);
    let manager = bearer(&mocks, MANAGER).await;
    assert_eq!(read(&mocks, &manager, path).await["results"].as_array().unwrap().len(), 1);
    let reports = read(&mocks, &manager, &format!("User('{MANAGER}')/directReports")).await;
    assert_eq!(reports["results"].as_array().unwrap().len(), 2);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn balances_accounts_and_types_are_read_together() {
    let mocks = start().await;
    let worker = bearer(&mocks, WORKER).await;
    let path = format!("EmpTimeAccountBalance?$filter=userId eq '{WORKER}' and timeAccountType eq 'VACATION'");
    assert_eq!(read(&mocks, &worker, &path).await["results"][0]["balance"], "12.5");
    let path = format!(
        "TimeAccount?$filter=userId eq '{WORKER}' and accountClosed eq false&$expand=timeAccountDetails,accountTypeNav"
    );
    let account = read(&mocks, &worker, &path).await["results"][0].clone();
    assert_eq!(account["accountTypeNav"]["unit"], "DAYS");
    assert_eq!(account["timeAccountDetails"]["results"][0]["bookingAmount"], "12.5");
    let path = "TimeTypeProfile(externalCode='DEU',mdfSystemEffectiveStartDate=datetime'2020-01-01T00:00:00')\
                /availableTimeTypes?$expand=timeTypeNav";
    assert_eq!(read(&mocks, &worker, path).await["results"].as_array().unwrap().len(), 3);
    let path = "BenefitEnrollment?$expand=benefitNav";
    assert_eq!(read(&mocks, &worker, path).await["results"][0]["benefitNav"]["benefitName"], "Company pension");
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn an_upsert_with_the_same_code_is_the_same_request() {
    let mocks = start().await;
    let worker = bearer(&mocks, WORKER).await;
    for _ in 0..2 {
        let reply = call(&mocks, &worker, "POST", "upsert", absence("BOT-1", "VACATION", 4)).await;
        let row = reply.json()["d"][0].clone();
        assert_eq!((&row["status"], &row["key"]), (&json!("OK"), &json!("EmployeeTime/externalCode=BOT-1")));
    }
    let rows = read(&mocks, &worker, "EmployeeTime?$filter=externalCode eq 'BOT-1'&$expand=timeTypeNav").await;
    let row = &rows["results"][0];
    assert_eq!(rows["results"].as_array().unwrap().len(), 1);
    assert_eq!((&row["approvalStatus"], &row["quantityInDays"]), (&json!("PENDING"), &json!("5")));
    assert_eq!(row["timeTypeNav"]["unit"], "DAYS");
    // A type without a workflow is approved at once and taken from its account, once.
    for _ in 0..2 {
        let mut flex = absence("BOT-2", "FLEX", 0);
        flex["startDate"] = json!("/Date(1804464000000)/");
        flex["endDate"] = flex["startDate"].clone();
        call(&mocks, &worker, "POST", "upsert", json!([flex])).await;
    }
    let path = "EmpTimeAccountBalance?$filter=timeAccountType eq 'FLEX'";
    assert_eq!(read(&mocks, &worker, path).await["results"][0]["balance"], "12");
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn some_hours_of_a_day_are_what_is_taken() {
    let mocks = start().await;
    let worker = bearer(&mocks, WORKER).await;
    let mut hours = absence("BOT-4", "FLEX", 0);
    hours["fractionQuantity"] = json!("2.5");
    let made = call(&mocks, &worker, "POST", "EmployeeTime", hours).await;
    assert_eq!((made.status, &made.json()["d"]["quantityInHours"]), (201, &json!("2.5")));
    let path = "EmpTimeAccountBalance?$filter=timeAccountType eq 'FLEX'";
    assert_eq!(read(&mocks, &worker, path).await["results"][0]["balance"], "17.5");
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn an_insert_is_made_once_and_read_back() {
    let mocks = start().await;
    let worker = bearer(&mocks, WORKER).await;
    let made = call(&mocks, &worker, "POST", "EmployeeTime", absence("BOT-3", "VACATION", 0)).await;
    assert_eq!((made.status, &made.json()["d"]["approvalStatus"]), (201, &json!("PENDING")));
    assert_eq!(read(&mocks, &worker, "EmployeeTime('BOT-3')").await["userId"], WORKER);
    assert_eq!(call(&mocks, &worker, "POST", "EmployeeTime", absence("BOT-3", "VACATION", 0)).await.status, 400);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn rules_refuse_rows_within_an_answer_that_says_200() {
    let mocks = start().await;
    let worker = bearer(&mocks, WORKER).await;
    call(&mocks, &worker, "POST", "upsert", absence("BOT-1", "VACATION", 0)).await;
    let mut stranger = absence("BOT-9", "VACATION", 0);
    stranger["userId"] = json!("103267");
    for (row, wanted) in [
        (absence("BOT-2", "VACATION", 2), "overlaps"),
        (absence("BOT-1", "VACATION", 40), "not sufficient"),
        (absence("BOT-4", "NONE", 0), "Invalid timeType"),
        (absence("BOT-5", "SICK", -1), "before the start"),
        (absence("SEED-3", "SICK", 0), "No permission"),
        (stranger, "No permission"),
    ] {
        let reply = call(&mocks, &worker, "POST", "upsert", row).await;
        let result = reply.json()["d"][0].clone();
        assert_eq!((reply.status, &result["status"]), (200, &json!("ERROR")));
        assert!(result["message"].as_str().unwrap().contains(wanted), "{result}");
    }
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn what_the_documentation_does_not_know_is_refused_and_noted() {
    let mocks = start().await;
    let worker = bearer(&mocks, WORKER).await;
    for (method, path, body, status) in [
        ("GET", "EmpTimeAccountBalance?$filter=accountClosed eq false", Value::Null, 400),
        ("GET", "User?$filter=mail eq 'x'", Value::Null, 400),
        ("GET", "User?$search=x", Value::Null, 400),
        ("GET", "Nothing", Value::Null, 404),
        ("PATCH", "EmployeeTime('SEED-1')", json!({}), 405),
        ("POST", "EmployeeTime", json!({ "colour": "red" }), 400),
        ("POST", "EmployeeTime", json!({ "quantityInDays": "1" }), 400),
        ("POST", "EmployeeTime", json!({ "startDate": "2027-03-01" }), 400),
        ("POST", "upsert", json!({ "__metadata": { "uri": "User" } }), 400),
    ] {
        let before = mocks.violations().len();
        let reply = call(&mocks, &worker, method, path, body).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.json());
        assert_eq!(mocks.violations().len(), before + 1, "{method} {path}");
    }
}

#[tokio::test]
async fn errors_are_xml_unless_json_is_asked_for_and_throttling_says_how_long() {
    let mocks = start().await;
    let base = mocks.base_url("sap-successfactors");
    let xml = send(base, "GET", "/odata/v2/User", &[], "").await.unwrap();
    assert_eq!(xml.status, 401);
    assert!(String::from_utf8_lossy(&xml.body).contains("<code>LGN0015</code>"));
    let json = send(base, "GET", "/odata/v2/User?$format=json", &[], "").await.unwrap();
    assert_eq!(json.json()["error"]["code"], "LGN0015");
    mocks.fault(Fault::new("sap-successfactors", Kind::RateLimit));
    let limited = send(base, "GET", "/odata/v2/User", &[], "").await.unwrap();
    assert_eq!((limited.status, limited.header("retry-after")), (429, Some("300")));
}
