//! The gate as a bot service meets it: every wrong request gets its own problem, and none reaches a business system.

use http::Method;
use jackfield_tests::{Demo, Host};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

fn pointers(body: &Value) -> Vec<(String, String)> {
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    errors.iter().map(|e| (text(&e["pointer"]), text(&e["detail"]))).collect()
}

#[tokio::test]
async fn every_wrong_request_gets_its_own_problem_and_reaches_no_system() {
    let demo = Demo::start().await.unwrap();
    let client = &demo.host.client;
    let input = json!({ "input": { "order_number": "1001", "email": "customer@example.com" } }).to_string();
    let path = "/v1/intents/order.status";
    let post = async |path: &str, headers: &[(&str, &str)], body: &str| {
        client.send(Method::POST, path, headers, body.to_owned()).await
    };

    let cases = [
        (post("/v1/intents/order.cancel", &[JSON], &input).await, 404, "unknown-intent"),
        (post("/v1/intents/Order", &[JSON], &input).await, 404, "unknown-intent"),
        (post(path, &[JSON], "{\"input\":").await, 400, "malformed"),
        (post(path, &[JSON], "").await, 400, "malformed"),
        (post(path, &[JSON], "[]").await, 400, "malformed"),
        (post(path, &[("content-type", "text/plain")], &input).await, 400, "malformed"),
        (post(path, &[JSON, ("idempotency-key", "")], &input).await, 400, "malformed"),
        (
            post(path, &[JSON], &format!("{{\"input\":{{}},\"pad\":\"{}\"}}", "x".repeat(1 << 20))).await,
            413,
            "too-large",
        ),
        (client.with_key("wrong").ask("order.status", json!({})).await, 401, "unauthenticated"),
        (client.with_key("").ask("order.status", json!({})).await, 401, "unauthenticated"),
        (client.get("/v2/intents").await, 404, "not-found"),
        (client.get("/v1/intents?format=xml").await, 400, "malformed"),
    ];
    for (answer, status, code) in cases {
        assert_eq!((answer.status, answer.text("/code")), (status, code), "{}", answer.raw);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        assert_eq!(answer.body["status"], status);
        assert!(!answer.text("/text").is_empty() && !answer.text("/call_id").is_empty(), "{}", answer.raw);
    }
    assert!(demo.mocks.journal("shopify").is_empty() && demo.mocks.journal("zendesk").is_empty());
}

#[tokio::test]
async fn wrong_fields_are_named_in_the_order_of_the_schema() {
    let demo = Demo::start().await.unwrap();
    let answer = demo
        .host
        .client
        .ask(
            "return.start",
            json!({ "surprise": 1, "items": [{ "quantity": "two", "reason": "because" }], "email": 5 }),
        )
        .await;
    assert_eq!((answer.status, answer.text("/code")), (422, "invalid-input"), "{}", answer.raw);
    let named: Vec<String> = pointers(&answer.body).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(named.first().map(String::as_str), Some("/input/order_number"), "{named:?}");
    assert_eq!(named.last().map(String::as_str), Some("/input/surprise"), "{named:?}");
    let schema = &jackfield_catalog::definition("return.start").unwrap().input_schema["properties"];
    let order: Vec<&String> = schema.as_object().unwrap().keys().collect();
    let places: Vec<_> = named
        .iter()
        .map(|p| p.trim_start_matches("/input/").split('/').next().unwrap_or_default())
        .filter_map(|field| order.iter().position(|known| *known == field))
        .collect();
    assert!(places.is_sorted(), "{named:?}");
    assert!(demo.mocks.journal("shopify").is_empty());
}

#[tokio::test]
async fn a_null_is_the_same_as_nothing() {
    let demo = Demo::start().await.unwrap();
    let input = json!({ "order_number": "1001", "email": "customer@example.com", "phone": null });
    let answer = demo.host.client.ask("order.status", input).await;
    assert_eq!(answer.status, 200, "{}", answer.raw);
}

