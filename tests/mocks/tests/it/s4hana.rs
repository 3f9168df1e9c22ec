//! The simulated S/4HANA tenant: tokens, CSRF sessions, reading by OData, creating orders, and what each refuses.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use jackfield_mocks::{Mocks, credentials};
use serde_json::{Value, json};

use crate::assertion::{Claims, sign};
use crate::client::{Reply, send, start};

const TOKEN: &str = "/sap/bc/sec/oauth2/token";
const ODATA: &str = "/sap/opu/odata/sap/";
const ORDERS: &str = "API_SALES_ORDER_SRV/A_SalesOrder";

fn communication_user() -> String {
    let pair = format!("{}:{}", credentials::S4HANA_USER, credentials::S4HANA_PASSWORD);
    format!("Basic {}", BASE64_STANDARD.encode(pair))
}

async fn call(mocks: &Mocks, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> Reply {
    let authorization = communication_user();
    let mut headers = vec![("accept", "application/json")];
    if !more.iter().any(|(name, _)| *name == "authorization") {
        headers.push(("authorization", authorization.as_str()));
    }
    headers.extend(more);
    send(mocks.base_url("sap-s4hana"), method, &format!("{ODATA}{path}"), &headers, body).await.unwrap()
}

async fn read(mocks: &Mocks, path: &str) -> Value {
    let reply = call(mocks, "GET", &path.replace(' ', "%20"), &[], "").await;
    assert_eq!(reply.status, 200, "{path}: {}", String::from_utf8_lossy(&reply.body));
    reply.json()["d"].clone()
}

async fn ask(mocks: &Mocks, secret: &str, pairs: &[(&str, &str)]) -> Reply {
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{}:{secret}", credentials::S4HANA_CLIENT_ID)));
    let headers = [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    send(mocks.base_url("sap-s4hana"), "POST", TOKEN, &headers, &body).await.unwrap()
}

#[tokio::test]
async fn an_order_is_read_with_its_items_partners_and_what_followed() {
    let mocks = start().await;
    let order = read(&mocks, &format!("{ORDERS}('1')?$expand=to_Item,to_Partner")).await;
    assert_eq!((&order["TotalNetAmount"], &order["OverallSDProcessStatus"]), (&json!("1050.00"), &json!("B")));
    assert_eq!(order["to_Item"]["results"][0]["Material"], "TG11");
    assert_eq!(order["to_Partner"]["results"][0]["PartnerFunction"], "SP");
    assert!(order["to_Text"]["__deferred"]["uri"].as_str().unwrap().ends_with("/A_SalesOrder('1')/to_Text"));
    assert_eq!(order["__metadata"]["type"], "API_SALES_ORDER_SRV.A_SalesOrderType");
    let lines = "API_SALES_ORDER_SRV/A_SalesOrderItem(SalesOrder='1',SalesOrderItem='10')/to_ScheduleLine?$format=json";
    assert_eq!(read(&mocks, lines).await["results"][0]["DeliveredQtyInOrderQtyUnit"], "4");
    let flow = read(&mocks, &format!("{ORDERS}('3')/to_SubsequentProcFlowDoc")).await;
    assert_eq!(flow["results"].as_array().unwrap().len(), 2);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn a_business_partner_is_found_by_its_number_with_its_addresses() {
    let mocks = start().await;
    let path = "API_BUSINESS_PARTNER/A_BusinessPartner?$filter=Customer eq '10100001'\
                &$select=BusinessPartnerFullName,to_BusinessPartnerAddress/to_EmailAddress/EmailAddress\
                &$expand=to_BusinessPartnerAddress/to_EmailAddress";
    let partners = read(&mocks, path).await;
    let partner = &partners["results"][0];
    assert_eq!(partner["BusinessPartnerFullName"], "Acme Corporation");
    let emails = &partner["to_BusinessPartnerAddress"]["results"][0]["to_EmailAddress"]["results"];
    let emails: Vec<_> = emails.as_array().unwrap().iter().map(|email| &email["EmailAddress"]).collect();
    assert_eq!(emails, ["customer@example.com", "orders@acme.example.com"]);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn lists_are_filtered_ordered_selected_counted_and_paged() {
    let mocks = start().await;
    let path = format!(
        "{ORDERS}?$filter=PurchaseOrderByCustomer eq 'CUST-1006'&$orderby=SalesOrder desc&$top=5\
         &$select=SalesOrder,SoldToParty&$inlinecount=allpages&sap-client=100"
    );
    let list = read(&mocks, &path).await;
    assert_eq!((&list["__count"], &list["results"][0]["SalesOrder"]), (&json!("2"), &json!("7")));
    assert_eq!(list["results"][0].as_object().unwrap().len(), 3);
    mocks.knob("sap-s4hana", "page-size", 3);
    let mut seen = Vec::new();
    let mut next = Some(format!("{ORDERS}?$select=SalesOrder&$orderby=SalesOrder"));
    while let Some(path) = next {
        let page = read(&mocks, &path).await;
        let rows = page["results"].as_array().unwrap().iter();
        seen.extend(rows.map(|row| row["SalesOrder"].as_str().unwrap().to_owned()));
        let root = format!("{}{ODATA}", mocks.base_url("sap-s4hana"));
        next = page["__next"].as_str().map(|url| url.strip_prefix(&root).unwrap().to_owned());
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5", "6", "7"]);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn stock_purchase_orders_and_invoices_are_as_documented() {
    let mocks = start().await;
    let path = "API_MATERIAL_STOCK_SRV/A_MatlStkInAcctMod?$filter=Material eq 'TG11' and InventoryStockType eq '01' \
                and InventorySpecialStockType eq ''";
    assert_eq!(read(&mocks, path).await["results"].as_array().unwrap().len(), 2);
    let path =
        "API_PURCHASEORDER_PROCESS_SRV/A_PurchaseOrder('4500000002')?$expand=to_PurchaseOrderItem/to_ScheduleLine";
    let order = read(&mocks, path).await;
    assert_eq!(order["ReleaseIsNotCompleted"], true);
    let item = &order["to_PurchaseOrderItem"]["results"][0];
    assert_eq!(item["to_ScheduleLine"]["results"][0]["ScheduleLineOrderQuantity"], "100");
    let path = "API_SUPPLIERINVOICE_PROCESS_SRV/A_SupplierInvoice?$filter=SupplierInvoiceIDByInvcgParty eq 'INV-883' \
                and InvoicingParty eq '17300001'";
    let number = read(&mocks, path).await["results"][0]["SupplierInvoice"].as_str().unwrap().to_owned();
    let path = format!(
        "API_OPLACCTGDOCITEMCUBE_SRV/A_OperationalAcctgDocItemCube?$filter=CompanyCode eq '1710' and FiscalYear eq \
         '2026' and OriginalReferenceDocument eq '{number}2026'"
    );
    assert_eq!(read(&mocks, &path).await["results"][0]["ClearingAccountingDocument"], "1500000001");
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

/// The header pairs that a write needs.
async fn session(mocks: &Mocks) -> (String, String) {
    let reply = call(mocks, "GET", "API_SALES_ORDER_SRV/", &[("x-csrf-token", "Fetch")], "").await;
    let cookies = reply.head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    let cookies: Vec<_> = cookies.filter_map(|cookie| cookie.split(';').next()).collect();
    assert_eq!(cookies.len(), 2);
    (reply.header("x-csrf-token").unwrap().to_owned(), cookies.join("; "))
}

fn order() -> Value {
    json!({
        "SalesOrderType": "OR", "SalesOrganization": "1710", "DistributionChannel": "10",
        "OrganizationDivision": "00", "SoldToParty": "17100001", "PurchaseOrderByCustomer": "BOT-7f3a",
        "to_Item": { "results": [{ "Material": "TG11", "RequestedQuantity": "10" }] },
    })
}

async fn create(mocks: &Mocks, token: &str, cookies: &str, body: &Value) -> Reply {
    let headers = [("x-csrf-token", token), ("cookie", cookies), ("content-type", "application/json")];
    call(mocks, "POST", ORDERS, &headers, &body.to_string()).await
}

#[tokio::test]
async fn a_write_needs_the_token_and_the_cookies_of_one_session() {
    let mocks = start().await;
    let (token, cookies) = session(&mocks).await;
    let (other, _) = session(&mocks).await;
    for (token, cookies) in [(token.as_str(), ""), ("", cookies.as_str()), (other.as_str(), cookies.as_str())] {
        let reply = create(&mocks, token, cookies, &order()).await;
        assert_eq!((reply.status, reply.header("x-csrf-token")), (403, Some("Required")));
    }
    let made = create(&mocks, &token, &cookies, &order()).await;
    assert_eq!(made.status, 201, "{}", String::from_utf8_lossy(&made.body));
    let number = made.json()["d"]["SalesOrder"].as_str().unwrap().to_owned();
    let read = read(&mocks, &format!("{ORDERS}('{number}')?$expand=to_Item")).await;
    assert_eq!(
        (&read["TotalNetAmount"], &read["to_Item"]["results"][0]["SalesOrderItem"]),
        (&json!("1050.00"), &json!("10"))
    );
    mocks.knob("sap-s4hana", "expire-sessions", true);
    assert_eq!(create(&mocks, &token, &cookies, &order()).await.status, 403);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn what_the_business_refuses_is_told_from_what_the_documentation_refuses() {
    let mocks = start().await;
    let (token, cookies) = session(&mocks).await;
    let changed = |name: &str, value: Value| {
        let mut body = order();
        body[name] = value;
        body
    };
    mocks.knob("sap-s4hana", "lock-documents", 1);
    let reply = create(&mocks, &token, &cookies, &order()).await;
    assert_eq!((reply.status, &reply.json()["error"]["code"]), (400, &json!("V1/042")));
    for body in [
        changed("SoldToParty", json!("1")),
        changed("to_Item", json!([])),
        changed("to_Item", json!([{ "Material": "NONE", "RequestedQuantity": "1" }])),
    ] {
        let reply = create(&mocks, &token, &cookies, &body).await;
        assert!(reply.status == 400 && reply.json()["error"]["message"]["value"].is_string());
    }
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
    for body in [
        changed("Colour", json!("red")),
        changed("SoldToParty", json!(17_100_001)),
        changed("TotalNetAmount", json!("1.00")),
        changed("PurchaseOrderByCustomer", json!("x".repeat(36))),
        changed("to_Item", json!([{ "Material": "TG11", "RequestedQuantity": 10 }])),
    ] {
        let before = mocks.violations().len();
        assert_eq!(create(&mocks, &token, &cookies, &body).await.status, 400, "{body}");
        assert_eq!(mocks.violations().len(), before + 1, "{body}");
    }
}

#[tokio::test]
async fn reading_what_is_not_there_is_no_violation_and_asking_wrongly_is() {
    let mocks = start().await;
    let status = async |path: &str| call(&mocks, "GET", &path.replace(' ', "%20"), &[], "").await.status;
    assert_eq!(status(&format!("{ORDERS}('4711')")).await, 404);
    assert!(mocks.violations().is_empty());
    for (path, wanted) in [
        (format!("{ORDERS}?$filter=Nope eq '1'"), 400),
        (format!("{ORDERS}?$filter=SoldToParty eq 'O'Neil'"), 400),
        (format!("{ORDERS}?$select=Nope"), 400),
        (format!("{ORDERS}?$search=x"), 400),
        (format!("{ORDERS}?colour=red"), 400),
        (format!("{ORDERS}(1)"), 400),
        (format!("{ORDERS}('1')/to_Nowhere"), 404),
        ("API_SALES_ORDER_SRV/A_Nothing".to_owned(), 404),
        ("API_NOTHING_SRV/A_Nothing".to_owned(), 403),
    ] {
        let before = mocks.violations().len();
        assert_eq!(status(&path).await, wanted, "{path}");
        assert_eq!(mocks.violations().len(), before + 1, "{path}");
    }
}

#[tokio::test]
async fn tokens_are_for_the_client_and_end() {
    let mocks = start().await;
    let grant = [("grant_type", "client_credentials"), ("scope", "API_SALES_ORDER_SRV_0001")];
    let wrong = ask(&mocks, "wrong", &grant).await;
    assert_eq!((wrong.status, &wrong.json()["error"]), (401, &json!("invalid_client")));
    let reply = ask(&mocks, credentials::S4HANA_CLIENT_SECRET, &grant).await;
    assert_eq!(reply.json()["expires_in"], 3600);
    let bearer = format!("Bearer {}", reply.json()["access_token"].as_str().unwrap());
    let status =
        async || call(&mocks, "GET", &format!("{ORDERS}('1')"), &[("authorization", bearer.as_str())], "").await.status;
    assert_eq!(status().await, 200);
    mocks.knob("sap-s4hana", "clock-skew-seconds", 3601);
    assert_eq!(status().await, 401);
    mocks.knob("sap-s4hana", "revoke-consent", true);
    assert_eq!(ask(&mocks, credentials::S4HANA_CLIENT_SECRET, &grant).await.status, 401);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
}

#[tokio::test]
async fn an_assertion_is_checked_in_every_part() {
    let mocks = start().await;
    let recipient = format!("{}{TOKEN}", mocks.base_url("sap-s4hana"));
    let good = || Claims {
        issuer: credentials::S4HANA_SAML_ISSUER,
        name_id: credentials::S4HANA_SAML_USER,
        audience: credentials::S4HANA_SAML_AUDIENCE,
        recipient: &recipient,
        attributes: &[],
    };
    let exchange = async |claims: Claims<'_>, key: &str| {
        let assertion = BASE64_URL_SAFE_NO_PAD.encode(sign(&claims, key));
        let grant = ("grant_type", "urn:ietf:params:oauth:grant-type:saml2-bearer");
        ask(&mocks, credentials::S4HANA_CLIENT_SECRET, &[grant, ("assertion", &assertion)]).await.status
    };
    let key = credentials::S4HANA_SAML_PRIVATE_KEY;
    assert_eq!(exchange(good(), key).await, 200);
    assert_eq!(exchange(good(), credentials::SUCCESSFACTORS_SAML_PRIVATE_KEY).await, 400);
    assert_eq!(exchange(Claims { issuer: "https://other.example.com", ..good() }, key).await, 400);
    assert_eq!(exchange(Claims { name_id: "stranger@example.com", ..good() }, key).await, 400);
    mocks.knob("sap-s4hana", "clock-skew-seconds", 660);
    assert_eq!(exchange(good(), key).await, 400);
    mocks.knob("sap-s4hana", "clock-skew-seconds", 0);
    assert!(mocks.violations().is_empty(), "{:?}", mocks.violations());
    assert_eq!(exchange(Claims { audience: "https://other.example.com", ..good() }, key).await, 400);
    assert_eq!(exchange(Claims { recipient: "https://other.example.com", ..good() }, key).await, 400);
    assert_eq!(mocks.violations().len(), 2);
}
