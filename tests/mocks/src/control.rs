//! The control listener: lists systems, shows the journal, sets faults, turns knobs, resets. Is not part of any
//! simulated system.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Hub;
use crate::exchange::{Answer, Request};
use crate::fault::Fault;
use crate::server::{Reply, Site, Wire, reply};

/// A knob to turn.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turn {
    system: String,
    knob: String,
    value: Value,
}

pub(crate) struct Control {
    pub(crate) hub: Arc<Hub>,
}

impl Site for Control {
    async fn serve(self: Arc<Self>, request: Request, _: Wire) -> Reply {
        reply(&self.answer(&request))
    }
}

impl Control {
    fn answer(&self, request: &Request) -> Answer {
        let hub = &self.hub;
        match (request.method.as_str(), request.path()) {
            ("GET", "/systems") => {
                let systems: Map<_, _> =
                    hub.places.iter().map(|(name, url)| ((*name).to_owned(), Value::from(url.as_str()))).collect();
                Answer::json(200, &Value::Object(systems))
            }
            ("GET", "/journal") => self.journal(request),
            ("GET", "/violations") => Answer::json(200, &json!(hub.journal.violations())),
            ("POST", "/faults") => match serde_json::from_slice::<Fault>(&request.body)
                .map_err(|error| error.to_string())
                .and_then(|fault| hub.arm(fault))
            {
                Ok(id) => Answer::json(201, &json!({ "id": id })),
                Err(message) => refusal(400, message),
            },
            ("DELETE", "/faults") => {
                hub.clear();
                Answer::json(200, &json!({}))
            }
            ("POST", "/knobs") => match serde_json::from_slice::<Turn>(&request.body)
                .map_err(|error| error.to_string())
                .and_then(|turn| hub.turn(&turn.system, &turn.knob, &turn.value))
            {
                Ok(()) => Answer::json(200, &json!({})),
                Err(message) => refusal(400, message),
            },
            ("POST", "/reset") => {
                hub.reset();
                Answer::json(200, &json!({}))
            }
            (method, path) => {
                self.fault(method, path).unwrap_or_else(|| refusal(404, format!("no {method} {path} here")))
            }
        }
    }

    /// One fault: how many requests it holds, and letting them go.
    fn fault(&self, method: &str, path: &str) -> Option<Answer> {
        let rest = path.strip_prefix("/faults/")?;
        let (id, release) = match (method, rest.strip_suffix("/release")) {
            ("GET", None) => (rest, false),
            ("POST", Some(id)) => (id, true),
            _ => return None,
        };
        let gate = self.hub.faults.gate(id.parse().ok()?)?;
        if release {
            gate.open();
        }
        Some(Answer::json(200, &json!({ "held": gate.held() })))
    }

    fn journal(&self, request: &Request) -> Answer {
        let mut system = None;
        for (name, value) in request.pairs() {
            match name.as_str() {
                "system" if self.hub.knows(&value) => system = Some(value),
                "system" => return refusal(400, format!("no system is called {value:?}")),
                _ => return refusal(400, format!("unknown parameter {name:?}")),
            }
        }
        Answer::json(200, &json!(self.hub.journal.entries(system.as_deref())))
    }
}

fn refusal(status: u16, message: impl Into<String>) -> Answer {
    Answer::json(status, &json!({ "error": message.into() }))
}
