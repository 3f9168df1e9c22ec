//! The description of the HTTP API (OpenAPI 3.1). It stands beside the handlers; a golden file keeps both together.
//!
//! Intents are not in it: which there are depends on the key, and `/v1/intents` lists them with their schemas.

use axum::Json;
use serde_json::{Value, json};

use crate::error::Code;

/// `GET /openapi.json`.
pub(super) async fn document() -> Json<Value> {
    Json(describe())
}

fn describe() -> Value {
    let problem = |description: &str| json!({ "description": description, "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } });
    let reply = |description: &str, schema: Value| json!({ "description": description, "content": { "application/json": { "schema": schema } } });
    let text = |description: &str| json!({ "description": description, "content": { "text/plain": { "schema": { "type": "string" } } } });
    let mut answer =
        reply("The answer, or the question whether it shall be done", json!({ "$ref": "#/components/schemas/Reply" }));
    let stream = |description: &str| json!({ "description": description, "content": { "text/event-stream": { "schema": { "type": "string", "description": "Events `accepted` (1), `progress` (2), `input_required`, `result` or `error` (3) and `settled` (4); the number is the event's `id`, and `data` is one line of JSON. A comment at least every 10 seconds." } } } });
    answer["content"]["text/event-stream"] = stream("")["content"]["text/event-stream"].clone();
    let call_id = json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string" }, "description": "Of the call: `call_id`." });
    let mut accepted = reply("It is accepted, and answered later", json!({ "$ref": "#/components/schemas/Call" }));
    accepted["headers"] = json!({
        "Location": { "schema": { "type": "string" }, "description": "`/v1/calls/{id}`" },
        "Preference-Applied": { "schema": { "type": "string" }, "description": "RFC 7240." } });
    answer["headers"] = json!({ "Idempotency-Replayed": { "schema": { "const": "true" }, "description": "On an answer that was given before." } });
    let open = json!([]);
    let name = json!({ "name": "name", "in": "path", "required": true, "schema": { "type": "string" }, "description": "Such as `order.status`." });
    json!({
        "openapi": "3.1.0",
        "info": { "title": "jackfield", "version": "1", "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
            "description": "Asks business systems through sandboxed connectors, and always answers in time." },
        "security": [{ "key": [] }],
        "paths": {
            "/v1/intents": { "get": {
                "summary": "Intents that this key may call",
                "parameters": [{ "name": "format", "in": "query", "schema": { "enum": ["native", "openai", "anthropic", "mcp"], "default": "native" },
                    "description": "Shape of the list. In the tool formats a name has `-` where the intent has `.`." }],
                "responses": { "200": reply("The list, with an ETag", json!({ "type": "object" })), "304": { "description": "Unchanged" }, "default": problem("No list") },
            } },
            "/v1/intents/{name}": {
                "get": { "summary": "One intent with its schemas", "parameters": [name],
                    "responses": { "200": reply("The intent", json!({ "type": "object" })), "default": problem("No intent") } },
                "post": { "summary": "Ask for an intent",
                    "parameters": [name,
                        { "name": "Idempotency-Key", "in": "header", "schema": { "type": "string", "minLength": 1, "maxLength": 255 }, "description": "For writes: stable for retries of the same message. The same key and request get the first answer again, with `Idempotency-Replayed: true`; without a key, one is derived from conversation_id and message_id." },
                        { "name": "Prefer", "in": "header", "schema": { "type": "string" }, "description": "RFC 7240: `respond-async`, `wait=N` (seconds, at most 60) or both. What does not end by then is answered later. Other preferences are ignored." },
                        { "name": "Accept", "in": "header", "schema": { "type": "string" }, "description": "`text/event-stream`, rather than JSON, for a stream of events." },
                        { "name": "traceparent", "in": "header", "schema": { "type": "string" }, "description": "W3C Trace Context." }],
                    "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Ask" } } } },
                    "responses": { "200": answer, "202": accepted, "default": problem("No answer") } },
            },
            "/v1/calls/{id}": { "get": { "summary": "A call that was answered later, in whatever state it is",
                "parameters": [call_id, { "name": "wait", "in": "query", "schema": { "type": "integer", "minimum": 0 }, "description": "Seconds to wait for its end, at most 60." }],
                "responses": { "200": reply("How far it is, with its answer once there is one", json!({ "$ref": "#/components/schemas/Call" })), "404": problem("None of this key's calls"), "410": problem("Of longer ago than calls are kept"), "default": problem("No answer") } } },
            "/v1/calls/{id}/events": { "get": { "summary": "The events of a call, from the first or from after the last one heard",
                "parameters": [call_id, { "name": "Last-Event-ID", "in": "header", "schema": { "type": "integer", "minimum": 0, "default": 0 }, "description": "The `id` of the last event that was heard." }],
                "responses": { "200": stream("Events"), "204": { "description": "There will be none after that one" }, "404": problem("None of this key's calls"), "410": problem("Of longer ago than calls are kept"), "default": problem("No events") } } },
            "/v1/calls/{id}/cancel": { "post": { "summary": "Call it off, as far as that is possible; asking twice changes nothing",
                "parameters": [call_id],
                "responses": { "200": reply("How far it is: `cancelled`, `working` where a write has begun and goes on, or its answer", json!({ "$ref": "#/components/schemas/Call" })), "404": problem("None of this key's calls"), "410": problem("Of longer ago than calls are kept"), "default": problem("No answer") } } },
            "/v1/fallbacks": { "post": { "summary": "Take up what was offered where there was no answer: leave a message, or hand the conversation over",
                "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/TakeUp" } } } },
                "responses": { "200": reply("What was done. The same request once more hears how it stands", json!({ "$ref": "#/components/schemas/Reply" })), "default": problem("Nothing was done, unless `outcome` is `unknown`") } } },
            "/v1/connections": { "get": { "summary": "Connections of this key's tenant; needs the scope `connections:read`",
                "responses": { "200": reply("The list", json!({ "type": "object", "properties": { "connections": { "type": "array", "items": { "$ref": "#/components/schemas/Connection" } } } })), "default": problem("No list") } } },
            "/v1/connections/{name}/test": { "post": { "summary": "Get the credential of every endpoint and send its probe; changes nothing; needs the scope `connections:test`",
                "parameters": [{ "name": "name", "in": "path", "required": true, "schema": { "type": "string" }, "description": "Of the connection." }],
                "responses": { "200": reply("What it showed, good or bad", json!({ "$ref": "#/components/schemas/Tested" })), "default": problem("No test") } } },
            "/v1/audit": { "get": { "summary": "What was done with the credentials of this key's tenant, the oldest first; needs the scope `audit:read`",
                "parameters": [
                    { "name": "connection", "in": "query", "schema": { "type": "string" }, "description": "Only of this connection." },
                    { "name": "after", "in": "query", "schema": { "type": "integer", "minimum": 0, "default": 0 }, "description": "A sequence number: `next` of the page before." },
                    { "name": "limit", "in": "query", "schema": { "type": "integer", "minimum": 1, "maximum": 1000, "default": 100 } }],
                "responses": { "200": reply("Records, each with its place in the chain", json!({ "$ref": "#/components/schemas/AuditPage" })), "default": problem("No records") } } },
            "/mcp": { "post": { "summary": "The same intents as tools of the Model Context Protocol (Streamable HTTP, stateless)",
                "requestBody": { "required": true, "content": { "application/json": { "schema": { "type": "object", "description": "A JSON-RPC 2.0 message." } } } },
                "responses": { "200": reply("A JSON-RPC 2.0 response", json!({ "type": "object" })), "202": { "description": "A notification was taken" }, "default": problem("No answer") } } },
            "/livez": { "get": { "summary": "The process lives", "security": open, "responses": { "200": text("It does") } } },
            "/readyz": { "get": { "summary": "The host takes work", "security": open, "responses": { "200": text("It does"), "503": text("It is draining") } } },
            "/metrics": { "get": { "summary": "Counters (OpenMetrics)", "security": open, "responses": { "200": text("Counters") } } },
        },
        "components": {
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer" } },
            "schemas": schemas(),
        },
    })
}

