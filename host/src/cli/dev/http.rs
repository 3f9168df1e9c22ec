//! The page and its three requests, for this machine only. A page of another site that a browser has open can reach a
//! loopback port, by its address or by a name of its own that leads there: so only requests for this very address are
//! answered, and only those that this page or no page at all sent.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Json, Query, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, middleware};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::call::{self, Asked};
use super::stand::Stand;

/// Body of one call, in bytes.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Nothing but what this binary brings: no inline script, no other origin, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// What this address is called in `Host` and `Origin`.
#[derive(Clone)]
struct Names(Arc<[String]>);

/// The page, and what it asks for.
pub(super) fn router(stand: Arc<Stand>, at: SocketAddr) -> Router {
    let port = at.port();
    let names = Names([at.to_string(), format!("localhost:{port}")].into());
    Router::new()
        .route("/", get(|| file("text/html; charset=utf-8", include_str!("page/index.html"))))
        .route("/page.js", get(|| file("text/javascript; charset=utf-8", include_str!("page/page.js"))))
        .route("/page.css", get(|| file("text/css; charset=utf-8", include_str!("page/page.css"))))
        .route("/state", get(state))
        .route("/case", get(case))
        .route("/call", post(asked))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(stand)
        .layer(middleware::from_fn_with_state(names, guard))
}

/// Lets in what was meant for this page, and says so to browsers in what goes out.
async fn guard(State(names): State<Names>, request: Request, next: Next) -> Response {
    let mut response = match judge(&names, request.headers()) {
        Ok(()) => next.run(request).await,
        Err(why) => (StatusCode::FORBIDDEN, format!("{why}\n")).into_response(),
    };
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn judge(names: &Names, headers: &HeaderMap) -> Result<(), &'static str> {
    let is_ours = |name: &str| names.0.iter().any(|known| known == name);
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok());
    if hosts.next().is_some() || !host.is_some_and(is_ours) {
        return Err("this is served under its own address only");
    }
    for origin in headers.get_all(header::ORIGIN) {
        if !origin.to_str().ok().and_then(|origin| origin.strip_prefix("http://")).is_some_and(is_ours) {
            return Err("another site's page has no business here");
        }
    }
    match headers.get("sec-fetch-site").map(HeaderValue::as_bytes) {
        // Typed into the address bar, or followed from this page.
        None | Some(b"same-origin" | b"none") => Ok(()),
        Some(_) => Err("another site's page has no business here"),
    }
}

async fn file(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// What is served, for the page's list and forms.
async fn state(State(stand): State<Arc<Stand>>) -> Json<Value> {
    let Some(build) = stand.current() else {
        return Json(json!({ "state": stand.state(), "build": null, "behind": stand.behind(), "intents": [] }));
    };
    let manifest = build.trial.manifest();
    let intent = |spec: &jackfield_core::intent::IntentSpec| {
        json!({
            "name": spec.name,
            "effect": spec.effect,
            "title": spec.title,
            "description": spec.description,
            "input_schema": spec.input_schema,
            "cases": build.trial.case_names(&spec.name),
        })
    };
    Json(json!({
        "state": stand.state(),
        "build": build.number,
        "behind": stand.behind(),
        "live": stand.upstream().is_some(),
        "connector": { "id": manifest.id, "version": manifest.version, "title": manifest.title },
        "intents": build.trial.intents().map(intent).collect::<Vec<_>>(),
    }))
}

#[derive(Deserialize)]
struct CaseQuery {
    intent: String,
    case: String,
}

/// The request of a case, for the page's fields.
async fn case(State(stand): State<Arc<Stand>>, Query(asked): Query<CaseQuery>) -> Response {
    let known = |build: &Arc<super::build::Build>| build.trial.case_names(&asked.intent).contains(&asked.case);
    let Some(build) = stand.current().filter(known) else {
        return refusal(StatusCode::NOT_FOUND, "there is no such case");
    };
    match build.trial.folder(&asked.intent, &asked.case).request_members() {
        Ok(members) => Json(members).into_response(),
        Err(why) => refusal(StatusCode::UNPROCESSABLE_ENTITY, &why),
    }
}

/// A call.
async fn asked(
    State(stand): State<Arc<Stand>>,
    asked: Result<Json<Asked>, axum::extract::rejection::JsonRejection>,
) -> Response {
    let asked = match asked {
        Ok(Json(asked)) => asked,
        Err(rejection) => return refusal(rejection.status(), &rejection.body_text()),
    };
    // On a task of its own: it is printed whole even when who asked has gone away.
    match tokio::spawn(async move { call::answer(&stand, asked).await }).await {
        Ok(Ok(shown)) => Json(shown).into_response(),
        Ok(Err(why)) => refusal(StatusCode::UNPROCESSABLE_ENTITY, &why),
        Err(_) => refusal(StatusCode::INTERNAL_SERVER_ERROR, "the call ended without an answer"),
    }
}

fn refusal(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({ "refused": why }))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(pairs: &[(&'static str, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        judge(&Names(["127.0.0.1:7878".to_owned(), "localhost:7878".to_owned()].into()), &headers).is_ok()
    }

    #[test]
    fn the_page_and_a_script_are_let_in() {
        for let_in in [
            &[("host", "127.0.0.1:7878")][..],
            &[("host", "localhost:7878")],
            &[("host", "localhost:7878"), ("origin", "http://localhost:7878"), ("sec-fetch-site", "same-origin")],
            &[("host", "127.0.0.1:7878"), ("sec-fetch-site", "none")],
        ] {
            assert!(judged(let_in), "{let_in:?}");
        }
    }

    #[test]
    fn a_name_that_leads_here_and_a_page_of_another_site_are_not() {
        for refused in [
            &[][..],
            &[("host", "evil.example:7878")],
            &[("host", "127.0.0.1")],
            &[("host", "127.0.0.1:7878"), ("host", "evil.example")],
            &[("host", "localhost:7878"), ("origin", "https://evil.example")],
            &[("host", "localhost:7878"), ("origin", "null")],
            &[("host", "localhost:7878"), ("origin", "https://localhost:7878")],
            &[("host", "localhost:7878"), ("origin", "http://localhost:9999")],
            &[("host", "localhost:7878"), ("sec-fetch-site", "cross-site")],
            &[("host", "localhost:7878"), ("sec-fetch-site", "same-site")],
        ] {
            assert!(!judged(refused), "{refused:?}");
        }
    }
}
