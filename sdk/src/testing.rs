//! A host for tests: replays exchanges with the business system, and fails on what nobody expected or nobody used.
//!
//! Native only; a component has the real host. No network, no account, no clock: everything a connector sees is
//! written in the test.
//!
//! # In code
//!
//! ```
//! use jackfield_sdk::{prelude::*, testing::{Exchange, Host}};
//!
//! fn order_name(call: &Call, number: &str) -> Result<String, Failure> {
//!     let found: Value = call.http("admin").get("/orders.json")?.query("name", number).send()?.ok()?.json()?;
//!     found["orders"][0]["name"].as_str().map(str::to_owned).ok_or_else(Failure::not_found)
//! }
//! # use jackfield_sdk::Value;
//!
//! let host = Host::new()
//!     .expect(Exchange::get("/orders.json").query("name", "#1001").reply_json(200, json!({"orders": [{"name": "#1001"}]})));
//! let name = host.with("order.status", |call| order_name(call, "#1001"));
//! assert_eq!(name, Ok("#1001".to_owned()));
//! ```
//!
//! [`Host::run`] sends a whole call through a connector, JSON in and JSON out.
//!
//! # In folders
//!
//! [`replay_folder`] runs every case below a connector's `fixtures/`: a new case needs no Rust.
//!
//! ```text
//! fixtures/<intent>/<case>/request.json     {"input": {..}, "settings"?, "user"?: {"id", "email"?, "phone"?}, "locale"?,
//!                                            "time_zone"?, "now"?, "remaining_ms"?, "idempotency_key"?,
//!                                            "secrets"?: {name: revealed value}, "hmacs"?: {name: hex}, "cache"?: {key: value},
//!                                            "intents"?: [{"intent", "input", "output" | "failure"}]}
//! fixtures/<intent>/<case>/upstream.json    [{"request": {"method", "path", "query"?, "headers"?, "json"?, ..}, "response": {..}}]
//! fixtures/<intent>/<case>/reply.json       {"output": {..}} or {"failure": {"kind": "not-found"}}
//! fixtures/<intent>/<case>/..               request.json with "settle": true; reply.json {"settled": "applied", "output": {..}},
//!                                            {"settled": "not-applied"} or {"settled": "unknown"}
//! fixtures/receive/<case>/..                request.json {"headers"?, "json" | "text", "settings"?, "received"?, "remaining_ms"?}; reply.json {"events": [..]}
//! fixtures/poll/<case>/..                   request.json {"cursor"?, "settings"?, "now"?, "remaining_ms"?}; reply.json {"events": [..], "cursor", "more"?}
//! ```
//!
//! `upstream.json` may be absent when nothing is to be sent. Its parts are those of [`Exchange`]:
//!
//! | request | meaning |
//! |---|---|
//! | `method` | `GET` where absent |
//! | `path` | as sent, percent-encoded |
//! | `endpoint` | compared where given |
//! | `query` | object of name to text, or to a list of texts where a name repeats; all of the query, in any order |
//! | `headers` | those given must be there; others may be |
//! | `json`, `text`, `form` | the whole body; with none of them there must be no body |
//! | `idempotent` | compared where given: whether the host may repeat it |
//! | `graphql` | `{"operation"?: "Name", "variables": {..}}` instead of a body: the document itself is not compared |
//!
//! | response | meaning |
//! |---|---|
//! | `status` | 200 where absent |
//! | `headers`, `json`, `text` | what comes back |
//! | `error` | instead of an answer: `"timeout"`, `"unavailable"`, `"rate-limited"`, `"reauth-required"`, `"too-large"`, `"denied"` |
//!
//! Exchanges are expected in their order; those with `"any_order": true` that stand together, in any order among
//! themselves. `failure` in a reply holds `kind` and what belongs to it (`errors`, `existing_id`, `retry_after_ms`,
//! `text`); the private detail is not compared.

mod replay;

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

