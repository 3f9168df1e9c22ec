//! Does the one wrong thing that its input names: many misbehaviours that need no component of their own, and beside
//! most of them the same thing within its bounds.

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "jackfield:guest-vandal/wrecking",
    generate_all,
});

use std::arch::wasm32;
use std::hint::black_box;

use jackfield::connector::http::{self, Method, Request};
use jackfield::connector::log::{self, Level};
use jackfield::connector::types::{FailureKind, FieldError};
use jackfield::connector::{cache, intents, secrets};
use serde_json::{Value, json};
use wasi::clocks::monotonic_clock;
use wasi::random::random;

const PAGE_BYTES: usize = 64 << 10;

/// What is planted: made of a number when it is asked for, so that neither code nor data holds it as it is.
fn seed(input: &Value) -> [u8; 16] {
    std::array::from_fn(|at| byte_of_seed(input, at))
}

#[inline(never)]
fn byte_of_seed(input: &Value, at: usize) -> u8 {
    let seed = input["seed"].as_u64().unwrap_or_default();
    (seed.rotate_left(at as u32 * 7).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8 | 1
}

static mut GLOBAL: [u8; 16] = [0; 16];

/// Writes the seed over a mebibyte of new memory, into a static, and all over the stack.
fn plant(seed: [u8; 16]) -> usize {
    let before = wasm32::memory_grow::<0>((1 << 20) / PAGE_BYTES);
    let from = before * PAGE_BYTES;
    for at in (from..from + (1 << 20)).step_by(seed.len()) {
        unsafe { std::ptr::write_volatile(at as *mut [u8; 16], seed) };
    }
    unsafe { std::ptr::write_volatile(&raw mut GLOBAL, seed) };
    on_the_stack(seed, 64);
    (1 << 20) / seed.len()
}

#[inline(never)]
fn on_the_stack(seed: [u8; 16], frames: u32) {
    let frame = black_box([seed; 16]);
    if frames > 0 {
        on_the_stack(frame[3], frames - 1);
    }
    black_box(&frame);
}

/// How often the seed stands in the whole memory, made as large as `plant` leaves it.
fn seek(input: &Value) -> usize {
    wasm32::memory_grow::<0>((1 << 20) / PAGE_BYTES);
    let bytes = wasm32::memory_size::<0>() * PAGE_BYTES;
    // Complemented, so that looking for it does not make what is looked for.
    let inverse: [u8; 16] = std::array::from_fn(|at| !byte_of_seed(input, at));
    (16..bytes - 16)
        .filter(|at| {
            (0..16).all(|i| unsafe { std::ptr::read_volatile((at + i) as *const u8) } == !black_box(inverse)[i])
        })
        .count()
}

/// Bytes that are no UTF-8, as a text all the same.
fn no_utf8() -> String {
    unsafe { String::from_utf8_unchecked(vec![b'"', 0xff, 0xfe, 0xc0, 0x80, b'"']) }
}

/// `depth` arrays, one in the other.
fn deep(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

/// What a failure can be made to carry at most.
fn monstrous(count: usize, bytes: usize) -> Failure {
    let text = || "x".repeat(bytes);
    let errors = (0..count).map(|_| FieldError { pointer: text(), detail: text() }).collect();
    Failure { kind: FailureKind::InvalidInput(errors), detail: text() }
}

fn order() -> Request {
    Request {
        endpoint: "api".to_owned(),
        method: Method::Get,
        path: "/orders/1".to_owned(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
        timeout_ms: None,
        idempotent: false,
    }
}

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    /// `{"do": "...", "n": how often or how much, ...}`.
    fn handle(call: Call) -> Result<String, Failure> {
        let input: Value = serde_json::from_str(&call.input).unwrap_or_default();
        let text = |key: &str| input[key].as_str().unwrap_or_default().to_owned();
        let n = input["n"].as_u64().unwrap_or_default() as usize;
        let answer = match input["do"].as_str().unwrap_or_default() {
            // Without an end.
            "loop-allocating" => loop {
                black_box(vec![1_u8; 64 << 10]);
            },
            "loop-asking" => loop {
                black_box(cache::get("k"));
            },
            "loop-sending" => loop {
                black_box(http::send(&order()).is_ok());
            },
            "loop-reading-the-clock" => loop {
                black_box(monotonic_clock::now());
            },
            // Giving up.
            "abort" => std::process::abort(),
            "unreachable" => wasm32::unreachable(),
            "out-of-bounds" => json!(unsafe { std::ptr::read_volatile((u32::MAX - 8) as *const u8) }),
            "double-panic" => {
                struct Again;
                impl Drop for Again {
                    fn drop(&mut self) {
                        panic!("and again");
                    }
                }
                let _again = Again;
                panic!("once");
            }
            // Growing.
            "pages" => json!(wasm32::memory_grow::<0>(n) != usize::MAX),
            "pollables" => {
                let kept: Vec<_> = (0..n).map(|_| monotonic_clock::subscribe_duration(1)).collect();
                json!(kept.iter().filter(|pollable| pollable.ready()).count() <= n)
            }
            "poll-all" => {
                let kept: Vec<_> = (0..n).map(|_| monotonic_clock::subscribe_duration(u64::MAX)).collect();
                json!(wasi::io::poll::poll(&kept.iter().collect::<Vec<_>>()).len())
            }
            "random" => json!(random::get_random_bytes(n as u64).len()),
            // Answering.
            "no-utf8" => return Ok(no_utf8()),
            "no-utf8-to-log" => json!(log::write(Level::Info, &no_utf8(), &[])),
            "no-utf8-failing" => {
                return Err(Failure { kind: FailureKind::Rejected(no_utf8()), detail: no_utf8() });
            }
            "deep" => return Ok(deep(n)),
            "wide" => return Ok(format!("[{}1]", "1,".repeat(n))),
            "twice" => return Ok(r#"{"a":1,"a":2}"#.to_owned()),
            "number" => return Ok("9".repeat(n)),
            "as-told" => return Ok(text("answer")),
            "monstrous-failure" => return Err(monstrous(n, 1 << 10)),
            // Asking.
            "log" => {
                let field = ("n".repeat(n), "v".repeat(n));
                json!(log::write(Level::Info, &"m".repeat(n), &[field.clone(), field]))
            }
            "log-fields" => {
                let fields: Vec<_> = (0..n).map(|i| (format!("f{i}"), String::new())).collect();
                json!(log::write(Level::Info, "many", &fields))
            }
            "stderr" => json!((0..n).for_each(|_| eprint!("{}", "e".repeat(4_000)))),
            "stdout" => json!((0..n).for_each(|_| print!("{}", "o".repeat(4_000)))),
            "headers" => {
                let headers = (0..n).map(|i| (format!("x-{i}"), "v".to_owned())).collect();
                json!(format!("{:?}", http::send(&Request { headers, ..order() }).map(|r| r.status)))
            }
            "method" => {
                // One that the contract does not have.
                let method = unsafe { std::mem::transmute::<u8, Method>(black_box(n as u8)) };
                json!(format!("{:?}", http::send(&Request { method, ..order() }).map(|r| r.status)))
            }
            "hmac" => {
                let message = vec![b'm'; input["bytes"].as_u64().unwrap_or_default() as usize];
                let done =
                    (0..n).filter(|_| secrets::hmac("signing_key", secrets::Algorithm::Sha256, &message).is_ok());
                json!(done.count())
            }
            "intents" => {
                let asked: Vec<_> = (0..n).map(|_| intents::call("order.status", "{}")).collect();
                let refused = asked.iter().find_map(|answer| answer.as_ref().err());
                json!({
                    "answered": asked.iter().filter(|answer| answer.is_ok()).count(),
                    "refused": refused.map(|failure| failure.detail.clone()),
                })
            }
            // Spying.
            "clock" => {
                let told: Vec<u64> = (0..n).map(|_| monotonic_clock::now()).collect();
                let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
                json!({ "told": told, "resolution": monotonic_clock::resolution(), "wall_ns": wall.subsec_nanos() })
            }
            "plant" => json!({ "planted": plant(seed(&input)), "found": seek(&input) }),
            "seek" => json!(seek(&input)),
            other => json!(format!("cannot do {other}")),
        };
        Ok(answer.to_string())
    }

    fn settle(_: Call) -> Result<Settlement, Failure> {
        Ok(Settlement::Unknown)
    }

    /// As many events as the body says.
    fn receive(delivery: Delivery) -> Result<Vec<Event>, Failure> {
        let n = String::from_utf8_lossy(&delivery.body).trim().parse().unwrap_or_default();
        let event = |n: usize| Event {
            id: n.to_string(),
            kind: String::new(),
            subject: String::new(),
            time_ms: u64::MAX,
            data: String::new(),
        };
        Ok((0..n).map(event).collect())
    }

    /// A cursor of as many bytes as the cursor says, and always more to come.
    fn poll_changes(request: PollRequest) -> Result<Page, Failure> {
        let bytes = request.cursor.unwrap_or_default().trim().parse().unwrap_or_default();
        Ok(Page { events: Vec::new(), cursor: "c".repeat(bytes), more: true })
    }
}

export!(Connector);
