//! The system's types as they come: only the fields that are read. What may be absent is an `Option`.

use serde::Deserialize;

/// A material and how much of it there is.
#[derive(Debug, Deserialize)]
pub(crate) struct Material {
    pub(crate) id: String,
    pub(crate) sku: Option<String>,
    pub(crate) name: String,
    pub(crate) stock: String,
    pub(crate) quantity: Option<f64>,
    pub(crate) unit: Option<String>,
}
