//! A whole connector, as an author writes one: macro, description, calls, replayed fixtures.

use std::time::Duration;

use jackfield_sdk::{
    connector::Description,
    prelude::*,
    testing::{Exchange, Host},
};
use serde::{Deserialize, Serialize};

/// Puts a note on an order.
#[derive(Deserialize, Intent)]
#[intent(
    name = "demo.note.add",
    effect = "create",
    title = "Add a note",
    output = Note,
    input_schema = r#"{"type":"object"}"#,
    output_schema = r#"{"type":"object","properties":{"id":{"type":"integer"}}}"#,
    template = "Noted."
)]
struct NoteAdd {
    order: u64,
    text: String,
}

#[derive(Serialize)]
struct Note {
    id: u64,
}

struct Demo;

#[connector]
impl Demo {
    fn order_status(&self, call: &Call, input: OrderStatusInput) -> Result<Order, Failure> {
        #[derive(Deserialize)]
        struct Data {
            orders: Vec<Wire>,
        }
        #[derive(Deserialize)]
        struct Wire {
            name: String,
            email: Option<String>,
            status: String,
        }
        codes! {
            fn payment_status: OrderPaymentStatus {
                "PAID" => Paid,
                _ => Other,
            }
        }
        let ownership = Ownership::from(call, input.email.as_deref(), None, None)?;
        let variables =
            json!({ "query": query::shopify::term("name", &input.order_number).map_err(|f| f.at("/order_number"))? });
        let data: Data = call
            .http("admin")
            .graphql("/graphql.json", "query Orders($query: String!) { orders(query: $query) { name } }", &variables)?
            .send()?
            .ok()?
            .graphql()?
            .data()?;
        let order =
            data.orders.into_iter().find(|order| order.name == input.order_number).ok_or_else(Failure::not_found)?;
        ownership.proves(&OrderOwner::new().email(order.email.as_deref()))?;
        let payment_status = Some(payment_status(call.status_names(), &order.status));
        Ok(Order { number: order.name, payment_status, ..Order::default() })
    }

    fn note_add(&self, call: &Call, input: NoteAdd) -> Result<Note, Failure> {
        #[derive(Deserialize)]
        struct Made {
            id: u64,
        }
        let made: Made = call
            .http("admin")
            .post(path!("orders" / input.order / "notes.json"))?
            .header_if("idempotency-key", call.idempotency_key())
            .json(&json!({ "note": input.text }))
            .idempotent()
            .send()?
            .error_for(|response| match response.status() {
                422 => Failure::rejected("This note is too long."),
                _ => response.failure(),
            })?
            .json()?;
        info!("added a note"; id = made.id, order = input.order);
        Ok(Note { id: made.id })
    }

    /// By the key that `note_add` sent.
    fn note_look(&self, call: &Call, input: NoteAdd) -> Result<Settled<Note>, Failure> {
        #[derive(Deserialize)]
        struct Kept {
            id: u64,
            key: Option<String>,
        }
        let notes = call.http("admin").get(path!("orders" / input.order / "notes.json"))?;
        let notes: Vec<Kept> = notes.send()?.ok()?.json()?;
        let ours = notes.into_iter().filter(|note| note.key.as_deref() == call.idempotency_key());
        Ok(Settled::one_of(ours.map(|note| Note { id: note.id })))
    }

    fn receive(&self, delivery: &Delivery) -> Result<Vec<Event>, Failure> {
        let body: serde_json::Value = delivery.json()?;
        let id = delivery.header("X-Event-Id").unwrap_or(delivery.id()).to_owned();
        let subject = format!("order/{}", body["id"]);
        let time_ms = u64::try_from(delivery.received().ms()).unwrap_or_default();
        Ok(vec![Event { id, kind: "order.updated".to_owned(), subject, time_ms, data: body }])
    }

    fn poll(&self, poll: &Poll) -> Result<EventPage, Failure> {
        Ok(EventPage { cursor: poll.cursor().unwrap_or("start").to_owned(), ..EventPage::default() })
    }
}

struct Bare;

#[connector]
impl Bare {
    fn note_add(&self, _: &Call, _: NoteAdd) -> Result<Note, Failure> {
        Err(Failure::unsupported())
    }
}

#[test]
fn the_description_has_what_the_packager_needs() {
    let found = serde_json::to_value(Demo.describe()).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let expected = json!({
        "contract": "1.1.0",
        "sdk": version,
        "intents": [
            {"name": "order.status", "effect": "read"},
            {
                "name": "demo.note.add",
                "effect": "create",
                "settles": true,
                "title": "Add a note",
                "description": "Puts a note on an order.",
                "input_schema": {"type": "object"},
                "output_schema": {"type": "object", "properties": {"id": {"type": "integer"}}},
                "template": "Noted."
            }
        ]
    });
    assert_eq!(found, expected);
}