/// What the bodies of requests and answers look like.
fn schemas() -> Value {
    let instead = json!({ "type": "object", "required": ["step", "reason", "reference"], "description": "What was done instead.", "properties": {
                        "step": { "enum": ["message", "handoff"] }, "reason": { "type": "string", "description": "Code of the problem that made it necessary." },
                        "reference": { "type": "string", "description": "As the person and the operator know it." },
                        "ticket": { "type": "string", "description": "At the helpdesk, where the conversation was handed over." } } });
    let option = json!({ "type": "object", "required": ["kind", "label"], "properties": {
                        "kind": { "enum": ["retry", "message", "handoff", "contact"], "description": "`retry` is the same request again; `message` and `handoff` are taken up with `POST /v1/fallbacks`." },
                        "label": { "type": "string", "description": "For a button, in the user's language." },
                        "token": { "type": "string", "description": "For `message` and `handoff`." },
                        "text": { "type": "string", "description": "For `contact`, to be said." }, "phone": { "type": "string" }, "email": { "type": "string" }, "url": { "type": "string" } } });
    let take_up = json!({ "type": "object", "required": ["token", "kind"], "additionalProperties": false, "properties": {
                    "token": { "type": "string", "maxLength": 16384, "description": "Of an option. It is for the caller and the user that it was given to, counts once, and stands for four hours." },
                    "kind": { "enum": ["message", "handoff"], "description": "Of the same option." },
                    "note": { "type": "string", "maxLength": 4000, "description": "What the user wants to add." },
                    "email": { "type": "string", "description": "Where the user is answered. Needed where the call named no address." },
                    "name": { "type": "string", "maxLength": 200 },
                    "transcript": { "type": "array", "description": "With `handoff`: the chat so far, the oldest first. The latest 200 lines and 40000 characters are passed on.", "items": {
                        "type": "object", "required": ["role", "text"], "additionalProperties": false, "properties": {
                            "role": { "enum": ["user", "bot", "agent", "system"] }, "text": { "type": "string" }, "at": { "type": "string", "format": "date-time" } } } },
                    "context": { "type": "object", "description": "As in a call. The user must be the same; locale and ids may be newer." } } });
    json!({
        "Ask": { "type": "object", "additionalProperties": false, "properties": {
            "input": { "type": "object", "description": "As the intent's input_schema says." },
            "connection": { "type": "string", "description": "Needed only where several connections serve the intent." },
            "context": { "type": "object", "additionalProperties": false, "properties": {
                "conversation_id": { "type": "string", "maxLength": 255 },
                "message_id": { "type": "string", "maxLength": 255 },
                "channel": { "type": "string", "maxLength": 255 },
                "locale": { "type": "string", "default": "en", "description": "BCP 47." },
                "time_zone": { "type": "string", "default": "UTC", "description": "IANA name." },
                "user": { "type": "object", "required": ["id"], "additionalProperties": false, "properties": {
                    "id": { "type": "string", "maxLength": 255 }, "email": { "type": "string" },
                    "phone": { "type": "string", "description": "E.164." },
                    "verified": { "type": "boolean", "default": false, "description": "Whether this person is who they say, and e-mail and phone are theirs. Who is not verified is nobody to a connector." } } } } },
            "confirmation": { "type": "object", "required": ["token"], "additionalProperties": false, "description": "The user's yes to a question, with the same input.", "properties": {
                "token": { "type": "string", "maxLength": 4096, "description": "As it came with `input_required`. It counts once." } } },
            "options": { "type": "object", "additionalProperties": false, "properties": {
                "deadline_ms": { "type": "integer", "minimum": 0, "description": "A shorter deadline than the connection's and the intent's; below 100 is 100." },
                "max_stale_ms": { "type": "integer", "minimum": 0, "description": "After a failure: a kept answer that is no older than this, and than the intent's policy allows. 0 wants none." } } } } },
        "Reply": { "type": "object", "required": ["call_id", "status", "text", "source"], "properties": {
            "call_id": { "type": "string" },
            "status": { "enum": ["completed", "degraded", "input_required"], "description": "With `degraded` the system failed: `output` is of before (see `stale`), or something else was done (see `fallback`). With `input_required` nothing was done yet: show `text`, and send the same input again with `confirmation` when the user says yes." },
            "output": { "description": "As the intent's output_schema says, personal data masked. None with `input_required` and with `fallback`." },
            "text": { "type": "string", "description": "For the user." },
            "confirmation": { "type": "object", "required": ["token", "expires_at"], "description": "With `input_required`.", "properties": {
                "token": { "type": "string" }, "expires_at": { "type": "string", "format": "date-time" } } },
            "stale": { "type": "object", "description": "With `degraded`, where `output` is of before.", "required": ["age_ms"], "properties": {
                "age_ms": { "type": "integer", "description": "Milliseconds since the system gave the answer; `text` says it in words." } } },
            "fallback": instead,
            "options": { "type": "array", "description": "With `stale`: what may be done beside.", "items": &option },
            "source": { "type": "object", "properties": { "connector": { "type": "string" }, "version": { "type": "string" }, "connection": { "type": "string" }, "fetched_at": { "type": "string", "format": "date-time" } } } } },
        "TakeUp": take_up,
        "Call": { "type": "object", "required": ["call_id", "status", "text"], "description": "A call that is answered later. With `completed`, `degraded` and `input_required` it is the whole Reply.", "properties": {
            "call_id": { "type": "string" },
            "status": { "enum": ["working", "completed", "degraded", "input_required", "failed", "cancelled"] },
            "text": { "type": "string", "description": "For the user." },
            "problem": { "$ref": "#/components/schemas/Problem", "description": "With `failed`. Its `options` are those of the moment at which the call ended." },
            "outcome": { "const": "none", "description": "With `cancelled`: nothing was changed." },
            "settled": { "type": "object", "required": ["outcome", "at", "answer"], "description": "What became of a write that had ended with `outcome: unknown`, once that is known.", "properties": {
                "outcome": { "enum": ["none", "applied", "unknown"] }, "at": { "type": "string", "format": "date-time" }, "text": { "type": "string" },
                "answer": { "type": "object", "description": "The Reply or Problem that the call would have ended with." } } } } },
        "AuditPage": { "type": "object", "required": ["records", "next"], "properties": {
            "next": { "type": ["integer", "null"], "description": "For `after`; null at the end of the log. A page may be empty and yet have a next one." },
            "records": { "type": "array", "items": { "type": "object", "required": ["sequence", "digest", "at", "event", "tenant", "connection", "outcome"], "properties": {
                "sequence": { "type": "integer" }, "digest": { "type": "string", "description": "SHA-256 over this record and the digest before it, in hexadecimal." },
                "at": { "type": "string", "format": "date-time" },
                "event": { "enum": ["credential_used", "token_requested", "secret_used", "state_changed", "secret_changed", "message"] },
                "tenant": { "type": "string" }, "connection": { "type": "string" }, "call_id": { "type": "string" }, "user": { "type": "string" },
                "outcome": { "type": "string", "description": "`ok`, an HTTP status, or why there was none." } } } } } },
        "Connection": { "type": "object", "required": ["name", "connector", "version", "access", "subject", "intents", "state"], "properties": {
            "name": { "type": "string" }, "connector": { "type": "string" }, "version": { "type": "string" },
            "access": { "enum": ["read", "write"] },
            "subject": { "enum": ["connection", "user"], "description": "Whose credential it uses." },
            "intents": { "type": "array", "items": { "type": "string" } },
            "state": { "enum": ["active", "degraded", "pending", "reauth_required", "disabled"], "description": "`degraded`: scopes are missing, or a breaker is not closed." },
            "reason": { "type": "string", "description": "For the operator." },
            "since_ms": { "type": "integer", "description": "Of the state; milliseconds since the Unix epoch." },
            "missing_scopes": { "type": "array", "items": { "type": "string" } },
            "users_troubled": { "type": "integer", "description": "Users whose own credential does not work." },
            "calls_in_flight": { "type": "integer" }, "calls_in_flight_max": { "type": "integer" },
            "health": { "$ref": "#/components/schemas/Health" } } },
        "Health": health(),
        "Tested": { "type": "object", "required": ["connection", "ok", "endpoints"], "properties": {
            "connection": { "type": "string" }, "ok": { "type": "boolean" },
            "reason": { "type": "string", "description": "Why nothing was tried." },
            "endpoints": { "type": "object", "additionalProperties": { "type": "object", "required": ["state"], "properties": {
                "state": { "type": "string" }, "problem": { "type": "string" }, "probe_status": { "type": "integer" },
                "missing_scopes": { "type": "array", "items": { "type": "string" } } } } } } },
        "Problem": { "type": "object", "description": "RFC 9457.", "required": ["type", "title", "status", "code", "text", "retryable", "outcome"], "properties": {
            "type": { "type": "string" }, "title": { "type": "string" }, "status": { "type": "integer" },
            "code": { "enum": Code::ALL.iter().map(|c| c.as_str()).collect::<Vec<_>>() },
            "detail": { "type": "string", "description": "For the bot's developer, where the request itself is at fault." },
            "text": { "type": "string", "description": "For the user." },
            "retryable": { "type": "boolean" }, "retry_after_ms": { "type": "integer" },
            "outcome": { "enum": ["none", "applied", "unknown"], "description": "What is known of a write." },
            "options": { "type": "array", "description": "What would work now instead, the best first.", "items": option },
            "existing_id": { "type": "string", "description": "The record that exists; with `idempotency-in-flight` the call that is at it, as in `Location`." }, "call_id": { "type": "string" },
            "errors": { "type": "array", "items": { "type": "object", "properties": { "pointer": { "type": "string", "description": "RFC 6901, into the request." }, "detail": { "type": "string" } } } } } },
    })
}

