//! An SAP SuccessFactors company: users, people, time off (read, request), benefits over OData v2, with its SAML bearer
//! token endpoint. A token sees its own user's rows, a manager's also the reports'. Changes other than upsert,
//! `$batch`, `$metadata`, workflows and effective dating are not simulated. Sources: SAP SuccessFactors API Reference
//! Guide (OData V2); "Employee Central Time Off" OData entities; KBA 3159263 (Retry-After).

mod oauth;
mod seed;
mod time_off;

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Census, System};
use crate::clock::Clock;
use crate::exchange::{Answer, Request};
use crate::odata::{Reader, Refusal, Row, Service, Source, services};

const ROOT: &str = "/odata/v2/";
/// Rows in a page, at most and by default.
const PAGE_MAX: usize = 1000;
/// How long a token lives, unless the knob says otherwise.
const LIFE_SECONDS: i64 = 24 * 3600;
/// How long a caller waits after 429 (KBA 3159263).
const RETRY_AFTER_SECONDS: &str = "300";

static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| services(include_str!("successfactors/services.txt")));

pub(super) fn system(base_url: &str) -> Box<dyn System> {
    Box::new(Company { base_url: base_url.to_owned(), state: Mutex::new(State::seed()) })
}

struct Company {
    base_url: String,
    state: Mutex<State>,
}

struct Token {
    user: String,
    expires: Timestamp,
}

struct State {
    sets: HashMap<String, Vec<Row>>,
    tokens: HashMap<String, Token>,
    clock: Clock,
    life_seconds: i64,
    /// The administrator disabled the OAuth client.
    revoked: bool,
    page: usize,
    issued: u64,
}

impl State {
    fn seed() -> Self {
        Self {
            sets: seed::sets(),
            tokens: HashMap::new(),
            clock: Clock::default(),
            life_seconds: LIFE_SECONDS,
            revoked: false,
            page: PAGE_MAX,
            issued: 0,
        }
    }

    fn unique(&mut self) -> u64 {
        self.issued += 1;
        self.issued
    }

    fn all(&self, set: &str) -> impl Iterator<Item = &Row> {
        self.sets.get(set).into_iter().flatten()
    }

    /// The token that a request carries, when it is good.
    fn token(&self, request: &Request) -> Option<(&str, &Token)> {
        let given = request.header("authorization")?.strip_prefix("Bearer ")?;
        let (text, token) = self.tokens.get_key_value(given)?;
        (self.clock.now() < token.expires).then_some((text.as_str(), token))
    }

    /// Whom a user may see: themselves and those who report to them.
    fn visible(&self, user: &str) -> Vec<String> {
        let reports = self.all("User").filter(|row| row.get("_manager").and_then(Value::as_str) == Some(user));
        let reports = reports.filter_map(|row| row.get("userId").and_then(Value::as_str).map(str::to_owned));
        std::iter::once(user.to_owned()).chain(reports).collect()
    }
}

/// The company as one user may see it.
struct View<'a> {
    state: &'a State,
    visible: Vec<String>,
}

impl Source for View<'_> {
    fn rows(&self, set: &str) -> Vec<&Row> {
        let seen = |row: &&Row| match row.get("_owner").and_then(Value::as_str) {
            Some(owner) => self.visible.iter().any(|visible| visible == owner),
            None => true,
        };
        self.state.all(set).filter(seen).collect()
    }
}

impl System for Company {
    fn answer(&self, request: &Request) -> Answer {
        let mut state = self.state();
        let date = state.clock.date_header();
        self.route(request, &mut state).with_header("date", date)
    }

    fn error(&self, status: u16, request: &Request) -> Answer {
        if request.path().starts_with("/oauth/") {
            let error = match status {
                401 => "invalid_client",
                500.. => "server_error",
                _ => "invalid_grant",
            };
            return oauth::failure(status, error, "The request was refused");
        }
        match status {
            401 => unauthenticated(request),
            403 => failure(request, 403, "COE0020", "No permission"),
            404 => failure(request, 404, "COE0021", "Resource not found"),
            429 => {
                failure(request, 429, "COE0429", "Too many requests").with_header("retry-after", RETRY_AFTER_SECONDS)
            }
            503 => {
                failure(request, 503, "COE0503", "Service unavailable").with_header("retry-after", RETRY_AFTER_SECONDS)
            }
            _ => failure(request, status, "COE0001", "An internal error occurred"),
        }
    }