#[tokio::test]
async fn a_key_does_what_its_scopes_say_and_sees_nothing_else() {
    let digest = |key: &str| jackfield::admission::digest(key).iter().map(|b| format!("{b:02x}")).collect::<String>();
    let callers = format!(
        "[caller.orders]\nkey_sha256 = \"{}\"\ntenant = \"demo\"\nscopes = [\"intent:order.*\"]\n\
         [caller.stranger]\nkey_sha256 = \"{}\"\ntenant = \"elsewhere\"\nscopes = [\"intent:*\", \"connections:read\"]\n",
        digest("orders-key"),
        digest("stranger-key")
    );
    let demo = Demo::start_with(|config| config + &callers).await.unwrap();
    let orders = demo.host.client.with_key("orders-key");
    let input = json!({ "order_number": "1001", "email": "customer@example.com" });

    assert_eq!(orders.ask("order.status", input.clone()).await.status, 200);
    for intent in ["ticket.status", "no.such.intent"] {
        let answer = orders.ask(intent, input.clone()).await;
        assert_eq!((answer.status, answer.text("/code")), (403, "forbidden"), "{intent}: {}", answer.raw);
    }
    let listed = orders.get("/v1/intents").await;
    let names: Vec<_> = listed.body["intents"].as_array().unwrap().iter().map(|i| i["name"].clone()).collect();
    assert_eq!(names, ["order.search", "order.status"]);
    assert_eq!(orders.get("/v1/intents/ticket.status").await.status, 404);
    assert_eq!(orders.get("/v1/connections").await.text("/code"), "forbidden");

    // Another tenant's connections are not there, by route or by name.
    let stranger = demo.host.client.with_key("stranger-key");
    assert_eq!(stranger.ask("order.status", input.clone()).await.text("/code"), "unknown-intent");
    let named = stranger.post("/v1/intents/order.status", &json!({ "input": input, "connection": "demo-shop" })).await;
    assert_eq!(named.text("/code"), "unknown-intent");
    assert_eq!(stranger.get("/v1/connections").await.body, json!({ "connections": [] }));
}

#[tokio::test]
async fn intents_come_in_four_formats_with_an_etag() {
    let demo = Demo::start().await.unwrap();
    let client = &demo.host.client;
    for (format, name, schema) in [
        ("native", "/intents/0/name", "/intents/0/input_schema/type"),
        ("openai", "/tools/0/function/name", "/tools/0/function/parameters/type"),
        ("anthropic", "/tools/0/name", "/tools/0/input_schema/type"),
        ("mcp", "/tools/0/name", "/tools/0/inputSchema/type"),
    ] {
        let answer = client.get(&format!("/v1/intents?format={format}")).await;
        let expected = if format == "native" { "benefits.summary" } else { "benefits-summary" };
        assert_eq!((answer.status, answer.text(name), answer.text(schema)), (200, expected, "object"), "{format}");
        assert_eq!(answer.raw.contains("\"x-"), format == "native", "{format} and the host's annotations");
        let tag = answer.headers["etag"].to_str().unwrap().to_owned();
        let path = format!("/v1/intents?format={format}");
        let again = client.send(Method::GET, &path, &[("if-none-match", &tag)], String::new()).await;
        assert_eq!((again.status, again.raw.as_str()), (304, ""), "{format}");
    }
}

#[tokio::test]
async fn a_caller_at_its_bound_is_told_at_once_when_to_come_back() {
    let demo =
        Demo::start_with(|config| config.replace("[server]\n", "[server]\ncaller_in_flight_max = 1\n")).await.unwrap();
    demo.mocks.fault(jackfield_mocks::Fault::new("shopify", jackfield_mocks::Kind::Hang));
    let client = demo.host.client.clone();
    let input = json!({ "order_number": "1001", "email": "customer@example.com" });
    let first = tokio::spawn({
        let (client, input) = (client.clone(), input.clone());
        async move { client.ask("order.status", input).await }
    });
    while demo.mocks.journal("shopify").is_empty() {
        tokio::task::yield_now().await;
    }
    let second = client.ask("order.status", input).await;
    assert_eq!((second.status, second.text("/code")), (429, "rate-limited"), "{}", second.raw);
    assert_eq!(second.headers["retry-after"], "1");
    first.abort();
}

#[tokio::test]
async fn the_trace_of_the_caller_is_kept_and_the_call_has_an_id() {
    let demo = Demo::start().await.unwrap();
    let answer = demo.host.client.ask("product.search", json!({ "query": "shirt" })).await;
    assert_eq!(answer.text("/call_id").len(), 26, "{}", answer.raw);
    assert_eq!(answer.text("/source/connection"), "demo-shop");
}

