//! `sap_s4hana.sales_order.create`: makes a sales order, once for each customer and reference.
//!
//! SAP takes no idempotency key. The customer's reference stands for one: it is looked for before an order is made, so that
//! asking again gives the same order.

use jackfield_sdk::{
    odata::{self, Decimal, same_key},
    prelude::*,
};
use serde::Deserialize;

use crate::{
    faults,
    partner::{Asker, Side},
    sales_order,
    service::{self, SALES_ORDERS},
    settings::Settings,
    wire::{self, Draft, DraftItem, DraftItems},
};

/// Makes a sales order for a customer, with the customer's own order number.
#[derive(Debug, Deserialize, Intent)]
#[intent(
    name = "sap_s4hana.sales_order.create",
    effect = "create",
    output = SalesOrder,
    title = "Make a sales order",
    input_schema = include_str!("../../schemas/sales_order_create.json"),
    template = "Sales order {{ number }}{% if customer_reference %} for your reference {{ customer_reference }}{% endif %} has been placed{% if total %}, {{ total | money }} net{% endif %}."
)]
pub(crate) struct SalesOrderCreateInput {
    sold_to_party: String,
    reference: String,
    requested_delivery_on: Option<Date>,
    items: Vec<Item>,
}

#[derive(Debug, Deserialize)]
struct Item {
    material: String,
    /// A decimal text: no binary fraction on the way.
    quantity: String,
    unit: Option<String>,
}

pub(crate) fn run(call: &Call, input: SalesOrderCreateInput) -> Result<SalesOrder, Failure> {
    let settings = Settings::of(call)?;
    let draft = draft(call, &input)?;
    may_order(call, &settings, &input)?;

    if let Some(order) = made_before(call, &settings, &draft)? {
        return Ok(sales_order::told(call, &settings, &order, None, &[]));
    }
    // Not marked as safe to repeat: sent twice it makes two orders. Who gets no answer asks again, and the order is found.
    let response = service::post(call, &settings, SALES_ORDERS, "A_SalesOrder")?.json(&draft).send()?;
    let order: wire::SalesOrder = odata::entity(&response.error_for(faults::write)?)?;
    Ok(sales_order::told(call, &settings, &order, None, &[]))
}

/// Whether it was made: by the customer's reference, as an earlier call's order is found.
pub(crate) fn settle(call: &Call, input: SalesOrderCreateInput) -> Result<Settled<SalesOrder>, Failure> {
    let settings = Settings::of(call)?;
    let draft = draft(call, &input)?;
    may_order(call, &settings, &input)?;
    match made_before(call, &settings, &draft) {
        Ok(Some(order)) => Ok(Settled::Applied(sales_order::told(call, &settings, &order, None, &[]))),
        Ok(None) => Ok(Settled::NotApplied),
        // The reference stands for another order by now: ours may be behind it, or none.
        Err(Failure { kind: FailureKind::Duplicate { .. }, .. }) => Ok(Settled::Unknown),
        Err(failure) => Err(failure),
    }
}

/// Customers order for themselves: their number is on every invoice, so that here only a verified e-mail address proves.
fn may_order(call: &Call, settings: &Settings, input: &SalesOrderCreateInput) -> Result<(), Failure> {
    if !settings.is_for_staff() && call.user().and_then(User::email).is_none() {
        return Err(Failure::rejected("I can only place an order for a customer whose e-mail address is verified."));
    }
    let asker = Asker::of(call, settings, Side::Customer, None, None, None)?;
    asker.admits(call, settings, &input.sold_to_party).map(|_| ())
}

/// The order that an earlier call made with this reference.
///
/// # Errors
/// `duplicate` where the reference stands for another order.
fn made_before(call: &Call, settings: &Settings, draft: &Draft) -> Result<Option<wire::SalesOrder>, Failure> {
    let reference = &draft.purchase_order_by_customer;
    let orders = sales_order::by_reference(call, settings, reference, Some(&draft.sold_to_party))
        .map_err(|failure| failure.at("/reference"))?;
    // Oldest first: the one that the first call made.
    let mut orders: Vec<_> = orders.into_iter().rev().collect();
    orders.retain(|order| same_key(order.sold_to_party.code(), &draft.sold_to_party));
    if let Some(at) = orders.iter().position(|order| is_same(order, draft)) {
        info!("this order had been made by an earlier call");
        return Ok(Some(orders.swap_remove(at)));
    }
    match orders.first() {
        Some(other) => Err(Failure::duplicate_of(other.sales_order.code())),
        None => Ok(None),
    }
}

/// Whether an order holds what was asked for: the same materials in the same quantities, in any order. SAP may have added
/// items of its own, such as free goods.
fn is_same(order: &wire::SalesOrder, draft: &Draft) -> bool {
    let mut left: Vec<_> = order.items.iter().collect();
    draft.items.results.iter().all(|wanted| {
        let at = left.iter().position(|item| {
            same_key(item.material.code(), &wanted.material)
                && Some(item.requested_quantity) == Decimal::parse(&wanted.requested_quantity)
        });
        at.map(|at| left.swap_remove(at)).is_some()
    })
}

fn draft(call: &Call, input: &SalesOrderCreateInput) -> Result<Draft, Failure> {
    let standard = call.standard();
    let area = |name: &str| {
        let missing = || Failure::internal(format!("the setting `defaults.{name}` is needed to make sales orders"));
        standard.default_text(name).ok_or_else(missing)
    };
    query::id(&input.sold_to_party, service::NUMBER_CHARS).map_err(|failure| failure.at("/sold_to_party"))?;
    let day = input.requested_delivery_on.as_ref().map(|date| {
        let ask = || Failure::invalid("/requested_delivery_on", "Please give a day such as 2026-01-25.");
        Day::parse(date.as_str()).ok_or_else(ask)
    });
    let items = input.items.iter().enumerate().map(|(at, item)| {
        let quantity = Decimal::parse(&item.quantity).filter(|quantity| quantity.is_positive());
        let ask = || Failure::invalid(format!("/items/{at}/quantity"), "Please give a quantity above zero.");
        Ok(DraftItem {
            // Material numbers are kept in capital letters.
            material: item.material.trim().to_uppercase(),
            requested_quantity: quantity.ok_or_else(ask)?.to_string(),
            requested_quantity_unit: item.unit.as_deref().map(str::to_uppercase),
        })
    });
    Ok(Draft {
        sales_order_type: standard.default_text("sales_order_type").unwrap_or_else(|| "OR".to_owned()),
        sales_organization: area("sales_organization")?,
        distribution_channel: area("distribution_channel")?,
        organization_division: area("division")?,
        sold_to_party: input.sold_to_party.clone(),
        purchase_order_by_customer: input.reference.trim().to_owned(),
        requested_delivery_date: day.transpose()?.map(odata::json_date),
        items: DraftItems { results: items.collect::<Result<_, Failure>>()? },
    })
}