pub use jackfield_fixtures::Exchange;
use jackfield_fixtures::{Answer, Fault, LOCALE, Miss, NOON_SECONDS, REMAINING_MS, Script, Sent, TIME_ZONE};
use serde_json::Value;

pub use self::replay::replay_folder;
use crate::{
    cache,
    call::{Call, User},
    connector::Connector,
    events::{Delivery, Event, EventPage, Poll},
    failure::Failure,
    host,
    http::{self, Request, Response},
    log::Level,
    secrets::{self, Algorithm},
    settings::Settings,
    settle::Settled,
    time::Instant,
};

/// A host for one test: settings, user and time of the call, and what the world outside will answer.
#[derive(Clone, Debug)]
#[must_use = "a host does nothing until something runs on it"]
pub struct Host {
    settings: Value,
    user: Option<User>,
    locale: String,
    time_zone: String,
    remaining: Duration,
    idempotency_key: Option<String>,
    world: World,
}

/// What a connector can reach, and what it did with it.
#[derive(Clone, Debug)]
struct World {
    now: Instant,
    script: Script,
    /// Where not every exchange must be used and an unexpected request is only unavailable: after an injected fault.
    lenient: bool,
    revealed: BTreeMap<String, String>,
    hmacs: BTreeMap<String, Vec<u8>>,
    cache: BTreeMap<String, Vec<u8>>,
    intents: Vec<(String, Value, Result<Value, Failure>)>,
    logged: Vec<Logged>,
    problems: Vec<String>,
}

/// A log line that a connector wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// How much it matters.
    pub level: Level,
    /// The sentence.
    pub message: String,
    /// The named values.
    pub fields: Vec<(String, String)>,
}

impl Default for Host {
    fn default() -> Self {
        Host {
            settings: Value::Object(serde_json::Map::new()),
            user: None,
            locale: LOCALE.to_owned(),
            time_zone: TIME_ZONE.to_owned(),
            remaining: Duration::from_millis(REMAINING_MS),
            idempotency_key: None,
            world: World::new(),
        }
    }
}

impl Host {
    /// No settings, no user, English, UTC, noon of 15 January 2026, 15 seconds, and nothing to reach.
    pub fn new() -> Self {
        Host::default()
    }

    /// The connection's settings, `_endpoints` included where links are followed.
    pub fn settings(mut self, settings: Value) -> Self {
        self.settings = settings;
        self
    }

    /// Who is in the chat, with verified contact points.
    pub fn user(mut self, id: &str, email: Option<&str>, phone: Option<&str>) -> Self {
        self.user = Some(User { id: id.to_owned(), email: email.map(str::to_owned), phone: phone.map(str::to_owned) });
        self
    }

    /// The user's locale.
    pub fn locale(mut self, locale: &str) -> Self {
        self.locale = locale.to_owned();
        self
    }

    /// The user's time zone.
    pub fn time_zone(mut self, time_zone: &str) -> Self {
        self.time_zone = time_zone.to_owned();
        self
    }

    /// The time of the call, the delivery or the poll, RFC 3339.
    ///
    /// # Panics
    /// When it is no RFC 3339.
    pub fn now(mut self, now: &str) -> Self {
        self.world.now = Instant::parse(now).unwrap_or_else(|| panic!("`{now}` is no RFC 3339 time"));
        self
    }

    /// How long the call may take.
    pub fn remaining(mut self, remaining: Duration) -> Self {
        self.remaining = remaining;
        self
    }

    /// The key of a write.
    pub fn idempotency_key(mut self, key: &str) -> Self {
        self.idempotency_key = Some(key.to_owned());
        self
    }

    /// Expects one more exchange with the business system.
    pub fn expect(mut self, exchange: Exchange) -> Self {
        self.world.script.push(exchange);
        self
    }

