//! The fake host: it answers what was expected, and complains readably about everything else.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path as Folder, PathBuf},
    time::Duration,
};

use jackfield_sdk::{
    connector::Description,
    http::Method,
    prelude::*,
    secrets::Algorithm,
    testing::{Exchange, Host, replay_folder},
};

/// What a test says when it fails.
fn complaint(test: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(test)).expect_err("a complaint");
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().expect("a text")).to_owned(),
    }
}

fn fetch(call: &Call, path: &'static str) -> Result<u16, Failure> {
    Ok(call.http("admin").get(path)?.query("a", 1).query("a", 2).query_if("b", None::<u8>).send()?.status())
}

fn expected(path: &str) -> Exchange {
    Exchange::get(path).query("a", "1").query("a", "2")
}

#[test]
fn expected_exchanges_are_answered_in_order() {
    let host = Host::new().expect(expected("/one").reply(201)).expect(expected("/two").reply(202));
    host.with("order.status", |call| {
        assert_eq!((fetch(call, "/one"), fetch(call, "/two")), (Ok(201), Ok(202)));
    });
}

#[test]
fn an_exchange_out_of_turn_is_unexpected_unless_any_order_will_do() {
    let said = complaint(|| {
        let host = Host::new().expect(expected("/one")).expect(expected("/two"));
        host.with("order.status", |call| assert!(fetch(call, "/two").is_err()));
    });
    for part in [
        "- unexpected request: GET /two ? a=1 & a=2 on `admin`",
        "it is not exchange 1, GET /one:",
        "path: expected `/one`, found `/two`",
        "- exchange 1 was not used: GET /one",
        "- exchange 2 was not used: GET /two",
    ] {
        assert!(said.contains(part), "{said}");
    }
    let host = Host::new().expect(expected("/one").any_order()).expect(expected("/two").any_order());
    host.with("order.status", |call| {
        assert_eq!((fetch(call, "/two"), fetch(call, "/one")), (Ok(200), Ok(200)));
    });
}

