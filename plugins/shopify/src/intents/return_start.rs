//! `return.start`: the customer asks to send items back; the shop's staff decide. Nothing is refunded here.
//!
//! Shopify takes no key for `returnRequest`, so that sending it twice asks twice. Therefore: look for an open return
//! before, send once, and after an answer that did not come look again instead of sending again.

use jackfield_sdk::{Value, prelude::*, settle};

use crate::{
    admin::Admin,
    documents, faults, names,
    orders::{self, OrderNumber, graphql::Proven},
    wire::returns::{
        LineItem, OpenReturns, OrderReturns, Return as Wire, ReturnRequest, ReturnableItems, ReturnableLine,
    },
};

/// Shopify's bound for `customerNote`.
const NOTE_CHARS_MAX: usize = 300;

/// A line of the request, and the item of the input that it came from.
struct Line {
    item: usize,
    fulfillment_line_item_id: String,
    quantity: u32,
}

pub(crate) fn run(call: &Call, input: ReturnStartInput) -> Result<Return, Failure> {
    // Before the first request: who gives no proof is asked for one whether the order exists or not.
    let (email, phone) = (input.email.as_deref(), input.phone.as_deref());
    let ownership = Ownership::from(call, email, phone, input.postal_code.as_deref())?;
    let admin = Admin::of(call)?;
    let number = OrderNumber::parse(&input.order_number, &admin.settings)?;
    let order = orders::graphql::find(&admin, &number, &ownership)?;

    let items: ReturnableItems = admin.graphql(documents::RETURNABLE_ITEMS, &json!({ "orderId": order.id }))?;
    refuse_duplicate(&input, items.order.as_ref())?;
    let (returnable, all) = returnable(items);
    let lines = choose(&input, &returnable, all)?;

    let made = request(&admin, &order, &input, &lines)?;
    let items = input.items.iter().enumerate().map(|(at, item)| {
        let chosen = lines.iter().find(|line| line.item == at);
        let line = chosen.and_then(|line| {
            returnable.iter().find(|known| known.fulfillment_line_item.id == line.fulfillment_line_item_id)
        });
        told_item(item, line.map(|line| &line.fulfillment_line_item.line_item))
    });
    Ok(told(&admin, &order, items.collect(), made))
}

/// Whether it was asked for: by an open return of the same items that has come since the call began. Shopify has no place in
/// a return for a mark of ours; a return of the same items before would have refused the call.
pub(crate) fn settle(call: &Call, input: ReturnStartInput) -> Result<Settled<Return>, Failure> {
    let (email, phone) = (input.email.as_deref(), input.phone.as_deref());
    let ownership = Ownership::from(call, email, phone, input.postal_code.as_deref())?;
    let admin = Admin::of(call)?;
    let number = OrderNumber::parse(&input.order_number, &admin.settings)?;
    let order = orders::graphql::find(&admin, &number, &ownership)?;

    let read: OpenReturns = admin.graphql(documents::OPEN_RETURNS, &json!({ "orderId": order.id }))?;
    let mut returns = read.order.map(|order| order.returns.nodes).ok_or_else(Failure::not_found)?;
    let made_at = |known: &Wire| known.created_at.as_deref().and_then(Instant::parse);
    let has_all =
        |known: &Wire| input.items.iter().all(|item| lines_of(known).any(|(article, _)| is_meant(item, article)));
    let is_ours = |known: &Wire| made_at(known).is_some_and(|at| settle::is_since(call, at)) && has_all(known);
    if let Some(at) = returns.iter().position(is_ours) {
        let made = returns.swap_remove(at);
        let items = input.items.iter().map(|item| {
            let article = lines_of(&made).map(|(article, _)| article).find(|article| is_meant(item, article));
            told_item(item, article)
        });
        let items = items.collect();
        return Ok(Settled::Applied(told(&admin, &order, items, made)));
    }
    // Read of the order itself and not searched for, so that a return is there as soon as it is made; the newest first, so
    // that those which are not read are older still.
    let none_since = returns.iter().all(|known| made_at(known).is_some_and(|at| settle::is_before(call, at)));
    Ok(if none_since { Settled::NotApplied } else { Settled::Unknown })
}

