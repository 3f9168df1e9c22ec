//! What the tenant holds at the start. The README's table is the same list in words.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::orders::{MATERIALS, amount};
use crate::odata::{Row, date};

pub(super) fn sets() -> HashMap<String, Vec<Row>> {
    let mut sets: HashMap<String, Vec<Row>> = HashMap::new();
    let mut add = |set: &str, value: Value| {
        if let Value::Object(row) = value {
            sets.entry(set.to_owned()).or_default().push(row);
        }
    };
    sales_orders(&mut add);
    purchase_orders(&mut add);
    stock(&mut add);
    invoices(&mut add);
    partners(&mut add);
    sets
}

type Add<'a> = dyn FnMut(&str, Value) + 'a;

struct Order {
    number: &'static str,
    reference: &'static str,
    process: &'static str,
    delivery: &'static str,
    rejection: &'static str,
    credit: &'static str,
    /// Pieces of the first material, and how many of them are delivered.
    pieces: u64,
    delivered: u64,
}

/// An order that nothing has happened to yet.
const fn open_order(number: &'static str, reference: &'static str, pieces: u64) -> Order {
    Order { number, reference, process: "A", delivery: "A", rejection: "A", credit: "A", pieces, delivered: 0 }
}

const ORDERS: &[Order] = &[
    Order { process: "B", delivery: "B", delivered: 4, ..open_order("1", "CUST-1001", 10) },
    Order { credit: "", ..open_order("2", "CUST-1002", 3) },
    Order { process: "C", delivery: "C", delivered: 5, ..open_order("3", "CUST-1003", 5) },
    Order { process: "C", delivery: "", rejection: "C", credit: "", ..open_order("4", "CUST-1004", 2) },
    Order { credit: "B", ..open_order("5", "CUST-1005", 7) },
    open_order("6", "CUST-1006", 1),
    open_order("7", "CUST-1006", 2),
];

fn sales_orders(add: &mut Add<'_>) {
    let (material, text, price) = MATERIALS[0];
    for Order { number: order, reference, process, delivery, rejection, credit, pieces, delivered } in ORDERS {
        let net = amount(price * pieces);
        add(
            "A_SalesOrder",
            json!({
                "_etag": "W/\"datetimeoffset'2026-03-02T10:15:00Z'\"",
                "SalesOrder": order,
                "SalesOrderType": "OR",
                "SalesOrganization": "1710",
                "DistributionChannel": "10",
                "OrganizationDivision": "00",
                "SoldToParty": if *order == "7" { "17100001" } else { "10100001" },
                "PurchaseOrderByCustomer": reference,
                "SalesOrderDate": date("2026-03-02"),
                "CreationDate": date("2026-03-02"),
                "LastChangeDateTime": "/Date(1772446500000+0000)/",
                "RequestedDeliveryDate": date("2026-03-20"),
                "TotalNetAmount": net,
                "TransactionCurrency": "EUR",
                "OverallSDProcessStatus": process,
                "OverallTotalDeliveryStatus": delivery,
                "OverallSDDocumentRejectionSts": rejection,
                "TotalCreditCheckStatus": credit,
            }),
        );
        add(
            "A_SalesOrderItem",
            json!({
                "SalesOrder": order,
                "SalesOrderItem": "10",
                "Material": material,
                "SalesOrderItemText": text,
                "RequestedQuantity": pieces.to_string(),
                "RequestedQuantityUnit": "PC",
                "NetAmount": net,
                "TransactionCurrency": "EUR",
                "DeliveryStatus": delivery,
                "SDProcessStatus": process,
                "SalesDocumentRjcnReason": if *rejection == "C" { "61" } else { "" },
            }),
        );
        add(
            "A_SalesOrderScheduleLine",
            json!({
                "SalesOrder": order,
                "SalesOrderItem": "10",
                "ScheduleLine": "1",
                "RequestedDeliveryDate": date("2026-03-20"),
                "ConfirmedDeliveryDate": date("2026-03-24"),
                "ScheduleLineOrderQuantity": pieces.to_string(),
                "DeliveredQtyInOrderQtyUnit": delivered.to_string(),
                "OpenConfdDelivQtyInOrdQtyUnit": (pieces - delivered).to_string(),
            }),
        );
        add(
            "A_SalesOrderHeaderPartner",
            json!({ "SalesOrder": order, "PartnerFunction": "SP", "Customer": "10100001" }),
        );
    }
    let follow = |order: &str, uuid: &str, document: &str, category: &str, status: &str| {
        json!({
            "SalesOrder": order,
            "DocRelationshipUUID": format!("00000000-0000-0000-0000-{uuid}"),
            "SubsequentDocument": document,
            "SubsequentDocumentCategory": category,
            "OverallSDProcessStatus": status,
            "CreationDate": date("2026-03-10"),
        })
    };
    for (order, uuid, document, category, status) in [
        ("1", "000000000001", "80000001", "J", "C"),
        ("3", "000000000002", "80000002", "J", "C"),
        ("3", "000000000003", "90000001", "M", "C"),
    ] {
        add("A_SalesOrderSubsqntProcFlow", follow(order, uuid, document, category, status));
    }
}