#[tokio::test]
async fn draining_finishes_what_is_under_way_and_takes_nothing_new() {
    let demo = Demo::start().await.unwrap();
    let client = demo.host.client.clone();
    assert_eq!(client.get("/readyz").await.status, 200);
    demo.mocks.fault(jackfield_mocks::Fault {
        delay_ms: Some(300),
        ..jackfield_mocks::Fault::new("shopify", jackfield_mocks::Kind::Latency)
    });
    let input = json!({ "order_number": "1001", "email": "customer@example.com" });
    let under_way = tokio::spawn({
        let client = client.clone();
        async move { client.ask("order.status", input).await }
    });
    while demo.mocks.journal("shopify").is_empty() {
        tokio::task::yield_now().await;
    }
    demo.host.drain().await.unwrap();
    assert_eq!(under_way.await.unwrap().status, 200);
    assert!(client.try_send(Method::GET, "/livez", &[], String::new()).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn the_demo_key_needs_the_demo_switch() {
    // `Host::start` passes `--demo`; this is the host without it.
    let dir = tempfile::tempdir().unwrap();
    let source = jackfield::config::Source { path: dir.path().join("jackfield.toml"), text: String::new() };
    let config = jackfield::config::Config::draft(source).unwrap();
    let app = jackfield::app::App::compose(config, jackfield::app::Options::default()).unwrap();
    assert!(app.admission.authenticate(Some("Bearer demo")).is_err());
    assert!(Host::start("").await.unwrap().app.admission.authenticate(Some("Bearer demo")).is_ok());
}

#[tokio::test]
async fn the_same_intents_are_tools_of_the_model_context_protocol() {
    let demo = Demo::start().await.unwrap();
    let client = &demo.host.client;
    let rpc = async |method: &str, params: Value| {
        client.post("/mcp", &json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })).await
    };
    let hello = rpc("initialize", json!({ "protocolVersion": "2025-06-18" })).await;
    assert_eq!(hello.text("/result/protocolVersion"), "2025-06-18", "{}", hello.raw);
    let tools = rpc("tools/list", json!({})).await;
    assert_eq!(tools.text("/result/tools/0/name"), "benefits-summary", "{}", tools.raw);

    let order =
        json!({ "name": "order-status", "arguments": { "order_number": "1001", "email": "customer@example.com" } });
    let answer = rpc("tools/call", order).await;
    assert!(answer.text("/result/content/0/text").starts_with("I found your order!"), "{}", answer.raw);
    assert_eq!(answer.text("/result/structuredContent/number"), "1001");
    let verified = json!({ "name": "order-status", "arguments": { "order_number": "1001" },
        "_meta": { "jackfield/context": { "user": { "id": "u", "email": "customer@example.com", "verified": true } } } });
    assert_eq!(rpc("tools/call", verified).await.body["result"]["isError"], false);
    let unproven = rpc("tools/call", json!({ "name": "order-status", "arguments": { "order_number": "1001" } })).await;
    assert_eq!(unproven.body["result"]["isError"], true, "{}", unproven.raw);
    assert_eq!(unproven.text("/result/_meta/jackfield~1problem/code"), "invalid-input");

    assert_eq!(rpc("tools/call", json!({ "name": "nothing" })).await.body["error"]["code"], -32_602);
    assert_eq!(rpc("resources/list", json!({})).await.body["error"]["code"], -32_601);
    assert_eq!(
        client.post("/mcp", &json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await.status,
        202
    );
    assert_eq!(client.with_key("wrong").post("/mcp", &json!({})).await.status, 401);
    let elsewhere =
        client.send(Method::POST, "/mcp", &[JSON, ("origin", "https://evil.example")], "{}".to_owned()).await;
    assert_eq!(elsewhere.text("/code"), "forbidden");
}

#[tokio::test]
async fn counters_and_the_description_of_the_api_are_there() {
    let demo = Demo::start().await.unwrap();
    let client = &demo.host.client;
    client.ask("product.search", json!({ "query": "shirt" })).await;
    let counters = client.get("/metrics").await.raw;
    let line = "jackfield_calls_total{connection=\"demo-shop\",intent=\"product.search\",outcome=\"completed\"} 1";
    assert!(counters.contains(line), "{counters}");
    assert_eq!(client.with_key("").get("/openapi.json").await.text("/openapi"), "3.1.0");
}
