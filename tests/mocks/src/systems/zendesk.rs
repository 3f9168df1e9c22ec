//! A Zendesk Support account: tickets, users, groups, search and end-user requests (Zendesk Ticketing API v2).
//! Webhooks, triggers, uploads, bulk jobs, incremental exports and the help center are not simulated.

mod groups;
mod pages;
mod requests;
mod search;
mod state;
mod tickets;
mod users;
mod write;

use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::{Census, System};
use crate::credentials::{
    ZENDESK_API_TOKEN, ZENDESK_CLIENT_ID, ZENDESK_CLIENT_SECRET, ZENDESK_EMAIL, ZENDESK_OAUTH_TOKEN,
    ZENDESK_READ_ONLY_OAUTH_TOKEN,
};
use crate::exchange::{Answer, Request};
use crate::shape::{Finding, Problem, Shape};
use state::State;

/// Large on purpose, so that neither tests nor benchmarks run dry: faults limit on demand.
const RATE: u64 = 1_000_000;

pub(super) fn system(base_url: &str) -> Box<dyn System> {
    Box::new(Account { base_url: base_url.to_owned(), state: Mutex::new(State::seed(base_url)) })
}

struct Account {
    base_url: String,
    state: Mutex<State>,
}

/// Who is asking, and whether the token may write.
struct Caller {
    user: Value,
    writes: bool,
}

/// One request on its way through the account.
struct Call<'a> {
    state: &'a mut State,
    request: &'a Request,
    base_url: &'a str,
    caller: Caller,
    violations: Vec<String>,
}

impl System for Account {
    fn answer(&self, request: &Request) -> Answer {
        let mut state = self.state();
        state.answered += 1;
        let left = RATE - state.answered % RATE;
        let id = format!("{:016x}", state.answered);
        let listing = request.method == "GET";
        let answer = self
            .route(request, &mut state)
            .with_header("x-zendesk-request-id", id)
            .with_header("x-rate-limit", RATE.to_string())
            .with_header("x-rate-limit-remaining", left.to_string());
        if !listing {
            return answer;
        }
        answer
            .with_header("ratelimit-limit", RATE.to_string())
            .with_header("ratelimit-remaining", left.to_string())
            .with_header("ratelimit-reset", "41")
    }

    fn error(&self, status: u16, _: &Request) -> Answer {
        match status {
            400 => failure(400, "BadRequest", "The request is not valid"),
            401 => unauthenticated(),
            403 => forbidden(),
            404 => not_found(),
            409 => failure(409, "UpdateConflict", "Safe Update prevented the update"),
            422 => invalid(&[("base", "Ticket: is invalid")]),
            429 => Answer::of(
                429,
                "text/plain; charset=utf-8",
                "Rate limit for ticket updates exceeded, please wait before trying again",
            )
            .with_header("retry-after", "93"),
            503 => {
                failure(503, "ServiceUnavailable", "The service is under maintenance").with_header("retry-after", "2")
            }
            status => failure(status, "InternalServerError", "Something went wrong"),
        }
    }

    fn census(&self) -> Census {
        let state = self.state();
        let comments = state.tickets.iter().filter_map(|ticket| ticket["_comments"].as_array());
        [("tickets", state.tickets.len()), ("comments", comments.map(Vec::len).sum()), ("users", state.users.len())]
            .map(|(kind, count)| (kind.to_owned(), count))
            .into()
    }

    fn reset(&self) {
        *self.state() = State::seed(&self.base_url);
    }
}

impl Account {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, request: &Request, state: &mut State) -> Answer {
        if request.path() == "/oauth/tokens" && request.method == "POST" {
            return oauth_token(request);
        }
        let Some(path) = request.path().strip_prefix("/api/v2/") else {
            return no_endpoint(request);
        };
        let caller = match authenticate(request, state) {
            Ok(caller) => caller,
            Err(answer) => return answer,
        };
        let path = path.strip_suffix(".json").unwrap_or(path);
        let segments: Vec<&str> = path.split('/').collect();
        let own = matches!(segments.as_slice(), ["requests", ..] | ["users", "me"]);
        if caller.user["role"] == "end-user" && !own {
            return forbidden();
        }
        if request.method != "GET" && !caller.writes {
            return forbidden();
        }
        let mut call = Call { state, request, base_url: &self.base_url, caller, violations: Vec::new() };
        let answer = call.route(&segments);
        answer.with_violations(call.violations)
    }
}

