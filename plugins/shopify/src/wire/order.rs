//! Orders as GraphQL gives them (Admin API, types `Order`, `Fulfillment`, `FulfillmentOrder`, `LineItem`).

use serde::Deserialize;

use super::{MoneyBag, Nodes};

#[derive(Debug, Deserialize)]
pub(crate) struct Orders<T> {
    pub(crate) orders: Nodes<T>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OneOrder {
    pub(crate) order: Option<Order>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OneCustomer {
    pub(crate) customer_by_identifier: Option<Customer>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Customer {
    pub(crate) default_phone_number: Option<PhoneNumber>,
    pub(crate) orders: Nodes<Order>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PhoneNumber {
    pub(crate) phone_number: String,
}

/// Whose order it is. Null where the app may not see customer data.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Owned {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) shipping_address: Option<Contact>,
    pub(crate) billing_address: Option<Contact>,
}

/// What of an address proves something.
#[derive(Debug, Deserialize)]
pub(crate) struct Contact {
    pub(crate) zip: Option<String>,
    pub(crate) phone: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) processed_at: Option<String>,
    pub(crate) updated_at: Option<String>,
    pub(crate) cancelled_at: Option<String>,
    pub(crate) cancel_reason: Option<String>,
    pub(crate) display_financial_status: Option<String>,
    pub(crate) display_fulfillment_status: Option<String>,
    pub(crate) return_status: Option<String>,
    pub(crate) current_subtotal_price_set: Option<MoneyBag>,
    pub(crate) current_total_discounts_set: Option<MoneyBag>,
    pub(crate) total_shipping_price_set: Option<MoneyBag>,
    pub(crate) current_total_tax_set: Option<MoneyBag>,
    pub(crate) current_total_price_set: Option<MoneyBag>,
    pub(crate) total_refunded_set: Option<MoneyBag>,
    pub(crate) shipping_address: Option<Place>,
    pub(crate) custom_attributes: Vec<Attribute>,
    pub(crate) line_items: Nodes<LineItem>,
    pub(crate) fulfillments: Vec<Fulfillment>,
    pub(crate) fulfillment_orders: Nodes<FulfillmentOrder>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Place {
    pub(crate) city: Option<String>,
    pub(crate) province_code: Option<String>,
    pub(crate) country_code_v2: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Attribute {
    pub(crate) key: String,
    pub(crate) value: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineItem {
    pub(crate) id: String,
    pub(crate) title: String,
    pub(crate) variant_title: Option<String>,
    pub(crate) sku: Option<String>,
    pub(crate) quantity: u32,
    pub(crate) current_quantity: u32,
    pub(crate) unfulfilled_quantity: u32,
    pub(crate) discounted_unit_price_set: Option<MoneyBag>,
    pub(crate) discounted_total_set: Option<MoneyBag>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Fulfillment {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) display_status: Option<String>,
    pub(crate) created_at: Option<String>,
    pub(crate) estimated_delivery_at: Option<String>,
    pub(crate) delivered_at: Option<String>,
    pub(crate) tracking_info: Vec<TrackingInfo>,
    pub(crate) fulfillment_line_items: Nodes<FulfillmentLineItem>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct TrackingInfo {
    pub(crate) company: Option<String>,
    pub(crate) number: Option<String>,
    pub(crate) url: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FulfillmentLineItem {
    pub(crate) quantity: Option<u32>,
    pub(crate) line_item: ShippedItem,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ShippedItem {
    pub(crate) title: String,
    pub(crate) sku: Option<String>,
}

/// The shop's plan for sending something.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FulfillmentOrder {
    pub(crate) status: String,
    pub(crate) fulfill_by: Option<String>,
}
