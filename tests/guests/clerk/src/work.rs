//! The work itself, for the guest and for the servers it is measured against: each of them compiles this file.

use serde::{Deserialize, Serialize};

/// What is asked.
#[derive(Deserialize)]
pub(crate) struct Input {
    pub(crate) order_number: String,
    email: String,
    /// Whether the order is asked of the business system; otherwise [`ORDER`] is read.
    #[serde(default)]
    pub(crate) upstream: bool,
}

/// What the business system says.
#[derive(Deserialize)]
pub(crate) struct WireOrder {
    id: u64,
    name: String,
    email: String,
    created_at: String,
    fulfillment_status: Option<String>,
    line_items: Vec<WireItem>,
    tracking: Option<WireTracking>,
}

#[derive(Deserialize)]
struct WireItem {
    title: String,
    quantity: u64,
    price_cents: u64,
}

#[derive(Deserialize)]
struct WireTracking {
    company: String,
    number: String,
}

/// What is answered.
#[derive(Serialize)]
pub(crate) struct Order {
    id: String,
    number: String,
    status: &'static str,
    email: String,
    placed_at: String,
    items: Vec<Item>,
    total: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking: Option<Tracking>,
}

#[derive(Serialize)]
struct Item {
    title: String,
    quantity: u64,
    price: Money,
}

#[derive(Serialize)]
struct Money {
    amount: String,
    currency: &'static str,
}

#[derive(Serialize)]
struct Tracking {
    carrier: String,
    number: String,
}

/// An order as the business system gives it.
pub(crate) const ORDER: &str = r##"{"id":450789469,"name":"#1001","email":"ada@example.com","created_at":"2026-01-20T15:04:05Z","currency":"USD","financial_status":"paid","fulfillment_status":"shipped","line_items":[{"title":"Blue T-Shirt","quantity":1,"price_cents":1999,"sku":"TS-BLUE-M"},{"title":"Black Jeans","quantity":2,"price_cents":5900,"sku":"JE-BLACK-32"}],"tracking":{"company":"UPS","number":"1Z999AA10123456784"},"note":null,"tags":[]}"##;

/// The order in canonical form; nothing when it is somebody else's.
pub(crate) fn order(input: &Input, order: WireOrder) -> Option<Order> {
    if order.name.trim_start_matches('#') != input.order_number || !order.email.eq_ignore_ascii_case(&input.email) {
        return None;
    }
    let cents: u64 = order.line_items.iter().map(|item| item.price_cents * item.quantity).sum();
    let item = |item: WireItem| Item { title: item.title, quantity: item.quantity, price: money(item.price_cents) };
    Some(Order {
        id: order.id.to_string(),
        number: input.order_number.clone(),
        status: match order.fulfillment_status.as_deref() {
            Some("shipped") => "shipped",
            Some(_) => "other",
            None => "pending",
        },
        email: order.email,
        placed_at: order.created_at,
        items: order.line_items.into_iter().map(item).collect(),
        total: money(cents),
        tracking: order.tracking.map(|t| Tracking { carrier: t.company, number: t.number }),
    })
}

fn money(cents: u64) -> Money {
    Money { amount: format!("{}.{:02}", cents / 100, cents % 100), currency: "USD" }
}