impl Call<'_> {
    fn route(&mut self, segments: &[&str]) -> Answer {
        if let Some(key) = self.request.header("idempotency-key") {
            let creates = self.request.method == "POST" && segments == ["tickets"];
            if !creates || key.len() > 255 {
                self.violations.push("Idempotency-Key is for POST tickets only, up to 255 characters".to_owned());
            }
        }
        match (self.request.method.as_str(), segments) {
            ("GET", ["tickets"]) => self.list_tickets(),
            ("POST", ["tickets"]) => self.create_ticket(),
            ("GET", ["tickets", "show_many"]) => self.show_many_tickets(),
            ("GET", ["tickets", id]) => self.show_ticket(id),
            ("PUT", ["tickets", id]) => self.update_ticket(id),
            ("GET", ["tickets", id, "comments"]) => self.list_comments(id),
            (_, ["tickets", id, "tags"]) => self.tags(id),
            ("GET", ["tickets", id, "audits"]) => self.list_audits(id),
            ("GET", ["tickets", id, "metrics"]) => self.metrics(id),
            ("GET", ["search"]) => self.search(),
            ("GET", ["search", "count"]) => self.search_count(),
            ("GET", ["search", "export"]) => self.search_export(),
            ("GET", ["users"]) => self.list_users(),
            ("GET", ["users", "me"]) => self.me(),
            ("GET", ["users", "search"]) => self.search_users(),
            ("GET", ["users", "show_many"]) => self.show_many_users(),
            ("POST", ["users", "create_or_update"]) => self.upsert_user(),
            ("GET", ["users", id]) => self.show_user(id),
            ("GET", ["users", id, "tickets", "requested"]) => self.requested(id),
            ("GET", ["users", id, "groups"]) => self.groups_of(id),
            ("GET", ["users", id, "group_memberships"]) => self.memberships(None, Some(id)),
            ("GET", ["groups"]) => self.list_groups(),
            ("GET", ["groups", "assignable"]) => self.list_groups(),
            ("GET", ["groups", id]) => self.show_group(id),
            ("GET", ["groups", id, "users"]) => self.users_of(id),
            ("GET", ["groups", id, "memberships"]) => self.memberships(Some(id), None),
            ("GET", ["groups", id, "memberships", "assignable"]) => self.memberships(Some(id), None),
            ("GET", ["group_memberships"] | ["group_memberships", "assignable"]) => self.memberships(None, None),
            ("GET", ["custom_statuses"]) => self.custom_statuses(),
            ("GET", ["ticket_fields"]) => {
                self.known(&["locale", "creator"]);
                let fields = self.state.fields.clone();
                self.page("ticket_fields", fields)
            }
            ("GET", ["slas", "policies"]) => forbidden(),
            ("GET", ["requests"]) => self.list_requests(),
            ("POST", ["requests"]) => self.create_request(),
            ("GET", ["requests", id]) => self.show_request(id),
            ("PUT", ["requests", id]) => self.update_request(id),
            ("GET", ["requests", id, "comments"]) => self.request_comments(id),
            _ => no_endpoint(self.request),
        }
    }

    fn custom_statuses(&mut self) -> Answer {
        self.known(&["status_categories", "active", "default"]);
        let categories = self.parameter("status_categories");
        let flag = |name: &str| self.parameter(name).map(|value| value == "true");
        let (active, default) = (flag("active"), flag("default"));
        let found: Vec<_> = self
            .state
            .statuses
            .iter()
            .filter(|status| active.is_none_or(|wanted| status["active"] == wanted))
            .filter(|status| default.is_none_or(|wanted| status["default"] == wanted))
            .filter(|status| {
                categories
                    .as_ref()
                    .is_none_or(|wanted| wanted.split(',').any(|wanted| status["status_category"] == wanted))
            })
            .cloned()
            .collect();
        Answer::json(200, &json!({ "custom_statuses": found }))
    }

    fn parameter(&self, name: &str) -> Option<String> {
        self.request.pairs().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Notes parameters the endpoint does not document; the vendor ignores them.
    fn known(&mut self, names: &[&str]) {
        for (name, _) in self.request.pairs() {
            if !names.contains(&name.as_str()) && !pages::PARAMETERS.contains(&name.as_str()) {
                self.violations.push(format!("unknown query parameter {name}"));
            }
        }
    }

    /// The body, when its documented members are right. Members the vendor does not document it ignores; they are
    /// noted all the same.
    fn body(&mut self, shape: &Shape, root: &str) -> Result<Value, Answer> {
        if self.request.media_type().as_deref() != Some("application/json") {
            self.violations.push("Content-Type is not application/json".to_owned());
            return Err(failure(400, "BadRequest", "Content-Type is not application/json"));
        }
        let body = self.request.json().map_err(|error| {
            self.violations.push(format!("the body is no JSON: {error}"));
            failure(400, "Unprocessable Entity", "Server could not parse JSON")
        })?;
        let findings = shape.check(&body);
        self.violations.extend(findings.iter().map(ToString::to_string));
        if findings.iter().any(|finding| finding.path == root) {
            let message = format!("You passed an invalid value for the {root} attribute.");
            let error = json!({ "title": "Invalid attribute", "message": message });
            return Err(Answer::json(400, &json!({ "error": error })));
        }
        let wrong: Vec<&Finding> = findings.iter().filter(|finding| finding.problem != Problem::Unknown).collect();
        if wrong.is_empty() {
            return Ok(body);
        }
        let details: Vec<_> = wrong
            .iter()
            .map(|finding| {
                let member = finding.path.split('.').nth(1).unwrap_or("base");
                (member.to_owned(), finding.to_string())
            })
            .collect();
        let details: Vec<_> = details.iter().map(|(member, text)| (member.as_str(), text.as_str())).collect();
        Err(invalid(&details))
    }
}

