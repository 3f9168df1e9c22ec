//! Guests that mean harm, behind a real host: what the caller is told, what the operator is told, and what connections
//! keep from each other. How each single bound holds is tested lower, in `host/sandbox/tests`.

use std::fmt::Write as _;
use std::path::Path;

use jackfield_tests::{Host, Stub, guests};
use serde_json::{Value, json};

const LIMITS: &str = "limits = { wall_ms = 3000, cpu_ms = 500 }";

/// Neither which bound it was, nor how high it is, nor a word of the guest or the engine.
const PRIVATE: [&str; 11] =
    ["cpu", "host-calls", "trap", "panic", "output of", "wasm", "unreachable", "bytes", "JSON", "schema", "once"];

fn connection(config: &mut String, file: &Path, connector: &str, name: &str) {
    if connector == name {
        let _ = write!(config, "[connector.{connector}]\nfile = {file:?}\n\n");
    }
    let _ = write!(
        config,
        "[connection.{name}]\nconnector = \"{connector}\"\ntenant = \"demo\"\nallow_insecure = true\n{LIMITS}\n\
         [connection.{name}.settings]\nbase_url = \"http://127.0.0.1:9\"\n\n"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_is_told_which_bound_it_was_and_the_caller_only_that_it_was_the_connector() {
    let dir = tempfile::tempdir().unwrap();
    let upstream = Stub::empty().await.unwrap();
    let host = Host::start(&guests::config(dir.path(), &["vandal", "healthy"], &upstream.url, LIMITS)).await.unwrap();
    let cases = [
        (json!({ "do": "loop-allocating" }), "cpu"),
        (json!({ "do": "loop-asking" }), "host-calls"),
        (json!({ "do": "abort" }), "trap"),
        (json!({ "do": "double-panic" }), "panic"),
        (json!({ "do": "no-utf8" }), "trap"),
        (json!({ "do": "wide", "n": 2_000_000 }), "output"),
        // What the sandbox hands on, the reply stage refuses.
        (json!({ "do": "deep", "n": 100_000 }), "answer"),
        (json!({ "do": "number", "n": 100_000 }), "answer"),
        (json!({ "do": "as-told", "answer": "" }), "answer"),
        (json!({ "do": "as-told", "answer": "{} {}" }), "answer"),
        (json!({ "do": "as-told", "answer": "NaN" }), "answer"),
    ];
    for (input, _) in &cases {
        let (answer, neighbour) = tokio::join!(
            host.client.ask("vandal.run", input.clone()),
            host.client.ask("healthy.run", json!({ "requests": 1 })),
        );
        assert_eq!(neighbour.status, 200, "{}", neighbour.raw);
        assert_eq!((answer.status, answer.text("/code")), (502, "connector-fault"), "{input}: {}", answer.raw);
        for private in PRIVATE {
            assert!(!answer.raw.contains(private), "{private}: {}", answer.raw);
        }
    }
    let metrics = host.client.get("/metrics").await.raw;
    for fault in ["cpu", "host-calls", "trap", "panic", "output", "answer"] {
        let times = cases.iter().filter(|(_, told)| *told == fault).count();
        let line = format!("jackfield_faults_total{{connection=\"vandal\",fault=\"{fault}\"}} {times}");
        assert!(metrics.contains(&line), "{line} is not in\n{metrics}");
    }
    assert!(!metrics.contains("faults_total{connection=\"healthy\""), "{metrics}");
}

#[tokio::test]
async fn an_answer_for_another_intent_is_refused_by_the_schema_of_this_one() {
    let dir = tempfile::tempdir().unwrap();
    let schema = json!({
        "type": "object", "required": ["outcome"], "additionalProperties": false,
        "properties": { "outcome": { "type": "string", "maxLength": 20 } },
    });
    let package = guests::package_as("vandal", "vandal", guests::manifest("vandal"), schema);
    let mut config = String::new();
    connection(&mut config, &guests::write(dir.path(), "vandal", &package), "vandal", "vandal");
    let host = Host::start(&config).await.unwrap();
    let answered = async |answer: &str| {
        let answer = host.client.ask("vandal.run", json!({ "do": "as-told", "answer": answer })).await;
        (answer.status, answer.raw)
    };
    let (status, raw) = answered(r#"{"outcome":"well"}"#).await;
    assert_eq!(status, 200, "{raw}");
    for other in [
        r#"{"order":{"number":"1001","status":"open"}}"#,
        r#"{"outcome":7}"#,
        r#"{"outcome":"well","more":1}"#,
        r#"{"outcome":"much longer than it may be, by far"}"#,
        r#"[{"outcome":"well"}]"#,
        "null",
    ] {
        let (status, raw) = answered(other).await;
        assert_eq!(status, 502, "{other}: {raw}");
        assert!(!raw.contains("1001") && !raw.contains("much longer"), "{raw}");
    }
}

/// A request that asks the first, which asks the next, and so on; the last one only says what it was granted.
fn chain(names: &[&str]) -> Value {
    let [next, rest @ ..] = names else { return json!({ "ask": "granted" }) };
    json!({ "ask": "intent", "name": format!("{next}.run"), "value": chain(rest).to_string() })
}

/// How many of a chain's calls were answered, and the refusal that ended it.
fn unwound(answer: &Value) -> (usize, Option<String>) {
    match (answer["ok"].as_str(), answer["error"].as_str()) {
        (Some(inner), _) => {
            let (deeper, refused) = unwound(&serde_json::from_str(inner).unwrap());
            (deeper + 1, refused)
        }
        (None, Some(refused)) => (0, Some(refused.to_owned())),
        (None, None) => (0, None),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connector_that_asks_others_gets_no_further_than_it_is_granted() {
    const NAMES: [&str; 7] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6"];
    let dir = tempfile::tempdir().unwrap();
    let mut config = String::new();
    for name in NAMES {
        // All of them may ask all of these, themselves included, but for the last one.
        let manifest = guests::manifest(name).replace(
            "\n[endpoint",
            "calls = [\"c0.run\", \"c1.run\", \"c2.run\", \"c3.run\", \"c4.run\", \"c5.run\"]\n\n[endpoint",
        );
        let package = guests::package_as("asker", name, manifest, json!({}));
        connection(&mut config, &guests::write(dir.path(), name, &package), name, name);
    }
    let host = Host::start(&config).await.unwrap();
    let ask = async |names: &[&str]| {
        let answer = host.client.ask("c0.run", chain(names)).await;
        assert_eq!(answer.status, 200, "{}", answer.raw);
        unwound(&answer.body["output"])
    };
    assert_eq!(ask(&[]).await, (0, None));
    assert_eq!(ask(&["c1", "c2", "c3", "c4"]).await, (4, None));
    for (names, answered, why) in [
        // Itself, at once and by way of others.
        (&["c0"][..], 0, "Internal"),
        (&["c1", "c0"], 1, "Internal"),
        (&["c1", "c2", "c3", "c1"], 3, "Internal"),
        // One deeper than may be, and everything beyond.
        (&["c1", "c2", "c3", "c4", "c5"], 4, "Internal"),
        (&["c1", "c2", "c3", "c4", "c5", "c1", "c2", "c3"], 4, "Internal"),
        // What no manifest lists, there or not.
        (&["c6"], 0, "may not call the intent `c6.run`"),
        (&["c1", "c6"], 1, "may not call the intent `c6.run`"),
        (&["nobody"], 0, "may not call the intent `nobody.run`"),
    ] {
        let (deep, refused) = ask(names).await;
        let refused = refused.unwrap_or_else(|| panic!("{names:?} was answered"));
        assert_eq!(deep, answered, "{names:?}: {refused}");
        assert!(refused.contains(why), "{names:?}: {refused}");
        // Who stands where in whose configuration is not for a guest to know.
        assert!(!refused.contains("->") && !refused.contains(".toml:"), "{refused}");
    }
}

#[tokio::test]
async fn connections_of_one_connector_have_nothing_in_common() {
    let dir = tempfile::tempdir().unwrap();
    let mut config = String::new();
    let file = guests::write(dir.path(), "asker", &guests::package("asker"));
    connection(&mut config, &file, "asker", "asker");
    connection(&mut config, &file, "asker", "other");
    let host = Host::start(&config).await.unwrap();
    let ask = async |connection: &str, input: Value| {
        let body = json!({ "input": input, "connection": connection });
        let answer = host.client.post("/v1/intents/asker.run", &body).await;
        assert_eq!(answer.status, 200, "{}", answer.raw);
        answer.body["output"].clone()
    };
    assert_eq!(ask("asker", json!({ "ask": "put", "name": "k", "value": "of asker" })).await, json!({ "ok": null }));
    assert_eq!(ask("other", json!({ "ask": "get", "name": "k" })).await, Value::Null);
    // Nor by a name that would lead there if names were glued together.
    for key in ["asker/k", "../asker/k", "asker\0k", "/k"] {
        assert_eq!(ask("other", json!({ "ask": "get", "name": key })).await, Value::Null, "{key:?}");
    }
    assert_eq!(ask("other", json!({ "ask": "put", "name": "k", "value": "of other" })).await, json!({ "ok": null }));
    assert_eq!(ask("asker", json!({ "ask": "get", "name": "k" })).await, "of asker");
}