/// Number, processing status, deletion code, release not completed, completely delivered.
const PURCHASE_ORDERS: &[(&str, &str, &str, bool, bool)] = &[
    ("4500000001", "02", "", false, false),
    ("4500000002", "03", "", true, false),
    ("4500000003", "05", "", false, true),
    ("4500000004", "02", "L", false, false),
];

fn purchase_orders(add: &mut Add<'_>) {
    for (order, status, deletion, in_release, delivered) in PURCHASE_ORDERS {
        add(
            "A_PurchaseOrder",
            json!({
                "PurchaseOrder": order,
                "CompanyCode": "1710",
                "PurchaseOrderType": "NB",
                "Supplier": "17300001",
                "PurchasingProcessingStatus": status,
                "PurchasingDocumentDeletionCode": deletion,
                "ReleaseIsNotCompleted": in_release,
                "PurchasingCompletenessStatus": false,
                "PurchaseOrderDate": date("2026-02-20"),
                "CreationDate": date("2026-02-20"),
                "LastChangeDateTime": "/Date(1771580100000+0000)/",
                "DocumentCurrency": "EUR",
                "NetPaymentDays": "30",
            }),
        );
        add(
            "A_PurchaseOrderItem",
            json!({
                "PurchaseOrder": order,
                "PurchaseOrderItem": "10",
                "PurchaseOrderItemText": "Raw material",
                "Plant": "1710",
                "OrderQuantity": "100",
                "PurchaseOrderQuantityUnit": "PC",
                "NetPriceAmount": "12.50",
                "NetPriceQuantity": "1",
                "IsCompletelyDelivered": delivered,
                "IsFinallyInvoiced": false,
                "GoodsReceiptIsExpected": true,
                "InvoiceIsExpected": true,
                "Material": "RM01",
            }),
        );
        add(
            "A_PurchaseOrderScheduleLine",
            json!({
                "PurchasingDocument": order,
                "PurchasingDocumentItem": "10",
                "ScheduleLine": "1",
                "ScheduleLineDeliveryDate": date("2026-04-01"),
                "ScheduleLineOrderQuantity": "100",
                "PurchaseOrderQuantityUnit": "PC",
            }),
        );
    }
}

fn stock(add: &mut Add<'_>) {
    for material in ["TG11", "TG12"] {
        add("A_MaterialStock", json!({ "Material": material, "MaterialBaseUnit": "PC" }));
    }
    for (material, plant, special, kind, quantity) in [
        ("TG11", "1710", "", "01", "100.000"),
        ("TG11", "1710", "", "07", "20.000"),
        ("TG11", "1710", "E", "01", "5.000"),
        ("TG11", "1010", "", "01", "40.000"),
        ("TG12", "1710", "", "01", "0.000"),
    ] {
        add(
            "A_MatlStkInAcctMod",
            json!({
                "Material": material,
                "Plant": plant,
                "StorageLocation": "171A",
                "Batch": "",
                "Supplier": "",
                "Customer": "",
                "WBSElementInternalID": "0",
                "SDDocument": if special == "E" { "1" } else { "" },
                "SDDocumentItem": if special == "E" { "10" } else { "0" },
                "InventorySpecialStockType": special,
                "InventoryStockType": kind,
                "MaterialBaseUnit": "PC",
                "MatlWrhsStkQtyInMatlBaseUnit": quantity,
            }),
        );
    }
}