/// An item that is on its way back, or waits for the shop's word, cannot be asked for again.
fn refuse_duplicate(input: &ReturnStartInput, order: Option<&OrderReturns>) -> Result<(), Failure> {
    let open = order.iter().flat_map(|order| &order.returns.nodes).filter(|known| is_open(known));
    for known in open {
        let mut articles = lines_of(known).map(|(article, _)| article);
        if articles.any(|article| input.items.iter().any(|item| is_meant(item, article))) {
            return Err(Failure::duplicate_of(&known.id));
        }
    }
    Ok(())
}

fn is_open(known: &Wire) -> bool {
    matches!(known.status.as_str(), "REQUESTED" | "OPEN")
}

/// The articles of a return, with the ids of the fulfilled lines that they came in.
fn lines_of(known: &Wire) -> impl Iterator<Item = (&LineItem, &str)> {
    let lines = known.return_line_items.nodes.iter().filter_map(|line| line.fulfillment_line_item.as_ref());
    lines.map(|line| (&line.line_item, line.id.as_str()))
}

/// What can go back, and whether that is all of it: a very large order has more than one query gives.
fn returnable(items: ReturnableItems) -> (Vec<ReturnableLine>, bool) {
    let fulfillments = items.returnable_fulfillments;
    let cut = fulfillments.page_info.has_next_page
        || fulfillments.nodes.iter().any(|parcel| parcel.returnable_fulfillment_line_items.page_info.has_next_page);
    let lines = fulfillments.nodes.into_iter().flat_map(|parcel| parcel.returnable_fulfillment_line_items.nodes);
    (lines.filter(|line| line.quantity > 0).collect(), !cut)
}

/// Whether an item of the input names this article. Both names must fit where both are given.
fn is_meant(item: &ReturnItemInput, article: &LineItem) -> bool {
    let same = |given: &str, known: &str| given.trim().to_lowercase() == known.trim().to_lowercase();
    let title = |given: &str| {
        let variant = article.variant_title.as_deref().unwrap_or_default();
        same(given, &article.title) || same(given, &format!("{} - {variant}", article.title))
    };
    (item.sku.is_some() || item.title.is_some())
        && item.sku.as_deref().is_none_or(|given| article.sku.as_deref().is_some_and(|known| same(given, known)))
        && item.title.as_deref().is_none_or(title)
}

/// Which fulfilled lines go back. Several parcels may hold the same article; they are used up in their order.
fn choose(input: &ReturnStartInput, returnable: &[ReturnableLine], all: bool) -> Result<Vec<Line>, Failure> {
    let mut left: Vec<u32> = returnable.iter().map(|line| line.quantity).collect();
    let mut lines = Vec::new();
    for (at, item) in input.items.iter().enumerate() {
        let fitting = |line: &ReturnableLine| is_meant(item, &line.fulfillment_line_item.line_item);
        let places: Vec<usize> = (0..returnable.len()).filter(|place| fitting(&returnable[*place])).collect();
        let mut articles: Vec<&str> = places.iter().map(|place| article_of(&returnable[*place])).collect();
        articles.dedup();
        articles.sort_unstable();
        articles.dedup();
        match articles.len() {
            0 if !all => {
                return Err(Failure::rejected("This order is too large for me. Please ask our staff for help."));
            }
            0 => return Err(Failure::invalid(format!("/items/{at}"), "This item of the order cannot be returned.")),
            1 => {}
            _ => {
                let sentence = "More than one item of the order has this name. Please give the SKU.";
                return Err(Failure::invalid(format!("/items/{at}"), sentence));
            }
        }
        let mut wanted = item.quantity;
        for place in places {
            let quantity = wanted.min(left[place]);
            if quantity > 0 {
                left[place] -= quantity;
                wanted -= quantity;
                let fulfillment_line_item_id = returnable[place].fulfillment_line_item.id.clone();
                lines.push(Line { item: at, fulfillment_line_item_id, quantity });
            }
        }
        if wanted > 0 || item.quantity == 0 {
            return Err(Failure::invalid(format!("/items/{at}/quantity"), "This many cannot be returned."));
        }
    }
    if lines.is_empty() {
        return Err(Failure::invalid("/items", "Please say what shall go back."));
    }
    Ok(lines)
}

