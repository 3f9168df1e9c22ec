//! `jackfield dev` as an author has it: a process that serves, builds again on save, and drops nobody.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Response};
use http_body_util::Full;
use jackfield_tests::{Answer, Client, Stub, root, until, until_within};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// How long a compiler may take, also on a machine that does something else as well.
const COMPILING: Duration = Duration::from_secs(150);

/// `jackfield dev` in a process of its own, until dropped.
struct Dev {
    client: Client,
    lines: Arc<Mutex<String>>,
    _child: Child,
}

impl Dev {
    async fn start(dir: &Path, args: &[&str]) -> Dev {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jackfield-under-test"));
        command.args(["--log", "warn", "dev", "--listen", "127.0.0.1:0", "--out"]).arg(dir.join("dist")).args(args);
        command.arg(dir).env("CARGO_NET_OFFLINE", "true").env_remove("CARGO_TARGET_DIR").env_remove("RUSTFLAGS");
        command.stdin(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let lines = Arc::new(Mutex::new(String::new()));
        let mut said = BufReader::new(child.stderr.take().unwrap()).lines();
        let first = said.next_line().await.unwrap().expect("it says where it listens");
        let base =
            first.strip_prefix("listening on ").and_then(|rest| rest.split(',').next()).expect(&first).to_owned();
        tokio::spawn({
            let lines = lines.clone();
            async move {
                while let Ok(Some(line)) = said.next_line().await {
                    let mut lines = lines.lock().unwrap_or_else(PoisonError::into_inner);
                    lines.push_str(&line);
                    lines.push('\n');
                }
            }
        });
        Dev { client: Client::new(&base, ""), lines, _child: child }
    }

    fn said(&self) -> String {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn state(&self) -> Value {
        self.client.get("/state").await.body
    }

    /// Waits for this build.
    async fn until_build(&self, number: u64) {
        self.until_state(|state| state["build"] == number && state["state"] == "ready").await;
    }

    async fn until_state(&self, is_reached: impl Fn(&Value) -> bool) {
        let reached = || async { Some(self.state().await).filter(&is_reached) };
        until_within(COMPILING, reached).await;
    }

    async fn call(&self, body: &Value) -> Answer {
        self.client.post("/call", body).await
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("`jackfield dev` said:\n{}", self.said());
        }
    }
}

/// A connector of the tests' own, that `make template` made; as it was then.
fn connector(name: &str) -> PathBuf {
    let again = root().join("target/again");
    let dir = again.join(name);
    assert!(dir.exists(), "{} is not there: run `make template`", dir.display());
    for file in ["src/names.rs", "fixtures/order.status/found/upstream.json"] {
        fs::copy(again.join("new-commerce").join(file), dir.join(file)).unwrap();
    }
    dir
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "`{from}` is not in {}", file.display());
    fs::write(file, text.replacen(from, to, 1)).unwrap();
}

/// A gate that is shut until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<Turns>, Condvar)>);

#[derive(Default)]
struct Turns {
    open: bool,
    waiting: bool,
}

impl Gate {
    fn turns(&self) -> MutexGuard<'_, Turns> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) {
        self.turns().open = true;
        self.0.1.notify_all();
    }

    fn is_waited_at(&self) -> bool {
        self.turns().waiting
    }

    /// Waits until it is open.
    fn pass(&self) {
        tokio::task::block_in_place(|| {
            let mut turns = self.turns();
            turns.waiting = true;
            while !turns.open {
                turns = self.0.1.wait(turns).unwrap_or_else(PoisonError::into_inner);
            }
        });
    }
}

fn order(number: &str) -> Value {
    json!([{ "id": "7", "number": number, "state": "sent", "email": "ada@acme.example" }])
}

fn asked(number: &str) -> Value {
    json!({
        "intent": "order.status",
        "input": { "order_number": number, "email": "ada@acme.example" },
        "remaining_ms": 120_000
    })
}

