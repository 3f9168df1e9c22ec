//! `POST /mcp`: the same intents as tools of the Model Context Protocol (Streamable HTTP, stateless, JSON answers).
//!
//! A tool call goes through the whole pipeline like any other; this file only translates. Who is in the chat comes in
//! `params._meta["jackfield/context"]`, as `context` does in `POST /v1/intents/{name}`; a yes to a question in
//! `params._meta["jackfield/confirmation"]`, as it stood in the `_meta` of the question.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::formats::{self, Format};
use super::v1::offered;
use super::{Api, Known, Noted, body, json as json_response, refuse};
use crate::admission::{Caller, Received, json};
use crate::error::{Code, Problem};
use crate::pipeline::{self, Answered};
use crate::trace::Trace;

/// Versions of the protocol that this answers, newest first.
const VERSIONS: [&str; 2] = ["2025-06-18", "2025-03-26"];

/// Where a tool call says who is in the chat.
const CONTEXT: &str = "jackfield/context";

/// Where a question brings its token, and a tool call brings it back.
const CONFIRMATION: &str = "jackfield/confirmation";

/// Where a result says how complete it is.
const STATUS: &str = "jackfield/status";

/// Where a result says how old it is, if it is not of now.
const STALE: &str = "jackfield/stale";
/// Where a result says what was done instead.
const FALLBACK: &str = "jackfield/fallback";

/// Where a result says what may be done next.
const OPTIONS: &str = "jackfield/options";

/// JSON-RPC 2.0.
#[derive(Deserialize)]
struct Message {
    jsonrpc: String,
    /// Absent on a notification.
    id: Option<Value>,
    method: String,
    #[serde(default)]
    params: Value,
}

/// JSON-RPC's own codes.
const PARSE_ERROR: i32 = -32_700;
const INVALID_REQUEST: i32 = -32_600;
const METHOD_NOT_FOUND: i32 = -32_601;
const INVALID_PARAMS: i32 = -32_602;

pub(super) async fn message(
    State(api): State<Api>,
    Extension(trace): Extension<Trace>,
    known: Known,
    request: Request<Body>,
) -> Response {
    let mut noted = known.noted();
    if let Err(problem) = check_headers(request.headers()) {
        return refuse(problem, &trace, noted);
    }
    let body = match body(&api, request).await {
        Ok(body) => body,
        Err(problem) => return refuse(problem, &trace, noted),
    };
    let message = match json::parse(&body).map(serde_json::from_value::<Message>) {
        Ok(Ok(message)) if message.jsonrpc == "2.0" => message,
        Ok(_) => return answer(&error(Value::Null, INVALID_REQUEST, "not a JSON-RPC 2.0 message"), noted),
        Err(_) => return answer(&error(Value::Null, PARSE_ERROR, "not JSON"), noted),
    };
    let Some(id) = message.id else {
        // A notification has no answer.
        return StatusCode::ACCEPTED.into_response();
    };
    let reply = match message.method.as_str() {
        "initialize" => result(id, initialize(&message.params)),
        "ping" => result(id, json!({})),
        "tools/list" => result(id, formats::list(Format::Mcp, &offered(&api, &known.0))),
        "tools/call" => call(&api, known.0, id, &message.params, &trace, &mut noted).await,
        _ => error(id, METHOD_NOT_FOUND, "this server has tools and nothing else"),
    };
    answer(&reply, noted)
}

fn check_headers(headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get("mcp-protocol-version").map(|h| h.to_str().unwrap_or_default()) {
        Some(version) if !VERSIONS.contains(&version) => {
            Err(Problem::told(Code::Malformed, format!("MCP-Protocol-Version is one of {}", VERSIONS.join(", "))))
        }
        _ => Ok(()),
    }
}

fn initialize(params: &Value) -> Value {
    let asked = params["protocolVersion"].as_str().unwrap_or_default();
    let version = VERSIONS.iter().find(|v| **v == asked).unwrap_or(&VERSIONS[0]);
    json!({
        "protocolVersion": version,
        "capabilities": { "tools": { "listChanged": false } },
        "serverInfo": { "name": "jackfield", "version": env!("CARGO_PKG_VERSION") },
    })
}

async fn call(
    api: &Api,
    caller: std::sync::Arc<Caller>,
    id: Value,
    params: &Value,
    trace: &Trace,
    noted: &mut Noted,
) -> Value {
    let Some(tool) = params["name"].as_str() else {
        return error(id, INVALID_PARAMS, "`name` is missing");
    };
    let intent = formats::intent_name(tool);
    if !offered(api, &caller).iter().any(|offer| offer.intent.spec.name == intent) {
        return error(id, INVALID_PARAMS, "no such tool for this key");
    }
    noted.intent.clone_from(&intent);
    let mut envelope = json!({ "input": params.get("arguments").cloned().unwrap_or_else(|| json!({})) });
    if let Some(context) = params["_meta"].get(CONTEXT) {
        envelope["context"] = context.clone();
    }
    if let Some(confirmation) = params["_meta"].get(CONFIRMATION) {
        envelope["confirmation"] = json!({ "token": confirmation["token"] });
    }
    let body = envelope.to_string();
    let received = Received { intent: &intent, body: body.as_bytes(), idempotency_key: None };
    match pipeline::answer(&api.app, caller, received, trace).await {
        Ok(Answered::Now(reply)) => result(id, told(&parsed(&reply.to_json()))),
        Ok(Answered::Before(answer)) => {
            let body = parsed(answer.body.as_bytes());
            result(id, if answer.status == 200 { told(&body) } else { failed(body) })
        }
        // A problem is the tool's answer, not the protocol's: the model should read it.
        Err(problem) => {
            noted.problem = Some(problem.to_string());
            result(id, failed(parsed(&problem.to_json())))
        }
    }
}

fn parsed(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

/// A reply as a tool's result. A question to the user is one without an output: nothing was done yet.
fn told(reply: &Value) -> Value {
    let mut told = json!({
        "content": [{ "type": "text", "text": reply["text"] }], "isError": false, "_meta": { STATUS: reply["status"] },
    });
    if let Some(output) = reply.get("output") {
        told["structuredContent"] = output.clone();
    }
    let beside = [("stale", STALE), ("confirmation", CONFIRMATION), ("fallback", FALLBACK), ("options", OPTIONS)];
    for (name, place) in beside {
        if let Some(value) = reply.get(name) {
            told["_meta"][place] = value.clone();
        }
    }
    told
}

/// A problem as a tool's result.
fn failed(problem: Value) -> Value {
    let mut text = problem["text"].as_str().unwrap_or_default().to_owned();
    for wrong in problem["errors"].as_array().into_iter().flatten() {
        let part = |name: &str| wrong[name].as_str().unwrap_or_default().to_owned();
        text.push_str(&format!("\n{} {}", part("pointer"), part("detail")));
    }
    json!({ "content": [{ "type": "text", "text": text }], "isError": true, "_meta": { OPTIONS: problem.get("options").unwrap_or(&json!([])), "jackfield/problem": problem } })
}

fn result(id: Value, result: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": result })
}

fn error(id: Value, code: i32, message: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "error": { "code": code, "message": message } })
}

fn answer(message: &Value, noted: Noted) -> Response {
    json_response(message.to_string().into_bytes(), noted)
}
