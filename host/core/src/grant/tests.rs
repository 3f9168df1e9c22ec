use serde_json::json;

use super::*;

const MANIFEST: &str = r#"
id = "shopify"
version = "1.0.0"
title = "Shopify"
vendor_api = "2026-10"
intents = ["order.status"]
calls = ["ticket.*"]

[setting.shop]
type = "string"

[[secret]]
name = "access_token"
purpose = "Admin API"

[[secret]]
name = "webhook"
purpose = "signing"
hmac = true

[endpoint.admin]
base_url = "https://{shop}.myshopify.com"
allow = [
    "read GET /admin/api/*/orders.json",
    "read POST /admin/api/*/graphql.json graphql=query",
    "write POST /admin/api/*/graphql.json graphql=mutation",
    "write DELETE /admin/api/*/orders/*.json",
]
auth = { scheme = "header", header = "X-Shopify-Access-Token", secret = "access_token" }
"#;

fn grant_of(settings: serde_json::Value, access: Access, insecure: bool) -> Result<Grant, GrantError> {
    let manifest = Manifest::parse(MANIFEST).unwrap();
    Grant::resolve(
        &manifest,
        &ConnectionGrant {
            name: "shop-eu",
            tenant: "acme",
            subject: Subject::Connection,
            place: "jackfield.toml:12",
            settings: &settings,
            access,
            auth: &BTreeMap::new(),
            secrets: &BTreeMap::from([("access_token".to_owned(), false), ("webhook".to_owned(), true)]),
            network: NetworkPolicy { allow_addresses: Vec::new(), allow_insecure: insecure },
        },
    )
}

fn grant(access: Access) -> Grant {
    grant_of(json!({ "shop": "acme" }), access, false).unwrap()
}

fn request(method: Method, path: &str) -> OutboundRequest {
    OutboundRequest {
        endpoint: "admin".to_owned(),
        method,
        path: path.to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        timeout: None,
        idempotent: false,
    }
}

fn graphql(document: &str) -> OutboundRequest {
    let body = serde_json::to_vec(&json!({ "query": document })).unwrap();
    OutboundRequest { body: Some(body.into()), ..request(Method::POST, "/admin/api/2026-10/graphql.json") }
}

#[test]
fn an_allowed_request_becomes_a_url_on_the_endpoint() {
    let mut wanted = request(Method::GET, "/admin/api/2026-10/orders.json");
    wanted.query = vec![("name".into(), "#1001&status=any".into())];
    wanted.headers = vec![("X-Trace".into(), "1".into()), ("X-Trace".into(), "2".into())];
    let granted = grant(Access::Read).check(wanted).unwrap();
    assert_eq!(
        granted.url().as_str(),
        "https://acme.myshopify.com/admin/api/2026-10/orders.json?name=%231001%26status%3Dany"
    );
    assert_eq!(granted.headers().len(), 2);
    assert_eq!(granted.access(), Access::Read);
    // A space is a space to every reader, a plus a plus.
    let spaced = OutboundRequest {
        query: vec![("q".into(), "a b+c".into())],
        ..request(Method::GET, "/admin/api/2026-10/orders.json")
    };
    assert_eq!(grant(Access::Read).check(spaced).unwrap().url().query(), Some("q=a%20b%2Bc"));
    assert_eq!(granted.connection(), "shop-eu");
}

#[test]
fn a_look_back_reads_whatever_the_connection_may_do_and_asks_nobody_else() {
    let looking = grant(Access::Write).looking_back();
    assert_eq!(looking.access(), Access::Read);
    assert!(looking.check(request(Method::GET, "/admin/api/2026-10/orders.json")).is_ok());
    assert!(looking.check(graphql("query { shop { name } }")).is_ok());
    for write in [request(Method::DELETE, "/admin/api/2026-10/orders/1.json"), graphql("mutation { a }")] {
        assert!(grant(Access::Write).check(write.clone()).is_ok());
        let refused = looking.check(write).unwrap_err().to_string();
        assert!(refused.starts_with("`settle` may only read"), "{refused}");
        assert!(!refused.contains("access ="), "no line of the operator's would allow it: {refused}");
    }
    assert!(grant(Access::Write).check_intent("ticket.create").is_ok());
    assert!(looking.check_intent("ticket.create").is_err());
}

#[test]
fn a_refusal_names_the_line_that_would_allow_it() {
    let denied = |request| grant(Access::Read).check(request).unwrap_err().to_string();
    assert_eq!(
        denied(OutboundRequest { endpoint: "storefront".into(), ..request(Method::GET, "/") }),
        "`shopify` has no endpoint `storefront`; connector.toml of `shopify`: add `[endpoint.NAME]`"
    );
    assert_eq!(
        denied(request(Method::GET, "/admin/api/2026-10/shop.json")),
        "no rule of endpoint `admin` allows GET /admin/api/2026-10/shop.json; connector.toml:24 of `shopify`: add \
         `\"read GET /admin/api/2026-10/shop.json\"` to `allow` of `[endpoint.admin]`"
    );
    assert_eq!(
        denied(request(Method::DELETE, "/admin/api/2026-10/orders/1.json")),
        "connection `shop-eu` may only read; DELETE /admin/api/2026-10/orders/1.json needs `write DELETE \
         /admin/api/*/orders/*.json`; jackfield.toml:12: set `access = \"write\"` in `[connection.shop-eu]`"
    );
}

#[test]
fn the_method_counts() {
    let path = "/admin/api/2026-10/orders.json";
    assert!(grant(Access::Write).check(request(Method::GET, path)).is_ok());
    assert!(grant(Access::Write).check(request(Method::POST, path)).is_err());
}

