//! Every step fails in every way: what was done before is never told as a failure, and what nobody knows is never told
//! as done or undone.

use jackfield_return_desk::ReturnDesk;
use jackfield_sdk::{Value, prelude::*, testing::Host};

const INTENT: &str = "return_desk.return.arrange";

/// Every failure that a connector can answer with.
fn failures() -> Vec<Failure> {
    vec![
        Failure::invalid("/input/order_number", "This is not right."),
        Failure::not_found(),
        Failure::duplicate_of("9"),
        Failure::denied(),
        Failure::reauth_required(),
        Failure::conflict(),
        Failure::rate_limited(None),
        Failure::rejected("No."),
        Failure::unavailable(),
        Failure::timeout(),
        Failure::unsupported(),
        Failure::internal("broken"),
    ]
}

/// What the desk makes of the answers to its four questions. A question that is not among them fails the test.
fn arrange(
    order: Result<Value, Failure>,
    made: Option<Result<Value, Failure>>,
    ticket: Option<Result<Value, Failure>>,
    logged: Option<Result<Value, Failure>>,
) -> Result<Value, Failure> {
    let proof = json!({"order_number": "1001", "email": "ada@acme.example"});
    let mut host = Host::new().intent("order.status", proof.clone(), order);
    if let Some(made) = made {
        let mut input = proof.clone();
        input["items"] = json!([{"sku": "A", "quantity": 1, "reason": "style"}]);
        host = host.intent("return.start", input, made);
    }
    let state = "Order: #1001, id 4, delivered";
    let items = "Items:\n- 1 × A, style or colour";
    let standings = [
        ("Return R-1 for order #1001", "R-1, id 7, approved", "Wait for the items.", "Return R-1 registered"),
        (
            "Return for order #1001",
            "there was one already, id 9; no other was started",
            "See whether the return that was there covers what the customer asks for.",
            "A return was there already",
        ),
        (
            "Return for order #1001",
            "not started",
            "Register the return in the shop: the desk did not.",
            "Return left to staff",
        ),
    ];
    for (subject, standing, open, became) in standings {
        if let Some(ticket) = &ticket {
            let description = format!("Return: {standing}\n{state}\nTo do: {open}\n\n{items}");
            let input = json!({
                "subject": subject, "description": description, "requester_email": "ada@acme.example",
                "type": "request", "channel": "chat",
            });
            host = host.intent("ticket.create", input, ticket.clone());
        }
        let tickets = [
            "ticket 8 opened",
            "ticket 9 was there already",
            "the ticket could not be opened",
            "not known whether a ticket was opened",
            "no ticket",
        ];
        for opened in tickets.iter().filter(|_| logged.is_some()) {
            let input = json!({
                "email": "ada@acme.example", "channel": "chat", "subject": subject,
                "outcome": format!("{became}; {opened}."),
            });
            host = host.intent("interaction.log", input, logged.clone().unwrap_or_else(|| Ok(Value::Null)));
        }
    }
    let mut input = proof;
    input["items"] = json!([{"sku": "A"}]);
    input["reason"] = json!("style");
    host.run::<ReturnDesk>(INTENT, input)
}

fn order() -> Result<Value, Failure> {
    Ok(json!({"id": "4", "number": "1001", "status": "delivered", "cancelled": false, "email": "ada@acme.example"}))
}

fn made() -> Option<Result<Value, Failure>> {
    Some(Ok(json!({"id": "7", "number": "R-1", "order_number": "1001", "status": "approved"})))
}

fn ticket() -> Option<Result<Value, Failure>> {
    Some(Ok(json!({"id": "8", "subject": "s", "status": "open"})))
}

fn logged() -> Option<Result<Value, Failure>> {
    Some(Ok(json!({"id": "6", "channel": "chat", "subject": "s"})))
}

/// Outcome, whether somebody must look after it, and the status of each step.
fn told(output: &Value) -> (&str, bool, Vec<&str>) {
    let steps = output["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    let statuses = steps.iter().filter_map(|step| step["status"].as_str()).collect();
    (output["outcome"].as_str().unwrap_or_default(), output["needs_follow_up"] == true, statuses)
}

#[test]
fn all_steps_are_done_when_nothing_fails() {
    let output = arrange(order(), made(), ticket(), logged()).unwrap();
    assert_eq!(told(&output), ("registered", false, vec!["done"; 4]));
}

#[test]
fn without_the_order_nothing_is_begun_and_the_failure_is_that_of_the_shop() {
    for failure in failures() {
        let code = failure.kind.code();
        let answer = arrange(Err(failure), None, None, None);
        assert_eq!(answer.map_err(|failure| failure.kind.code()), Err(code));
    }
}

#[test]
fn what_the_shop_refuses_is_refused_and_what_it_leaves_open_is_told_as_open() {
    for failure in failures() {
        let code = failure.kind.code();
        match code {
            "duplicate" | "unsupported" => {
                let output = arrange(order(), Some(Err(failure)), ticket(), logged()).unwrap();
                let (outcome, step) =
                    if code == "duplicate" { ("already_registered", "done") } else { ("handed_over", "skipped") };
                assert_eq!(told(&output), (outcome, false, vec!["done", step, "done", "done"]));
            }
            "timeout" | "unavailable" | "internal" => {
                let output = arrange(order(), Some(Err(failure)), None, None).unwrap();
                assert_eq!(told(&output), ("unknown", true, vec!["done", "unknown", "skipped", "skipped"]), "{code}");
            }
            _ => {
                let answer = arrange(order(), Some(Err(failure)), None, None);
                assert_eq!(answer.map_err(|failure| failure.kind.code()), Err(code));
            }
        }
    }
}

#[test]
fn a_return_that_is_there_is_told_of_whatever_becomes_of_the_ticket() {
    for failure in failures() {
        let code = failure.kind.code();
        let output = arrange(order(), made(), Some(Err(failure)), logged()).unwrap();
        let (step, needs_follow_up) = match code {
            "duplicate" => ("done", false),
            "unsupported" => ("skipped", false),
            "timeout" | "unavailable" | "internal" => ("unknown", true),
            _ => ("failed", true),
        };
        assert_eq!(told(&output), ("registered", needs_follow_up, vec!["done", "done", step, "done"]), "{code}");
    }
}

#[test]
fn a_return_that_is_there_is_told_of_whatever_becomes_of_the_entry_in_the_crm() {
    for failure in failures() {
        let code = failure.kind.code();
        let output = arrange(order(), made(), ticket(), Some(Err(failure))).unwrap();
        let step = match code {
            "duplicate" => "done",
            "unsupported" => "skipped",
            "timeout" | "unavailable" | "internal" => "unknown",
            _ => "failed",
        };
        assert_eq!(told(&output), ("registered", false, vec!["done", "done", "done", step]), "{code}");
    }
}

#[test]
fn answers_that_cannot_be_read_are_told_as_unknown_and_never_as_undone() {
    let strange = || Some(Ok(json!("no model")));
    let output = arrange(order(), strange(), None, None).unwrap();
    assert_eq!(told(&output).0, "unknown");
    let output = arrange(order(), made(), strange(), strange()).unwrap();
    assert_eq!(told(&output), ("registered", true, vec!["done", "done", "unknown", "unknown"]));
}
