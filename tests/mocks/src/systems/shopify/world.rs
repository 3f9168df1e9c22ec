//! The shop's state: JSON objects shaped like the GraphQL types, joined by ids. Answers for storage and simple sums only.
//! Members whose names begin with an underscore are the simulation's own and never leave it.

mod orders;
mod products;

use jiff::{Timestamp, Unit};
use serde_json::{Value, json};

pub(super) struct World {
    pub(super) shop: Value,
    pub(super) locations: Vec<Value>,
    pub(super) products: Vec<Value>,
    pub(super) variants: Vec<Value>,
    pub(super) customers: Vec<Value>,
    pub(super) orders: Vec<Value>,
    pub(super) returns: Vec<Value>,
    pub(super) drafts: Vec<Value>,
    pub(super) return_reasons: Vec<Value>,
    /// The last id given to something made after the seed.
    last_id: u64,
}

pub(super) fn gid(kind: &str, id: u64) -> String {
    format!("gid://shopify/{kind}/{id}")
}

/// The number at the end of a global id, which is also the REST id.
pub(super) fn legacy(gid: &str) -> Option<u64> {
    let (_, last) = gid.rsplit_once('/')?;
    last.split('?').next()?.parse().ok()
}

/// Now, as the Admin API writes it: UTC to the second.
pub(super) fn now() -> String {
    let now = Timestamp::now();
    now.round(Unit::Second).unwrap_or(now).to_string()
}

/// An amount in cents as MoneyV2 writes it: a decimal string that keeps at least one decimal place.
pub(super) fn decimal(cents: i64) -> String {
    let text = format!("{}.{:02}", cents / 100, cents % 100);
    match text.strip_suffix('0') {
        Some(short) => short.to_owned(),
        None => text,
    }
}

/// An amount in cents as the Money scalar and REST write it: two decimal places.
pub(super) fn money(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

/// Reads back what `decimal` and `money` write.
pub(super) fn cents(amount: &str) -> Option<i64> {
    let (whole, fraction) = amount.split_once('.').unwrap_or((amount, ""));
    let fraction = format!("{fraction:0<2}");
    if fraction.len() != 2 || whole.starts_with('-') {
        return None;
    }
    Some(whole.parse::<i64>().ok()? * 100 + fraction.parse::<i64>().ok()?)
}

/// The same amount in the shop's currency and in the one shown to the buyer.
pub(super) fn bag(shop_cents: i64, presentment: Option<(i64, &str)>) -> Value {
    let (shown, currency) = presentment.unwrap_or((shop_cents, "USD"));
    json!({
        "shopMoney": { "amount": decimal(shop_cents), "currencyCode": "USD" },
        "presentmentMoney": { "amount": decimal(shown), "currencyCode": currency },
    })
}

/// Text of a member, or nothing.
pub(super) fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

pub(super) fn list<'a>(value: &'a Value, member: &str) -> &'a [Value] {
    value[member].as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn by_id<'a>(items: &'a [Value], id: &str) -> Option<&'a Value> {
    items.iter().find(|item| item["id"] == id)
}

