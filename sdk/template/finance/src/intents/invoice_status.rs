//! `invoice.status`: whether an invoice is paid, told only to whom it was sent.

use jackfield_sdk::prelude::*;

use crate::{faults, names, wire};

pub(crate) fn run(call: &Call, input: InvoiceStatusInput) -> Result<Invoice, Failure> {
    // Who gives no proof is asked for one before anything is sent.
    let sentence = "Please give the e-mail address that the invoice was sent to.";
    let ownership = Ownership::by_email(call, input.email.as_deref(), sentence)?;
    let found: Vec<wire::Invoice> = call
        .http("api")
        .get(path!("v1/invoices"))?
        .query("number", &input.invoice_number)
        .send()?
        .error_for(faults::failure)?
        .json()?;
    // Systems search more loosely than people ask.
    let invoice = found
        .into_iter()
        .find(|invoice| invoice.number == input.invoice_number)
        .ok_or_else(Failure::not_found)?;
    // A mismatch is the same failure as an invoice that does not exist.
    ownership.proves(&OrderOwner::new().email(invoice.email.as_deref()))?;

    // An amount that cannot be read is left out, never guessed.
    let total = invoice.total.zip(invoice.currency);
    Ok(Invoice {
        id: invoice.id,
        number: invoice.number,
        side: InvoiceSide::Receivable,
        status: names::status(call.status_names(), &invoice.state),
        status_raw: Some(invoice.state),
        due_on: invoice.due_on.map(Date::new),
        total: total.and_then(|(amount, currency)| Money::new(amount, currency).ok()),
        ..Invoice::default()
    })
}
