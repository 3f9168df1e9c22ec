//! One supplier invoice: how it is found by the company's number or by the supplier's own.

use jackfield_sdk::{
    odata::{self, Filter, key_forms, same_key},
    prelude::*,
};

use crate::{
    faults,
    partner::Asker,
    service::{self, NUMBER_CHARS, SUPPLIER_INVOICES},
    settings::Settings,
    wire::SupplierInvoice,
};

/// In `field_map`: `"invoice.text" = "DocumentHeaderText"`.
pub(crate) const OBJECT: &str = "invoice";

const FIELDS: [&str; 15] = [
    "SupplierInvoice",
    "FiscalYear",
    "CompanyCode",
    "DocumentDate",
    "SupplierInvoiceIDByInvcgParty",
    "InvoicingParty",
    "InvoiceGrossAmount",
    "DocumentCurrency",
    "DueCalculationBaseDate",
    "NetPaymentDays",
    "PaymentBlockingReason",
    "SupplierInvoiceStatus",
    "ReverseDocument",
    "IsReversed",
    "to_SuplrInvcItemPurOrdRef/PurchaseOrder",
];

/// Length of a supplier's own number, in characters.
const REFERENCE_CHARS: usize = 16;
/// Invoices with one number that are looked at: more are too many to tell apart in a chat.
const HITS_MAX: usize = 5;

/// Which invoice is asked for.
#[derive(Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) number: &'a str,
    pub(crate) purchase_order: Option<&'a str>,
    pub(crate) fiscal_year: Option<u32>,
    pub(crate) company_code: Option<&'a str>,
}

/// The only invoice that is meant and that the asker may see, with the supplier's name.
///
/// # Errors
/// `not-found` where there is none, `invalid-input` on `/party` where there are several.
pub(crate) fn find(
    call: &Call,
    settings: &Settings,
    asker: &Asker<'_>,
    wanted: &Wanted<'_>,
) -> Result<(SupplierInvoice, Option<String>), Failure> {
    let mut invoices = search(call, settings, asker, wanted)?;
    if let Some(order) = wanted.purchase_order {
        invoices.retain(|invoice| invoice.items.iter().any(|item| same_key(item.purchase_order.code(), order)));
    }
    let several = || {
        let sentence =
            "There are several invoices with this number. Please give the supplier's number or the fiscal year.";
        Failure::invalid("/party", sentence)
    };
    let are_all = invoices.len() <= HITS_MAX;
    let mut admitted = Vec::new();
    for invoice in invoices.into_iter().take(HITS_MAX) {
        match asker.admits(call, settings, invoice.invoicing_party.code()) {
            Ok(party) => admitted.push((invoice, party)),
            Err(failure) if failure.kind == FailureKind::NotFound => {}
            Err(failure) => return Err(failure),
        }
    }
    match admitted.len() {
        1 if are_all => admitted.pop().ok_or_else(Failure::not_found),
        0 => Err(Failure::not_found()),
        _ => Err(several()),
    }
}

/// The invoices whose own number or whose supplier's number it is.
fn search(
    call: &Call,
    settings: &Settings,
    asker: &Asker<'_>,
    wanted: &Wanted<'_>,
) -> Result<Vec<SupplierInvoice>, Failure> {
    let number = wanted.number.trim();
    // A text that is longer than its field is an error to SAP, not a miss.
    let own = query::id(number, NUMBER_CHARS).map(|number| key_forms(number, NUMBER_CHARS)).unwrap_or_default();
    let own = own.into_iter().map(|form| ("SupplierInvoice", form));
    let suppliers =
        (number.chars().count() <= REFERENCE_CHARS).then(|| ("SupplierInvoiceIDByInvcgParty", number.to_owned()));
    let numbers: Vec<_> = own.chain(suppliers).collect();
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let company_code = wanted.company_code.map(|code| query::id(code, 4)).transpose();
    let mut filter = Filter::new().any_of(numbers).map_err(|failure| failure.at("/invoice_number"))?;
    filter = filter.eq_if("FiscalYear", wanted.fiscal_year.map(|year| year.to_string()).as_deref())?;
    filter = filter.eq_if("CompanyCode", company_code.map_err(|failure| failure.at("/company_code"))?)?;
    if let Some(party) = asker.named_number() {
        filter = filter.any("InvoicingParty", key_forms(party, NUMBER_CHARS))?;
    }
    let request = service::get(call, settings, SUPPLIER_INVOICES, "A_SupplierInvoice")?.query("$filter", filter);
    let (select, fields) = service::select(call, OBJECT, &FIELDS)?;
    let request = request.query(select, fields).query("$expand", "to_SuplrInvcItemPurOrdRef");
    let request = request.query("$orderby", "PostingDate desc").query("$top", HITS_MAX + 1);
    let mut invoices = odata::collection::<SupplierInvoice>(&request.send()?.error_for(faults::read)?)?.results;
    invoices.retain(|invoice| {
        same_key(invoice.supplier_invoice.code(), number)
            || invoice.supplier_invoice_id_by_invcg_party.get() == Some(number)
    });
    Ok(invoices)
}

/// What the supplier calls it, else the company's own number.
pub(crate) fn shown_number(invoice: &SupplierInvoice) -> String {
    invoice.supplier_invoice_id_by_invcg_party.get().unwrap_or(invoice.supplier_invoice.code()).to_owned()
}

/// Whether it was taken back.
pub(crate) fn is_reversed(invoice: &SupplierInvoice) -> bool {
    invoice.is_reversed == Some(true) || invoice.reverse_document.get().is_some()
}

/// The day it is to be paid by its own terms: for as long as the accounts say nothing.
pub(crate) fn due_on(invoice: &SupplierInvoice) -> Option<Day> {
    let days: i64 = invoice.net_payment_days?.to_string().parse().ok()?;
    Some(invoice.due_calculation_base_date.day()?.plus_days(days))
}