fn authenticate(request: &Request, state: &State) -> Result<Caller, Answer> {
    let header = request.header("authorization").unwrap_or_default();
    let caller = |email: &str, writes: bool| {
        state.user_by_email(email).map(|user| Caller { user: user.clone(), writes }).ok_or_else(unauthenticated)
    };
    match header.split_once(' ') {
        Some(("Basic", encoded)) => {
            let decoded = BASE64_STANDARD.decode(encoded).unwrap_or_default();
            let pair = String::from_utf8(decoded).unwrap_or_default();
            match pair.split_once("/token:") {
                Some((email, ZENDESK_API_TOKEN)) => caller(email, true),
                _ => Err(unauthenticated()),
            }
        }
        Some(("Bearer", ZENDESK_OAUTH_TOKEN)) => caller(ZENDESK_EMAIL, true),
        Some(("Bearer", ZENDESK_READ_ONLY_OAUTH_TOKEN)) => caller(ZENDESK_EMAIL, false),
        Some(("Bearer", _)) => {
            let text = "The access token provided is expired, revoked, malformed or invalid for other reasons.";
            let body = json!({ "error": "invalid_token", "error_description": text });
            let challenge = "Bearer realm=\"Zendesk\", error=\"invalid_token\"";
            Err(Answer::json(401, &body).with_header("www-authenticate", challenge))
        }
        _ => Err(unauthenticated()),
    }
}

/// The client credentials grant, which takes JSON.
fn oauth_token(request: &Request) -> Answer {
    let refused = |status: u16, error: &str, violation: &str| {
        let body = json!({ "error": error, "error_description": violation });
        let answer = Answer::json(status, &body);
        match status {
            401 => answer,
            _ => answer.with_violation(violation),
        }
    };
    if request.media_type().as_deref() != Some("application/json") {
        return refused(400, "invalid_request", "Content-Type is not application/json");
    }
    let body = request.json().unwrap_or_default();
    let known = ["grant_type", "client_id", "client_secret", "scope", "expires_in"];
    let members: Vec<_> = body.as_object().into_iter().flat_map(Map::keys).collect();
    if let Some(name) = members.iter().find(|name| !known.contains(&name.as_str())) {
        return refused(400, "invalid_request", &format!("unknown member {name}"));
    }
    if body["grant_type"] != "client_credentials" {
        return refused(400, "unsupported_grant_type", "unknown grant_type");
    }
    if body["client_id"] != ZENDESK_CLIENT_ID || body["client_secret"] != ZENDESK_CLIENT_SECRET {
        return refused(401, "invalid_client", "unknown client");
    }
    let scope = body["scope"].as_str().unwrap_or("read write");
    // Scopes are not checked when a token is issued; the answer's token only reads when nothing else was asked for.
    let token = match scope {
        "read" => ZENDESK_READ_ONLY_OAUTH_TOKEN,
        _ => ZENDESK_OAUTH_TOKEN,
    };
    let answer = json!({
        "access_token": token,
        "token_type": "bearer",
        "scope": scope,
        "expires_in": 1800,
    });
    Answer::json(201, &answer)
}

fn failure(status: u16, error: &str, description: &str) -> Answer {
    Answer::json(status, &json!({ "error": error, "description": description }))
}

fn unauthenticated() -> Answer {
    Answer::json(401, &json!({ "error": "Couldn't authenticate you" }))
}

fn forbidden() -> Answer {
    let message = "You do not have access to this page. Please contact the account owner of this help desk for further \
                   help.";
    Answer::json(403, &json!({ "error": { "title": "Forbidden", "message": message } }))
}

fn not_found() -> Answer {
    failure(404, "RecordNotFound", "Not found")
}

fn no_endpoint(request: &Request) -> Answer {
    failure(404, "InvalidEndpoint", "Not found").with_violation(format!(
        "no endpoint {} {}",
        request.method,
        request.path()
    ))
}

fn invalid(details: &[(&str, &str)]) -> Answer {
    let mut members = Map::new();
    for (member, description) in details {
        let entry = json!({ "description": description, "error": "InvalidValue" });
        match members.get_mut(*member) {
            Some(Value::Array(entries)) => entries.push(entry),
            _ => {
                members.insert((*member).to_owned(), json!([entry]));
            }
        }
    }
    let body = json!({
        "error": "RecordInvalid",
        "description": "Record validation errors",
        "details": members,
    });
    Answer::json(422, &body)
}