    fn turn(&self, knob: &str, value: &Value) -> Result<(), String> {
        let mut state = self.state();
        let flag = || value.as_bool().ok_or_else(|| format!("{knob} is true or false"));
        match knob {
            "access-token-seconds" => {
                state.life_seconds = value
                    .as_i64()
                    .filter(|seconds| (0..=LIFE_SECONDS).contains(seconds))
                    .ok_or("access-token-seconds is a number of seconds up to a day")?;
            }
            "expire-access-tokens" => {
                if flag()? {
                    state.tokens.clear();
                }
            }
            "revoke-consent" => {
                state.revoked = flag()?;
                if state.revoked {
                    state.tokens.clear();
                }
            }
            "clock-skew-seconds" => state.clock.turn(value)?,
            "page-size" => {
                let size = value.as_u64().and_then(|size| usize::try_from(size).ok());
                state.page =
                    size.filter(|size| (1..=PAGE_MAX).contains(size)).ok_or("page-size is a number from 1 to 1000")?;
            }
            _ => return Err(format!("successfactors has no knob {knob:?}")),
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

impl Company {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn route(&self, request: &Request, state: &mut State) -> Answer {
        match (request.method.as_str(), request.path()) {
            ("POST", oauth::PATH) => return oauth::token(request, state, &self.base_url),
            ("GET", "/oauth/validate") => return oauth::validate(request, state),
            _ => {}
        }
        let Some(path) = request.path().strip_prefix(ROOT) else {
            return failure(request, 404, "COE0021", "Resource not found").with_violation(format!(
                "no resource {} {}",
                request.method,
                request.path()
            ));
        };
        let Some((_, token)) = state.token(request) else {
            return unauthenticated(request);
        };
        let user = token.user.clone();
        let mut violations = Vec::new();
        if !wants_json(request) {
            violations.push("neither Accept: application/json nor $format=json".to_owned());
        }
        if request.header("x-csrf-token").is_some() {
            violations.push("x-csrf-token: this product has no such tokens".to_owned());
        }
        let result = match (request.method.as_str(), path) {
            ("GET", _) => self.read(request, state, &user, path),
            ("POST", "EmployeeTime") => time_off::create(request, state, &user, &self.root()),
            ("POST", "upsert") => time_off::upsert(request, state, &user),
            (method, path) => {
                Err(Refusal { status: 405, message: format!("{method} is not supported for {path}"), violation: true })
            }
        };
        result.unwrap_or_else(|refusal| refuse(request, refusal)).with_violations(violations)
    }

    fn root(&self) -> String {
        format!("{}{}", self.base_url, ROOT.trim_end_matches('/'))
    }

    fn read(&self, request: &Request, state: &State, user: &str, path: &str) -> Result<Answer, Refusal> {
        let path = percent_encoding::percent_decode_str(path).decode_utf8_lossy();
        let view = View { state, visible: state.visible(user) };
        let body = reader(&view, &self.root())?.get(&path, &request.pairs())?;
        if path.ends_with("$count") {
            return Ok(Answer::of(200, "text/plain;charset=utf-8", body.to_string()));
        }
        Ok(Answer::json(200, &body))
    }
}

fn reader<'a>(view: &'a View<'_>, root: &'a str) -> Result<Reader<'a>, Refusal> {
    let missing = || Refusal { status: 404, message: "Resource not found".to_owned(), violation: true };
    Ok(Reader {
        service: SERVICES.first().ok_or_else(missing)?,
        source: view,
        root,
        page: view.state.page,
        custom: &["asOfDate", "fromDate", "toDate"],
    })
}

fn wants_json(request: &Request) -> bool {
    let format = || request.pairs().iter().any(|(name, value)| name == "$format" && value.eq_ignore_ascii_case("json"));
    request.header("accept").is_some_and(|accept| accept.contains("application/json")) || format()
}

fn refuse(request: &Request, refusal: Refusal) -> Answer {
    let code = match refusal.status {
        403 => "COE0020",
        404 => "COE0021",
        _ => "COE0005",
    };
    let answer = failure(request, refusal.status, code, &refusal.message);
    if refusal.violation { answer.with_violation(refusal.message) } else { answer }
}

fn unauthenticated(request: &Request) -> Answer {
    failure(request, 401, "LGN0015", "Authentication failed")
}

/// An error, in XML unless the request asks for JSON.
fn failure(request: &Request, status: u16, code: &str, message: &str) -> Answer {
    if wants_json(request) {
        let message = json!({ "lang": "en-US", "value": message });
        return Answer::json(status, &json!({ "error": { "code": code, "message": message } }));
    }
    let message = message.replace('&', "&amp;").replace('<', "&lt;");
    let body = format!(
        "<?xml version='1.0' encoding='UTF-8'?><error \
         xmlns=\"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata\"><code>{code}</code><message \
         xml:lang=\"en-US\">{message}</message></error>"
    );
    Answer::of(status, "application/xml;charset=utf-8", body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        let wanted = include_str!("successfactors/services.txt")
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
