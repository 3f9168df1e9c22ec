//! `POST /mcp`: the same intents as tools of the Model Context Protocol (Streamable HTTP, stateless, JSON answers).
//!
//! A tool call goes through the whole pipeline like any other; this file only translates. Who is in the chat comes in
//! `params._meta["jackfield/context"]`, as `context` does in `POST /v1/intents/{name}`.

use axum::Extension;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::formats::{self, Format};
use super::v1::offered;
use super::{Api, Known, Noted, body, json as json_response, refuse};
use crate::admission::{Caller, Received};
use crate::error::{Code, Problem};
use crate::pipeline;
use crate::trace::Trace;

/// Versions of the protocol that this answers, newest first.
const VERSIONS: [&str; 2] = ["2025-06-18", "2025-03-26"];

/// Where a tool call says who is in the chat.
const CONTEXT: &str = "jackfield/context";

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
    let message = match serde_json::from_slice::<Value>(&body).map(serde_json::from_value::<Message>) {
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

/// A page in a browser must not talk to a host on loopback by way of a name that it controls.
fn check_headers(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|h| h.to_str().ok());
    if let Some(origin) = text(header::ORIGIN) {
        let host = text(header::HOST).unwrap_or_default();
        if origin.split_once("://").map(|(_, rest)| rest) != Some(host) {
            return Err(Problem::told(Code::Forbidden, "requests of another origin are refused"));
        }
    }
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
    let body = envelope.to_string();
    let received = Received { intent: &intent, body: body.as_bytes(), idempotency_key: None };
    match pipeline::answer(&api.app, caller, received, trace).await {
        Ok(reply) => {
            let content = json!([{ "type": "text", "text": reply.text }]);
            result(id, json!({ "content": content, "structuredContent": reply.output, "isError": false }))
        }
        // A problem is the tool's answer, not the protocol's: the model should read it.
        Err(problem) => {
            noted.problem = Some(problem.to_string());
            let body: Value = serde_json::from_slice(&problem.to_json()).unwrap_or_default();
            let mut text = body["text"].as_str().unwrap_or_default().to_owned();
            for wrong in &problem.errors {
                text.push_str(&format!("\n{} {}", wrong.pointer, wrong.detail));
            }
            result(
                id,
                json!({ "content": [{ "type": "text", "text": text }], "isError": true, "_meta": { "jackfield/problem": body } }),
            )
        }
    }
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
