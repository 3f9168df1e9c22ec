//! Answers with far too much: as many bytes as the input says, 100 MB when it says nothing.

wit_bindgen::generate!({ path: "../../../wit", world: "connector" });

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    fn handle(call: Call) -> Result<String, Failure> {
        let bytes = call.input.trim().parse().unwrap_or(100_000_000);
        let mut answer = String::with_capacity(bytes + 2);
        answer.push('"');
        answer.extend(std::iter::repeat_n('x', bytes));
        answer.push('"');
        Ok(answer)
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
