//! One sales order: how it is found, and how it is told in the catalogue's words.

use jackfield_sdk::{
    odata::{self, Decimal, Filter, same_key},
    prelude::*,
};

use crate::{
    faults, names,
    partner::Asker,
    service::{self, NUMBER_CHARS, SALES_ORDERS},
    settings::Settings,
    wire::{SalesOrder as WireOrder, SalesOrderScheduleLine},
};

/// In `field_map`: `"sales_order.region" = "SalesDistrict"`.
const OBJECT: &str = "sales_order";

/// What is read of an order. Never what it costs the company (`CostAmount`).
const FIELDS: [&str; 23] = [
    "SalesOrder",
    "SoldToParty",
    "PurchaseOrderByCustomer",
    "SalesOrderDate",
    "CreationDate",
    "RequestedDeliveryDate",
    "TotalNetAmount",
    "TransactionCurrency",
    "OverallSDProcessStatus",
    "OverallTotalDeliveryStatus",
    "OverallDeliveryStatus",
    "OverallOrdReltdBillgStatus",
    "OverallSDDocumentRejectionSts",
    "TotalCreditCheckStatus",
    "SalesDocApprovalStatus",
    "DeliveryBlockReason",
    "to_Item/SalesOrderItem",
    "to_Item/Material",
    "to_Item/SalesOrderItemText",
    "to_Item/RequestedQuantity",
    "to_Item/RequestedQuantityUnit",
    "to_Item/NetAmount",
    "to_Item/DeliveryStatus",
];

/// Orders with one reference that are looked at: more are too many to tell apart in a chat.
pub(crate) const HITS_MAX: usize = 5;
/// Lines of all items together. An order that has more is told with what the first of them say.
const SCHEDULE_LINES_MAX: usize = 500;

