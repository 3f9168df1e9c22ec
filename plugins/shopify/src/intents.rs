//! One file for each intent: the story of what happens. What is shared by several stands beside this folder.

pub(crate) mod cart_create;
pub(crate) mod inventory_check;
pub(crate) mod order_search;
pub(crate) mod order_status;
pub(crate) mod product_search;
pub(crate) mod return_start;
