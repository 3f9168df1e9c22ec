//! A Shopify shop: the Admin API in GraphQL and the older REST, under one host and token (Shopify Admin API 2026-10).
//! Storefront, customer account and partner APIs are not simulated.

mod connection;
mod cost;
mod filters;
mod graphql;
mod mutations;
mod resolve;
mod rest;
mod root;
mod scopes;
mod search;
mod world;

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use super::{Census, System};
use crate::credentials::{SHOPIFY_CLIENT_ID, SHOPIFY_CLIENT_SECRET, SHOPIFY_TOKEN};
use crate::exchange::{Answer, Request};
use cost::Bucket;
use graphql::Documents;
use scopes::Scopes;
use world::World;

pub(super) fn system(base_url: &str) -> Box<dyn System> {
    Box::new(Shop { base_url: base_url.to_owned(), documents: Documents::default(), state: Mutex::new(State::seed()) })
}

struct Shop {
    base_url: String,
    documents: Documents,
    state: Mutex<State>,
}

struct State {
    world: World,
    bucket: Bucket,
    calls: rest::Calls,
    answered: u64,
}

impl State {
    fn seed() -> Self {
        Self { world: World::seed(), bucket: Bucket::default(), calls: rest::Calls::default(), answered: 0 }
    }
}

impl System for Shop {
    fn answer(&self, request: &Request) -> Answer {
        let mut state = self.state();
        state.answered += 1;
        let id = format!("00000000-0000-4000-8000-{:012}", state.answered);
        self.route(request, &mut state).with_header("x-request-id", id)
    }

    fn error(&self, status: u16, _: &Request) -> Answer {
        let text = match status {
            400 => "Bad Request",
            401 => return unauthorized(),
            402 => "Payment Required",
            403 => return denied("read_orders"),
            404 => "Not Found",
            406 => "Not Acceptable",
            422 => return Answer::json(422, &json!({ "errors": { "base": ["is invalid"] } })),
            423 => "Locked",
            429 => {
                let text = "Exceeded 2 calls per second for api client. Reduce request rates to resume uninterrupted \
                            service.";
                return Answer::json(429, &json!({ "errors": text }))
                    .with_header("retry-after", "2.0")
                    .with_header("x-shopify-shop-api-call-limit", "40/40");
            }
            503 => "Service Unavailable",
            _ => "Internal Server Error",
        };
        Answer::json(status, &json!({ "errors": text }))
    }

    fn throttled(&self, request: &Request) -> Option<Answer> {
        let state = self.state();
        request.path().ends_with("/graphql.json").then(|| graphql::throttled(202, &state.bucket))
    }

    fn census(&self) -> Census {
        let world = &self.state().world;
        [("returns", world.returns.len()), ("drafts", world.drafts.len()), ("orders", world.orders.len())]
            .map(|(kind, count)| (kind.to_owned(), count))
            .into()
    }

    fn reset(&self) {
        *self.state() = State::seed();
    }
}

impl Shop {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, request: &Request, state: &mut State) -> Answer {
        let Some(rest) = request.path().strip_prefix("/admin/") else {
            return not_found(request);
        };
        match rest {
            "oauth/access_token" => return access_token(request),
            "oauth/access_scopes.json" => {
                return match authenticate(request) {
                    Ok(_) if request.method != "GET" => not_found(request),
                    Ok(scopes) => access_scopes(scopes),
                    Err(answer) => answer,
                };
            }
            _ => {}
        }
        let Some((version, resource)) = rest.strip_prefix("api/").and_then(|rest| rest.split_once('/')) else {
            return not_found(request);
        };
        let Some(version) = answering_version(version) else {
            return not_found(request).with_violation(format!("{version:?} is not an API version"));
        };
        let answer = match authenticate(request) {
            Err(answer) => answer,
            Ok(scopes) if resource == "graphql.json" => {
                if request.method != "POST" {
                    return not_found(request);
                }
                let State { world, bucket, .. } = state;
                let answer = graphql::answer(request, &self.documents, world, bucket, scopes);
                match request.query() {
                    "" => answer,
                    query => answer.with_violation(format!("unknown query parameters {query}")),
                }
            }
            Ok(scopes) => {
                let place = rest::Place { base_url: &self.base_url, version, resource };
                rest::answer(request, &place, state, scopes)
            }
        };
        answer.with_header("x-shopify-api-version", version)
    }
}

