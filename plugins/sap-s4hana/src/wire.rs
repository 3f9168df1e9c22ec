//! What SAP sends, and only the properties that are read. What is sent to it is in `wire/draft.rs`.
//!
//! Reading is tolerant: every property may be absent or empty, and codes are texts until `names.rs` has seen them.
//! Source: SAP's published descriptions of the services that are named at each type.

mod draft;

use jackfield_sdk::odata::{DateTime, Decimal, Many, Text};
use serde::Deserialize;

use crate::service::Record;

pub(crate) use self::draft::{Draft, DraftItem, DraftItems};

/// API_SALES_ORDER_SRV, `A_SalesOrder`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct SalesOrder {
    pub(crate) sales_order: Text,
    pub(crate) sold_to_party: Text,
    pub(crate) purchase_order_by_customer: Text,
    pub(crate) sales_order_date: DateTime,
    pub(crate) creation_date: DateTime,
    pub(crate) requested_delivery_date: DateTime,
    pub(crate) total_net_amount: Option<Decimal>,
    pub(crate) transaction_currency: Text,
    #[serde(rename = "OverallSDProcessStatus")]
    pub(crate) overall_sd_process_status: Text,
    pub(crate) overall_total_delivery_status: Text,
    pub(crate) overall_delivery_status: Text,
    pub(crate) overall_ord_reltd_billg_status: Text,
    #[serde(rename = "OverallSDDocumentRejectionSts")]
    pub(crate) overall_sd_document_rejection_sts: Text,
    pub(crate) total_credit_check_status: Text,
    pub(crate) sales_doc_approval_status: Text,
    pub(crate) delivery_block_reason: Text,
    #[serde(rename = "to_Item")]
    pub(crate) items: Many<SalesOrderItem>,
    #[serde(flatten)]
    pub(crate) other: Record,
}

/// API_SALES_ORDER_SRV, `A_SalesOrderItem`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct SalesOrderItem {
    pub(crate) sales_order_item: Text,
    pub(crate) material: Text,
    pub(crate) sales_order_item_text: Text,
    pub(crate) requested_quantity: Decimal,
    pub(crate) requested_quantity_unit: Text,
    pub(crate) net_amount: Option<Decimal>,
    pub(crate) delivery_status: Text,
}

/// API_SALES_ORDER_SRV, `A_SalesOrderScheduleLine`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct SalesOrderScheduleLine {
    pub(crate) sales_order_item: Text,
    pub(crate) confirmed_delivery_date: DateTime,
    pub(crate) delivered_qty_in_order_qty_unit: Decimal,
    pub(crate) open_confd_deliv_qty_in_ord_qty_unit: Decimal,
}

/// API_PURCHASEORDER_PROCESS_SRV, `A_PurchaseOrder`. It has no total: that is reckoned from the items.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct PurchaseOrder {
    pub(crate) purchase_order: Text,
    pub(crate) supplier: Text,
    pub(crate) purchase_order_date: DateTime,
    pub(crate) document_currency: Text,
    pub(crate) purchasing_processing_status: Text,
    pub(crate) purchasing_document_deletion_code: Text,
    pub(crate) release_is_not_completed: Option<bool>,
    /// True while the order is on hold: not complete.
    pub(crate) purchasing_completeness_status: Option<bool>,
    #[serde(rename = "to_PurchaseOrderItem")]
    pub(crate) items: Many<PurchaseOrderItem>,
    #[serde(flatten)]
    pub(crate) other: Record,
}

/// API_PURCHASEORDER_PROCESS_SRV, `A_PurchaseOrderItem`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct PurchaseOrderItem {
    pub(crate) purchase_order_item: Text,
    pub(crate) purchasing_document_deletion_code: Text,
    pub(crate) material: Text,
    pub(crate) purchase_order_item_text: Text,
    pub(crate) order_quantity: Decimal,
    pub(crate) purchase_order_quantity_unit: Text,
    pub(crate) order_price_unit: Text,
    /// So many price units are ..
    pub(crate) order_price_unit_to_order_unit_nmrtr: Decimal,
    /// .. so many order units, as a fraction.
    pub(crate) ord_price_unit_to_order_unit_dnmntr: Decimal,
    pub(crate) net_price_amount: Option<Decimal>,
    /// The price is for so many price units.
    pub(crate) net_price_quantity: Decimal,
    pub(crate) is_completely_delivered: Option<bool>,
    pub(crate) is_finally_invoiced: Option<bool>,
    pub(crate) goods_receipt_is_expected: Option<bool>,
    pub(crate) invoice_is_expected: Option<bool>,
}

