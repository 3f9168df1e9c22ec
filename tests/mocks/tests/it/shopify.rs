//! The simulated shop: seeds, strictness, scopes, search, paging and the state of returns and drafts.

use jackfield_mocks::credentials;
use serde_json::{Value, json};

use crate::client::{GRAPHQL, graphql, graphql_as, send, shop_get, start};

const NAMES: &str = "query Names($q: String) { orders(first: 20, query: $q) { nodes { name } } }";

async fn names(mocks: &jackfield_mocks::Mocks, query: &str) -> Vec<String> {
    let answer = graphql(mocks, NAMES, json!({ "q": query })).await;
    let nodes = answer["data"]["orders"]["nodes"].as_array().unwrap().clone();
    nodes.iter().map(|node| node["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_demo_order_is_as_documented() {
    let mocks = start().await;
    let query = "query Lookup($q: String!) { orders(first: 5, query: $q) { nodes {
        name email phone createdAt displayFinancialStatus displayFulfillmentStatus
        currentTotalPriceSet { presentmentMoney { amount currencyCode } }
        shippingAddress { zip countryCodeV2 }
        lineItems(first: 5) { nodes { title variantTitle sku quantity originalUnitPriceSet { shopMoney { amount } } } }
        fulfillments(first: 5) { displayStatus estimatedDeliveryAt trackingInfo(first: 1) { company number url } }
    } } }";
    let answer = graphql(&mocks, query, json!({ "q": "name:\"1001\" AND email:\"customer@example.com\"" })).await;
    // The loose match finds another customer's #1001-A as well: callers have to check again.
    let nodes = answer["data"]["orders"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 2);
    let order = nodes.iter().find(|node| node["name"] == "#1001").unwrap();
    assert_eq!(order["email"], "customer@example.com");
    assert_eq!(order["phone"], "+12025550143");
    assert_eq!(order["createdAt"], "2026-01-20T15:04:05Z");
    assert_eq!(order["currentTotalPriceSet"]["presentmentMoney"], json!({ "amount": "78.99", "currencyCode": "USD" }));
    assert_eq!(order["shippingAddress"], json!({ "zip": "10001", "countryCodeV2": "US" }));
    assert_eq!(order["displayFulfillmentStatus"], "FULFILLED");
    assert_eq!(order["lineItems"]["nodes"][0]["sku"], "BTS-M");
    assert_eq!(order["lineItems"]["nodes"][1]["originalUnitPriceSet"]["shopMoney"]["amount"], "59.0");
    let parcel = &order["fulfillments"][0];
    assert_eq!(parcel["displayStatus"], "IN_TRANSIT");
    assert_eq!(parcel["estimatedDeliveryAt"], "2026-01-25T17:00:00Z");
    assert_eq!(parcel["trackingInfo"][0]["number"], "1Z999AA10123456784");
    assert!(mocks.violations().is_empty());
}

#[tokio::test]
async fn the_pending_order_says_until_when_it_ships() {
    let mocks = start().await;
    let query = "{ orders(first: 1, query: \"name:1002\") { nodes { fulfillments { id }
        fulfillmentOrders(first: 1) { nodes { status fulfillBy lineItems(first: 1) { nodes { lineItem { title } remainingQuantity } } } } } } }";
    let answer = graphql(&mocks, query, json!({})).await;
    let order = &answer["data"]["orders"]["nodes"][0];
    assert_eq!(order["fulfillments"], json!([]));
    let pending = &order["fulfillmentOrders"]["nodes"][0];
    assert_eq!(pending["fulfillBy"], "2026-01-25T17:00:00Z");
    assert_eq!(pending["lineItems"]["nodes"][0]["lineItem"]["title"], "Canvas Sneakers");
}

