//! An SAP S/4HANA tenant: sales orders (read, create), purchase orders, stock, supplier invoices, accounting items, partners
//! over OData v2, with its token endpoint and CSRF protection. Changes, `$batch`, `$metadata` and function imports are
//! not simulated. Sources: SAP Business Accelerator Hub, the services' API references; SAP Gateway, "Cross-Site Request
//! Forgery Protection"; ABAP Platform, "OAuth 2.0 token endpoint".

mod oauth;
mod orders;
mod seed;

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Census, System};
use crate::auth::{basic, random};
use crate::clock::Clock;
use crate::credentials::{S4HANA_PASSWORD, S4HANA_USER};
use crate::exchange::{Answer, Request};
use crate::odata::{Reader, Refusal, Row, Service, Source, services};

const ROOT: &str = "/sap/opu/odata/sap/";
/// The only client (tenant within the system) there is.
const CLIENT: &str = "100";
const SESSION_COOKIE: &str = "SAP_SESSIONID_S4H_100";
const CONTEXT_COOKIE: &str = "sap-usercontext";
/// Rows in a page, at most and by default.
const PAGE_MAX: usize = 1000;
/// How long a token lives, unless the knob says otherwise.
const LIFE_SECONDS: i64 = 3600;

static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| services(include_str!("s4hana/services.txt")));

pub(super) fn system(base_url: &str) -> Box<dyn System> {
    Box::new(Tenant { base_url: base_url.to_owned(), state: Mutex::new(State::seed()) })
}

struct Tenant {
    base_url: String,
    state: Mutex<State>,
}

struct Token {
    user: String,
    expires: Timestamp,
}

/// A browser-like session: a CSRF token is good for it alone.
struct Session {
    user: String,
    csrf: String,
}

struct State {
    sets: HashMap<String, Vec<Row>>,
    tokens: HashMap<String, Token>,
    sessions: HashMap<String, Session>,
    clock: Clock,
    life_seconds: i64,
    /// The administrator took the OAuth client away.
    revoked: bool,
    /// How many of the next writes find the document locked.
    locks: u64,
    page: usize,
    issued: u64,
    /// The number of the next sales order.
    next_order: u64,
}

impl State {
    fn seed() -> Self {
        Self {
            sets: seed::sets(),
            tokens: HashMap::new(),
            sessions: HashMap::new(),
            clock: Clock::default(),
            life_seconds: LIFE_SECONDS,
            revoked: false,
            locks: 0,
            page: PAGE_MAX,
            issued: 0,
            next_order: 100,
        }
    }

    fn unique(&mut self) -> u64 {
        self.issued += 1;
        self.issued
    }
}

impl Source for State {
    fn rows(&self, set: &str) -> Vec<&Row> {
        self.sets.get(set).into_iter().flatten().collect()
    }
}

impl System for Tenant {
    fn answer(&self, request: &Request) -> Answer {
        let mut state = self.state();
        let date = state.clock.date_header();
        self.route(request, &mut state).with_header("date", date)
    }

    fn error(&self, status: u16, request: &Request) -> Answer {
        if request.path() == oauth::PATH {
            let code = if status == 401 { "invalid_client" } else { "invalid_grant" };
            return oauth::failure(
                status,
                if status >= 500 { "server_error" } else { code },
                "The request was refused",
            );
        }
        match status {
            401 => unauthenticated(),
            403 => csrf_required(),
            404 => failure(404, "SLS_LO/001", "Resource not found", ""),
            429 => failure(429, "/IWFND/CM_BEP/029", "Too many requests", "").with_header("retry-after", "30"),
            503 => failure(503, "/IWFND/CM_BEP/030", "Service unavailable", "").with_header("retry-after", "30"),
            _ => failure(status, "SY/530", "An error occurred while processing the request", ""),
        }
    }

    fn turn(&self, knob: &str, value: &Value) -> Result<(), String> {
        let mut state = self.state();
        let flag = || value.as_bool().ok_or_else(|| format!("{knob} is true or false"));
        match knob {
            "access-token-seconds" => {
                state.life_seconds = value
                    .as_i64()
                    .filter(|seconds| (0..=24 * 3600).contains(seconds))
                    .ok_or("access-token-seconds is a number of seconds up to a day")?;
            }
            "expire-access-tokens" => {
                if flag()? {
                    state.tokens.clear();
                }
            }
            "expire-sessions" => {
                if flag()? {
                    state.sessions.clear();
                }
            }
            "revoke-consent" => {
                state.revoked = flag()?;
                if state.revoked {
                    state.tokens.clear();
                }
            }
            "clock-skew-seconds" => state.clock.turn(value)?,
            "lock-documents" => state.locks = value.as_u64().ok_or("lock-documents is a number from 0")?,
            "page-size" => {
                let size = value.as_u64().and_then(|size| usize::try_from(size).ok());
                state.page =
                    size.filter(|size| (1..=PAGE_MAX).contains(size)).ok_or("page-size is a number from 1 to 1000")?;
            }
            _ => return Err(format!("s4hana has no knob {knob:?}")),
        }
        Ok(())
    }