/// The whole of an author's loop, in one test since each build takes a while.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_saved_change_is_served_while_a_call_under_way_ends_as_it_began() {
    let dir = connector("new-watched");
    let gate = Gate::default();
    let upstream = Stub::start({
        let gate = gate.clone();
        move |arrived| {
            let number = if arrived.line.contains("number=9") { "9" } else { "1001" };
            if number == "9" {
                gate.pass();
            }
            Response::new(Full::from(Bytes::from(order(number).to_string())))
        }
    })
    .await
    .unwrap();
    let token = dir.join("token");
    fs::write(&token, "t0ken-of-the-test").unwrap();
    let secret = format!("api_token=file:{}", token.display());
    let url = upstream.url.as_str();
    let dev = Dev::start(&dir, &["--upstream", url, "--setting", "account=acme", "--secret", &secret]).await;
    dev.until_build(1).await;

    let first = dev.call(&asked("1001")).await;
    assert_eq!((first.status, first.text("/status")), (200, "completed"), "{}", first.raw);
    assert_eq!(first.text("/output/status"), "shipped", "{}", first.raw);
    assert!(first.text("/text").contains("1001"), "{}", first.raw);
    assert_eq!(first.text("/exchanges/0/path"), "/v1/orders", "{}", first.raw);
    assert!(first.body["exchanges"][0]["took_ms"].as_f64().is_some_and(|ms| ms >= 0.0), "{}", first.raw);
    assert!(!first.raw.contains("t0ken-of-the-test"), "{}", first.raw);

    // Somebody waits for a slow system, while the author saves.
    let slow = tokio::spawn({
        let client = dev.client.clone();
        async move { client.post("/call", &asked("9")).await }
    });
    until(|| async { gate.is_waited_at().then_some(()) }).await;
    edit(&dir.join("src/names.rs"), "\"sent\" => Shipped", "\"sent\" => Delivered");
    dev.until_build(2).await;
    assert_eq!(dev.call(&asked("1001")).await.text("/output/status"), "delivered");
    assert!(!slow.is_finished(), "the slow call still waits");
    gate.open();
    let slow = slow.await.unwrap();
    assert_eq!((slow.text("/output/status"), &slow.body["build"]), ("shipped", &json!(1)), "{}", slow.raw);

    // What does not compile is told, in the compiler's own words, and the last build answers.
    edit(&dir.join("src/names.rs"), "=> Delivered", "=> Deliverd");
    dev.until_state(|state| state["state"] == "broken").await;
    assert!(dev.said().contains("no variant") && dev.said().contains("Deliverd"), "{}", dev.said());
    assert!(dev.said().contains("build 2 goes on answering"), "{}", dev.said());
    assert_eq!(dev.call(&asked("1001")).await.text("/output/status"), "delivered");

    let said = dev.said();
    assert!(
        said.contains("order.status completed in") && said.contains("api GET /v1/orders?number=1001 -> 200"),
        "{said}"
    );
    assert!(!said.contains("t0ken-of-the-test"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fixtures_play_the_system_and_a_miss_is_shown_beside_the_nearest() {
    let dir = connector("new-played");
    let dev = Dev::start(&dir, &[]).await;
    dev.until_build(1).await;
    let page = dev.client.get("/").await;
    assert!(page.raw.contains("<title>jackfield dev</title>") && !page.raw.contains("http://"), "{}", page.raw);
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let state = dev.state().await;
    assert_eq!(state["intents"][0]["cases"], json!(["found", "not_found"]), "{state}");
    let case = dev.client.get("/case?intent=order.status&case=found").await;
    assert_eq!(case.text("/input/order_number"), "1001", "{}", case.raw);
    assert_eq!(dev.client.get("/case?intent=order.status&case=..%2F..%2Fsrc").await.status, 404);

    let hit = dev.call(&json!({ "intent": "order.status" })).await;
    assert_eq!(hit.text("/output/status"), "shipped", "{}", hit.raw);
    assert_eq!(hit.text("/exchanges/0/fixture"), "fixtures/order.status/found/upstream.json#/0");
    let chosen = dev.call(&json!({ "intent": "order.status", "case": "not_found" })).await;
    assert_eq!(chosen.text("/status"), "not-found", "{}", chosen.raw);

    let miss =
        dev.call(&json!({ "intent": "order.status", "input": { "order_number": "77", "email": "a@b.example" } })).await;
    assert_eq!(miss.text("/status"), "unavailable", "{}", miss.raw);
    let exchange = &miss.body["exchanges"][0];
    assert_eq!(
        (&exchange["missed"], &exchange["differences"][0]["found"]),
        (&json!(true), &json!("number=77")),
        "{}",
        miss.raw
    );
    let said = dev.said();
    assert!(said.contains("no fixture; nearest fixtures/order.status/") && said.contains("+ \"number=77\""), "{said}");

    // A fixture that was just changed counts at once, without another build.
    edit(&dir.join("fixtures/order.status/found/upstream.json"), "\"sent\"", "\"cancelled\"");
    assert_eq!(dev.call(&json!({ "intent": "order.status" })).await.text("/output/status"), "cancelled");

    let refused = dev.call(&json!({ "intent": "order.status", "input": { "order": 7 } })).await;
    assert_eq!(refused.status, 422, "{}", refused.raw);
    assert!(refused.text("/refused").contains("schema"), "{}", refused.raw);
    for headers in [
        &[("content-type", "application/json"), ("origin", "https://evil.example")][..],
        &[("content-type", "application/json"), ("host", "evil.example")],
        &[("content-type", "application/json"), ("sec-fetch-site", "cross-site")],
    ] {
        let answer =
            dev.client.send(Method::POST, "/call", headers, json!({ "intent": "order.status" }).to_string()).await;
        assert_eq!(answer.status, 403, "{headers:?}: {}", answer.raw);
    }
    // What a page of another site may send without asking first is no call.
    let simple = dev.client.send(Method::POST, "/call", &[("content-type", "text/plain")], "{}".to_owned()).await;
    assert_eq!(simple.status, 415, "{}", simple.raw);
}

#[test]
fn an_address_that_others_reach_is_refused() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_jackfield-under-test"))
        .args(["dev", "--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("listen on 127.0.0.1"));
}
