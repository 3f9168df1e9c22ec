//! Calls the host ten thousand times.

wit_bindgen::generate!({ path: "../../../wit", world: "connector" });

use jackfield::connector::cache;

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    fn handle(_: Call) -> Result<String, Failure> {
        for _ in 0..10_000 {
            cache::delete("k");
        }
        Ok("\"all of them\"".to_owned())
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
