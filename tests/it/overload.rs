//! More work than there is room for: the answer is no at once and says when to come back, and a system that hangs holds
//! no more of the host than its own bounds. How fast the neighbours stay with thousands of calls in flight is measured by
//! `tests/benches/overload.rs`.

use std::fmt::Write as _;

use jackfield_tests::{Answer, Client, Host, Silent, Stub, guests, until};
use serde_json::json;
use tokio::task::JoinSet;

/// Two connections of one connector: one to a system that never answers, one to a system that does.
struct Stage {
    host: Host,
    silent: Silent,
    upstream: Stub,
    _dir: tempfile::TempDir,
}

async fn stage(head: &str, hanging: &str) -> Stage {
    let (silent, upstream) = (Silent::start().await.unwrap(), Stub::empty().await.unwrap());
    let dir = tempfile::tempdir().unwrap();
    let mut config = head.to_owned();
    config += &guests::config(dir.path(), &["healthy"], &silent.url, hanging);
    let _ = write!(
        config,
        "[connection.quick]\nconnector = \"healthy\"\ntenant = \"demo\"\nallow_insecure = true\n\
         allow_addresses = [\"127.0.0.1/32\"]\n[connection.quick.settings]\nbase_url = {:?}\n",
        upstream.url
    );
    Stage { host: Host::start(&config).await.unwrap(), silent, upstream, _dir: dir }
}

async fn ask(client: &Client, connection: &str) -> Answer {
    let body = json!({ "input": { "requests": 1 }, "connection": connection });
    client.post("/v1/intents/healthy.run", &body).await
}

impl Stage {
    /// Calls that wait for the system which never answers.
    async fn park(&self, calls: usize) -> JoinSet<Answer> {
        let mut parked = JoinSet::new();
        for _ in 0..calls {
            let client = self.host.client.clone();
            parked.spawn(async move { ask(&client, "healthy").await });
        }
        until(async || (self.silent.taken() >= calls).then_some(())).await;
        parked
    }

    fn in_flight(&self, connection: &str) -> usize {
        self.host.app.registry.connection(connection).unwrap().calls.taken()
    }
}

fn assert_is_told_to_come_back(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.text("/code")), (status, code), "{}", answer.raw);
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!((&answer.body["retryable"], answer.text("/outcome")), (&json!(true), "none"));
}

#[tokio::test]
async fn a_system_that_hangs_holds_no_more_calls_than_its_own() {
    let stage = stage("", "in_flight_max = 3").await;
    let parked = stage.park(3).await;
    let refused = ask(&stage.host.client, "healthy").await;
    assert_is_told_to_come_back(&refused, 503, "overloaded");
    assert!(refused.text("/detail").contains("`in_flight_max`"), "{}", refused.raw);
    assert_eq!(stage.silent.taken(), 3, "it was not asked");
    let neighbour = ask(&stage.host.client, "quick").await;
    assert_eq!((neighbour.status, stage.upstream.arrived().len()), (200, 1), "{}", neighbour.raw);
    let listed = stage.host.client.get("/v1/connections").await;
    assert_eq!(listed.body["connections"][0]["calls_in_flight"], 3, "{}", listed.raw);
    // Callers that hang up give their places back.
    drop(parked);
    until(async || (stage.in_flight("healthy") == 0).then_some(())).await;
    stage.park(1).await;
}

#[tokio::test]
async fn unless_it_is_written_a_connection_has_half_of_the_host() {
    let stage = stage("[server]\nin_flight_max = 4\n", "").await;
    let _parked = stage.park(2).await;
    assert_is_told_to_come_back(&ask(&stage.host.client, "healthy").await, 503, "overloaded");
    assert_eq!(ask(&stage.host.client, "quick").await.status, 200);
}

#[tokio::test]
async fn a_caller_at_its_bound_leaves_room_for_the_others() {
    let key = jackfield::audit::hex(&jackfield::admission::digest("other"));
    let other = format!(
        "[caller.other]\nkey_sha256 = \"{key}\"\ntenant = \"demo\"\nscopes = [\"intent:*\"]\nin_flight_max = 2\n"
    );
    let stage = stage(&other, "").await;
    let other = stage.host.client.with_key("other");
    let mut parked = JoinSet::new();
    for _ in 0..2 {
        let client = other.clone();
        parked.spawn(async move { ask(&client, "healthy").await });
    }
    until(async || (stage.silent.taken() >= 2).then_some(())).await;
    assert_is_told_to_come_back(&ask(&other, "quick").await, 429, "rate-limited");
    assert_eq!(ask(&stage.host.client, "quick").await.status, 200);
}

#[tokio::test]
async fn who_asks_by_way_of_another_connector_takes_a_place_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let silent = Silent::start().await.unwrap();
    let config = guests::config(dir.path(), &["healthy", "asker"], &silent.url, "in_flight_max = 1");
    let asker = guests::manifest("asker").replace("[endpoint.api]", "calls = [\"healthy.run\"]\n\n[endpoint.api]");
    guests::write(dir.path(), "asker", &guests::package_with("asker", asker));
    let host = Host::start(&config).await.unwrap();
    let client = host.client.clone();
    let parked = tokio::spawn(async move { client.ask("healthy.run", json!({ "requests": 1 })).await });
    until(async || (silent.taken() == 1).then_some(())).await;
    let nested = json!({ "ask": "intent", "name": "healthy.run", "value": "{\"requests\":1}" });
    let answer = host.client.ask("asker.run", nested.clone()).await;
    assert!(answer.body["output"]["error"].to_string().to_lowercase().contains("unavailable"), "{}", answer.raw);
    assert_eq!(silent.taken(), 1);
    parked.abort();
    until(async || (host.app.registry.connection("healthy").unwrap().calls.taken() == 0).then_some(())).await;
    let allowed = tokio::spawn(async move { host.client.ask("asker.run", nested).await });
    until(async || (silent.taken() == 2).then_some(())).await;
    allowed.abort();
}

#[tokio::test]
async fn hundreds_of_calls_that_hang_leave_every_bound_as_it_is_and_the_neighbour_answered() {
    const PARKED: usize = 300;
    // Fewer sockets and requests than calls: what does not fit is refused by the bulkheads of the connection.
    let bounds = format!(
        "in_flight_max = {PARKED}\nresilience = {{ requests_in_flight_max = 40, sockets_per_origin_max = 20 }}"
    );
    let stage = stage("[limits]\nwall_ms = 120000\n", &bounds).await;
    let mut parked = JoinSet::new();
    for _ in 0..PARKED {
        let client = stage.host.client.clone();
        parked.spawn(async move { ask(&client, "healthy").await });
    }
    // All but those that hold a socket are answered: the guest is told that the system is unavailable.
    let mut refused = 0;
    while refused < PARKED - 20 {
        let answer = parked.join_next().await.unwrap().unwrap();
        let error = answer.body["output"]["answers"][0]["error"].to_string();
        assert!(error.contains("Unavailable"), "{}", answer.raw);
        assert!(ask(&stage.host.client, "quick").await.status == 200);
        refused += 1;
    }
    assert_eq!(stage.silent.taken(), 20, "sockets");
    let health = stage.host.app.egress().health("healthy").unwrap();
    assert_eq!((health.requests_in_flight, stage.in_flight("healthy")), (20, 20));
    let metrics = stage.host.client.get("/metrics").await.raw;
    let line = "jackfield_upstream_refused_total{connection=\"healthy\",access=\"read\",by=\"requests\"}";
    assert!(metrics.contains(line), "{metrics}");
    parked.abort_all();
    until(async || (stage.in_flight("healthy") == 0).then_some(())).await;
}
