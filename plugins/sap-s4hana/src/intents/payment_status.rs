//! `payment.status`: whether a supplier was paid, by the number of the payment or of an invoice.

use jackfield_sdk::{odata::Decimal, prelude::*};

use crate::{
    invoice::{self, Wanted},
    ledger::Ledger,
    names,
    partner::{Asker, Side},
    sales_order::money,
    settings::Settings,
    wire::SupplierInvoice,
};

pub(crate) fn run(call: &Call, input: PaymentStatusInput) -> Result<Payment, Failure> {
    let settings = Settings::of(call)?;
    let (party, email) = (input.party.as_deref(), input.email.as_deref());
    let asker = Asker::of(call, &settings, Side::Supplier, party, email, Some("/party"))?;
    match (input.payment_number.as_deref(), input.invoice_number.as_deref()) {
        (Some(number), _) => by_number(call, &settings, &asker, &input, number),
        (None, Some(number)) => by_invoice(call, &settings, &asker, &input, number),
        (None, None) => Err(Failure::invalid("/invoice_number", "Please give the number of the invoice.")),
    }
}

/// A payment is what the items that it settled say of it. Where an invoice was named too, it must be among them.
fn by_number(
    call: &Call,
    settings: &Settings,
    asker: &Asker<'_>,
    input: &PaymentStatusInput,
    number: &str,
) -> Result<Payment, Failure> {
    let company_code = input.company_code.clone().or_else(|| call.standard().default_text("company_code"));
    let ask = || Failure::invalid("/company_code", "Please give the company code that paid.");
    let company_code = company_code.ok_or_else(ask)?;
    let year = input.fiscal_year.map_or(call.now().date().civil().0, i64::from);
    let ledger = Ledger::of_payment(call, settings, number.trim(), &company_code, year)
        .map_err(|failure| failure.at("/payment_number"))?;
    let settlement = ledger.settlements().into_iter().next().ok_or_else(Failure::not_found)?;
    let supplier = settlement.items.first().map(|item| item.supplier.code()).unwrap_or_default();
    // Money to several suppliers in one document is nothing to be shown to one of them.
    if settlement.items.iter().any(|item| item.supplier.code() != supplier) {
        return Err(Failure::not_found().detail("the document settles items of several suppliers"));
    }
    let payee = asker.admits(call, settings, supplier)?;
    let payment = settlement.told(payee);
    match input.invoice_number.as_deref() {
        Some(invoice) if !payment.invoices.iter().any(|known| known == invoice.trim()) => Err(Failure::not_found()),
        _ => Ok(payment),
    }
}

/// The latest payment of an invoice, or when one is to be expected.
fn by_invoice(
    call: &Call,
    settings: &Settings,
    asker: &Asker<'_>,
    input: &PaymentStatusInput,
    number: &str,
) -> Result<Payment, Failure> {
    let wanted = Wanted {
        number,
        purchase_order: None,
        fiscal_year: input.fiscal_year,
        company_code: input.company_code.as_deref(),
    };
    let (invoice, payee) = invoice::find(call, settings, asker, &wanted)?;
    let is_posted =
        names::invoice_status(call.status_names(), invoice.supplier_invoice_status.code()) == InvoiceStatus::Approved;
    if invoice::is_reversed(&invoice) {
        return Ok(to_come(&invoice, payee, PaymentStatus::Cancelled, None));
    }
    if !is_posted {
        return Ok(to_come(&invoice, payee, PaymentStatus::Pending, None));
    }
    let ledger = Ledger::of_invoice(call, settings, &invoice)?;
    if let Some(latest) = ledger.settlements().first() {
        return Ok(Payment { invoices: vec![invoice::shown_number(&invoice)], ..latest.told(payee) });
    }
    if ledger.is_empty() {
        let unknown = to_come(&invoice, payee, PaymentStatus::Other, None);
        return Ok(Payment { status_text: Some("not visible in the accounts yet".to_owned()), ..unknown });
    }
    let due_on = ledger.due_on().or_else(|| invoice::due_on(&invoice));
    let status = match ledger.block().or_else(|| invoice.payment_blocking_reason.get()) {
        Some(_) => PaymentStatus::OnHold,
        None => PaymentStatus::Pending,
    };
    let owed = Some(ledger.balance());
    let accounting_document = ledger.open().find_map(|item| item.accounting_document.owned());
    let payment = to_come(&invoice, payee, status, owed);
    Ok(Payment {
        id: accounting_document.unwrap_or(payment.id),
        expected_on: due_on.filter(|_| status == PaymentStatus::Pending).map(Date::from),
        ..payment
    })
}

/// A payment that was not made: it has no number of its own yet, and goes by that of the invoice.
fn to_come(invoice: &SupplierInvoice, payee: Option<String>, status: PaymentStatus, owed: Option<Decimal>) -> Payment {
    let number = invoice.supplier_invoice.code();
    Payment {
        id: number.to_owned(),
        number: number.to_owned(),
        status,
        amount: money(owed.or(invoice.invoice_gross_amount), invoice.document_currency.code()),
        payee,
        invoices: vec![invoice::shown_number(invoice)],
        ..Payment::default()
    }
}