fn options(call: &Call) -> Result<[(&'static str, String); 2], Failure> {
    Ok([service::select(call, OBJECT, &FIELDS)?, ("$expand", "to_Item".to_owned())])
}

/// The order with this number, if there is one.
pub(crate) fn by_number(call: &Call, settings: &Settings, number: &str) -> Result<Option<WireOrder>, Failure> {
    let at = (SALES_ORDERS, "A_SalesOrder", "SalesOrder");
    let order: Option<WireOrder> = service::by_number(call, settings, at, number, &options(call)?)?;
    Ok(order.filter(|order| same_key(order.sales_order.code(), number)))
}

/// The orders with this reference, the latest first: one more than [`HITS_MAX`] where there are more.
pub(crate) fn by_reference(
    call: &Call,
    settings: &Settings,
    reference: &str,
    sold_to: Option<&str>,
) -> Result<Vec<WireOrder>, Failure> {
    let mut filter = Filter::new().eq("PurchaseOrderByCustomer", reference)?;
    if let Some(number) = sold_to {
        filter = filter.any("SoldToParty", odata::key_forms(number, NUMBER_CHARS))?;
    }
    let request = service::get(call, settings, SALES_ORDERS, "A_SalesOrder")?.query("$filter", filter);
    let request = request.queries(options(call)?).query("$orderby", "CreationDate desc").query("$top", HITS_MAX + 1);
    let mut orders = odata::collection::<WireOrder>(&request.send()?.error_for(faults::read)?)?.results;
    orders.retain(|order| order.purchase_order_by_customer.get() == Some(reference.trim()));
    Ok(orders)
}

/// The only one of these orders that the asker may see. That there are several is told to who may see one of them.
///
/// # Errors
/// `not-found` where it is none of them, `invalid-input` on `/customer` where there are several.
pub(crate) fn only_one(
    call: &Call,
    settings: &Settings,
    asker: &Asker<'_>,
    orders: Vec<WireOrder>,
) -> Result<(WireOrder, Option<String>), Failure> {
    let several = || {
        let sentence =
            "There are several orders with this reference. Please give the number of the order or of the customer.";
        Failure::invalid("/customer", sentence)
    };
    let are_all = orders.len() <= HITS_MAX;
    let mut seen: Vec<(String, Option<Option<String>>)> = Vec::new();
    let mut admitted = Vec::new();
    for order in orders.into_iter().take(HITS_MAX) {
        let sold_to = order.sold_to_party.code();
        let verdict = match seen.iter().find(|(number, _)| number == sold_to) {
            Some((_, verdict)) => verdict.clone(),
            None => {
                let verdict = match asker.admits(call, settings, sold_to) {
                    Ok(name) => Some(name),
                    Err(failure) if failure.kind == FailureKind::NotFound => None,
                    Err(failure) => return Err(failure),
                };
                seen.push((sold_to.to_owned(), verdict.clone()));
                verdict
            }
        };
        admitted.extend(verdict.map(|name| (order, name)));
    }
    match admitted.len() {
        0 => Err(Failure::not_found()),
        1 if are_all => admitted.pop().ok_or_else(Failure::not_found),
        _ => Err(several()),
    }
}

/// When the items are expected, and how much of them has left: a line for each day. It can be told without.
pub(crate) fn schedule(call: &Call, settings: &Settings, order: &WireOrder) -> Vec<SalesOrderScheduleLine> {
    const FIELDS: &str =
        "SalesOrderItem,ConfirmedDeliveryDate,DeliveredQtyInOrderQtyUnit,OpenConfdDelivQtyInOrdQtyUnit";
    let read = || {
        let filter = Filter::new().eq("SalesOrder", order.sales_order.code())?;
        let request = service::get(call, settings, SALES_ORDERS, "A_SalesOrderScheduleLine")?;
        let request = request.query("$filter", filter).query("$select", FIELDS).query("$top", SCHEDULE_LINES_MAX);
        Ok(odata::collection(&request.send()?.error_for(faults::read)?)?.results)
    };
    read().unwrap_or_else(|failure: Failure| {
        info!("the order's schedule could not be read, going on without"; failure);
        Vec::new()
    })
}

/// Whether nothing more will happen to it that a schedule could tell.
pub(crate) fn is_done(call: &Call, order: &WireOrder) -> bool {
    use SalesOrderStatus::{Completed, Delivered, Rejected};
    matches!(status(call, order), Completed | Delivered | Rejected)
}

/// An order in the catalogue's words.
pub(crate) fn told(
    call: &Call,
    settings: &Settings,
    order: &WireOrder,
    customer: Option<String>,
    schedule: &[SalesOrderScheduleLine],
) -> SalesOrder {
    let status = status(call, order);
    let code = order.overall_sd_process_status.code();
    let lines: Vec<DocumentLine> = lines(call, settings, order, schedule).collect();
    let billing = order.overall_ord_reltd_billg_status.get();
    SalesOrder {
        id: order.sales_order.code().to_owned(),
        number: order.sales_order.code().to_owned(),
        customer_reference: order.purchase_order_by_customer.owned(),
        status,
        status_raw: order.overall_sd_process_status.owned(),
        status_text: (status == SalesOrderStatus::Other).then(|| names::unknown("progress", code)),
        delivery_status: Some(names::progress(call.status_names(), delivery_code(order))),
        billing_status: billing.map(|code| names::progress(call.status_names(), code)),
        customer,
        ordered_on: order.sales_order_date.day().or(order.creation_date.day()).map(Date::from),
        requested_delivery_on: order.requested_delivery_date.day().map(Date::from),
        expected_delivery_on: lines.iter().filter_map(|line| line.expected_on.clone()).max(),
        total: money(order.total_net_amount, order.transaction_currency.code()),
        hold_reason: (status == SalesOrderStatus::OnHold).then(|| hold_reason(order)),
        line_items: lines,
        shipments: Vec::new(),
        vendor: service::vendor(call, OBJECT, &order.other),
    }
}

/// What matters most to a customer comes first: refused, waiting, stopped, then how far the goods are.
fn status(call: &Call, order: &WireOrder) -> SalesOrderStatus {
    let codes = call.status_names();
    if names::is_rejected(order.overall_sd_document_rejection_sts.code()) {
        return SalesOrderStatus::Rejected;
    }
    match names::approval(codes, order.sales_doc_approval_status.code()) {
        ApprovalStatus::Pending => return SalesOrderStatus::AwaitingApproval,
        ApprovalStatus::Rejected => return SalesOrderStatus::Rejected,
        _ => {}
    }
    let overall = names::progress(codes, order.overall_sd_process_status.code());
    let delivery = names::progress(codes, delivery_code(order));
    match (overall, delivery) {
        (Progress::Complete, _) => SalesOrderStatus::Completed,
        (_, Progress::Complete) => SalesOrderStatus::Delivered,
        _ if is_stopped(order) => SalesOrderStatus::OnHold,
        (_, Progress::Partial) => SalesOrderStatus::PartiallyDelivered,
        (Progress::Other, _) | (_, Progress::Other) => SalesOrderStatus::Other,
        (Progress::NotStarted | Progress::Partial | Progress::NotRelevant, _) => SalesOrderStatus::Open,
    }
}

/// The status that counts goods of all kinds, else the narrower one that older systems have.
fn delivery_code(order: &WireOrder) -> &str {
    order.overall_total_delivery_status.get().unwrap_or(order.overall_delivery_status.code())
}

fn is_stopped(order: &WireOrder) -> bool {
    names::is_stopped_by_credit_check(order.total_credit_check_status.code())
        || order.delivery_block_reason.get().is_some()
}

fn hold_reason(order: &WireOrder) -> String {
    let reason = if names::is_stopped_by_credit_check(order.total_credit_check_status.code()) {
        "the credit check is not passed yet"
    } else {
        "its delivery is blocked"
    };
    reason.to_owned()
}

fn lines<'a>(
    call: &'a Call,
    settings: &'a Settings,
    order: &'a WireOrder,
    schedule: &'a [SalesOrderScheduleLine],
) -> impl Iterator<Item = DocumentLine> + 'a {
    order.items.iter().map(move |item| {
        let own =
            || schedule.iter().filter(|line| same_key(line.sales_order_item.code(), item.sales_order_item.code()));
        let delivered: Decimal = own().map(|line| line.delivered_qty_in_order_qty_unit).sum();
        let open = own().filter(|line| line.open_confd_deliv_qty_in_ord_qty_unit.is_positive());
        DocumentLine {
            line: item.sales_order_item.code().to_owned(),
            sku: item.material.owned(),
            description: item.sales_order_item_text.code().to_owned(),
            quantity: item.requested_quantity.to_f64(),
            unit: settings.unit(&item.requested_quantity_unit),
            fulfilled_quantity: own().next().map(|_| delivered.to_f64()),
            progress: item.delivery_status.get().map(|code| names::progress(call.status_names(), code)),
            expected_on: open.filter_map(|line| line.confirmed_delivery_date.day()).max().map(Date::from),
            total: money(item.net_amount, order.transaction_currency.code()),
        }
    })
}

/// An amount with its currency; none where SAP has a currency code that is no currency of ISO 4217.
pub(crate) fn money(amount: Option<Decimal>, currency: &str) -> Option<Money> {
    Money::new(amount?.to_string(), currency).ok()
}
