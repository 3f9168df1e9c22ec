//! Calls itself until the stack ends.

wit_bindgen::generate!({ path: "../../../wit", world: "connector" });

/// Not a tail call and no sum, so that no compiler turns it into a loop.
#[inline(never)]
fn deeper(n: u64) -> u64 {
    if n == u64::MAX { 1 } else { deeper(n + 1).wrapping_mul(3) ^ n }
}

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    fn handle(call: Call) -> Result<String, Failure> {
        Ok(deeper(call.now_ms).to_string())
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
