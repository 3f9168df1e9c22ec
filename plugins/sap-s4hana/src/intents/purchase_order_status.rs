//! `purchase_order.status`: where an order to a supplier stands: approval, receipt, invoice, expected day.

use jackfield_sdk::{
    catalog::money::minor_digits,
    odata::{self, Decimal, Filter, same_key},
    prelude::*,
};

use crate::{
    faults, names,
    partner::{Asker, Side},
    sales_order::money,
    service::{self, PURCHASE_ORDERS},
    settings::Settings,
    wire::{self, PurchaseOrderItem, PurchaseOrderScheduleLine},
};

/// In `field_map`: `"purchase_order.group" = "PurchasingGroup"`.
const OBJECT: &str = "purchase_order";

const FIELDS: [&str; 23] = [
    "PurchaseOrder",
    "Supplier",
    "PurchaseOrderDate",
    "DocumentCurrency",
    "PurchasingProcessingStatus",
    "PurchasingDocumentDeletionCode",
    "ReleaseIsNotCompleted",
    "PurchasingCompletenessStatus",
    "to_PurchaseOrderItem/PurchaseOrderItem",
    "to_PurchaseOrderItem/PurchasingDocumentDeletionCode",
    "to_PurchaseOrderItem/Material",
    "to_PurchaseOrderItem/PurchaseOrderItemText",
    "to_PurchaseOrderItem/OrderQuantity",
    "to_PurchaseOrderItem/PurchaseOrderQuantityUnit",
    "to_PurchaseOrderItem/OrderPriceUnit",
    "to_PurchaseOrderItem/OrderPriceUnitToOrderUnitNmrtr",
    "to_PurchaseOrderItem/OrdPriceUnitToOrderUnitDnmntr",
    "to_PurchaseOrderItem/NetPriceAmount",
    "to_PurchaseOrderItem/NetPriceQuantity",
    "to_PurchaseOrderItem/IsCompletelyDelivered",
    "to_PurchaseOrderItem/IsFinallyInvoiced",
    "to_PurchaseOrderItem/GoodsReceiptIsExpected",
    "to_PurchaseOrderItem/InvoiceIsExpected",
];

/// `PurchasingDocumentDeletionCode`: taken back, and stopped.
const DELETED: &str = "L";
const BLOCKED: &str = "S";
/// Lines of all items together. An order that has more is told with what the first of them say.
const SCHEDULE_LINES_MAX: usize = 500;

pub(crate) fn run(call: &Call, input: PurchaseOrderStatusInput) -> Result<PurchaseOrder, Failure> {
    let settings = Settings::of(call)?;
    let asker = Asker::of(call, &settings, Side::Supplier, input.supplier.as_deref(), input.email.as_deref(), None)?;
    let order = read(call, &settings, &input.order_number).map_err(|failure| failure.at("/order_number"))?;
    let supplier = asker.admits(call, &settings, order.supplier.code())?;

    let receipts = Receipts::of(&order);
    let schedule = match receipts.receipt {
        Some(Progress::Complete) => Vec::new(),
        _ => schedule(call, &settings, &order),
    };
    Ok(Found { order, receipts, schedule }.told(call, &settings, supplier))
}

/// An order that its asker may see, with all that is told of it.
struct Found {
    order: wire::PurchaseOrder,
    receipts: Receipts,
    schedule: Vec<PurchaseOrderScheduleLine>,
}

fn read(call: &Call, settings: &Settings, number: &str) -> Result<wire::PurchaseOrder, Failure> {
    let at = (PURCHASE_ORDERS, "A_PurchaseOrder", "PurchaseOrder");
    let options = [service::select(call, OBJECT, &FIELDS)?, ("$expand", "to_PurchaseOrderItem".to_owned())];
    let order: Option<wire::PurchaseOrder> = service::by_number(call, settings, at, number, &options)?;
    order.filter(|order| same_key(order.purchase_order.code(), number)).ok_or_else(Failure::not_found)
}

/// When the items are to arrive. It can be told without.
fn schedule(call: &Call, settings: &Settings, order: &wire::PurchaseOrder) -> Vec<PurchaseOrderScheduleLine> {
    let read = || {
        let filter = Filter::new().eq("PurchasingDocument", order.purchase_order.code())?;
        let request = service::get(call, settings, PURCHASE_ORDERS, "A_PurchaseOrderScheduleLine")?;
        let request = request.query("$filter", filter).query("$top", SCHEDULE_LINES_MAX);
        let request = request.query("$select", "PurchasingDocumentItem,ScheduleLineDeliveryDate");
        Ok(odata::collection(&request.send()?.error_for(faults::read)?)?.results)
    };
    read().unwrap_or_else(|failure: Failure| {
        info!("the order's schedule could not be read, going on without"; failure);
        Vec::new()
    })
}

/// How far an order's items have arrived and are invoiced. SAP marks an item only when it is complete: where none is, nothing
/// is known, for some of it may have come.
struct Receipts {
    receipt: Option<Progress>,
    invoice: Option<Progress>,
}

impl Receipts {
    fn of(order: &wire::PurchaseOrder) -> Self {
        let share = |expected: fn(&PurchaseOrderItem) -> Option<bool>, done: fn(&PurchaseOrderItem) -> Option<bool>| {
            let expected: Vec<_> = live(order).filter(|item| expected(item) != Some(false)).collect();
            match (expected.len(), expected.iter().filter(|item| done(item) == Some(true)).count()) {
                (0, _) => Some(Progress::NotRelevant),
                (all, done) if done == all => Some(Progress::Complete),
                (_, 0) => None,
                _ => Some(Progress::Partial),
            }
        };
        Receipts {
            receipt: share(|item| item.goods_receipt_is_expected, |item| item.is_completely_delivered),
            invoice: share(|item| item.invoice_is_expected, |item| item.is_finally_invoiced),
        }
    }
}