#[tokio::test]
async fn an_injected_or_lists_the_whole_shop_and_a_quoted_one_nothing() {
    let mocks = start().await;
    assert_eq!(names(&mocks, "name:1001 OR status:open").await.len(), 5);
    assert!(names(&mocks, "name:\"1001 OR status:open\"").await.is_empty());
    assert_eq!(names(&mocks, "status:closed").await, ["#1005"]);
    assert_eq!(names(&mocks, "created_at:<2026-01-12").await, ["#1005", "#1004"]);
    assert_eq!(names(&mocks, "-status:open fulfillment_status:fulfilled").await, ["#1005"]);
    assert!(mocks.violations().is_empty());
}

#[tokio::test]
async fn an_unknown_search_field_is_ignored_with_a_warning_and_a_violation() {
    let mocks = start().await;
    let answer = graphql(&mocks, NAMES, json!({ "q": "nmae:1001" })).await;
    assert_eq!(answer["data"]["orders"]["nodes"].as_array().unwrap().len(), 7);
    assert_eq!(answer["extensions"]["search"][0]["warnings"][0]["field"], "nmae");
    assert_eq!(mocks.violations().len(), 1);
}

#[tokio::test]
async fn documents_beyond_the_schema_are_refused_like_the_vendor_does() {
    let mocks = start().await;
    let answer = graphql(&mocks, "{ shop { nmae } }", json!({})).await;
    assert_eq!(answer["errors"][0]["message"], "Field 'nmae' doesn't exist on type 'Shop'");
    assert_eq!(answer["errors"][0]["extensions"]["code"], "undefinedField");
    assert!(answer.get("data").is_none());
    for (query, variables) in [
        ("query A($id: ID!) { order(id: $id) { id } }", json!({})),
        ("query B($id: ID!) { order(id: $id) { id } }", json!({ "id": "1001" })),
        ("query C($id: ID!) { order(id: $id) { id } }", json!({ "id": "gid://shopify/Order/1", "extra": 1 })),
        ("{ orders { nodes { id } } }", json!({})),
        ("{ orders(first: 251) { nodes { id } } }", json!({})),
        ("{ orders(first: 1, sortKey: NAME) { nodes { id } } }", json!({})),
        ("{ productByIdentifier(identifier: {}) { id } }", json!({})),
    ] {
        let before = mocks.violations().len();
        graphql(&mocks, query, variables).await;
        assert_eq!(mocks.violations().len(), before + 1, "{query}");
    }
    let missing = "{ order(id: \"gid://shopify/Order/1\") { id } }";
    let before = mocks.violations().len();
    let answer = graphql(&mocks, missing, json!({})).await;
    assert_eq!(answer["data"], json!({ "order": null }));
    assert_eq!(mocks.violations().len(), before);
}

#[tokio::test]
async fn unknown_members_paths_and_content_types_are_violations() {
    let mocks = start().await;
    let base = mocks.base_url("shopify").to_owned();
    let token = ("x-shopify-access-token", credentials::SHOPIFY_TOKEN);
    let json_type = ("content-type", "application/json");
    let body = "{\"query\":\"{ shop { name } }\",\"id\":1}";
    let reply = send(&base, "POST", GRAPHQL, &[token, json_type], body).await.unwrap();
    assert_eq!(reply.status, 400);
    let body = "{\"query\":\"{ shop { name } }\"}";
    let reply = send(&base, "POST", GRAPHQL, &[token], body).await.unwrap();
    assert_eq!(reply.status, 400);
    let reply = shop_get(&mocks, "/admin/api/2026-10/nothing.json").await;
    assert_eq!(reply.status, 404);
    let reply = shop_get(&mocks, "/admin/api/2026-02/shop.json").await;
    assert_eq!(reply.status, 404);
    assert_eq!(mocks.violations().len(), 4);
}

