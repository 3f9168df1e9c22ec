//! `invoice.status`: whether a supplier's invoice is posted, blocked, due and paid.

use jackfield_sdk::prelude::*;

use crate::{
    invoice::{self, OBJECT, Wanted},
    ledger::Ledger,
    names,
    partner::{Asker, Side},
    sales_order::money,
    service,
    settings::Settings,
    wire::SupplierInvoice,
};

pub(crate) fn run(call: &Call, input: InvoiceStatusInput) -> Result<Invoice, Failure> {
    let settings = Settings::of(call)?;
    let (party, email) = (input.party.as_deref(), input.email.as_deref());
    let asker = Asker::of(call, &settings, Side::Supplier, party, email, Some("/party"))?;
    let wanted = Wanted {
        number: &input.invoice_number,
        purchase_order: input.purchase_order_number.as_deref(),
        fiscal_year: input.fiscal_year,
        company_code: input.company_code.as_deref(),
    };
    let (invoice, party) = invoice::find(call, &settings, &asker, &wanted)?;
    let ledger = ledger(call, &settings, &invoice)?;
    Ok(told(call, &invoice, party, ledger.as_ref()))
}

/// What the accounts say, where there is anything to say. None where the connection may not look there.
fn ledger(call: &Call, settings: &Settings, invoice: &SupplierInvoice) -> Result<Option<Ledger>, Failure> {
    if own_status(call, invoice) != InvoiceStatus::Approved || invoice::is_reversed(invoice) {
        return Ok(None);
    }
    match Ledger::of_invoice(call, settings, invoice) {
        Ok(ledger) => Ok(Some(ledger).filter(|ledger| !ledger.is_empty())),
        Err(failure)
            if matches!(failure.kind, FailureKind::Denied | FailureKind::NotFound | FailureKind::Unsupported) =>
        {
            info!("the accounts could not be read, going on without"; failure);
            Ok(None)
        }
        Err(failure) => Err(failure),
    }
}

fn own_status(call: &Call, invoice: &SupplierInvoice) -> InvoiceStatus {
    names::invoice_status(call.status_names(), invoice.supplier_invoice_status.code())
}

fn told(call: &Call, invoice: &SupplierInvoice, party: Option<String>, ledger: Option<&Ledger>) -> Invoice {
    let currency = invoice.document_currency.code();
    let number = invoice.supplier_invoice.code();
    let (status, hold_reason) = status(call, invoice, ledger);
    let settlements = ledger.map(Ledger::settlements).unwrap_or_default();
    Invoice {
        id: format!("{number}/{}", invoice.fiscal_year.code()),
        number: number.to_owned(),
        reference: invoice.supplier_invoice_id_by_invcg_party.owned(),
        side: InvoiceSide::Payable,
        status,
        status_raw: invoice.supplier_invoice_status.owned(),
        status_text: status_text(call, invoice, status),
        issued_on: invoice.document_date.day().map(Date::from),
        due_on: due_on(invoice, ledger).map(Date::from),
        total: money(invoice.invoice_gross_amount, currency),
        paid: ledger.and_then(|ledger| money(Some(ledger.paid()), currency)),
        balance: ledger.and_then(|ledger| money(Some(ledger.balance()), currency)),
        paid_on: settlements.first().filter(|_| status == InvoiceStatus::Paid).and_then(|last| last.on).map(Date::from),
        hold_reason: hold_reason.map(str::to_owned),
        purchase_order_number: invoice.items.iter().find_map(|item| item.purchase_order.owned()),
        payments: settlements.iter().map(|settlement| settlement.told(party.clone())).collect(),
        party,
        vendor: service::vendor(call, OBJECT, &invoice.other),
        ..Invoice::default()
    }
}

/// Where it stands, and why where it stands still.
fn status(call: &Call, invoice: &SupplierInvoice, ledger: Option<&Ledger>) -> (InvoiceStatus, Option<&'static str>) {
    if invoice::is_reversed(invoice) {
        return (InvoiceStatus::Cancelled, None);
    }
    let own = own_status(call, invoice);
    if own != InvoiceStatus::Approved {
        return (own, (own == InvoiceStatus::OnHold).then_some("it has not been accepted for posting yet"));
    }
    let block = ledger.map_or(invoice.payment_blocking_reason.get(), Ledger::block);
    // The block of the invoice itself counts for as long as something is open.
    let block = block.or_else(|| invoice.payment_blocking_reason.get());
    let Some(ledger) = ledger else {
        return match block {
            Some(code) => (InvoiceStatus::OnHold, Some(names::payment_block(code))),
            // Whether a posted invoice is paid is exactly what is not known here.
            None => (InvoiceStatus::Other, None),
        };
    };
    let is_late = due_on(invoice, Some(ledger)).is_some_and(|due| due < call.now().date());
    match (ledger.open().next().is_some(), block) {
        (false, _) => (InvoiceStatus::Paid, None),
        (true, Some(code)) => (InvoiceStatus::OnHold, Some(names::payment_block(code))),
        (true, None) if !ledger.settlements().is_empty() => (InvoiceStatus::PartiallyPaid, None),
        (true, None) if is_late => (InvoiceStatus::Overdue, None),
        (true, None) => (InvoiceStatus::Approved, None),
    }
}

fn status_text(call: &Call, invoice: &SupplierInvoice, status: InvoiceStatus) -> Option<String> {
    if status != InvoiceStatus::Other {
        return None;
    }
    Some(match own_status(call, invoice) {
        InvoiceStatus::Approved => "posted; I cannot see whether it is paid".to_owned(),
        _ => names::unknown("invoice_status", invoice.supplier_invoice_status.code()),
    })
}

fn due_on(invoice: &SupplierInvoice, ledger: Option<&Ledger>) -> Option<Day> {
    ledger.and_then(Ledger::due_on).or_else(|| invoice::due_on(invoice))
}
