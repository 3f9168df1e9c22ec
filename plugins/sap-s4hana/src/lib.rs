//! The connector for SAP S/4HANA: which function answers which intent, and nothing else.
//!
//! Addresses, services and grants stand in `connector.toml`, limits and sources in `README.md`.

mod faults;
mod invoice;
mod ledger;
mod names;
mod partner;
mod sales_order;
mod service;
mod settings;
mod wire;

mod intents {
    pub(crate) mod invoice_status;
    pub(crate) mod payment_status;
    pub(crate) mod purchase_order_status;
    pub(crate) mod sales_order_status;
    pub(crate) mod sap_s4hana_sales_order_create;
    pub(crate) mod stock_check;
}

use jackfield_sdk::prelude::*;

use crate::intents::sap_s4hana_sales_order_create::SalesOrderCreateInput;

/// SAP S/4HANA, cloud and on-premise, by its OData services of version 2.
pub struct SapS4hana;

#[connector]
impl SapS4hana {
    fn sales_order_status(&self, call: &Call, input: SalesOrderStatusInput) -> Result<SalesOrder, Failure> {
        intents::sales_order_status::run(call, input)
    }

    fn purchase_order_status(&self, call: &Call, input: PurchaseOrderStatusInput) -> Result<PurchaseOrder, Failure> {
        intents::purchase_order_status::run(call, input)
    }

    fn stock_check(&self, call: &Call, input: StockCheckInput) -> Result<StockLevelList, Failure> {
        intents::stock_check::run(call, input)
    }

    fn invoice_status(&self, call: &Call, input: InvoiceStatusInput) -> Result<Invoice, Failure> {
        intents::invoice_status::run(call, input)
    }

    fn payment_status(&self, call: &Call, input: PaymentStatusInput) -> Result<Payment, Failure> {
        intents::payment_status::run(call, input)
    }

    fn sales_order_create(&self, call: &Call, input: SalesOrderCreateInput) -> Result<SalesOrder, Failure> {
        intents::sap_s4hana_sales_order_create::run(call, input)
    }

    fn sales_order_create_settle(
        &self,
        call: &Call,
        input: SalesOrderCreateInput,
    ) -> Result<Settled<SalesOrder>, Failure> {
        intents::sap_s4hana_sales_order_create::settle(call, input)
    }
}
