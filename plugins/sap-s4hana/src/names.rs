//! SAP's codes and the catalogue's words.
//!
//! The operator's `status_names` come first, by the names of these tables. Source: the fixed values of the domains STATV,
//! CMGST, PROCSTAT, RBSTAT and INSMK in SAP's data dictionary.

use jackfield_sdk::prelude::*;

codes! {
    /// Delivery, billing and process status of sales documents and their items. Empty: the step does not apply.
    pub(crate) fn progress: Progress {
        "" => NotRelevant,
        "A" => NotStarted,
        "B" => Partial,
        "C" => Complete,
        _ => Other,
    }

    /// `SalesDocApprovalStatus`. Its codes are not published with the API: only the operator can say what they mean.
    pub(crate) fn approval: ApprovalStatus {
        "" => NotRequired,
        _ => Other,
    }

    /// `PurchasingProcessingStatus`.
    pub(crate) fn purchase_order_status: PurchaseOrderStatus {
        "01" => Draft,
        "" | "02" | "05" => Open,
        "03" => AwaitingApproval,
        "08" => Rejected,
        _ => Other,
    }

    /// `SupplierInvoiceStatus`: what the invoice itself says, before it is known whether it was paid.
    pub(crate) fn invoice_status: InvoiceStatus {
        "5" => Approved,
        "A" => Draft,
        "B" => AwaitingApproval,
        "D" | "3" => OnHold,
        "2" => Cancelled,
        _ => Other,
    }
}

/// `TotalCreditCheckStatus`: stopped by the credit check and not released.
pub(crate) fn is_stopped_by_credit_check(code: &str) -> bool {
    code == "B"
}

/// `OverallSDDocumentRejectionSts`: every item was refused or withdrawn.
pub(crate) fn is_rejected(code: &str) -> bool {
    code == "C"
}

/// `InventoryStockType` of stock that can be used at will; the others are in inspection, returned, on their way or blocked.
pub(crate) const UNRESTRICTED: &str = "01";

/// `AccountingDocumentItemType` of what is owed to suppliers.
pub(crate) const SUPPLIER_ITEM: &str = "K";

/// `PaymentBlockingReason` in words for who asks.
pub(crate) fn payment_block(code: &str) -> &'static str {
    match code {
        "R" => "its quantities or prices are still being checked",
        _ => "it is blocked for payment",
    }
}

/// Words for a code that no table knows: shown as it is, never guessed.
pub(crate) fn unknown(table: &str, code: &str) -> String {
    warn!("a status that is in no table; `status_names` can name it"; table, code);
    format!("in status {code}")
}