    /// Grants a secret and lets it be revealed.
    pub fn secret(mut self, name: &str, value: &str) -> Self {
        self.world.revealed.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Grants a secret for HMACs; every one comes out as this.
    pub fn hmac(mut self, name: &str, digest: &[u8]) -> Self {
        self.world.hmacs.insert(name.to_owned(), digest.to_owned());
        self
    }

    /// Puts a value into the cache beforehand.
    pub fn cached(mut self, key: &str, value: &Value) -> Self {
        self.world.cache.insert(key.to_owned(), value.to_string().into_bytes());
        self
    }

    /// Answers another intent with this input in this way, as often as it is asked.
    pub fn intent(mut self, name: &str, input: Value, reply: Result<Value, Failure>) -> Self {
        self.world.intents.push((name.to_owned(), input, reply));
        self
    }

    /// Sends a call through a connector, as the host does: JSON in, JSON out.
    ///
    /// # Errors
    /// Those of the connector.
    ///
    /// # Panics
    /// When a request was not expected, or an expected exchange was not used.
    pub fn run<C: Connector>(self, intent: &str, input: Value) -> Result<Value, Failure> {
        self.with(intent, |call| {
            let output = C::new().handle(call, &input.to_string())?;
            Ok(serde_json::from_str(&output).unwrap_or_else(|error| panic!("the output is not JSON: {error}")))
        })
    }

    /// Asks a connector whether a write happened, as the host does: JSON in, JSON out.
    ///
    /// # Errors
    /// Those of the connector.
    ///
    /// # Panics
    /// Like [`run`](Host::run).
    pub fn settle<C: Connector>(self, intent: &str, input: Value) -> Result<Settled<Value>, Failure> {
        let json = |output: String| {
            serde_json::from_str(&output).unwrap_or_else(|error| panic!("the output is not JSON: {error}"))
        };
        self.with(intent, |call| {
            Ok(match C::new().settle(call, &input.to_string())? {
                Settled::Applied(output) => Settled::Applied(json(output)),
                Settled::NotApplied => Settled::NotApplied,
                Settled::Unknown => Settled::Unknown,
            })
        })
    }

    /// Hands a delivery to a connector.
    ///
    /// # Errors
    /// Those of the connector.
    ///
    /// # Panics
    /// Like [`run`](Host::run).
    pub fn receive<C: Connector>(self, headers: &[(&str, &str)], body: &[u8]) -> Result<Vec<Event>, Failure> {
        let delivery = self.delivery(headers, body);
        self.world.within(|| C::new().receive(&delivery))
    }

    /// Polls a connector.
    ///
    /// # Errors
    /// Those of the connector.
    ///
    /// # Panics
    /// Like [`run`](Host::run).
    pub fn poll<C: Connector>(self, cursor: Option<&str>) -> Result<EventPage, Failure> {
        let poll = self.poll_request(cursor);
        self.world.within(|| C::new().poll(&poll))
    }

    /// Runs anything with a call in hand.
    ///
    /// # Panics
    /// When a request was not expected, an expected exchange was not used, or the settings do not fit.
    pub fn with<R>(self, intent: &str, test: impl FnOnce(&Call) -> R) -> R {
        let call = self.call(intent);
        self.world.within(|| test(&call))
    }

    fn call(&self, intent: &str) -> Call {
        Call {
            id: "test-call".to_owned(),
            intent: intent.to_owned(),
            settings: self.connection_settings(),
            user: self.user.clone(),
            locale: self.locale.clone(),
            time_zone: self.time_zone.clone(),
            now: self.world.now,
            remaining: self.remaining,
            idempotency_key: self.idempotency_key.clone(),
        }
    }

    fn delivery(&self, headers: &[(&str, &str)], body: &[u8]) -> Delivery {
        Delivery {
            id: "test-delivery".to_owned(),
            headers: headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), (*value).to_owned())).collect(),
            body: body.to_owned(),
            settings: self.connection_settings(),
            received: self.world.now,
            remaining: self.remaining,
        }
    }

    fn poll_request(&self, cursor: Option<&str>) -> Poll {
        Poll {
            id: "test-poll".to_owned(),
            settings: self.connection_settings(),
            cursor: cursor.map(str::to_owned),
            now: self.world.now,
            remaining: self.remaining,
        }
    }

    fn connection_settings(&self) -> Settings {
        Settings::new(self.settings.to_string()).unwrap_or_else(|failure| panic!("{failure}"))
    }
}

