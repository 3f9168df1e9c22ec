//! A bot service that does not give up: it asks again with the same key until it is told something that lasts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use jackfield_tests::{Answer, Client};
use serde_json::{Value, json};
use tokio::sync::{Semaphore, watch};

/// Between two attempts at the same call.
const PAUSE: Duration = Duration::from_millis(200);
/// Longer than a write of a dead host is taken for under way, and it settles after that.
const PATIENCE: Duration = Duration::from_secs(150);

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// Changes nothing.
    Read,
    /// A ticket: the system knows a repetition by its key.
    Ticket,
    /// A lead: it is found again by an id of ours.
    Lead,
    /// A ticket, answered later.
    TicketJob,
    /// A read, answered later.
    ReadJob,
    /// A question to a system that is down: it is taken down as a message.
    Message,
}

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) number: usize,
    pub(super) what: What,
}

/// What the bot knows at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It was answered.
    Done,
    /// It was taken down, and has this reference.
    Taken(String),
    /// It certainly did not happen.
    Failed(String),
    /// It may have happened, and nobody will know.
    Unknown,
    /// It was accepted and is gone, or has no end.
    Lost(String),
}

impl Told {
    /// For the count.
    pub(super) fn word(&self) -> String {
        match self {
            Told::Done => "done".to_owned(),
            Told::Taken(_) => "taken".to_owned(),
            Told::Failed(code) => format!("failed, {code}"),
            Told::Unknown => "unknown".to_owned(),
            Told::Lost(_) => "lost".to_owned(),
        }
    }
}

impl Asked {
    /// A mix: half of it reads.
    pub(super) fn new(number: usize, roll: u64) -> Asked {
        let what = match roll % 20 {
            0..8 => What::Read,
            8..12 => What::Ticket,
            12..14 => What::Lead,
            14..16 => What::TicketJob,
            16..18 => What::ReadJob,
            _ => What::Message,
        };
        Asked { number, what }
    }

    /// By which it is known in the business system.
    pub(super) fn mark(&self) -> String {
        format!("chaos-{}-end", self.number)
    }

    fn intent(&self) -> &'static str {
        match self.what {
            What::Read | What::ReadJob => "order.status",
            What::Ticket | What::TicketJob => "ticket.create",
            What::Lead => "lead.create",
            What::Message => "stock.check",
        }
    }

    fn is_job(&self) -> bool {
        matches!(self.what, What::TicketJob | What::ReadJob)
    }

    fn input(&self) -> Value {
        let mark = self.mark();
        match self.what {
            What::Read | What::ReadJob => json!({ "order_number": "1002", "email": "customer@example.com" }),
            What::Ticket | What::TicketJob => {
                json!({ "subject": mark, "description": "Help", "requester_email": "customer@example.com" })
            }
            What::Lead => json!({ "last_name": mark, "email": format!("{mark}@example.com") }),
            What::Message => json!({ "sku": mark }),
        }
    }

    fn body(&self) -> String {
        let user = json!({ "id": self.mark(), "email": "customer@example.com", "verified": true });
        json!({ "input": self.input(), "context": { "user": user } }).to_string()
    }
}

/// Talks to whichever host there is.
pub(super) struct Bot {
    pub(super) clients: watch::Receiver<Client>,
    pub(super) room: Arc<Semaphore>,
}

impl Bot {
    /// Asks until there is an end.
    pub(super) async fn see_through(&self, asked: &Asked) -> Told {
        let key = asked.mark();
        let mut headers = vec![("content-type", "application/json"), ("idempotency-key", key.as_str())];
        if asked.is_job() {
            headers.push(("prefer", "respond-async"));
        }
        let path = format!("/v1/intents/{}", asked.intent());
        let patience = Patience::new();
        let mut last = None;
        while patience.is_left() {
            let answer = self.send(Method::POST, &path, &headers, asked.body()).await;
            match answer.as_ref().map(told) {
                Some(Heard::End(told)) => return told,
                Some(Heard::Later(id)) => return self.follow(&id).await,
                Some(Heard::Again(told)) => last = Some(told),
                None => {}
            }
            // A bot waits a little before it asks again.
            tokio::time::sleep(PAUSE).await;
        }
        last.unwrap_or_else(|| Told::Lost("never answered".to_owned()))
    }

    /// Asks for the answer of an accepted call until there is one.
    async fn follow(&self, id: &str) -> Told {
        let patience = Patience::new();
        let mut last = Told::Lost("no state".to_owned());
        while patience.is_left() {
            if let Some(answer) = self.send(Method::GET, &format!("/v1/calls/{id}"), &[], String::new()).await {
                let settled = answer.text("/settled/outcome");
                last = match (answer.status, answer.text("/status"), answer.text("/problem/outcome"), settled) {
                    (200, "completed" | "degraded", ..) | (200, "failed", "unknown", "applied") => return Told::Done,
                    (200, "failed", "unknown", "none") => return Told::Failed("not applied".to_owned()),
                    (200, "failed", "unknown", "unknown") => return Told::Unknown,
                    (200, "failed", "unknown", _) => Told::Unknown,
                    (200, "failed", ..) => return Told::Failed(answer.text("/problem/code").to_owned()),
                    (200, "working", ..) => Told::Lost("it is still working".to_owned()),
                    (429 | 503, ..) => last,
                    _ => return Told::Lost(answer.raw),
                };
            }
            tokio::time::sleep(PAUSE).await;
        }
        last
    }

    /// One attempt. `None`: the host went away.
    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Option<Answer> {
        let _place = self.room.acquire().await.ok()?;
        let client = self.clients.borrow().clone();
        client.try_send(method, path, headers, body).await.ok()
    }
}

/// What one answer means to a bot.
enum Heard {
    End(Told),
    /// The id of a call that is answered later.
    Later(String),
    /// Asking again does no harm; until then this is what is known.
    Again(Told),
}

fn told(answer: &Answer) -> Heard {
    match (answer.status, answer.text("/code"), answer.text("/outcome")) {
        (200, ..) => Heard::End(match answer.text("/fallback/reference") {
            "" => Told::Done,
            reference => Told::Taken(reference.to_owned()),
        }),
        (202, ..) => Heard::Later(answer.text("/call_id").to_owned()),
        // Somebody is at it, or it was not begun.
        (_, "idempotency-in-flight" | "overloaded" | "rate-limited", _) => {
            Heard::Again(Told::Failed(answer.text("/code").to_owned()))
        }
        // The same key hears what became of it, when that is known.
        (_, _, "unknown") => Heard::Again(Told::Unknown),
        (_, code, _) if answer.body["retryable"] == true => Heard::Again(Told::Failed(code.to_owned())),
        (_, _, "applied") => Heard::End(Told::Done),
        (_, code, _) => Heard::End(Told::Failed(code.to_owned())),
    }
}

struct Patience(Instant);

impl Patience {
    fn new() -> Patience {
        Patience(Instant::now())
    }

    fn is_left(&self) -> bool {
        self.0.elapsed() < PATIENCE
    }
}
