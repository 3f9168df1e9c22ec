//! Panics, and says why.

wit_bindgen::generate!({ path: "../../../wit", world: "connector" });

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    fn handle(call: Call) -> Result<String, Failure> {
        panic!("cannot go on with {}", call.intent);
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