#[test]
fn a_read_connection_cannot_send_a_mutation() {
    let mutation = "mutation { orderClose { id } }";
    assert!(grant(Access::Read).check(graphql("{ shop { name } }")).is_ok());
    let refused = grant(Access::Read).check(graphql(mutation)).unwrap_err().to_string();
    assert!(refused.contains("may only read") && refused.contains("access = \"write\""), "{refused}");
    assert_eq!(grant(Access::Write).check(graphql(mutation)).unwrap().access(), Access::Write);
}

#[test]
fn a_query_on_a_write_connection_is_still_a_read() {
    assert_eq!(grant(Access::Write).check(graphql("{ shop { name } }")).unwrap().access(), Access::Read);
}

#[test]
fn reserved_headers_are_refused_in_any_case() {
    for name in [
        "Host",
        "AUTHORIZATION",
        "cookie",
        "Content-Length",
        "transfer-encoding",
        "Connection",
        "X-Forwarded-For",
        "Forwarded",
        "Proxy-Authorization",
        "x-shopify-access-token",
        "X-HTTP-Method-Override",
    ] {
        let mut wanted = request(Method::GET, "/admin/api/2026-10/orders.json");
        wanted.headers = vec![(name.to_owned(), "x".to_owned())];
        let refused = grant(Access::Read).check(wanted).unwrap_err();
        assert!(matches!(refused, Refusal::Denied(_)), "{name}: {refused}");
    }
}

#[test]
fn header_tricks_are_invalid() {
    for (name, value) in [("x y", "1"), ("x", "1\r\nhost: y"), ("x\0", "1"), ("", "1"), ("x", "a\0b")] {
        let mut wanted = request(Method::GET, "/admin/api/2026-10/orders.json");
        wanted.headers = vec![(name.to_owned(), value.to_owned())];
        assert!(matches!(grant(Access::Read).check(wanted), Err(Refusal::Invalid(_))), "{name:?}");
    }
    let mut many = request(Method::GET, "/admin/api/2026-10/orders.json");
    many.headers = vec![("x".to_owned(), "1".to_owned()); 10_000];
    assert!(matches!(grant(Access::Read).check(many), Err(Refusal::Invalid(_))));
}

#[test]
fn redirects_stay_on_the_origin_and_need_a_rule() {
    let granted = grant(Access::Read).check(request(Method::GET, "/admin/api/2024-01/orders.json")).unwrap();
    let followed = granted.redirect("/admin/api/2026-10/orders.json?page=2").unwrap();
    assert_eq!(followed.url().as_str(), "https://acme.myshopify.com/admin/api/2026-10/orders.json?page=2");
    for elsewhere in [
        "https://evil.example/admin/api/2026-10/orders.json",
        "http://acme.myshopify.com/admin/api/2026-10/orders.json",
        "https://acme.myshopify.com:8443/admin/api/2026-10/orders.json",
        "//169.254.169.254/latest",
        "http://169.254.169.254/latest",
        "/admin/settings",
    ] {
        assert!(matches!(granted.redirect(elsewhere), Err(Refusal::Denied(_))), "{elsewhere}");
    }
}

#[test]
fn a_base_path_is_kept_and_cannot_be_left() {
    let grant = grant_of(json!({ "base_url": "https://proxy.example/shop/" }), Access::Read, false).unwrap();
    let granted = grant.check(request(Method::GET, "/admin/api/2026-10/orders.json")).unwrap();
    assert_eq!(granted.url().as_str(), "https://proxy.example/shop/admin/api/2026-10/orders.json");
    assert!(granted.redirect("https://proxy.example/shopx/admin/api/2026-10/orders.json").is_err());
    assert!(granted.redirect("https://proxy.example/admin/api/2026-10/orders.json").is_err());
}

#[test]
fn a_base_url_must_be_a_plain_https_origin() {
    let resolve = |base: &str, insecure| grant_of(json!({ "base_url": base }), Access::Read, insecure);
    assert!(resolve("https://shop.example", false).is_ok());
    assert!(resolve("http://127.0.0.1:9101", true).is_ok());
    for bad in ["http://shop.example", "ftp://x", "https://u:p@shop.example", "https://x/?q", "https://x/#f", "shop"] {
        assert!(resolve(bad, false).is_err(), "{bad}");
    }
    let error = grant_of(json!({ "shop": "evil.example/x?" }), Access::Read, false).unwrap_err();
    assert!(error.message.contains("cannot stand in a host name"), "{error}");
}

#[test]
fn secrets_are_used_as_granted() {
    let grant = grant(Access::Read);
    assert!(grant.check_hmac("webhook").is_ok());
    assert!(grant.check_hmac("access_token").unwrap_err().remedy.contains("hmac = true"));
    assert!(grant.check_reveal("webhook").is_ok());
    assert_eq!(grant.check_reveal("access_token").unwrap_err().place.as_deref(), Some("jackfield.toml:12"));
    assert!(grant.check_reveal("other").is_err());
    assert_eq!(grant.secret_names().collect::<Vec<_>>(), ["access_token", "webhook"]);
}

#[test]
fn other_intents_are_called_as_granted() {
    assert!(grant(Access::Read).check_intent("ticket.create").is_ok());
    let denied = grant(Access::Read).check_intent("order.status").unwrap_err();
    assert_eq!(
        denied.to_string(),
        "`shopify` may not call the intent `order.status`; connector.toml of `shopify`: add `\"order.status\"` to `calls`"
    );
}
