//! The GraphQL documents, as constants: no value of a user can become part of one. Values travel as variables.
//!
//! A fragment that several documents use stands in a file of its own and is joined to each when the crate is compiled.

pub(crate) const ORDER_LOOKUP: &str = include_str!("documents/order_lookup.graphql");
pub(crate) const ORDER_STATUS: &str =
    concat!(include_str!("documents/order_status.graphql"), include_str!("documents/order_summary.graphql"));
pub(crate) const ORDERS_BY_EMAIL: &str =
    concat!(include_str!("documents/orders_by_email.graphql"), include_str!("documents/order_summary.graphql"));
pub(crate) const ORDERS_BY_PHONE: &str =
    concat!(include_str!("documents/orders_by_phone.graphql"), include_str!("documents/order_summary.graphql"));
pub(crate) const PRODUCT_SEARCH: &str = include_str!("documents/product_search.graphql");
pub(crate) const STOCK_BY_SKU: &str =
    concat!(include_str!("documents/stock_by_sku.graphql"), include_str!("documents/stock.graphql"));
pub(crate) const STOCK_BY_PRODUCT: &str =
    concat!(include_str!("documents/stock_by_product.graphql"), include_str!("documents/stock.graphql"));
pub(crate) const RETURNABLE_ITEMS: &str =
    concat!(include_str!("documents/returnable_items.graphql"), include_str!("documents/returns.graphql"));
pub(crate) const OPEN_RETURNS: &str =
    concat!(include_str!("documents/open_returns.graphql"), include_str!("documents/returns.graphql"));
pub(crate) const RETURN_REQUEST: &str = include_str!("documents/return_request.graphql");
pub(crate) const CART_VARIANTS: &str = include_str!("documents/cart_variants.graphql");
pub(crate) const DRAFT_ORDER_CREATE: &str =
    concat!(include_str!("documents/draft_order_create.graphql"), include_str!("documents/draft.graphql"));
pub(crate) const DRAFT_ORDER: &str =
    concat!(include_str!("documents/draft_order.graphql"), include_str!("documents/draft.graphql"));