/// API_PURCHASEORDER_PROCESS_SRV, `A_PurchaseOrderScheduleLine`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct PurchaseOrderScheduleLine {
    pub(crate) purchasing_document_item: Text,
    pub(crate) schedule_line_delivery_date: DateTime,
}

/// API_MATERIAL_STOCK_SRV, `A_MatlStkInAcctMod`: stock of one kind in one place.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Stock {
    pub(crate) material: Text,
    pub(crate) plant: Text,
    /// Empty for the company's own stock; consignment, a customer's, a project's otherwise.
    pub(crate) inventory_special_stock_type: Text,
    pub(crate) inventory_stock_type: Text,
    pub(crate) material_base_unit: Text,
    pub(crate) matl_wrhs_stk_qty_in_matl_base_unit: Decimal,
}

/// API_MATERIAL_STOCK_SRV, `A_MaterialStock`: a material that is kept in stock at all.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Material {
    pub(crate) material: Text,
    pub(crate) material_base_unit: Text,
}

/// API_SUPPLIERINVOICE_PROCESS_SRV, `A_SupplierInvoice`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct SupplierInvoice {
    pub(crate) supplier_invoice: Text,
    pub(crate) fiscal_year: Text,
    pub(crate) company_code: Text,
    pub(crate) document_date: DateTime,
    /// The supplier's own number.
    #[serde(rename = "SupplierInvoiceIDByInvcgParty")]
    pub(crate) supplier_invoice_id_by_invcg_party: Text,
    pub(crate) invoicing_party: Text,
    pub(crate) invoice_gross_amount: Option<Decimal>,
    pub(crate) document_currency: Text,
    pub(crate) due_calculation_base_date: DateTime,
    pub(crate) net_payment_days: Option<Decimal>,
    pub(crate) payment_blocking_reason: Text,
    pub(crate) supplier_invoice_status: Text,
    /// The document that took it back.
    pub(crate) reverse_document: Text,
    pub(crate) is_reversed: Option<bool>,
    #[serde(rename = "to_SuplrInvcItemPurOrdRef")]
    pub(crate) items: Many<SupplierInvoiceItem>,
    #[serde(flatten)]
    pub(crate) other: Record,
}

/// API_SUPPLIERINVOICE_PROCESS_SRV, `A_SuplrInvcItemPurOrdRef`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct SupplierInvoiceItem {
    pub(crate) purchase_order: Text,
}

/// API_OPLACCTGDOCITEMCUBE_SRV, `A_OperationalAcctgDocItemCube`: one item of an accounting document.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct AccountingItem {
    pub(crate) company_code: Text,
    pub(crate) fiscal_year: Text,
    pub(crate) accounting_document: Text,
    /// The document that settled it; empty while it is open.
    pub(crate) clearing_accounting_document: Text,
    pub(crate) clearing_date: DateTime,
    pub(crate) net_due_date: DateTime,
    pub(crate) payment_blocking_reason: Text,
    /// What is owed to somebody is below zero.
    pub(crate) amount_in_transaction_currency: Decimal,
    pub(crate) transaction_currency: Text,
    pub(crate) supplier: Text,
    /// The supplier's own number.
    #[serde(rename = "DocumentReferenceID")]
    pub(crate) document_reference_id: Text,
}

/// API_BUSINESS_PARTNER, `A_BusinessPartner`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct BusinessPartner {
    pub(crate) customer: Text,
    pub(crate) supplier: Text,
    pub(crate) business_partner_full_name: Text,
    pub(crate) business_partner_name: Text,
    #[serde(rename = "to_BusinessPartnerAddress")]
    pub(crate) addresses: Many<Address>,
}

/// API_BUSINESS_PARTNER, `A_BusinessPartnerAddress`: nothing of it but its e-mail addresses.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Address {
    #[serde(rename = "to_EmailAddress")]
    pub(crate) emails: Many<EmailAddress>,
}

/// API_BUSINESS_PARTNER, `A_AddressEmailAddress`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct EmailAddress {
    pub(crate) email_address: Text,
}
