//! The control listener and the library's own functions.

use jackfield_mocks::{Fault, Kind, Mocks};
use serde_json::json;

use crate::client::{desk, send, shop_get, start};

#[tokio::test]
async fn the_journal_keeps_order_repeats_and_bodies() {
    let mocks = start().await;
    let headers = [("x-twice", "a"), ("x-twice", "b")];
    let base = mocks.base_url("zendesk").to_owned();
    send(&base, "POST", "/api/v2/tickets?x=%20", &headers, "{\"a\":1}").await.unwrap();
    shop_get(&mocks, "/admin/api/2026-10/shop.json").await;

    let reply = send(mocks.control_url(), "GET", "/journal", &[], "").await.unwrap();
    let journal = reply.json();
    assert_eq!(journal.as_array().unwrap().len(), 2);
    let first = &journal[0];
    assert_eq!(first["seq"], 1);
    assert_eq!(first["system"], "zendesk");
    assert_eq!(first["path"], "/api/v2/tickets");
    assert_eq!(first["query"], "x=%20");
    assert_eq!(first["json"], json!({ "a": 1 }));
    assert_eq!(first["status"], 401);
    let twice = first["headers"].as_array().unwrap().iter().filter(|pair| pair[0] == "x-twice");
    assert_eq!(twice.count(), 2);

    let reply = send(mocks.control_url(), "GET", "/journal?system=shopify", &[], "").await.unwrap();
    assert_eq!(reply.json().as_array().unwrap().len(), 1);
    assert_eq!(mocks.journal("shopify").len(), 1);
}

#[tokio::test]
async fn faults_are_set_and_cleared_over_http_and_nonsense_is_refused() {
    let mocks = start().await;
    let control = mocks.control_url().to_owned();
    let post = |body: serde_json::Value| {
        let control = control.clone();
        async move { send(&control, "POST", "/faults", &[], &body.to_string()).await.unwrap() }
    };
    for (wrong, word) in [
        (json!({ "system": "shopify", "kind": "earthquake" }), "earthquake"),
        (json!({ "system": "shopify", "kind": "reset", "colour": 1 }), "colour"),
        (json!({ "system": "nobody", "kind": "reset" }), "nobody"),
        (json!({ "system": "shopify", "kind": "latency" }), "delay_ms"),
    ] {
        let reply = post(wrong).await;
        assert_eq!(reply.status, 400);
        assert!(reply.json()["error"].as_str().unwrap().contains(word));
    }
    let reply = post(json!({ "system": "shopify", "kind": "status", "status": 503 })).await;
    assert_eq!(reply.status, 201);
    assert!(reply.json()["id"].is_u64());
    let path = "/admin/api/2026-10/shop.json";
    assert_eq!(shop_get(&mocks, path).await.status, 503);
    send(&control, "DELETE", "/faults", &[], "").await.unwrap();
    assert_eq!(shop_get(&mocks, path).await.status, 200);
    let reply = send(&control, "GET", "/nowhere", &[], "").await.unwrap();
    assert_eq!(reply.status, 404);
}

#[tokio::test]
async fn a_reset_brings_back_the_seed_and_forgets_journal_and_faults() {
    let mocks = start().await;
    let note = json!({ "ticket": { "comment": { "body": "x", "public": false }, "colour": 1 } });
    assert_eq!(desk(&mocks, "POST", "/api/v2/tickets", note).await.status, 201);
    assert_eq!(mocks.violations().len(), 1);
    mocks.fault(Fault::new("zendesk", Kind::Close));
    send(mocks.control_url(), "POST", "/reset", &[], "").await.unwrap();
    assert!(mocks.violations().is_empty());
    assert!(mocks.journal("zendesk").is_empty());
    let reply = desk(&mocks, "GET", "/api/v2/tickets/35441", json!(null)).await;
    assert_eq!(reply.status, 404);
}

#[tokio::test]
async fn systems_take_the_ports_after_the_control_and_instances_do_not_share_state() {
    // So many ports in a row are not always free, so a few places are tried.
    let mut tried = (20_000_u16..30_000).step_by(531);
    let mocks = loop {
        let port = tried.next().expect("free ports in a row");
        let address = ([127, 0, 0, 1], port).into();
        if let Ok(mocks) = Mocks::start(address).await {
            assert_eq!(mocks.control_url(), format!("http://127.0.0.1:{port}"));
            assert_eq!(mocks.base_url("shopify"), format!("http://127.0.0.1:{}", port + 1));
            assert_eq!(mocks.base_url("zendesk"), format!("http://127.0.0.1:{}", port + 2));
            break mocks;
        }
    };
    let other = start().await;
    other.fault(Fault::new("shopify", Kind::Close));
    let reply = shop_get(&mocks, "/admin/api/2026-10/shop.json").await;
    assert_eq!(reply.status, 200);
    assert!(other.journal("shopify").is_empty());
    mocks.stop().await;
}
