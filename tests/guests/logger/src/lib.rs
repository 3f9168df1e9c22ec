//! Floods the log: ten thousand lines of a megabyte each, or as many as the input says.

wit_bindgen::generate!({ path: "../../../wit", world: "connector" });

use jackfield::connector::log::{self, Level};

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    fn handle(call: Call) -> Result<String, Failure> {
        let lines = call.input.trim().parse().unwrap_or(10_000);
        let line = "a line without end ".repeat(1_000_000 / 19);
        for _ in 0..lines {
            log::write(Level::Info, &line, &[]);
        }
        Ok(lines.to_string())
    }

    fn settle(_: Call) -> Result<Settlement, Failure> {
        Ok(Settlement::Unknown)
    }

    fn receive(_: Delivery) -> Result<Vec<Event>, Failure> {
        Ok(Vec::new())
    }

    fn poll_changes(_: PollRequest) -> Result<Page, Failure> {
        Ok(Page { events: Vec::new(), cursor: String::new(), more: false })
    }
}

export!(Connector);