/// How a connection has been answering, as `/v1/connections` shows it.
fn health() -> Value {
    json!({ "type": "object", "description": "As the traffic of the last five minutes shows it. None for a connection that is disabled.", "required": ["requests", "requests_in_flight", "response_bytes_in_flight", "breaker"], "properties": {
                    "requests": { "type": "integer", "description": "Requests to the system that these figures are made of." },
                    "p50_ms": { "type": "integer" }, "p95_ms": { "type": "integer" },
                    "error_ratio": { "type": "number", "minimum": 0, "maximum": 1 },
                    "requests_in_flight": { "type": "integer" }, "response_bytes_in_flight": { "type": "integer" },
                    "last_error": { "type": "object", "required": ["at_ms", "kind"], "properties": {
                        "at_ms": { "type": "integer", "description": "Milliseconds since the Unix epoch." },
                        "kind": { "enum": ["status", "timeout", "unavailable", "too-large", "denied", "rate-limited", "reauth-required"] },
                        "status": { "type": "integer", "description": "With `status`." } } },
                    "breaker": { "type": "object", "description": "Reads and writes are judged apart.", "required": ["read", "write"], "additionalProperties": {
                        "type": "object", "required": ["state"], "properties": {
                            "state": { "enum": ["closed", "open", "half-open"] },
                            "retry_after_ms": { "type": "integer", "description": "With `open`: until it is tried again." } } } },
                    "budget": { "type": "array", "description": "The vendor's, for each endpoint that has been asked.", "items": { "type": "object", "required": ["endpoint", "paused_ms", "windows"], "properties": {
                        "endpoint": { "type": "string" },
                        "paused_ms": { "type": "integer", "description": "For which the system asked to be left alone." },
                        "windows": { "type": "array", "items": { "type": "object", "properties": {
                            "window": { "type": "string" }, "limit": { "type": "integer" }, "used": { "type": "integer" } } } } } } } } })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_the_golden_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/openapi.json");
        let text = serde_json::to_string_pretty(&describe()).unwrap() + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let golden = std::fs::read_to_string(path).unwrap_or_default();
        assert!(golden == text, "the API changed: look at the difference, then run with UPDATE_GOLDEN=1");
    }
}