/// The log lines written so far: for asking inside [`Host::with`].
pub fn logged() -> Vec<Logged> {
    WORLD.with_borrow(|world| world.as_ref().map(|world| world.logged.clone()).unwrap_or_default())
}

thread_local! {
    /// The world of the test that runs on this thread.
    static WORLD: RefCell<Option<World>> = const { RefCell::new(None) };
}

impl World {
    fn new() -> Self {
        World {
            now: Instant::from_seconds(NOON_SECONDS),
            script: Script::default(),
            lenient: false,
            revealed: BTreeMap::new(),
            hmacs: BTreeMap::new(),
            cache: BTreeMap::new(),
            intents: Vec::new(),
            logged: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Runs with this world in place, then asks whether everything went as expected.
    fn within<R>(self, test: impl FnOnce() -> R) -> R {
        let (result, problems) = self.observe(test);
        assert!(problems.is_empty(), "the exchanges with the business system went otherwise:\n{}", problems.join("\n"));
        result
    }

    /// The same, giving what went otherwise.
    fn observe<R>(self, test: impl FnOnce() -> R) -> (R, Vec<String>) {
        /// Takes the world away also when the test panics: the next test on this thread must not find it.
        struct Cleared;
        impl Drop for Cleared {
            fn drop(&mut self) {
                WORLD.set(None);
            }
        }
        assert!(WORLD.with_borrow(Option::is_none), "a test host runs inside another one");
        WORLD.set(Some(self));
        let cleared = Cleared;
        let result = test();
        let problems = WORLD.take().map(World::problems).unwrap_or_default();
        drop(cleared);
        (result, problems)
    }

    fn problems(mut self) -> Vec<String> {
        if !self.lenient {
            let unused = self.script.unused();
            let unused = unused.map(|(at, exchange)| format!("- exchange {} was not used: {exchange}", at + 1));
            self.problems.extend(unused.collect::<Vec<_>>());
        }
        self.problems
    }

    /// The exchange whose turn it is and that fits.
    fn answer(&mut self, request: &Request) -> Result<Response, http::Error> {
        let sent = Sent {
            endpoint: &request.endpoint,
            method: request.method.as_str(),
            path: request.path.as_str(),
            query: &request.query,
            headers: &request.headers,
            body: request.body.as_deref(),
            idempotent: request.idempotent,
        };
        match self.script.take(&sent) {
            Ok(at) => match self.script.exchanges()[at].answer() {
                Ok(Answer { status, headers, body }) => Ok(Response::new(status, headers, body)),
                Err(fault) => Err(error(fault)),
            },
            Err(misses) => self.unexpected(&sent, &misses),
        }
    }

    fn unexpected(&mut self, sent: &Sent<'_>, misses: &[Miss]) -> Result<Response, http::Error> {
        if self.lenient {
            return Err(http::Error::Unavailable("an injected fault came before".to_owned()));
        }
        let mut problem = format!("- unexpected request: {}", sent.shown());
        for Miss { at, misfits } in misses {
            problem.push_str(&format!("\n  it is not exchange {}, {}:", at + 1, self.script.exchanges()[*at]));
            misfits.iter().for_each(|misfit| problem.push_str(&format!("\n    {misfit}")));
        }
        self.problems.push(problem);
        Err(http::Error::InvalidRequest("not expected by the test".to_owned()))
    }
}

fn error(fault: Fault) -> http::Error {
    let reason = || "said by the test".to_owned();
    match fault {
        Fault::Timeout => http::Error::Timeout,
        Fault::Unavailable => http::Error::Unavailable(reason()),
        Fault::RateLimited => http::Error::RateLimited(Some(Duration::from_secs(1))),
        Fault::ReauthRequired => http::Error::ReauthRequired,
        Fault::TooLarge => http::Error::TooLarge,
        Fault::Denied => http::Error::Denied(reason()),
    }
}

/// What differs between two JSON values, one line each, by JSON Pointer. Empty when the values are equal; the order of
/// members does not count, nor does `1` against `1.0`.
///
/// ```
/// use jackfield_sdk::{json, testing::differences};
///
/// let lines = differences(&json!({"a": [1, 2]}), &json!({"a": [1, 3], "b": null}));
/// assert_eq!(lines, ["/a/1: expected 2, found 3", "/b: unexpected null"]);
/// ```
pub fn differences(expected: &Value, found: &Value) -> Vec<String> {
    jackfield_fixtures::differences(expected, found).iter().map(ToString::to_string).collect()
}

/// The fake host of the test that runs on this thread.
pub(crate) struct Installed;

impl Installed {
    fn world<R>(what: &str, ask: impl FnOnce(&mut World) -> R) -> R {
        WORLD.with_borrow_mut(|world| {
            let world =
                world.as_mut().unwrap_or_else(|| panic!("{what} without a host: run it in `testing::Host::with`"));
            ask(world)
        })
    }
}

impl host::Host for Installed {
    fn send(&self, request: Request) -> Result<Response, http::Error> {
        Installed::world("a request", |world| world.answer(&request))
    }

    fn send_all(&self, requests: Vec<Request>) -> Vec<Result<Response, http::Error>> {
        requests.into_iter().map(|request| self.send(request)).collect()
    }

    fn secrets_granted(&self) -> Vec<String> {
        Installed::world("a secret", |world| world.revealed.keys().chain(world.hmacs.keys()).cloned().collect())
    }

    fn secrets_hmac(&self, name: &str, _: Algorithm, _: &[u8]) -> Result<Vec<u8>, secrets::Error> {
        let digest = Installed::world("a secret", |world| world.hmacs.get(name).cloned());
        digest.ok_or_else(|| secrets::Error::Denied(format!("the test grants no HMAC with `{name}`")))
    }

    fn secrets_reveal(&self, name: &str) -> Result<String, secrets::Error> {
        let value = Installed::world("a secret", |world| world.revealed.get(name).cloned());
        value.ok_or_else(|| secrets::Error::Denied(format!("the test does not grant `{name}`")))
    }

    fn cache_get(&self, key: &str) -> Option<Vec<u8>> {
        Installed::world("the cache", |world| world.cache.get(key).cloned())
    }

    fn cache_put(&self, key: &str, value: &[u8], _: u32) -> Result<(), cache::TooLarge> {
        Installed::world("the cache", |world| world.cache.insert(key.to_owned(), value.to_owned()));
        Ok(())
    }

    fn cache_delete(&self, key: &str) {
        Installed::world("the cache", |world| world.cache.remove(key));
    }

    fn intents_call(&self, intent: &str, input: &str) -> Result<String, Failure> {
        let input: Value = serde_json::from_str(input).unwrap_or_default();
        Installed::world("an intent", |world| {
            match world.intents.iter().find(|(name, known, _)| name == intent && *known == input) {
                Some((_, _, reply)) => reply.clone().map(|output| output.to_string()),
                None => {
                    world.problems.push(format!("- unexpected intent: {intent} {input}"));
                    Err(Failure::denied().detail("not expected by the test"))
                }
            }
        })
    }

    /// Also without a host: a log line is no reason for a unit test to need one.
    fn log(&self, level: Level, message: &str, fields: &[(String, String)]) {
        WORLD.with_borrow_mut(|world| {
            if let Some(world) = world {
                world.logged.push(Logged { level, message: message.to_owned(), fields: fields.to_vec() });
            }
        });
    }
}
