//! The servers that are compared, each in a process of its own: a bare axum handler, jackfield with the connector linked
//! into it, and jackfield as it is. All three do the work of `tests/guests/clerk`.
#![allow(dead_code, reason = "each bench uses a part of this")]

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jackfield_core::call::Call;
use jackfield_core::failure::{Failure, FailureKind};
use jackfield_core::intent::{Effect, IntentSpec};
use jackfield_core::package::{CONTRACT, FORMAT, Package};
use jackfield_core::port::BoxFuture;
use jackfield_sandbox::Native;
use jackfield_tests::{Host, guests};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

#[path = "../guests/clerk/src/work.rs"]
mod work;

use work::{Input, ORDER, WireOrder};

/// The first argument of a process that serves.
pub(crate) const ARGUMENT: &str = "--serve";

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The business system: one order, at once.
    Upstream,
    /// An axum handler that does the connector's JSON work and nothing else.
    Bare,
    /// jackfield, the connector linked into it.
    Linked,
    /// jackfield.
    Sandboxed,
}

impl Kind {
    /// In a table, and as an argument.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Upstream => "upstream",
            Kind::Bare => "bare axum handler",
            Kind::Linked => "jackfield, connector linked in",
            Kind::Sandboxed => "jackfield",
        }
    }

    fn of(name: &str) -> Kind {
        let all = [Kind::Upstream, Kind::Bare, Kind::Linked, Kind::Sandboxed];
        all.into_iter().find(|kind| kind.name() == name).expect("a kind of server")
    }
}

/// A server in a process of its own, which ends with this value.
pub(crate) struct Server {
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    child: Child,
}

