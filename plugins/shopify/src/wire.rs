//! What Shopify sends, with only the fields that are read. Anything that may be absent is optional, codes stay texts:
//! enums grow each quarter, and a new word must not fail a call.

use jackfield_sdk::{paging::PageInfo, prelude::*};
use serde::Deserialize;

pub(crate) mod draft;
pub(crate) mod order;
pub(crate) mod product;
pub(crate) mod rest;
pub(crate) mod returns;

/// A GraphQL connection.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Nodes<T> {
    pub(crate) nodes: Vec<T>,
    #[serde(default)]
    pub(crate) page_info: PageInfo,
}

impl<T> Default for Nodes<T> {
    fn default() -> Self {
        Nodes { nodes: Vec::new(), page_info: PageInfo::default() }
    }
}

/// An amount in two currencies, of which the customer's is read.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MoneyBag {
    presentment_money: Amount,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Amount {
    pub(crate) amount: String,
    pub(crate) currency_code: String,
}

impl Amount {
    pub(crate) fn money(&self) -> Option<Money> {
        Money::new(&self.amount, &self.currency_code).ok()
    }
}

/// The amount, where there is one that can be understood.
pub(crate) fn money(bag: &Option<MoneyBag>) -> Option<Money> {
    bag.as_ref()?.presentment_money.money()
}

/// An entry of a mutation's `userErrors`.
#[derive(Debug, Deserialize)]
pub(crate) struct UserError {
    #[serde(default)]
    pub(crate) code: Option<String>,
    #[serde(default)]
    field: Option<Vec<String>>,
}

impl UserError {
    pub(crate) fn path(&self) -> Vec<&str> {
        self.field.iter().flatten().map(String::as_str).collect()
    }
}

/// `extensions.cost`. The numbers come with and without a fraction.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Cost {
    pub(crate) requested_query_cost: f64,
    pub(crate) throttle_status: ThrottleStatus,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ThrottleStatus {
    pub(crate) currently_available: f64,
    pub(crate) restore_rate: f64,
}
