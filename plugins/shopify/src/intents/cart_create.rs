//! `cart.create`: a draft order, which has a hosted checkout page. Nothing is bought, nothing is reserved, and what
//! things cost is the shop's word alone.
//!
//! Shopify takes no key for `draftOrderCreate`, so it is never sent twice: a draft that got no answer may exist, and
//! harms nobody.

use jackfield_sdk::{Value, prelude::*};

use crate::{
    admin::Admin,
    documents, faults, names,
    variants::{availability, can_be_ordered, has_sku, is_active},
    wire::{
        draft::{DraftOrder, DraftOrderCreate, LineItem, OneDraftOrder},
        money,
        product::{ProductVariants, Variant},
    },
};

/// How often to look again for totals that Shopify reckons in the background.
const POLLS_MAX: usize = 2;

/// A line for the draft order, and the item of the input that it came from.
struct Line {
    item: usize,
    variant_id: String,
    quantity: u32,
}

pub(crate) fn run(call: &Call, input: CartCreateInput) -> Result<Cart, Failure> {
    let admin = Admin::of(call)?;
    let found: ProductVariants = admin.graphql(documents::CART_VARIANTS, &json!({ "query": search(&input.items)? }))?;
    let (lines, unavailable) = choose(&admin, &input.items, &found.product_variants.nodes)?;
    if lines.is_empty() {
        return Err(Failure::rejected("None of these items can be ordered right now."));
    }
    let draft = create(&admin, &input, &lines)?;
    let draft = poll(&admin, draft)?;
    told(draft, unavailable)
}

/// All variants that are asked for, in one search.
fn search(items: &[CartItemInput]) -> Result<String, Failure> {
    let terms: Result<Vec<String>, Failure> = items.iter().enumerate().map(|(at, item)| term(at, item)).collect();
    let terms = terms?;
    if terms.is_empty() {
        return Err(Failure::invalid("/items", "Please say what to put into the cart."));
    }
    Ok(terms.join(" OR "))
}

fn term(at: usize, item: &CartItemInput) -> Result<String, Failure> {
    match (&item.variant_id, &item.sku) {
        (Some(id), _) => Ok(format!("id:{}", digits_of(at, id)?)),
        (None, Some(sku)) => {
            query::shopify::term("sku", sku).map_err(|failure| failure.at(&format!("/items/{at}/sku")))
        }
        (None, None) => Err(Failure::invalid(format!("/items/{at}/sku"), "Please give the SKU of this item.")),
    }
}

/// The number of a variant's id, whole or alone: `gid://shopify/ProductVariant/1`.
fn digits_of(at: usize, id: &str) -> Result<&str, Failure> {
    let digits = id.strip_prefix("gid://shopify/ProductVariant/").unwrap_or(id);
    query::digits(digits, 20).map_err(|failure| failure.at(&format!("/items/{at}/variant_id")))
}

/// Which variant each item means, and in words what cannot be had.
fn choose(admin: &Admin<'_>, items: &[CartItemInput], found: &[Variant]) -> Result<(Vec<Line>, Vec<String>), Failure> {
    let (mut lines, mut unavailable) = (Vec::new(), Vec::new());
    for (at, item) in items.iter().enumerate() {
        // An id says nothing to a person.
        let asked_for = item.sku.as_deref().unwrap_or("an item that is not sold any more");
        let mut fitting = found.iter().filter(|variant| is_active(variant) && is_meant(at, item, variant));
        match (fitting.next(), fitting.next()) {
            (Some(_), Some(_)) => {
                let sentence = "More than one article has this SKU. Please choose one of them from a search.";
                return Err(Failure::invalid(format!("/items/{at}/sku"), sentence));
            }
            (Some(variant), None) if is_enough(admin, variant, item.quantity) => {
                lines.push(Line { item: at, variant_id: variant.id.clone(), quantity: item.quantity });
            }
            (Some(variant), None) => unavailable.push(variant.display_name.clone()),
            (None, _) => unavailable.push(asked_for.to_owned()),
        }
    }
    Ok((lines, unavailable))
}