impl Server {
    /// Starts one; `upstream` is the address of the business system.
    pub(crate) fn start(kind: Kind, upstream: &str) -> Server {
        let program = std::env::current_exe().expect("this program");
        let mut command = Command::new(program);
        command.args([ARGUMENT, kind.name(), upstream]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program runs again");
        let mut address = String::new();
        let stdout = child.stdout.take().expect("its output is ours");
        BufReader::new(stdout).read_line(&mut address).expect("it says where it listens");
        Server { address: address.trim().to_owned(), child }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process ends when its input does.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// What the process does: says where it listens, and serves until its input ends.
pub(crate) fn serve(kind: &str, upstream: &str) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let dir = tempfile::tempdir().expect("a directory");
    let kind = Kind::of(kind);
    let (address, _host) = runtime.block_on(async {
        match kind {
            Kind::Upstream => (listen(system()).await, None),
            Kind::Bare => (listen(bare(upstream)).await, None),
            Kind::Linked | Kind::Sandboxed => {
                if kind == Kind::Linked {
                    jackfield_sandbox::link("clerk", linked);
                }
                let host = Host::start(&config(dir.path(), upstream)).await.expect("the host starts");
                (host.client.base().trim_start_matches("http://").to_owned(), Some(host))
            }
        }
    });
    println!("{address}");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

async fn listen(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
        let _ = stream.set_nodelay(true);
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

fn system() -> Router {
    let order = || async { ([("content-type", "application/json")], ORDER) };
    Router::new().fallback(any(order))
}

/// What the bare handler reads of a request.
#[derive(Deserialize)]
struct Envelope {
    input: Input,
}

#[derive(Clone)]
struct Bare {
    upstream: String,
    pool: Client<HttpConnector, Full<Bytes>>,
}

fn bare(upstream: &str) -> Router {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let pool = Client::builder(TokioExecutor::new()).build(connector);
    let state = Bare { upstream: upstream.to_owned(), pool };
    Router::new().route("/v1/intents/clerk.order", post(answer)).with_state(state)
}

async fn answer(State(bare): State<Bare>, Json(Envelope { input }): Json<Envelope>) -> Response {
    let fetched = if input.upstream {
        let uri = format!("http://{}/orders/{}?fields=id%2Cname%2Cline_items", bare.upstream, input.order_number);
        let request = Request::get(uri).header("accept", "application/json").header("x-api-key", KEY);
        let Ok(request) = request.body(Full::default()) else { return StatusCode::BAD_REQUEST.into_response() };
        let Ok(response) = bare.pool.request(request).await else { return StatusCode::BAD_GATEWAY.into_response() };
        let Ok(body) = response.into_body().collect().await else { return StatusCode::BAD_GATEWAY.into_response() };
        body.to_bytes()
    } else {
        Bytes::from_static(ORDER.as_bytes())
    };
    let order = serde_json::from_slice::<WireOrder>(&fetched).ok().and_then(|wire| work::order(&input, wire));
    order.map_or_else(|| StatusCode::NOT_FOUND.into_response(), |order| Json(order).into_response())
}

/// The guest's work without the guest.
fn linked<'c>(native: &'c mut Native<'_>, call: &'c Call) -> BoxFuture<'c, Result<String, Failure>> {
    Box::pin(async move {
        let failed = |kind: FailureKind| Failure::new(kind, "");
        let input: Input = serde_json::from_str(&call.input).map_err(|_| failed(FailureKind::Internal))?;
        let wire: WireOrder = if input.upstream {
            let query = vec![("fields".to_owned(), "id,name,line_items".to_owned())];
            let fetched = native.get("api", format!("/orders/{}", input.order_number), query).await;
            let (_, body) = fetched.ok_or_else(|| failed(FailureKind::Unavailable))?;
            serde_json::from_slice(&body).map_err(|_| failed(FailureKind::Internal))?
        } else {
            serde_json::from_str(ORDER).map_err(|_| failed(FailureKind::Internal))?
        };
        let order = work::order(&input, wire).ok_or_else(|| failed(FailureKind::NotFound))?;
        serde_json::to_string(&order).map_err(|_| failed(FailureKind::Internal))
    })
}

/// The credential of the business system.
const KEY: &str = "bench-key-4f1d2c7a9b";

/// The guest's manifest: an API key in a header, as most systems want one.
pub(crate) const MANIFEST: &str = r#"
id = "clerk"
version = "0.1.0"
title = "Clerk"
vendor_api = "none"
intents = ["clerk.order"]

[endpoint.api]
base_url = "https://clerk.invalid"
allow = ["read GET /orders/*"]

auth = { scheme = "header", header = "X-Api-Key", secret = "key" }

[[secret]]
name = "key"
purpose = "is sent with each request"
how = "make one up"
"#;

/// The guest as a connector, with schemas and a template of usual size.
pub(crate) fn package() -> Vec<u8> {
    let money = json!({
        "type": "object", "additionalProperties": false, "required": ["amount", "currency"],
        "properties": { "amount": { "type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$" }, "currency": { "type": "string", "minLength": 3, "maxLength": 3 } },
    });
    let input: Value = json!({
        "type": "object", "additionalProperties": false, "required": ["order_number", "email"],
        "properties": {
            "order_number": { "type": "string", "minLength": 1, "maxLength": 64, "x-normalize": "order_number" },
            "email": { "type": "string", "format": "email", "maxLength": 254, "x-normalize": "email" },
            "note": { "type": "string", "maxLength": 500, "x-normalize": "trim" },
            "upstream": { "type": "boolean" },
        },
    });
    let output: Value = json!({
        "type": "object", "additionalProperties": false, "required": ["id", "number", "status", "items", "total"],
        "properties": {
            "id": { "type": "string" }, "number": { "type": "string" },
            "status": { "enum": ["pending", "shipped", "other"], "x-codes": { "pending": "pending shipment", "shipped": "on its way" } },
            "email": { "type": "string", "x-mask": "email" },
            "placed_at": { "type": "string", "format": "date-time" },
            "items": { "type": "array", "maxItems": 250, "items": {
                "type": "object", "additionalProperties": false, "required": ["title", "quantity"],
                "properties": { "title": { "type": "string" }, "quantity": { "type": "integer", "minimum": 0 }, "price": money },
            } },
            "total": money,
            "tracking": { "type": "object", "additionalProperties": false, "properties": { "carrier": { "type": "string" }, "number": { "type": "string" } } },
        },
    });
    let package = Package {
        format: FORMAT,
        contract: CONTRACT.to_owned(),
        manifest: MANIFEST.to_owned(),
        settles: Vec::new(),
        intents: vec![IntentSpec {
            name: "clerk.order".to_owned(),
            effect: Effect::Read,
            title: "Order".to_owned(),
            description: "Tells where an order stands.".to_owned(),
            input_schema: input,
            output_schema: output,
            template: Some(
                "Your order {{ number | reference }} is {{ status | code }}.\n{% if tracking %}{{ tracking.carrier }} \
                 carries it under {{ tracking.number }}.{% endif %}\nIt was placed on {{ placed_at | date }}: {{ items | \
                 pieces | list }}, {{ total | money }} in all."
                    .to_owned(),
            ),
        }],
    };
    let section = serde_json::to_vec(&package).expect("a package is JSON");
    jackfield_sandbox::embed(&guests::component("clerk"), &section).expect("a guest takes a section")
}

fn config(dir: &Path, upstream: &str) -> String {
    let file = guests::write(dir, "clerk", &package());
    let key = dir.join("key");
    std::fs::write(&key, KEY).expect("a directory of our own");
    let cache = jackfield_tests::cache_dir().expect("a directory of our own");
    // A profiler such as valgrind cannot reserve the address space of ten thousand instances.
    let places = std::env::var("JACKFIELD_BENCH_PLACES").map_or(10_000, |n| n.parse().expect("a number of places"));
    let mut config = format!(
        "[server]\nin_flight_max = {places}\ncaller_in_flight_max = {places}\n\n[sandbox]\ncache_dir = {cache:?}\n\n\
         [connector.clerk]\nfile = {file:?}\n"
    );
    let _ = write!(
        config,
        "\n[connection.clerk]\nconnector = \"clerk\"\ntenant = \"demo\"\nallow_insecure = true\nallow_addresses = \
         [\"127.0.0.1/32\"]\n\n[connection.clerk.settings]\nbase_url = \"http://{upstream}\"\n\n\
         [connection.clerk.secrets]\nkey = \"file:{}\"\n",
        key.display()
    );
    config
}

/// A request, which asks the business system or not.
pub(crate) fn body(upstream: bool) -> String {
    json!({ "connection": "clerk", "input": {
        "order_number": "1001", "email": "Ada@Example.com", "upstream": upstream,
        "note": "A sentence of the length that people write when they ask where their parcel is, more or less.",
    }, "context": { "conversation_id": "c-81f3", "message_id": "m-2207", "locale": "en", "channel": "web" } })
    .to_string()
}
