//! Which token may do what (Shopify Admin API access scopes, as documented per type and mutation).

use crate::credentials::{SHOPIFY_CATALOGUE_TOKEN, SHOPIFY_READ_ONLY_TOKEN, SHOPIFY_TOKEN};

pub(super) type Scopes = &'static [&'static str];

const EVERYTHING: Scopes = &[
    "read_orders",
    "read_all_orders",
    "read_products",
    "read_inventory",
    "read_locations",
    "read_customers",
    "read_returns",
    "read_draft_orders",
    "read_merchant_managed_fulfillment_orders",
    "write_returns",
    "write_draft_orders",
];
const READ_ONLY: Scopes = &[
    "read_orders",
    "read_all_orders",
    "read_products",
    "read_inventory",
    "read_locations",
    "read_customers",
    "read_returns",
    "read_draft_orders",
    "read_merchant_managed_fulfillment_orders",
];
const CATALOGUE: Scopes = &["read_products"];

/// The scopes of a token, or nothing for one the shop does not know.
pub(super) fn of(token: &str) -> Option<Scopes> {
    match token {
        SHOPIFY_TOKEN => Some(EVERYTHING),
        SHOPIFY_READ_ONLY_TOKEN => Some(READ_ONLY),
        SHOPIFY_CATALOGUE_TOKEN => Some(CATALOGUE),
        _ => None,
    }
}

pub(super) fn describe(scope: &str) -> String {
    let words = scope.replace('_', " ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_ascii_uppercase().to_string() + letters.as_str(),
        None => words,
    }
}

/// Whether a field may be selected; the error is the access the vendor says it needs.
pub(super) fn check(scopes: &Scopes, parent: &str, field: &str, named_type: &str) -> Result<(), &'static str> {
    let has = |scope: &str| scopes.contains(&scope);
    let kind = named_type.strip_suffix("Connection").or_else(|| named_type.strip_suffix("Edge")).unwrap_or(named_type);
    let (granted, required) = match (parent, field, kind) {
        ("Mutation", "returnRequest", _) => {
            (has("write_returns"), "`write_returns` access scope or `write_marketplace_returns` access scope.")
        }
        ("Mutation", "draftOrderCreate", _) => (
            has("write_draft_orders"),
            "`write_draft_orders` access scope or `write_quick_sale` access scope. Also: The user must have access to \
             manage draft orders.",
        ),
        ("Mutation", "draftOrderInvoiceSend", _) => (
            has("write_draft_orders"),
            "`write_draft_orders` access scope. Also: The user must have access to manage draft orders.",
        ),
        (_, _, "Order" | "Fulfillment" | "Refund") => (has("read_orders"), "`read_orders` access scope."),
        (_, _, "Product" | "ProductVariant") => (has("read_products"), "`read_products` access scope."),
        (_, _, "InventoryItem") => (
            has("read_inventory") || has("read_products"),
            "`read_inventory` access scope or `read_products` access scope.",
        ),
        (_, _, "InventoryLevel") => (has("read_inventory"), "`read_inventory` access scope."),
        (_, _, "Location") => (
            has("read_locations") || has("read_inventory"),
            "`read_locations` access scope, `read_inventory` access scope or `read_markets_home` access scope.",
        ),
        (_, _, "Customer") => (has("read_customers"), "`read_customers` access scope."),
        (_, _, "DraftOrder") => {
            (has("read_draft_orders"), "`read_draft_orders` access scope or `read_quick_sale` access scope.")
        }
        (_, _, "FulfillmentOrder") => (
            has("read_merchant_managed_fulfillment_orders"),
            "`read_assigned_fulfillment_orders` access scope, `read_merchant_managed_fulfillment_orders` access scope, \
             `read_third_party_fulfillment_orders` access scope or `read_marketplace_fulfillment_orders` access scope.",
        ),
        (_, _, "Return" | "ReturnReasonDefinition") => (has("read_returns"), "`read_returns` access scope."),
        (_, _, "ReturnableFulfillment") => (
            has("read_orders") && has("read_returns"),
            "`read_orders` access scope. Also: Requires the `read_returns` access scope.",
        ),
        _ => (true, ""),
    };
    if granted { Ok(()) } else { Err(required) }
}
