//! The operator's side: every mistake is named with its line and its remedy, before anything listens.

use jackfield_tests::{Demo, Host, guests, plugin};

async fn report(config: &str) -> String {
    match Host::start(config).await {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

async fn demo_report(change: impl FnOnce(String) -> String) -> String {
    match Demo::start_with(change).await {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    }
}

#[tokio::test]
async fn every_mistake_of_a_connection_is_said_in_one_go() {
    let report = demo_report(|config| {
        config
            .replace("shop = \"demo-shop\"", "shop = \"demo shop\"\nshopp = 1")
            .replace("access_token = ", "acess_token = ")
            .replace("subdomain = \"demo-help\"\n", "")
            .replace("intent = \"ticket.*\"", "intent = \"tickets\"")
            .replace(
                "allow_insecure = true\nallow_addresses = [\"127.0.0.0/8\"]\n\n[connection.demo-help.settings]",
                "[connection.demo-help.settings]",
            )
    })
    .await;
    for part in [
        "setting `shop` of connection `demo-shop` does not have the right form",
        "setting `shopp` of connection `demo-shop` is not a known field",
        "connector `shopify` does not use a secret `acess_token`",
        "connection `demo-shop` lacks the secret `access_token`",
        "setting `subdomain` of connection `demo-help` is required",
        "`tickets` is not an intent pattern",
        "help: ",
        "jackfield.toml:",
    ] {
        assert!(report.contains(part), "{part} is not in\n{report}");
    }
}

#[tokio::test]
async fn plain_http_needs_the_operators_word() {
    let report = demo_report(|config| config.replacen("allow_insecure = true\n", "", 1)).await;
    assert!(report.contains("is plain HTTP") && report.contains("allow_insecure"), "{report}");
}

#[tokio::test]
async fn a_secret_that_cannot_be_read_is_named_and_never_shown() {
    let missing = format!(
        "[connector.shopify]\nfile = {:?}\n[connection.shop]\nconnector = \"shopify\"\ntenant = \"demo\"\n\
         [connection.shop.settings]\nshop = \"acme\"\n[connection.shop.secrets]\naccess_token = \"file:/nowhere/token\"\n",
        plugin("shopify")
    );
    let report = report(&missing).await;
    assert!(report.contains("access_token") && report.contains("/nowhere/token"), "{report}");
}

#[tokio::test]
async fn a_connector_under_another_name_is_refused() {
    let config = format!("[connector.zendesk]\nfile = {:?}\n", plugin("shopify"));
    let report = report(&config).await;
    assert!(report.contains("is the connector `shopify`, not `zendesk`"), "{report}");
}

#[tokio::test]
async fn a_read_connection_offers_no_write() {
    // A helpdesk that may not be written to is none.
    let read = |config: String| {
        config
            .replace("access = \"write\"", "access = \"read\"")
            .replace("helpdesk = \"demo-help\"\nteam = \"Support\"", "")
    };
    let demo = Demo::start_with(read).await.unwrap();
    let answer = demo.host.client.get("/v1/intents").await;
    assert!(answer.raw.contains("order.status") && !answer.raw.contains("return.start"), "{}", answer.raw);
    let refused = demo.host.client.ask("return.start", serde_json::json!({})).await;
    assert_eq!(refused.text("/code"), "unknown-intent");
}

#[tokio::test]
async fn a_template_of_the_operator_replaces_the_catalogues() {
    let own = "\n[[template]]\nintent = \"product.search\"\ntext = \"We have {{ products | length }} of these.\"\n";
    let demo = Demo::start_with(|config| config + own).await.unwrap();
    let answer = demo.host.client.ask("product.search", serde_json::json!({ "query": "shirt" })).await;
    assert!(answer.text("/text").starts_with("We have "), "{}", answer.raw);
    let broken =
        demo_report(|config| config + "\n[[template]]\nintent = \"product.search\"\ntext = \"{{ products \"\n").await;
    assert!(broken.contains("a template does not compile"), "{broken}");
}

#[tokio::test]
async fn inspecting_a_connector_shows_what_it_asks_for() {
    let bytes = std::fs::read(plugin("shopify")).unwrap();
    let inspection = jackfield_sandbox::inspect(&bytes).unwrap();
    assert!(inspection.refused.is_empty(), "{:?}", inspection.refused);
    let (_, manifest) = inspection.package.unwrap();
    assert!(manifest.intents.contains(&"order.status".to_owned()));
    let bare = jackfield_sandbox::inspect(&guests::component("sockets")).unwrap();
    assert!(bare.refused.iter().any(|i| i.starts_with("wasi:sockets/")), "{:?}", bare.refused);
}

#[tokio::test]
async fn a_key_with_the_scope_reads_the_audit_log_of_its_tenant() {
    use jackfield_core::audit::{Event, Record};
    let other = jackfield::audit::hex(&jackfield::admission::digest("other"));
    let config = format!("[caller.other]\nkey_sha256 = \"{other}\"\ntenant = \"other\"\nscopes = [\"intent:*\"]\n");
    let host = Host::start(&config).await.unwrap();
    for tenant in ["demo", "other"] {
        let record = Record {
            at: "2026-01-20T10:00:00.000Z".to_owned(),
            event: Event::SecretUsed { secret: "api_key".to_owned(), how: "hmac".to_owned() },
            tenant: tenant.to_owned(),
            connection: "crm".to_owned(),
            call_id: None,
            user: None,
            outcome: "ok".to_owned(),
        };
        host.app.audit.record(&record).unwrap();
    }
    host.app.store.flush().await.unwrap();
    let answer = host.client.get("/v1/audit").await;
    assert_eq!((answer.status, answer.text("/records/0/secret")), (200, "api_key"), "{}", answer.raw);
    assert_eq!(answer.body["records"].as_array().unwrap().len(), 1, "{}", answer.raw);
    assert_eq!(answer.body["records"][0]["sequence"], 1);
    assert!(answer.body["next"].is_null());
    assert_eq!(host.client.get("/v1/audit?limit=0").await.text("/code"), "malformed");
    assert_eq!(host.client.with_key("other").get("/v1/audit").await.text("/code"), "forbidden");
}