/// Number, the supplier's number, status, payment block, and the clearing document when it is paid.
const INVOICES: &[(&str, &str, &str, &str, Option<&str>)] = &[
    ("5105600001", "INV-881", "5", "", None),
    ("5105600002", "INV-882", "5", "R", None),
    ("5105600003", "INV-883", "5", "", Some("1500000001")),
    ("5105600004", "INV-884", "A", "", None),
];

fn invoices(add: &mut Add<'_>) {
    for (index, (invoice, reference, status, block, clearing)) in INVOICES.iter().enumerate() {
        add(
            "A_SupplierInvoice",
            json!({
                "SupplierInvoice": invoice,
                "FiscalYear": "2026",
                "CompanyCode": "1710",
                "DocumentDate": date("2026-03-01"),
                "PostingDate": date("2026-03-03"),
                "SupplierInvoiceIDByInvcgParty": reference,
                "InvoicingParty": "17300001",
                "InvoiceGrossAmount": "1190.00",
                "DocumentCurrency": "EUR",
                "PaymentTerms": "0001",
                "DueCalculationBaseDate": date("2026-03-01"),
                "NetPaymentDays": "30",
                "PaymentBlockingReason": block,
                "SupplierInvoiceStatus": status,
                "IsReversal": false,
                "IsReversed": false,
            }),
        );
        add(
            "A_SuplrInvcItemPurOrdRef",
            json!({
                "SupplierInvoice": invoice,
                "FiscalYear": "2026",
                "SupplierInvoiceItem": "1",
                "PurchaseOrder": "4500000001",
                "PurchaseOrderItem": "10",
                "DocumentCurrency": "EUR",
                "SupplierInvoiceItemAmount": "1000.00",
                "QuantityInPurchaseOrderUnit": "80",
            }),
        );
        // A parked invoice is not in accounting yet.
        if *status == "A" {
            continue;
        }
        add(
            "A_OperationalAcctgDocItemCube",
            json!({
                "CompanyCode": "1710",
                "FiscalYear": "2026",
                "AccountingDocument": format!("510000000{}", index + 1),
                "AccountingDocumentItem": "1",
                "AccountingDocumentItemType": "K",
                "AccountingDocumentType": "RE",
                "FinancialAccountType": "K",
                "PostingDate": date("2026-03-03"),
                "DebitCreditCode": "H",
                "ClearingAccountingDocument": clearing.unwrap_or_default(),
                "ClearingDate": clearing.map(|_| date("2026-03-28")),
                "NetDueDate": date("2026-03-31"),
                "PaymentBlockingReason": block,
                "AmountInTransactionCurrency": "-1190.00",
                "TransactionCurrency": "EUR",
                "Supplier": "17300001",
                "DocumentReferenceID": reference,
                "OriginalReferenceDocument": format!("{invoice}2026"),
            }),
        );
    }
}

/// Number, on which side of the business it stands, name, and the e-mail addresses that are on file.
const PARTNERS: &[(&str, Side, &str, &[&str])] = &[
    ("10100001", Side::Customer, "Acme Corporation", &["customer@example.com", "orders@acme.example.com"]),
    ("17100001", Side::Customer, "Globex", &["jane@example.com"]),
    ("17300001", Side::Supplier, "Raw Goods Ltd", &["supplier@example.com"]),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Customer,
    Supplier,
}

fn partners(add: &mut Add<'_>) {
    for (number, side, name, emails) in PARTNERS {
        add(
            "A_BusinessPartner",
            json!({
                "BusinessPartner": number,
                "Customer": if *side == Side::Customer { number } else { "" },
                "Supplier": if *side == Side::Supplier { number } else { "" },
                "BusinessPartnerCategory": "2",
                "BusinessPartnerFullName": name,
                "BusinessPartnerName": name,
                "OrganizationBPName1": name,
            }),
        );
        let address = format!("9{}", &number[1..]);
        add(
            "A_BusinessPartnerAddress",
            json!({ "BusinessPartner": number, "AddressID": address, "Country": "DE", "CityName": "Hamburg" }),
        );
        for (index, email) in emails.iter().enumerate() {
            add(
                "A_AddressEmailAddress",
                json!({
                    "AddressID": address,
                    "Person": "",
                    "OrdinalNumber": format!("{:03}", index + 1),
                    "IsDefaultEmailAddress": index == 0,
                    "EmailAddress": email,
                }),
            );
        }
    }
}
