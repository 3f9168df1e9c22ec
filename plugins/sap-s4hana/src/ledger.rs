//! What the accounts say of a supplier's invoice: the invoice itself does not know whether it was paid.
//!
//! The accounting items are many and the service is slow: it is never asked without company code and year.
//! Source: API_OPLACCTGDOCITEMCUBE_SRV, "Operational Journal Entry Item - Read".

use jackfield_sdk::{
    odata::{self, Decimal, Filter, key_forms, same_key},
    prelude::*,
};

use crate::{
    faults, names,
    sales_order::money,
    service::{self, ACCOUNTING_ITEMS, NUMBER_CHARS},
    settings::Settings,
    wire::{AccountingItem, SupplierInvoice},
};

const FIELDS: &str = "CompanyCode,FiscalYear,AccountingDocument,ClearingAccountingDocument,ClearingDate,NetDueDate,\
                      PaymentBlockingReason,AmountInTransactionCurrency,TransactionCurrency,Supplier,DocumentReferenceID";
/// An invoice has an item for each instalment, a payment one for each invoice.
const ITEMS_MAX: usize = 200;

/// Items of the accounts that belong together: those of an invoice, or those that a payment settled.
#[derive(Debug)]
pub(crate) struct Ledger(pub(crate) Vec<AccountingItem>);

/// A payment, as the items that it settled show it.
#[derive(Debug)]
pub(crate) struct Settlement<'a> {
    pub(crate) number: &'a str,
    pub(crate) on: Option<Day>,
    pub(crate) amount: Decimal,
    pub(crate) items: Vec<&'a AccountingItem>,
}

impl Ledger {
    /// What an invoice owes or owed.
    pub(crate) fn of_invoice(call: &Call, settings: &Settings, invoice: &SupplierInvoice) -> Result<Self, Failure> {
        let (number, year) = (invoice.supplier_invoice.code(), invoice.fiscal_year.code());
        let filter = Filter::new()
            .eq("CompanyCode", invoice.company_code.code())?
            .eq("FiscalYear", year)?
            // Number and year of the invoice in one field, the number with its leading zeros.
            .eq("OriginalReferenceDocument", &format!("{number:0>NUMBER_CHARS$}{year}"))?
            .eq("AccountingDocumentItemType", names::SUPPLIER_ITEM)?;
        read(call, settings, &filter)
    }

    /// What a payment settled. Numbers begin anew each year: of several payments with this number the latest is meant.
    pub(crate) fn of_payment(
        call: &Call,
        settings: &Settings,
        number: &str,
        company_code: &str,
        year: i64,
    ) -> Result<Self, Failure> {
        query::id(number, NUMBER_CHARS)?;
        let filter = Filter::new()
            .eq("CompanyCode", company_code)?
            // An invoice of last year may be paid in this one.
            .any("FiscalYear", [year.to_string(), (year - 1).to_string()])?
            .eq("AccountingDocumentItemType", names::SUPPLIER_ITEM)?
            .any("ClearingAccountingDocument", key_forms(number, NUMBER_CHARS))?;
        let Ledger(mut items) = read(call, settings, &filter)?;
        items.retain(|item| same_key(item.clearing_accounting_document.code(), number));
        let latest = items.iter().map(|item| item.clearing_date).max();
        items.retain(|item| Some(item.clearing_date) == latest);
        Ok(Ledger(items))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = &AccountingItem> {
        self.0.iter().filter(|item| item.clearing_accounting_document.get().is_none())
    }

    /// The payments, the latest first.
    pub(crate) fn settlements(&self) -> Vec<Settlement<'_>> {
        let mut found: Vec<Settlement<'_>> = Vec::new();
        for item in &self.0 {
            let Some(number) = item.clearing_accounting_document.get() else { continue };
            let on = item.clearing_date.day();
            // The payment's own item settles itself: it is not what was paid for.
            if item.accounting_document.get() == Some(number) {
                continue;
            }
            match found.iter_mut().find(|known| (known.number, known.on) == (number, on)) {
                Some(known) => {
                    known.amount = known.amount + item.amount_in_transaction_currency;
                    known.items.push(item);
                }
                None => found.push(Settlement {
                    number,
                    on,
                    amount: item.amount_in_transaction_currency,
                    items: vec![item],
                }),
            }
        }
        found.sort_by_key(|settlement| std::cmp::Reverse(settlement.on));
        found
    }

    /// What is still owed.
    pub(crate) fn balance(&self) -> Decimal {
        self.open().map(|item| item.amount_in_transaction_currency).sum::<Decimal>().abs()
    }

    /// What was paid so far.
    pub(crate) fn paid(&self) -> Decimal {
        self.settlements().iter().map(|settlement| settlement.amount).sum::<Decimal>().abs()
    }

    /// The first day on which something of it is due.
    pub(crate) fn due_on(&self) -> Option<Day> {
        self.open().filter_map(|item| item.net_due_date.day()).min()
    }

    /// The code of what stops the payment.
    pub(crate) fn block(&self) -> Option<&str> {
        self.open().find_map(|item| item.payment_blocking_reason.get())
    }
}

impl Settlement<'_> {
    /// The payment in the catalogue's words, in the currency of its items.
    pub(crate) fn told(&self, payee: Option<String>) -> Payment {
        let currency = self.items.first().map(|item| item.transaction_currency.code()).unwrap_or_default();
        let is_one_currency = self.items.iter().all(|item| item.transaction_currency.code() == currency);
        Payment {
            id: self.number.to_owned(),
            number: self.number.to_owned(),
            status: PaymentStatus::Completed,
            amount: money(Some(self.amount.abs()), currency).filter(|_| is_one_currency),
            payee,
            paid_on: self.on.map(Date::from),
            invoices: self.items.iter().filter_map(|item| item.document_reference_id.owned()).collect(),
            ..Payment::default()
        }
    }
}

fn read(call: &Call, settings: &Settings, filter: &Filter) -> Result<Ledger, Failure> {
    let request = service::get(call, settings, ACCOUNTING_ITEMS, "A_OperationalAcctgDocItemCube")?;
    let request = request.query("$filter", filter).query("$select", FIELDS).query("$top", ITEMS_MAX + 1);
    let items = odata::collection::<AccountingItem>(&request.send()?.error_for(faults::read)?)?.results;
    if items.len() > ITEMS_MAX {
        return Err(Failure::internal("more accounting items than can be summed up in one call"));
    }
    Ok(Ledger(items))
}
