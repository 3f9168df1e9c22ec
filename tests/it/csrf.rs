//! Writes to a system that wants a token against request forgery: fetched once, kept with its session, fetched again
//! when the session is gone, and never in the hands of a guest.

use http::{Response, StatusCode};
use jackfield_mocks::{Entry, Mocks};
use jackfield_tests::{Answer, Demo, Host, Stub, guests};
use serde_json::{Value, json};

const ORDERS: &str = "/sap/opu/odata/sap/API_SALES_ORDER_SRV/A_SalesOrder";
const TOKEN: &str = "csrf-0123456789-planted";
const COOKIE: &str = "session-0123456789-planted";

async fn order(demo: &Demo, reference: &str) -> Answer {
    let body = json!({
        "input": {
            "sold_to_party": "10100001",
            "reference": reference,
            "items": [{ "material": "TG11", "quantity": "1" }],
        },
        "context": { "user": { "id": "c-1", "email": "customer@example.com", "verified": true } },
    });
    demo.host.client.post("/v1/intents/sap_s4hana.sales_order.create", &body).await
}

/// What a request says about the token: `fetch`, or the token itself.
fn token(entry: &Entry) -> Option<&str> {
    entry.headers.iter().find(|(name, _)| name == "x-csrf-token").map(|(_, value)| value.as_str())
}

fn fetches(mocks: &Mocks) -> usize {
    let asks = |entry: &&Entry| token(entry).is_some_and(|value| value.eq_ignore_ascii_case("fetch"));
    mocks.journal("sap-s4hana").iter().filter(asks).count()
}

fn writes(mocks: &Mocks) -> Vec<Entry> {
    mocks.journal("sap-s4hana").into_iter().filter(|entry| entry.method == "POST" && entry.path == ORDERS).collect()
}

#[tokio::test]
async fn a_token_is_fetched_once_and_kept_for_the_next_write() {
    let demo = Demo::start().await.unwrap();
    for reference in ["CHAT-1", "CHAT-2"] {
        let answer = order(&demo, reference).await;
        assert_eq!(answer.status, 200, "{}", answer.raw);
    }
    assert_eq!(fetches(&demo.mocks), 1);
    let writes = writes(&demo.mocks);
    assert_eq!(writes.iter().map(|write| write.status).collect::<Vec<_>>(), [Some(201), Some(201)]);
    assert_eq!(token(&writes[0]), token(&writes[1]));
    let reads = demo.mocks.journal("sap-s4hana").into_iter().filter(|entry| entry.method == "GET");
    let with_token: Vec<_> = reads.filter(|read| token(read).is_some()).map(|read| read.path).collect();
    assert_eq!(with_token.len(), 1, "only the fetch itself speaks of tokens: {with_token:?}");
    assert!(demo.mocks.violations().is_empty(), "{:#?}", demo.mocks.violations());
}

#[tokio::test]
async fn a_session_that_is_gone_is_opened_again_and_the_write_is_made_once() {
    let demo = Demo::start().await.unwrap();
    assert_eq!(order(&demo, "CHAT-1").await.status, 200);
    demo.mocks.knob("sap-s4hana", "expire-sessions", true);
    let answer = order(&demo, "CHAT-2").await;
    assert_eq!(answer.status, 200, "{}", answer.raw);
    assert_eq!(fetches(&demo.mocks), 2);
    let statuses: Vec<_> = writes(&demo.mocks).iter().filter_map(|write| write.status).collect();
    assert_eq!(statuses, [201, 403, 201], "the refused one was sent once more, with the new token");
    assert!(demo.mocks.violations().is_empty(), "{:#?}", demo.mocks.violations());
}

#[tokio::test]
async fn a_guest_sees_neither_token_nor_session() {
    // It gives a token to whoever asks, and tells everything that it was sent.
    let upstream = Stub::start(|arrived| {
        let headers: Vec<String> = arrived.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        let answer = Response::builder()
            .status(StatusCode::OK)
            .header("x-csrf-token", TOKEN)
            .header("set-cookie", format!("SAP_SESSIONID={COOKIE}; path=/"));
        answer.body(format!("{}\n{}", headers.join("\n"), arrived.body).into()).unwrap()
    })
    .await
    .unwrap();
    let dir = tempfile::tempdir().unwrap();
    let manifest = guests::manifest("trespass") + "csrf = { path = \"/csrf/\" }\n";
    let wasm = guests::write(dir.path(), "trespass", &guests::package_with("trespass", manifest));
    let host = Host::start(&format!(
        "[connector.trespass]\nfile = {wasm:?}\n[connection.trespass]\nconnector = \"trespass\"\ntenant = \"demo\"\n\
         access = \"write\"\nallow_insecure = true\nallow_addresses = [\"127.0.0.1/32\"]\n\
         [connection.trespass.settings]\nbase_url = {:?}\n",
        upstream.url
    ))
    .await
    .unwrap();
    let tell = async |method: &str, headers: Value| {
        let input = json!({
            "endpoint": "api", "method": method, "path": "/slow", "headers": headers, "tell": "output",
        });
        host.client.ask("trespass.run", input).await.text("/output/outcome").to_owned()
    };
    let written = tell("POST", json!({})).await;
    let asked = tell("GET", json!({ "x-csrf-token": "Fetch" })).await;
    let carried = |name: &str, value: &str| {
        upstream.arrived().iter().any(|a| a.headers.iter().any(|(n, v)| n == name && v.contains(value)))
    };
    assert!(carried("x-csrf-token", TOKEN) && carried("cookie", COOKIE), "{:#?}", upstream.arrived());
    assert!(written.contains("x-csrf-token: [redacted]"), "what was sent for the guest came back: {written}");
    for told in [written, asked] {
        assert!(!told.contains(TOKEN) && !told.contains(COOKIE), "{told}");
    }
}
