//! What a shop's customer may ask for, and the words of a shop. The wording of the answers is in `templates/`.

mod cart;
mod order;
mod product;
mod returns;
mod stock;

pub use cart::{Cart, CartCreateInput, CartItem, CartItemInput};
pub use order::{
    FulfilmentStatus, LineItem, Order, OrderList, OrderPaymentStatus, OrderReturnStatus, OrderSearchInput, OrderStatus,
    OrderStatusInput, Place, Shipment, ShipmentStatus, ShippedItem,
};
pub use product::{PriceRange, Product, ProductList, ProductSearchInput, ProductVariant};
pub use returns::{
    Return, ReturnItem, ReturnItemInput, ReturnReason, ReturnResolution, ReturnStartInput, ReturnStatus,
};
pub use stock::{Availability, InventoryCheckInput, StockLevel, StockLevelList, StockLocation};

#[cfg(test)]
mod tests;