impl World {
    pub(super) fn seed() -> Self {
        let mut world = Self {
            shop: shop(),
            locations: Vec::new(),
            products: Vec::new(),
            variants: Vec::new(),
            customers: Vec::new(),
            orders: Vec::new(),
            returns: Vec::new(),
            drafts: Vec::new(),
            return_reasons: return_reasons(),
            last_id: 9_000_000_000,
        };
        products::seed(&mut world);
        orders::seed(&mut world);
        world
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(super) fn variants_of(&self, product: &str) -> impl Iterator<Item = &Value> {
        self.variants.iter().filter(move |variant| variant["_product"] == product)
    }

    /// Units that can be sold at all locations together; may be negative.
    pub(super) fn available(variant: &Value) -> i64 {
        list(variant, "_levels").iter().filter_map(|level| level["available"].as_i64()).sum()
    }

    pub(super) fn for_sale(&self, variant: &Value) -> bool {
        let active =
            by_id(&self.products, text(variant, "_product")).is_some_and(|product| product["status"] == "ACTIVE");
        active
            && (variant["_tracked"] == false
                || variant["inventoryPolicy"] == "CONTINUE"
                || Self::available(variant) > 0)
    }

    /// The order, its fulfilment and the fulfilment's line item with this id.
    pub(super) fn fulfilled_line(&self, id: &str) -> Option<(&Value, &Value, &Value)> {
        self.orders.iter().find_map(|order| {
            list(order, "fulfillments").iter().find_map(|fulfillment| {
                let line = by_id(list(fulfillment, "fulfillmentLineItems"), id)?;
                Some((order, fulfillment, line))
            })
        })
    }

    /// What is left to return of a fulfilled line: declined and cancelled returns do not count.
    pub(super) fn returnable(&self, fulfilled: &Value) -> i64 {
        let taken: i64 = self
            .returns
            .iter()
            .filter(|entry| !matches!(text(entry, "status"), "DECLINED" | "CANCELED"))
            .flat_map(|entry| list(entry, "returnLineItems"))
            .filter(|line| line["_fulfillmentLineItem"] == fulfilled["id"])
            .filter_map(|line| line["quantity"].as_i64())
            .sum();
        fulfilled["quantity"].as_i64().unwrap_or_default() - taken
    }
}

fn shop() -> Value {
    json!({
        "id": gid("Shop", 690933842),
        "name": "Demo Shop",
        "description": "A shop for demonstrations",
        "email": "owner@demo-shop.example",
        "contactEmail": "hello@demo-shop.example",
        "createdAt": "2024-05-02T08:00:00Z",
        "updatedAt": "2026-01-02T08:00:00Z",
        "currencyCode": "USD",
        "enabledPresentmentCurrencies": ["USD", "EUR"],
        "ianaTimezone": "America/New_York",
        "timezoneAbbreviation": "EST",
        "timezoneOffset": "-0500",
        "timezoneOffsetMinutes": -300,
        "myshopifyDomain": "demo-shop.myshopify.com",
        "orderNumberFormatPrefix": "#",
        "orderNumberFormatSuffix": "",
        "primaryDomain": {
            "id": gid("Domain", 1),
            "host": "demo-shop.example",
            "sslEnabled": true,
            "url": "https://demo-shop.example",
        },
        "shipsToCountries": ["US", "DE"],
        "taxesIncluded": false,
        "url": "https://demo-shop.example",
    })
}

fn return_reasons() -> Vec<Value> {
    [
        ("color", "Color"),
        ("defective", "Damaged or defective"),
        ("not-as-described", "Not as described"),
        ("other", "Other"),
        ("size-too-large", "Too big"),
        ("size-too-small", "Too small"),
        ("style", "Style"),
        ("unwanted", "Changed my mind"),
        ("wrong-item", "Received wrong item"),
    ]
    .iter()
    .zip(1..)
    .map(|((handle, name), id)| {
        json!({
            "id": gid("ReturnReasonDefinition", id),
            "handle": handle,
            "name": name,
            "deleted": false,
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_keep_one_decimal_place_at_least() {
        assert_eq!(decimal(7899), "78.99");
        assert_eq!(decimal(5900), "59.0");
        assert_eq!(money(5900), "59.00");
        assert_eq!(cents("59.0"), Some(5900));
        assert_eq!(cents("59"), Some(5900));
        assert_eq!(cents("x"), None);
    }

    #[test]
    fn every_order_total_is_the_sum_of_its_lines() {
        for order in World::seed().orders {
            for money in ["shopMoney", "presentmentMoney"] {
                let amount = |bag: &Value| cents(text(&bag[money], "amount")).unwrap();
                let sum: i64 = list(&order, "lineItems").iter().map(|line| amount(&line["originalTotalSet"])).sum();
                assert_eq!(amount(&order["totalPriceSet"]), sum, "{}", order["name"]);
            }
        }
    }
}