#[tokio::test]
async fn every_call_needs_a_token_and_its_scopes() {
    let mocks = start().await;
    let reply = graphql_as(&mocks, "shpat_wrong", "{ shop { name } }", json!({})).await;
    assert_eq!(reply.status, 401);
    let text = "[API] Invalid API key or access token (unrecognized login or wrong password)";
    assert_eq!(reply.json(), json!({ "errors": text }));

    let query = "mutation { draftOrderCreate(input: {}) { userErrors { message } } }";
    let reply = graphql_as(&mocks, credentials::SHOPIFY_READ_ONLY_TOKEN, query, json!({})).await;
    let error = &reply.json()["errors"][0];
    assert_eq!(error["extensions"]["code"], "ACCESS_DENIED");
    assert!(error["extensions"]["requiredAccess"].as_str().unwrap().contains("`write_draft_orders`"));

    let reply = graphql_as(&mocks, credentials::SHOPIFY_CATALOGUE_TOKEN, NAMES, json!({})).await;
    assert_eq!(reply.json()["errors"][0]["message"], "Access denied for orders field.");
    let headers = [("x-shopify-access-token", credentials::SHOPIFY_CATALOGUE_TOKEN)];
    let path = "/admin/api/2026-10/orders.json?status=any";
    let reply = send(mocks.base_url("shopify"), "GET", path, &headers, "").await.unwrap();
    assert_eq!(reply.status, 403);
    assert!(mocks.violations().is_empty());
}

#[tokio::test]
async fn an_expired_version_is_answered_by_the_oldest_supported() {
    let mocks = start().await;
    let reply = shop_get(&mocks, "/admin/api/2024-01/shop.json").await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.header("x-shopify-api-version"), Some("2026-01"));
}

#[tokio::test]
async fn connections_are_paged_by_cursor_in_both_directions() {
    let mocks = start().await;
    let query = "query Page($first: Int, $after: String, $last: Int, $before: String) {
        orders(first: $first, after: $after, last: $last, before: $before, sortKey: ORDER_NUMBER) {
            edges { cursor node { number } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    let numbers = |answer: &Value| -> Vec<u64> {
        let edges = answer["data"]["orders"]["edges"].as_array().unwrap();
        edges.iter().map(|edge| edge["node"]["number"].as_u64().unwrap()).collect()
    };
    let first = graphql(&mocks, query, json!({ "first": 3 })).await;
    assert_eq!(numbers(&first), [1001, 1002, 1003]);
    let info = &first["data"]["orders"]["pageInfo"];
    assert_eq!((&info["hasNextPage"], &info["hasPreviousPage"]), (&json!(true), &json!(false)));
    let second = graphql(&mocks, query, json!({ "first": 3, "after": info["endCursor"] })).await;
    assert_eq!(numbers(&second), [1004, 1005, 1006]);
    let start_cursor = &second["data"]["orders"]["pageInfo"]["startCursor"];
    let back = graphql(&mocks, query, json!({ "last": 2, "before": start_cursor })).await;
    assert_eq!(numbers(&back), [1002, 1003]);
}

const REQUEST: &str = "mutation Ask($input: ReturnRequestInput!) { returnRequest(input: $input) {
    return { id name status totalQuantity order { returnStatus } returnLineItems(first: 5) { nodes { quantity ... on ReturnLineItem { fulfillmentLineItem { lineItem { sku } } } } } }
    userErrors { code field message } } }";

