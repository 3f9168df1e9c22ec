//! Wants the network itself instead of asking for an endpoint: refused at load.

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "jackfield:guest-sockets/trespassing",
    generate_all,
});

use wasi::sockets::instance_network::instance_network;

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    fn handle(_: Call) -> Result<String, Failure> {
        Ok(format!("\"network {}\"", instance_network().handle()))
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