/// Items that were not taken back.
fn live(order: &wire::PurchaseOrder) -> impl Iterator<Item = &PurchaseOrderItem> {
    order.items.iter().filter(|item| item.purchasing_document_deletion_code.get() != Some(DELETED))
}

/// Where the order stands, and why where it stands still.
fn status(
    call: &Call,
    order: &wire::PurchaseOrder,
    receipts: &Receipts,
) -> (PurchaseOrderStatus, Option<&'static str>) {
    match order.purchasing_document_deletion_code.get() {
        Some(DELETED) => return (PurchaseOrderStatus::Cancelled, None),
        Some(BLOCKED) => return (PurchaseOrderStatus::OnHold, Some("it is blocked")),
        _ if !order.items.is_empty() && live(order).next().is_none() => return (PurchaseOrderStatus::Cancelled, None),
        _ => {}
    }
    if order.purchasing_completeness_status == Some(true) {
        return (PurchaseOrderStatus::OnHold, Some("it is not complete yet"));
    }
    let own = names::purchase_order_status(call.status_names(), order.purchasing_processing_status.code());
    if own == PurchaseOrderStatus::Open && order.release_is_not_completed == Some(true) {
        return (PurchaseOrderStatus::AwaitingApproval, None);
    }
    if own != PurchaseOrderStatus::Open {
        return (own, None);
    }
    use Progress::{Complete, NotRelevant, Partial};
    let status = match (receipts.receipt, receipts.invoice) {
        (Some(Complete | NotRelevant), Some(Complete)) | (Some(Complete), Some(NotRelevant)) => {
            PurchaseOrderStatus::Closed
        }
        (Some(Complete), _) => PurchaseOrderStatus::Received,
        (Some(Partial), _) => PurchaseOrderStatus::PartiallyReceived,
        _ => PurchaseOrderStatus::Open,
    };
    (status, None)
}

impl Found {
    fn told(&self, call: &Call, settings: &Settings, supplier: Option<String>) -> PurchaseOrder {
        let Found { order, receipts, schedule } = self;
        let (status, hold_reason) = status(call, order, receipts);
        let code = order.purchasing_processing_status.code();
        let lines: Vec<DocumentLine> = live(order).map(|item| line(settings, order, item, schedule)).collect();
        let open = lines.iter().filter(|line| line.progress != Some(Progress::Complete));
        PurchaseOrder {
            id: order.purchase_order.code().to_owned(),
            number: order.purchase_order.code().to_owned(),
            status,
            status_raw: order.purchasing_processing_status.owned(),
            status_text: (status == PurchaseOrderStatus::Other).then(|| names::unknown("purchase_order_status", code)),
            receipt_status: receipts.receipt,
            invoice_status: receipts.invoice,
            supplier,
            ordered_on: order.purchase_order_date.day().map(Date::from),
            expected_delivery_on: open.filter_map(|line| line.expected_on.clone()).max(),
            total: total(order),
            hold_reason: hold_reason.map(str::to_owned),
            line_items: lines,
            vendor: service::vendor(call, OBJECT, &order.other),
            ..PurchaseOrder::default()
        }
    }
}

fn line(
    settings: &Settings,
    order: &wire::PurchaseOrder,
    item: &PurchaseOrderItem,
    schedule: &[PurchaseOrderScheduleLine],
) -> DocumentLine {
    let number = item.purchase_order_item.code();
    let own = schedule.iter().filter(|line| same_key(line.purchasing_document_item.code(), number));
    let is_complete = item.is_completely_delivered == Some(true);
    DocumentLine {
        line: number.to_owned(),
        sku: item.material.owned(),
        description: item.purchase_order_item_text.code().to_owned(),
        quantity: item.order_quantity.to_f64(),
        unit: settings.unit(&item.purchase_order_quantity_unit),
        fulfilled_quantity: None,
        progress: is_complete.then_some(Progress::Complete),
        expected_on: own.filter_map(|line| line.schedule_line_delivery_date.day()).max().map(Date::from),
        total: money(price(order, item), order.document_currency.code()),
    }
}

/// What all items cost together. Nothing where the price of one of them cannot be reckoned: part of a sum is no sum.
fn total(order: &wire::PurchaseOrder) -> Option<Money> {
    let prices = live(order).map(|item| price(order, item)).collect::<Option<Vec<_>>>()?;
    money(Some(prices.into_iter().sum()), order.document_currency.code()).filter(|_| live(order).next().is_some())
}

/// Quantity times price, for the price is per so many units, which may be others than those that are ordered (ordered by
/// the piece, priced by the kilogram).
fn price(order: &wire::PurchaseOrder, item: &PurchaseOrderItem) -> Option<Decimal> {
    let ordered_as_priced =
        item.order_price_unit.get().is_none() || item.order_price_unit.get() == item.purchase_order_quantity_unit.get();
    let (numerator, denominator) = match ordered_as_priced {
        true => (item.order_quantity, item.net_price_quantity),
        false => (
            item.order_quantity.times(item.ord_price_unit_to_order_unit_dnmntr)?,
            item.net_price_quantity.times(item.order_price_unit_to_order_unit_nmrtr)?,
        ),
    };
    numerator.times(item.net_price_amount?)?.over(denominator, minor_digits(order.document_currency.code()))
}
