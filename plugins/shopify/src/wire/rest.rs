//! Orders and customers as the older REST API gives them (Admin REST API, resources Order, Customer, FulfillmentOrder).
//! Ids are 64-bit numbers.

use jackfield_sdk::prelude::*;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
pub(crate) struct FulfillmentOrder {
    pub(crate) status: String,
    pub(crate) fulfill_by: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Orders {
    pub(crate) orders: Vec<Order>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct FulfillmentOrders {
    pub(crate) fulfillment_orders: Vec<FulfillmentOrder>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Customers {
    pub(crate) customers: Vec<Customer>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Customer {
    pub(crate) id: u64,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) processed_at: Option<String>,
    pub(crate) updated_at: Option<String>,
    pub(crate) cancelled_at: Option<String>,
    pub(crate) cancel_reason: Option<String>,
    pub(crate) financial_status: Option<String>,
    /// Null while nothing is sent.
    pub(crate) fulfillment_status: Option<String>,
    pub(crate) current_subtotal_price_set: Option<MoneySet>,
    pub(crate) current_total_discounts_set: Option<MoneySet>,
    pub(crate) current_total_tax_set: Option<MoneySet>,
    pub(crate) current_total_price_set: Option<MoneySet>,
    pub(crate) total_shipping_price_set: Option<MoneySet>,
    pub(crate) shipping_address: Option<Address>,
    pub(crate) billing_address: Option<Address>,
    #[serde(default)]
    pub(crate) note_attributes: Vec<Attribute>,
    #[serde(default)]
    pub(crate) line_items: Vec<LineItem>,
    #[serde(default)]
    pub(crate) fulfillments: Vec<Fulfillment>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MoneySet {
    presentment_money: Amount,
}

#[derive(Debug, Deserialize)]
struct Amount {
    amount: String,
    currency_code: String,
}

/// The amount that the customer sees, where there is one that can be understood.
pub(crate) fn money(set: &Option<MoneySet>) -> Option<Money> {
    let amount = &set.as_ref()?.presentment_money;
    Money::new(&amount.amount, &amount.currency_code).ok()
}

#[derive(Debug, Deserialize)]
pub(crate) struct Address {
    pub(crate) city: Option<String>,
    pub(crate) province_code: Option<String>,
    pub(crate) country_code: Option<String>,
    pub(crate) zip: Option<String>,
    pub(crate) phone: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Attribute {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) value: jackfield_sdk::Value,
}

#[derive(Debug, Deserialize)]
pub(crate) struct LineItem {
    pub(crate) id: u64,
    pub(crate) title: String,
    pub(crate) variant_title: Option<String>,
    pub(crate) sku: Option<String>,
    pub(crate) quantity: u32,
    pub(crate) current_quantity: Option<u32>,
    pub(crate) fulfillable_quantity: Option<u32>,
    pub(crate) price_set: Option<MoneySet>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Fulfillment {
    pub(crate) id: u64,
    pub(crate) status: Option<String>,
    pub(crate) shipment_status: Option<String>,
    pub(crate) created_at: Option<String>,
    pub(crate) tracking_company: Option<String>,
    #[serde(default)]
    pub(crate) tracking_numbers: Vec<String>,
    #[serde(default)]
    pub(crate) tracking_urls: Vec<String>,
    #[serde(default)]
    pub(crate) line_items: Vec<ShippedItem>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ShippedItem {
    pub(crate) title: String,
    pub(crate) sku: Option<String>,
    pub(crate) quantity: u32,
}