/// The version that answers a request for `version`: an expired one falls forward to the oldest supported.
fn answering_version(version: &str) -> Option<&'static str> {
    let (year, month) = version.split_once('-')?;
    let quarter = matches!(month, "01" | "04" | "07" | "10");
    if year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()) || !quarter {
        return None;
    }
    let known = root::VERSIONS.iter().find(|known| **known == version);
    match known {
        Some(known) => Some(known),
        None if version < root::VERSIONS[0] => Some(root::VERSIONS[0]),
        // A version of the future does not exist yet.
        None => None,
    }
}

fn authenticate(request: &Request) -> Result<Scopes, Answer> {
    request.header("x-shopify-access-token").and_then(scopes::of).ok_or_else(unauthorized)
}

fn unauthorized() -> Answer {
    let text = "[API] Invalid API key or access token (unrecognized login or wrong password)";
    Answer::json(401, &json!({ "errors": text }))
}

/// REST's answer to a missing scope.
fn denied(scope: &str) -> Answer {
    let text = format!("This action requires merchant approval for {scope} scope.");
    Answer::json(403, &json!({ "errors": text }))
}

fn not_found(request: &Request) -> Answer {
    Answer::json(404, &json!({ "errors": "Not Found" })).with_violation(format!(
        "no endpoint {} {}",
        request.method,
        request.path()
    ))
}

fn access_scopes(scopes: Scopes) -> Answer {
    let scopes: Vec<_> = scopes.iter().map(|scope| json!({ "handle": scope })).collect();
    Answer::json(200, &json!({ "access_scopes": scopes }))
}

/// The client credentials grant, as a form or as JSON.
fn access_token(request: &Request) -> Answer {
    let refused = |status: u16, error: &str| {
        let body = json!({ "error": error, "error_description": "The request is not valid." });
        Answer::json(status, &body)
    };
    if request.method != "POST" {
        return not_found(request);
    }
    let body: Value = match request.media_type().as_deref() {
        Some("application/json") => request.json().unwrap_or_default(),
        Some("application/x-www-form-urlencoded") => {
            let pairs: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
            pairs.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
        }
        _ => return refused(400, "invalid_request").with_violation("unknown Content-Type"),
    };
    let unknown = body
        .as_object()
        .into_iter()
        .flatten()
        .find(|(name, _)| !matches!(name.as_str(), "grant_type" | "client_id" | "client_secret"));
    if let Some((name, _)) = unknown {
        return refused(400, "invalid_request").with_violation(format!("unknown member {name}"));
    }
    if body["grant_type"] != "client_credentials" {
        return refused(400, "unsupported_grant_type").with_violation("unknown grant_type");
    }
    if body["client_id"] != SHOPIFY_CLIENT_ID || body["client_secret"] != SHOPIFY_CLIENT_SECRET {
        return refused(401, "invalid_client");
    }
    let scope = scopes::of(SHOPIFY_TOKEN).unwrap_or_default().join(",");
    Answer::json(200, &json!({ "access_token": SHOPIFY_TOKEN, "scope": scope, "expires_in": 86399 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expired_version_falls_forward_and_an_unknown_form_is_refused() {
        assert_eq!(answering_version("2024-01"), Some("2026-01"));
        assert_eq!(answering_version("2026-10"), Some("2026-10"));
        assert_eq!(answering_version("2026-02"), None);
        assert_eq!(answering_version("unstable"), None);
        assert_eq!(answering_version("2031-01"), None);
    }
}