#[tokio::test]
async fn a_return_uses_up_what_is_returnable() {
    let mocks = start().await;
    let order = "gid://shopify/Order/5450789461001";
    let left = "query Left($id: ID!) { returnableFulfillments(orderId: $id, first: 5) { nodes {
        returnableFulfillmentLineItems(first: 5) { nodes { quantity fulfillmentLineItem { id lineItem { sku } } } } } } }";
    let answer = graphql(&mocks, left, json!({ "id": order })).await;
    let lines = answer["data"]["returnableFulfillments"]["nodes"][0]["returnableFulfillmentLineItems"]["nodes"].clone();
    assert_eq!(lines.as_array().unwrap().len(), 2);
    let shirt = &lines[0]["fulfillmentLineItem"]["id"];
    let input = |quantity: i64| {
        let line = json!({ "fulfillmentLineItemId": shirt, "quantity": quantity, "returnReason": "SIZE_TOO_SMALL" });
        json!({ "input": { "orderId": order, "returnLineItems": [line] } })
    };
    let answer = graphql(&mocks, REQUEST, input(2)).await;
    let error = &answer["data"]["returnRequest"]["userErrors"][0];
    assert_eq!(error["code"], "INVALID");
    assert_eq!(error["field"], json!(["input", "returnLineItems", "0", "quantity"]));

    let answer = graphql(&mocks, REQUEST, input(1)).await;
    let made = &answer["data"]["returnRequest"]["return"];
    assert_eq!(made["name"], "#1001-R1");
    assert_eq!(made["status"], "REQUESTED");
    assert_eq!(made["order"]["returnStatus"], "RETURN_REQUESTED");
    assert_eq!(made["returnLineItems"]["nodes"][0]["fulfillmentLineItem"]["lineItem"]["sku"], "BTS-M");

    let answer = graphql(&mocks, REQUEST, input(1)).await;
    assert_eq!(answer["data"]["returnRequest"]["return"], Value::Null);
    let answer = graphql(&mocks, left, json!({ "id": order })).await;
    let lines = &answer["data"]["returnableFulfillments"]["nodes"][0]["returnableFulfillmentLineItems"]["nodes"];
    assert_eq!(lines.as_array().unwrap().len(), 1);
    let answer = graphql(&mocks, left, json!({ "id": "gid://shopify/Order/5450789461002" })).await;
    assert_eq!(answer["data"]["returnableFulfillments"]["nodes"], json!([]));
    assert!(mocks.violations().is_empty());
}

#[tokio::test]
async fn a_draft_order_has_a_link_to_pay_and_can_be_sent() {
    let mocks = start().await;
    let create = "mutation Make($input: DraftOrderInput!) { draftOrderCreate(input: $input) {
        draftOrder { id name status ready invoiceUrl totalPriceSet { shopMoney { amount } } } userErrors { field message } } }";
    let line = json!({ "variantId": "gid://shopify/ProductVariant/808950802", "quantity": 2 });
    let input = json!({ "input": { "email": "customer@example.com", "lineItems": [line] } });
    let answer = graphql(&mocks, create, input).await;
    let draft = answer["data"]["draftOrderCreate"]["draftOrder"].clone();
    assert_eq!(draft["totalPriceSet"]["shopMoney"]["amount"], "39.98");
    let url = draft["invoiceUrl"].as_str().unwrap();
    assert!(url.starts_with("https://demo-shop.myshopify.com/invoices/"));

    let send_it = "mutation Send($id: ID!) { draftOrderInvoiceSend(id: $id) { draftOrder { status invoiceUrl } userErrors { message } } }";
    let answer = graphql(&mocks, send_it, json!({ "id": draft["id"] })).await;
    let sent = &answer["data"]["draftOrderInvoiceSend"]["draftOrder"];
    assert_eq!((&sent["status"], &sent["invoiceUrl"]), (&json!("INVOICE_SENT"), &draft["invoiceUrl"]));

    let answer = graphql(&mocks, create, json!({ "input": { "lineItems": [] } })).await;
    assert_eq!(answer["data"]["draftOrderCreate"]["userErrors"][0]["message"], "Add at least 1 product");
    assert!(mocks.violations().is_empty());
}

