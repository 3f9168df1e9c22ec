//! Answers with what is no JSON, or with JSON that no schema foresees when the input says `true`.

wit_bindgen::generate!({ path: "../../../wit", world: "connector" });

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    fn handle(call: Call) -> Result<String, Failure> {
        Ok(if call.input == "true" { r#"{"surprise":[1,2]}"# } else { "{so, this: is} not json" }.to_owned())
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