    fn census(&self) -> Census {
        self.state().sets.iter().map(|(kind, rows)| (kind.clone(), rows.len())).collect()
    }

    fn reset(&self) {
        *self.state() = State::seed();
    }
}

impl Tenant {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, request: &Request, state: &mut State) -> Answer {
        if request.path() == oauth::PATH && request.method == "POST" {
            return oauth::token(request, state, &self.base_url);
        }
        let Some(rest) = request.path().strip_prefix(ROOT) else {
            return unknown(request);
        };
        let Some(user) = authenticate(request, state) else {
            return unauthenticated();
        };
        let (name, path) = rest.split_once('/').unwrap_or((rest, ""));
        let Some(service) = SERVICES.iter().find(|service| service.name == name) else {
            let message = format!("No service found for namespace '', name '{name}', version '0001'");
            return failure(403, "/IWFND/MED/170", &message, name).with_violation(format!("no service {name}"));
        };
        let call = Call { request, service, root: format!("{}{ROOT}{name}", self.base_url) };
        let mut violations = call.headers();
        let answer = match request.method.as_str() {
            "GET" | "HEAD" => call.read(state, path).unwrap_or_else(|refusal| call.refuse(refusal)),
            "POST" if !allowed(request, state, &user) => csrf_required(),
            "POST" if path == "A_SalesOrder" => call.create_order(state).unwrap_or_else(|refusal| call.refuse(refusal)),
            method => {
                let message = format!("{method} is not supported for {path}");
                violations.push(message.clone());
                failure(405, "/IWFND/CM_MGW/096", &message, name)
            }
        };
        let answer = answer.with_violations(violations);
        if fetches_csrf(request) && matches!(request.method.as_str(), "GET" | "HEAD") {
            return open_session(answer, state, user);
        }
        answer
    }
}

/// One request to a service.
struct Call<'a> {
    request: &'a Request,
    service: &'static Service,
    root: String,
}

impl Call<'_> {
    /// What is wrong with the headers every request carries.
    fn headers(&self) -> Vec<String> {
        let mut violations = Vec::new();
        let pairs = self.request.pairs();
        let text = |name: &str| {
            let query = pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
            self.request.header(name).or(query)
        };
        let json = self.request.header("accept").is_some_and(|accept| accept.contains("application/json"));
        let format = pairs.iter().any(|(name, value)| name == "$format" && value == "json");
        // Who fetches a CSRF token reads no body.
        if !json && !format && self.request.method != "HEAD" && !fetches_csrf(self.request) {
            violations.push("neither Accept: application/json nor $format=json".to_owned());
        }
        if text("sap-client").is_some_and(|client| client != CLIENT) {
            violations.push(format!("sap-client is not {CLIENT}"));
        }
        if text("sap-language").is_some_and(|language| !matches!(language, "EN" | "DE" | "en" | "de")) {
            violations.push("sap-language is not installed".to_owned());
        }
        violations
    }

    fn reader<'a>(&'a self, state: &'a State) -> Reader<'a> {
        Reader {
            service: self.service,
            source: state,
            root: &self.root,
            page: state.page,
            custom: &["sap-client", "sap-language"],
        }
    }

    fn read(&self, state: &State, path: &str) -> Result<Answer, Refusal> {
        if path.is_empty() {
            let sets: Vec<_> = self.service.entities.iter().map(|entity| entity.set.as_str()).collect();
            return Ok(json_answer(200, &json!({ "d": { "EntitySets": sets } })));
        }
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        let body = self.reader(state).get(&path, &self.request.pairs())?;
        if path.ends_with("$count") {
            return Ok(Answer::of(200, "text/plain;charset=utf-8", body.to_string()));
        }
        let answer = json_answer(200, &body);
        Ok(match body["d"]["__metadata"]["etag"].as_str() {
            Some(etag) => answer.with_header("etag", etag),
            None => answer,
        })
    }

    fn refuse(&self, refusal: Refusal) -> Answer {
        let code = match refusal.status {
            404 => "SLS_LO/001",
            _ => "SY/530",
        };
        self.refuse_with(code, refusal)
    }

    fn refuse_with(&self, code: &str, refusal: Refusal) -> Answer {
        let answer = failure(refusal.status, code, &refusal.message, &self.service.name);
        if refusal.violation { answer.with_violation(refusal.message) } else { answer }
    }
}