#[test]
fn every_part_of_a_request_is_compared() {
    let said = complaint(|| {
        let exchange = Exchange::post("/x")
            .endpoint("other")
            .query("a", "1")
            .header("If-Match", "v2")
            .idempotent(true)
            .json(json!({"a": {"b": 1}}));
        Host::new().expect(exchange).with("order.status", |call| {
            let request = call.http("admin").put(path!("y" / "ü")).unwrap();
            assert!(request.query("a", 2).header("if-match", "v1").json(&json!({"a": {"b": 2}})).send().is_err());
        });
    });
    for part in [
        "method: expected `POST`, found `PUT`",
        "path: expected `/x`, found `/y/%C3%BC`",
        "endpoint: expected `other`, found `admin`",
        "query: expected `a=1`, found `a=2`",
        "header `If-Match`: expected `v2`, found `v1`",
        "idempotent: expected `may be repeated`, found `must not be repeated`",
        "body /a/b: expected 1, found 2",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[test]
fn bodies_of_every_kind_are_compared() {
    let form =
        r#"{"request": {"method": "POST", "path": "/f", "form": {"a b": "1&2", "c": ["x", "y"]}}, "response": {}}"#;
    let host = Host::new()
        .expect(serde_json::from_str(form).unwrap())
        .expect(Exchange::new(Method::Post, "/t").text("hello").reply_text(200, "bye"))
        .expect(Exchange::post("/g").graphql("Find", json!({"n": 1})).reply_json(200, json!({"data": 1})));
    host.with("order.status", |call| {
        let api = call.http("admin");
        api.post("/f").unwrap().form([("a b", "1&2"), ("c", "x"), ("c", "y")]).send().unwrap();
        assert_eq!(api.post("/t").unwrap().body("text/plain", "hello").send().unwrap().text(), "bye");
        let request = api.graphql("/g", "query Find($n: Int) { find(n: $n) }", &json!({"n": 1})).unwrap();
        assert_eq!(request.send().unwrap().graphql::<u8>().unwrap().data(), Ok(1));
    });
    let said = complaint(|| {
        Host::new().expect(Exchange::post("/t")).with("order.status", |call| {
            assert!(call.http("admin").post("/t").unwrap().body("text/plain", "x").send().is_err());
        });
    });
    assert!(said.contains("body: expected none, found `x`"), "{said}");
}

#[test]
fn requests_sent_at_once_are_answered_each_in_its_place() {
    let host = Host::new().expect(Exchange::get("/one")).expect(Exchange::get("/two").times_out());
    host.with("order.status", |call| {
        /// Has no JSON form.
        struct Unwritable;
        impl serde::Serialize for Unwritable {
            fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(serde::ser::Error::custom("no"))
            }
        }
        let api = call.http("admin");
        let malformed = api.post("/never").unwrap().json(&Unwritable);
        let [one, never, two] = http::send_all([api.get("/one").unwrap(), malformed, api.get("/two").unwrap()]);
        assert_eq!(one.map(|response| response.status()), Ok(200));
        assert!(matches!(never, Err(http::Error::InvalidRequest(_))));
        assert_eq!(two, Err(http::Error::Timeout));
        assert_eq!(http::send_each([]), []);
    });
}

#[test]
fn cache_secrets_and_other_intents_are_what_the_test_says() {
    #[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq)]
    struct Status {
        open: bool,
    }
    let host = Host::new()
        .cached("known", &json!({"open": true}))
        .cached("strange", &json!([1]))
        .secret("token", "t-1")
        .hmac("key", &[1, 2])
        .intent("customer.lookup", json!({"q": 1}), Ok(json!({"open": false})))
        .intent("customer.lookup", json!({"q": 2}), Err(Failure::timeout()));
    host.with("order.status", |_| {
        let ttl = Duration::from_secs(60);
        let fetched = |key| cache::get_or_fetch(key, ttl, || Ok::<_, Failure>(Status { open: false }));
        assert_eq!(fetched("known"), Ok(Status { open: true }));
        assert_eq!(fetched("strange"), Ok(Status { open: false }), "another type counts as forgotten");
        assert_eq!(cache::get::<Status>("strange"), Some(Status { open: false }));
        cache::delete("strange");
        assert_eq!(cache::get::<Status>("strange"), None);
        assert_eq!(cache::get_or_fetch::<Status, _>("new", ttl, || Err("no")), Err("no"));

        assert_eq!(secrets::granted(), ["token", "key"]);
        assert_eq!(secrets::reveal("token").as_deref(), Ok("t-1"));
        assert_eq!(secrets::hmac("key", Algorithm::Sha256, b"m"), Ok(vec![1, 2]));
        assert_eq!(Failure::from(secrets::reveal("key").unwrap_err()).kind.code(), "internal");

        let ask = |q: u8| jackfield_sdk::intents::call_named::<Status>("customer.lookup", &json!({ "q": q }));
        assert_eq!(ask(1), Ok(Status { open: false }));
        assert_eq!(ask(2), Err(Failure::timeout()));
    });
    let said = complaint(|| {
        Host::new().with("order.status", |_| {
            assert!(jackfield_sdk::intents::call_named::<u8>("a.b", &json!({})).is_err());
        });
    });
    assert!(said.contains("- unexpected intent: a.b {}"), "{said}");
}

#[test]
fn a_call_is_what_the_test_says() {
    let host = Host::new()
        .settings(json!({"api_version": "2026-01", "defaults": {"priority": 2}, "shop": "demo"}))
        .user("u-1", None, Some("+436641234567"))
        .locale("de-AT")
        .time_zone("Europe/Vienna")
        .now("2026-02-03T04:05:06Z")
        .remaining(Duration::from_secs(3))
        .idempotency_key("k-1");
    host.with("order.status", |call| {
        #[derive(serde::Deserialize)]
        struct Own {
            shop: String,
        }
        assert_eq!(call.settings::<Own>().unwrap().shop, "demo");
        assert_eq!(call.standard().api_version.as_deref(), Some("2026-01"));
        assert_eq!(call.standard().default_text("priority").as_deref(), Some("2"));
        assert_eq!((call.locale(), call.language(), call.time_zone()), ("de-AT", "de", "Europe/Vienna"));
        assert_eq!(call.now().rfc3339(), "2026-02-03T04:05:06Z");
        assert_eq!((call.remaining().as_secs(), call.idempotency_key()), (3, Some("k-1")));
        let user = call.user().unwrap();
        assert_eq!((user.id(), user.email(), user.phone()), ("u-1", None, Some("+436641234567")));
        let failure = call.settings::<Vec<u8>>().unwrap_err();
        assert_eq!(failure.kind.code(), "internal");
        assert!(!failure.detail.contains("demo"));
    });
}

#[test]
fn links_are_followed_into_the_endpoint_only() {
    let host = Host::new()
        .settings(json!({"_endpoints": {"admin": "https://shop.example"}}))
        .expect(Exchange::get("/one").reply_header("Link", r#"<https://shop.example/two?p=%2B1>; rel="next""#))
        .expect(Exchange::get("/two").query("p", "+1").reply_header("Link", r#"<https://evil.example/x>; rel="next""#));
    host.with("order.status", |call| {
        let admin = call.http("admin");
        let one = admin.get("/one").unwrap().send().unwrap();
        let two = admin.follow(&admin.link(one.next_link().unwrap()).unwrap()).send().unwrap();
        assert_eq!(admin.link(two.next_link().unwrap()).unwrap_err().kind.code(), "internal");
        assert!(call.http("other").link("https://shop.example/two").is_err());
    });
}

#[test]
fn without_a_host_a_log_line_is_nothing_and_a_request_is_a_mistake() {
    info!("nobody hears it");
    let said = complaint(|| assert!(cache::get::<u8>("key").is_none()));
    assert!(said.contains("the cache without a host: run it in `testing::Host::with`"), "{said}");
}

/// Answers with what the upstream says; panics on what it cannot read.
struct Brittle;

impl Connector for Brittle {
    fn new() -> Self {
        Brittle
    }

    fn describe(&self) -> Description {
        let mut described = jackfield_sdk::connector::Description::new(vec![]);
        described.intents.push(jackfield_sdk::connector::IntentDescription {
            settles: false,
            name: "never.answered",
            effect: Effect::Read,
            title: None,
            description: None,
            input_schema: None,
            output_schema: None,
            output_model: None,
            template: None,
        });
        described
    }

    fn handle(&self, call: &Call, _: &str) -> Result<String, Failure> {
        let response = call.http("admin").get("/x")?.send()?.ok()?;
        let value: jackfield_sdk::Value = response.json().expect("a body");
        Ok(value.to_string())
    }
}

/// A folder of fixtures, gone when the test is over.
struct Fixtures(PathBuf);

impl Fixtures {
    fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        for (path, text) in files {
            let path = folder.join(path);
            std::fs::create_dir_all(path.parent().unwrap_or(Folder::new("."))).unwrap();
            std::fs::write(path, text).unwrap();
        }
        Fixtures(folder)
    }
}

impl Drop for Fixtures {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_folder_tells_everything_that_went_otherwise() {
    let exchange = r#"[{"request": {"path": "/x"}, "response": {"json": {"a": 1}}}]"#;
    let fixtures = Fixtures::new(
        "otherwise",
        &[
            ("demo.brittle/wrong/request.json", "{}"),
            ("demo.brittle/wrong/upstream.json", exchange),
            ("demo.brittle/wrong/reply.json", r#"{"output": {"a": 2}}"#),
            ("demo.brittle/misspelt/request.json", r#"{"inptu": {}}"#),
            ("demo.brittle/unrecorded/request.json", "{}"),
            ("demo.brittle/unrecorded/upstream.json", r#"[{"request": {"path": "/y"}, "response": {"status": 404}}]"#),
            ("demo.empty/.keep", ""),
        ],
    );
    let said = complaint(|| replay_folder::<Brittle>(&fixtures.0));
    for part in [
        "never.answered: no fixture for this intent",
        "demo.empty: no case in this folder",
        "demo.brittle/wrong:\n  /output/a: expected 2, found 1",
        "panicked (see above) when exchange 1 gave an empty body",
        "demo.brittle/misspelt:\n  failed to read request.json: unknown field `inptu`",
        "demo.brittle/unrecorded:\n  - unexpected request: GET /x on `admin`",
        "- exchange 1 was not used: GET /y",
        "failed to read reply.json",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}
