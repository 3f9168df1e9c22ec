//! Built for contract 2.0.0, which this host does not speak: refused at load, with both versions named.

wit_bindgen::generate!({ path: "wit", world: "connector" });

struct Connector;

impl Guest for Connector {
    fn describe() -> String {
        "[]".to_owned()
    }

    fn handle(input: String) -> String {
        jackfield::connector::log::write(&input);
        input
    }

    fn receive(body: String) -> String {
        body
    }

    fn poll(cursor: String) -> String {
        cursor
    }
}

export!(Connector);
