//! The connection's settings as `connector.toml` declares them, with the same defaults. What they do is said there.

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    pub(crate) api_version: String,
    pub(crate) order_api: OrderApi,
    pub(crate) order_prefix: String,
    pub(crate) order_suffix: String,
    pub(crate) ship_by: bool,
    pub(crate) locations: bool,
    pub(crate) quantities: bool,
    pub(crate) low_stock_at: u32,
    pub(crate) draft_tag: String,
}

/// Where orders are looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum OrderApi {
    Graphql,
    Rest,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            api_version: "2026-10".to_owned(),
            order_api: OrderApi::Graphql,
            order_prefix: "#".to_owned(),
            order_suffix: String::new(),
            ship_by: true,
            locations: true,
            quantities: false,
            low_stock_at: 5,
            draft_tag: "chatbot".to_owned(),
        }
    }
}