/// Each hit is compared: with the id where there is one, and with the SKU where there is one.
fn is_meant(at: usize, item: &CartItemInput, variant: &Variant) -> bool {
    let by_id = item.variant_id.as_deref().is_none_or(|id| {
        digits_of(at, id).is_ok_and(|digits| variant.id.strip_prefix("gid://shopify/ProductVariant/") == Some(digits))
    });
    by_id && item.sku.as_deref().is_none_or(|sku| has_sku(variant, sku))
}

fn is_enough(admin: &Admin<'_>, variant: &Variant, quantity: u32) -> bool {
    match availability(&admin.settings, variant) {
        Availability::InStock | Availability::LowStock => {
            variant.inventory_policy == "CONTINUE" || variant.sellable_online_quantity >= i64::from(quantity)
        }
        other => can_be_ordered(other),
    }
}

/// Makes the draft order. Of the input only variants, quantities and what the customer says about themselves go in.
fn create(admin: &Admin<'_>, input: &CartCreateInput, lines: &[Line]) -> Result<DraftOrder, Failure> {
    let line_items: Vec<Value> =
        lines.iter().map(|line| json!({ "variantId": line.variant_id, "quantity": line.quantity })).collect();
    let mut draft = json!({ "lineItems": line_items, "tags": [admin.settings.draft_tag] });
    if let Some(email) = &input.email {
        draft["email"] = json!(email);
    }
    if let Some(note) = &input.note {
        draft["note"] = json!(note);
    }
    if let Some(code) = &input.discount_code {
        draft["discountCodes"] = json!([code]);
    }
    let made: DraftOrderCreate = admin.graphql(documents::DRAFT_ORDER_CREATE, &json!({ "input": draft }))?;
    let payload = made.draft_order_create;
    let items: Vec<usize> = lines.iter().map(|line| line.item).collect();
    payload
        .draft_order
        .filter(|_| payload.user_errors.is_empty())
        .ok_or_else(|| faults::draft_order(&payload.user_errors, &items))
}

/// Looks again until the totals are there. The cart stands whether they come or not: an answer without a total is
/// better than none.
fn poll(admin: &Admin<'_>, mut draft: DraftOrder) -> Result<DraftOrder, Failure> {
    for _ in 0..POLLS_MAX {
        if draft.ready && draft.invoice_url.is_some() {
            break;
        }
        match admin.graphql::<OneDraftOrder>(documents::DRAFT_ORDER, &json!({ "id": draft.id })) {
            Ok(OneDraftOrder { draft_order: Some(again) }) => draft = again,
            Ok(OneDraftOrder { draft_order: None }) => break,
            Err(failure) if draft.invoice_url.is_none() => return Err(failure),
            Err(failure) => {
                warn!("the draft order's totals could not be read"; failure);
                break;
            }
        }
    }
    Ok(draft)
}

fn told(draft: DraftOrder, unavailable: Vec<String>) -> Result<Cart, Failure> {
    let checkout_url = draft.invoice_url.ok_or_else(|| {
        Failure::unavailable().detail("the draft order was made, but Shopify gave no link to its checkout")
    })?;
    let reckoned = |amount: Option<Money>| amount.filter(|_| draft.ready);
    Ok(Cart {
        subtotal: reckoned(money(&draft.subtotal_price_set)),
        discount_total: reckoned(money(&draft.total_discounts_set)).filter(|amount| !amount.is_zero()),
        total: reckoned(money(&draft.total_price_set)),
        items: draft.line_items.nodes.into_iter().map(LineItem::into_item).collect(),
        id: draft.id,
        checkout_url,
        unavailable,
        ..Cart::default()
    })
}

impl LineItem {
    fn into_item(self) -> CartItem {
        CartItem {
            variant_id: self.variant.map(|variant| variant.id),
            sku: self.sku.filter(|sku| !sku.is_empty()),
            title: self.title,
            variant: self.variant_title.as_deref().and_then(names::variant_title),
            quantity: self.quantity,
            unit_price: money(&self.original_unit_price_set),
            total: money(&self.discounted_total_set),
        }
    }
}