#[tokio::test]
async fn the_catalogue_has_its_awkward_products() {
    let mocks = start().await;
    let query = "query Find($q: String!) { products(first: 20, query: $q, sortKey: RELEVANCE) { nodes {
        title status onlineStoreUrl totalInventory tracksInventory variants(first: 5) { nodes {
            sku availableForSale inventoryPolicy inventoryQuantity inventoryItem { tracked } } } } } }";
    let answer = graphql(&mocks, query, json!({ "q": "" })).await;
    let nodes = answer["data"]["products"]["nodes"].as_array().unwrap();
    let variant = |title: &str| {
        let product = nodes.iter().find(|node| node["title"] == title).unwrap();
        product["variants"]["nodes"][0].clone()
    };
    assert_eq!(variant("Wool Beanie")["inventoryQuantity"], 2);
    assert_eq!(variant("Gift Card")["inventoryItem"]["tracked"], false);
    assert_eq!(variant("Gift Card")["availableForSale"], true);
    assert_eq!(variant("Winter Jacket")["availableForSale"], false);
    assert_eq!(variant("Desk Lamp")["inventoryQuantity"], -3);
    assert_eq!(variant("Desk Lamp")["availableForSale"], true);
    let hidden = nodes.iter().filter(|node| node["onlineStoreUrl"].is_null()).count();
    assert_eq!(hidden, 2);
    let shown = "status:active AND published_status:published AND title:shir*";
    let answer = graphql(&mocks, query, json!({ "q": shown })).await;
    assert_eq!(answer["data"]["products"]["nodes"].as_array().unwrap().len(), 1);
    let twins = "{ productVariants(first: 5, query: \"sku:\\\"SCK-1\\\"\") { nodes { displayName inventoryItem {
        inventoryLevels(first: 5) { nodes { location { name } quantities(names: [\"available\"]) { quantity } } } } } } }";
    let answer = graphql(&mocks, twins, json!({})).await;
    let nodes = answer["data"]["productVariants"]["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), 2);
    let level = &nodes[0]["inventoryItem"]["inventoryLevels"]["nodes"][1];
    assert_eq!(level["location"]["name"], "Berlin");
}

#[tokio::test]
async fn rest_hides_archived_orders_matches_loosely_and_ignores_unknown_filters() {
    let mocks = start().await;
    let orders = async |query: &str| -> Vec<String> {
        let reply = shop_get(&mocks, &format!("/admin/api/2026-10/orders.json{query}")).await;
        assert!(reply.header("x-shopify-shop-api-call-limit").is_some());
        let orders = reply.json()["orders"].as_array().unwrap().clone();
        orders.iter().map(|order| order["name"].as_str().unwrap().to_owned()).collect()
    };
    assert!(orders("?name=1005").await.is_empty());
    assert_eq!(orders("?name=1005&status=any").await, ["#1005"]);
    assert_eq!(orders("?name=%231001&status=any&fields=id,name").await, ["#1001-A", "#1001"]);
    assert!(mocks.violations().is_empty());
    assert_eq!(orders("?email=customer@example.com&status=any").await.len(), 7);
    assert_eq!(mocks.violations().len(), 1);

    let reply = shop_get(&mocks, "/admin/api/2026-10/orders.json?name=1001&status=any").await.json();
    let order = &reply["orders"][1];
    assert_eq!(order["id"], 5_450_789_461_001_u64);
    assert_eq!(order["number"], 1);
    assert_eq!(order["order_number"], 1001);
    assert_eq!(order["created_at"], "2026-01-20T10:04:05-05:00");
    assert_eq!(order["current_total_price"], "78.99");
    assert_eq!(order["fulfillments"][0]["shipment_status"], "in_transit");
}

#[tokio::test]
async fn rest_lists_are_paged_by_link() {
    let mocks = start().await;
    let reply = shop_get(&mocks, "/admin/api/2026-10/orders.json?status=any&limit=4").await;
    let link = reply.header("link").unwrap();
    assert!(link.ends_with("rel=\"next\""));
    let base = mocks.base_url("shopify");
    let url = link.trim_start_matches('<').split('>').next().unwrap();
    let path = url.strip_prefix(base).unwrap().to_owned();
    let next = shop_get(&mocks, &path).await;
    assert_eq!(next.json()["orders"].as_array().unwrap().len(), 3);
    assert!(next.header("link").unwrap().ends_with("rel=\"previous\""));
    let reply = shop_get(&mocks, &format!("{path}&status=any")).await;
    assert_eq!(reply.json()["errors"], "status cannot be passed when page_info is present");
}