/// The user, by Basic authentication or by a token.
fn authenticate(request: &Request, state: &State) -> Option<String> {
    // Another client has other users, none of whom is known here.
    if request.header("sap-client").is_some_and(|client| client != CLIENT) {
        return None;
    }
    if let Some((name, password)) = basic(request) {
        return (name == S4HANA_USER && password == S4HANA_PASSWORD).then_some(name);
    }
    let token = request.header("authorization")?.strip_prefix("Bearer ")?;
    let token = state.tokens.get(token).filter(|token| state.clock.now() < token.expires)?;
    Some(token.user.clone())
}

fn fetches_csrf(request: &Request) -> bool {
    request.header("x-csrf-token").is_some_and(|value| value.eq_ignore_ascii_case("fetch"))
}

/// Opens a session with a CSRF token of its own.
fn open_session(answer: Answer, state: &mut State, user: String) -> Answer {
    let number = state.unique();
    let id = format!("sid{number:06}-{}", random());
    let csrf = random();
    state.sessions.insert(id.clone(), Session { user, csrf: csrf.clone() });
    answer
        .with_header("x-csrf-token", csrf)
        .with_header("set-cookie", format!("{CONTEXT_COOKIE}=sap-client={CLIENT}; path=/"))
        .with_header("set-cookie", format!("{SESSION_COOKIE}={id}; path=/; HttpOnly"))
}

/// Whether a write comes with a session's cookies and that session's token, from the user who opened it.
fn allowed(request: &Request, state: &State, user: &str) -> bool {
    let cookies: Vec<(&str, &str)> = request
        .headers
        .get_all("cookie")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .collect();
    let session = cookies.iter().find(|(name, _)| *name == SESSION_COOKIE).and_then(|(_, id)| state.sessions.get(*id));
    let context = cookies.iter().any(|(name, _)| *name == CONTEXT_COOKIE);
    context
        && session.is_some_and(|session| {
            session.user == user && request.header("x-csrf-token") == Some(session.csrf.as_str())
        })
}

fn csrf_required() -> Answer {
    Answer::of(403, "text/plain;charset=utf-8", "CSRF token validation failed").with_header("x-csrf-token", "Required")
}

fn unauthenticated() -> Answer {
    Answer::of(401, "text/html;charset=utf-8", "<html><head><title>Logon failed</title></head></html>")
        .with_header("www-authenticate", "Basic realm=\"SAP NetWeaver Application Server [S4H/100]\"")
}

fn unknown(request: &Request) -> Answer {
    Answer::of(404, "text/html;charset=utf-8", "<html><head><title>Not found</title></head></html>")
        .with_violation(format!("no resource {} {}", request.method, request.path()))
}

fn json_answer(status: u16, body: &Value) -> Answer {
    Answer::json(status, body).with_header("dataserviceversion", "2.0")
}

/// The error body of SAP Gateway. What is inside `innererror` is for administrators.
fn failure(status: u16, code: &str, message: &str, service: &str) -> Answer {
    let body = json!({ "error": {
        "code": code,
        "message": { "lang": "en", "value": message },
        "innererror": {
            "application": {
                "component_id": "SD-SLS",
                "service_namespace": "/SAP/",
                "service_id": service,
                "service_version": "0001",
            },
            "transactionid": "4A5F0000000000000000000000000001",
            "timestamp": "20260302101500.0000000",
            "Error_Resolution": {
                "SAP_Transaction": "Run transaction /IWFND/ERROR_LOG and search for entries with the timestamp above",
                "SAP_Note": "See SAP Note 1797736 for error analysis",
            },
            "errordetails": [
                { "code": code, "message": message, "propertyref": "", "severity": "error", "target": "" },
            ],
        },
    } });
    json_answer(status, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let wanted = include_str!("s4hana/services.txt")
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with(['#']) && !line.starts_with("service "))
            .count();
        let entities = || SERVICES.iter().flat_map(|service| &service.entities);
        let read = |entity: &crate::odata::Entity| 1 + entity.properties.len() + entity.navigations.len();
        assert_eq!(entities().map(read).sum::<usize>(), wanted);
    }

    #[test]
    fn every_seeded_column_exists() {
        for (set, rows) in seed::sets() {
            let entity = SERVICES.iter().find_map(|service| service.entity(&set)).expect("a known set");
            for name in rows.iter().flat_map(serde_json::Map::keys) {
                assert!(name.starts_with('_') || entity.property(name).is_some(), "{set}.{name}");
            }
        }
    }
}