/// The order's line, whichever parcels it came in.
fn article_of(line: &ReturnableLine) -> &str {
    &line.fulfillment_line_item.line_item.id
}

/// Asks the shop, once.
fn request(admin: &Admin<'_>, order: &Proven, input: &ReturnStartInput, lines: &[Line]) -> Result<Wire, Failure> {
    let return_lines: Vec<Value> = lines
        .iter()
        .filter_map(|line| Some((line, input.items.get(line.item)?)))
        .map(|(line, item)| {
            json!({
                "fulfillmentLineItemId": line.fulfillment_line_item_id,
                "quantity": line.quantity,
                "returnReason": names::return_reason_code(admin.call.status_names(), item.reason),
                "customerNote": note(input, item),
            })
        })
        .collect();
    let variables = json!({ "input": { "orderId": order.id, "returnLineItems": return_lines } });
    let answer = admin.graphql::<ReturnRequest>(documents::RETURN_REQUEST, &variables);
    let payload = match answer {
        Ok(answer) => answer.return_request,
        // No answer, or none that can be understood: it may have been made.
        Err(failure)
            if matches!(failure.kind, FailureKind::Timeout | FailureKind::Unavailable | FailureKind::Internal) =>
        {
            return look_again(admin, order, lines, failure);
        }
        Err(failure) => return Err(failure),
    };
    let items: Vec<usize> = lines.iter().map(|line| line.item).collect();
    // A return that was made stands, also where Shopify could not write to somebody about it.
    payload.made.ok_or_else(|| faults::return_request(&payload.user_errors, &items))
}

/// After an answer that did not come: the return that was made all the same, or the failure as it was.
fn look_again(admin: &Admin<'_>, order: &Proven, lines: &[Line], failure: Failure) -> Result<Wire, Failure> {
    warn!("a request for a return got no answer; looking whether it was made"; failure);
    let Ok(read) = admin.graphql::<OpenReturns>(documents::OPEN_RETURNS, &json!({ "orderId": order.id })) else {
        return Err(failure);
    };
    let returns = read.order.map(|order| order.returns.nodes).unwrap_or_default();
    // None of these lines was in an open return before: whatever is there now is ours.
    let is_ours = |known: &Wire| {
        is_open(known) && lines.iter().all(|line| lines_of(known).any(|(_, id)| id == line.fulfillment_line_item_id))
    };
    returns.into_iter().find(is_ours).ok_or(failure)
}

/// What the customer says, for the shop's staff: what they would like instead, about the item, about all of it. In this
/// order, because a long note is cut.
fn note(input: &ReturnStartInput, item: &ReturnItemInput) -> String {
    let wish = input.resolution.map(|resolution| format!("Would like {}.", resolution.text()));
    let reason = (item.note.is_none() && input.note.is_none()).then(|| format!("Reason: {}.", item.reason.text()));
    let parts = [wish.as_deref(), reason.as_deref(), item.note.as_deref(), input.note.as_deref()];
    let note = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    note.chars().take(NOTE_CHARS_MAX).collect()
}

/// An item as it goes back.
fn told_item(item: &ReturnItemInput, article: Option<&LineItem>) -> ReturnItem {
    ReturnItem {
        sku: article.and_then(|article| article.sku.clone()).filter(|sku| !sku.is_empty()),
        title: article.map(|article| article.title.clone()).unwrap_or_default(),
        quantity: item.quantity,
        reason: item.reason,
        note: item.note.clone(),
    }
}

fn told(admin: &Admin<'_>, order: &Proven, items: Vec<ReturnItem>, made: Wire) -> Return {
    Return {
        number: Some(orders::number_of(&made.name)),
        order_number: orders::number_of(&order.name),
        status: names::return_status(admin.call.status_names(), &made.status),
        status_raw: Some(made.status),
        items,
        created_at: made.created_at.map(Timestamp::new),
        id: made.id,
        ..Return::default()
    }
}