#[test]
fn what_a_connector_does_not_have_it_says_so() {
    assert_eq!(Host::new().receive::<Bare>(&[], b"{}").unwrap_err().kind.code(), "unsupported");
    assert_eq!(Host::new().poll::<Bare>(None).unwrap_err().kind.code(), "unsupported");
    let failure = Host::new().run::<Bare>("order.status", json!({})).unwrap_err();
    assert_eq!(failure, Failure::unsupported().detail("this connector does not answer `order.status`"));
}

#[test]
fn deliveries_and_polls_know_the_time_and_what_is_left_of_it() {
    struct Clock;

    impl Connector for Clock {
        fn new() -> Self {
            Clock
        }

        fn describe(&self) -> Description {
            Description::new(Vec::new())
        }

        fn handle(&self, _: &Call, _: &str) -> Result<String, Failure> {
            Err(Failure::unsupported())
        }

        fn receive(&self, delivery: &Delivery) -> Result<Vec<Event>, Failure> {
            Err(Failure::internal(format!("{} {:?}", delivery.received().ms(), delivery.remaining())))
        }

        fn poll(&self, poll: &Poll) -> Result<EventPage, Failure> {
            Err(Failure::internal(format!("{} {:?}", poll.now().ms(), poll.remaining())))
        }
    }

    let host = || Host::new().now("2026-01-21T00:00:00Z").remaining(Duration::from_millis(900));
    let told = Failure::internal("1768953600000 900ms");
    assert_eq!(host().receive::<Clock>(&[], b"{}"), Err(told.clone()));
    assert_eq!(host().poll::<Clock>(None), Err(told));
}

#[test]
fn an_input_that_does_not_fit_names_the_field() {
    let failure = Host::new().run::<Demo>("demo.note.add", json!({"order": "SECRET", "text": ""})).unwrap_err();
    let expected = Failure::invalid("/order", "This value is not in the expected form.")
        .detail("failed to read the input: at `/order`: invalid type: string, expected u64");
    assert_eq!(failure, expected);
}

#[test]
fn a_write_is_sent_as_written_and_logged() {
    let host = Host::new().idempotency_key("k-1").expect(
        Exchange::post("/orders/7/notes.json")
            .endpoint("admin")
            .header("Idempotency-Key", "k-1")
            .json(json!({"note": "hello"}))
            .reply_json(201, json!({"id": 42})),
    );
    host.with("demo.note.add", |call| {
        let output = Demo.handle(call, r#"{"order":7,"text":"hello"}"#).unwrap();
        assert_eq!(output, r#"{"id":42}"#);
        let logged = testing::logged();
        assert_eq!(logged.len(), 1);
        assert_eq!(logged[0].message, "added a note");
        assert_eq!(logged[0].fields, [("id".to_owned(), "42".to_owned()), ("order".to_owned(), "7".to_owned())]);
    });
}

#[test]
fn a_write_is_looked_for_by_the_key_it_was_sent_with() {
    let look = |kept: Value| {
        let exchange = Exchange::get("/orders/7/notes.json").endpoint("admin").reply_json(200, kept);
        let host = Host::new().idempotency_key("k-1").expect(exchange);
        host.settle::<Demo>("demo.note.add", json!({"order": 7, "text": "hello"}))
    };
    let other = json!({"id": 1, "key": "k-0"});
    assert_eq!(look(json!([other, {"id": 42, "key": "k-1"}])), Ok(Settled::Applied(json!({"id": 42}))));
    assert_eq!(look(json!([other])), Ok(Settled::NotApplied));
    assert_eq!(look(json!([{"id": 2, "key": "k-1"}, {"id": 3, "key": "k-1"}])), Ok(Settled::Unknown));
    assert_eq!(look(json!({})).unwrap_err().kind.code(), "internal");
    // An intent without such a method cannot be told, and neither can a connector without any.
    let nothing = |settled| assert_eq!(settled, Ok(Settled::Unknown));
    nothing(Host::new().settle::<Demo>("order.status", json!({})));
    nothing(Host::new().settle::<Bare>("demo.note.add", json!({"order": 7, "text": ""})));
}

#[test]
fn a_vendors_rule_and_a_vendors_fault_are_told_apart() {
    let failure = |exchange: Exchange| {
        let exchange = exchange.json(json!({"note": ""}));
        Host::new().expect(exchange).run::<Demo>("demo.note.add", json!({"order": 7, "text": ""})).unwrap_err().kind
    };
    let post = || Exchange::post("/orders/7/notes.json");
    assert_eq!(failure(post().reply(422)), Failure::rejected("This note is too long.").kind);
    assert_eq!(failure(post().reply(503)), Failure::unavailable().kind);
    assert_eq!(failure(post().times_out()), Failure::timeout().kind);
    assert_eq!(failure(post().reply_text(200, "<html>")), Failure::internal("").kind);
}

#[test]
fn recorded_cases_are_answered_as_recorded() {
    testing::replay_folder::<Demo>("tests/fixtures");
}

#[test]
fn a_description_can_be_made_by_hand() {
    assert_eq!(Description::new(vec![]).contract, "1.1.0");
}
