//! Lantern's types as they come: only the fields that are read. What may be absent is an `Option`.

use jackfield_sdk::prelude::Money;
use serde::Deserialize;

/// An order.
#[derive(Debug, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) number: String,
    pub(crate) state: String,
    pub(crate) buyer: Option<Buyer>,
    pub(crate) ordered_at: Option<String>,
    pub(crate) lines: Vec<Line>,
}

/// Who ordered.
#[derive(Debug, Deserialize)]
pub(crate) struct Buyer {
    pub(crate) email: Option<String>,
}

/// One article of an order.
#[derive(Debug, Deserialize)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) pieces: u32,
    #[serde(flatten)]
    pub(crate) price: Price,
}

/// The answer to a search.
#[derive(Debug, Deserialize)]
pub(crate) struct Articles {
    pub(crate) articles: Vec<Article>,
    pub(crate) total: u64,
}

/// Something that is sold.
#[derive(Debug, Deserialize)]
pub(crate) struct Article {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) stock: Option<i64>,
    #[serde(flatten)]
    pub(crate) price: Price,
}

/// Lantern writes amounts in cents.
#[derive(Debug, Deserialize)]
pub(crate) struct Price {
    cents: i64,
    currency: String,
}

impl Price {
    /// In the catalogue's form; absent where Lantern names no currency that there is.
    pub(crate) fn money(&self) -> Option<Money> {
        Money::from_minor_units(self.cents, &self.currency).ok()
    }
}
