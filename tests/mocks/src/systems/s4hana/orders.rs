//! Creating a sales order with its items in one request, and what the tenant decides about it.
//! Source: API reference of API_SALES_ORDER_SRV, "Create Sales Order".

use serde_json::{Value, json};

use super::{Call, State, json_answer};
use crate::exchange::Answer;
use crate::odata::{Refusal, Row, Source, checked, date, date_time_offset, nested, wrong};

/// The materials on sale: number, text, price in cents for one piece.
pub(super) const MATERIALS: &[(&str, &str, u64)] =
    &[("TG11", "Trading good 11", 10_500), ("TG12", "Trading good 12", 2_550)];
/// The customers that may buy.
pub(super) const CUSTOMERS: &[&str] = &["10100001", "17100001"];

/// What the business refuses without the documentation's help.
fn refused(message: impl Into<String>) -> Refusal {
    Refusal { status: 400, message: message.into(), violation: false }
}

impl Call<'_> {
    pub(super) fn create_order(&self, state: &mut State) -> Result<Answer, Refusal> {
        if self.request.media_type().as_deref() != Some("application/json") {
            return Err(Refusal {
                status: 415,
                message: "Content-Type is not application/json".to_owned(),
                violation: true,
            });
        }
        let body = self.request.json().map_err(|error| wrong(format!("the body is no JSON: {error}")))?;
        let entity = |set: &str| self.service.entity(set).ok_or_else(|| wrong(format!("no set {set}")));
        let mut header = checked(entity("A_SalesOrder")?, &body)?;
        for name in ["to_Partner", "to_Text"] {
            if !nested(&body, name)?.is_empty() {
                return Err(wrong(format!("{name} is not simulated in a creation")));
            }
        }
        for name in
            ["SalesOrderType", "SalesOrganization", "DistributionChannel", "OrganizationDivision", "SoldToParty"]
        {
            if header.get(name).and_then(Value::as_str).unwrap_or_default().is_empty() {
                return Err(refused(format!("{name} is missing")));
            }
        }
        let customer = header.get("SoldToParty").and_then(Value::as_str).unwrap_or_default();
        if !CUSTOMERS.contains(&customer) {
            return Err(refused(format!("Sold-to party {customer} not maintained for sales area")));
        }
        let mut items = Vec::new();
        let mut total = 0;
        for (index, item) in nested(&body, "to_Item")?.iter().enumerate() {
            let (row, cents) = item_row(checked(entity("A_SalesOrderItem")?, item)?, index)?;
            total += cents;
            items.push(row);
        }
        if items.is_empty() {
            return Err(refused("The sales order has no items"));
        }
        if state.locks > 0 {
            state.locks -= 1;
            let message = format!("Customer {customer} is currently being processed by user MILLER");
            return Ok(self.refuse_with("V1/042", refused(message)));
        }
        let number = state.next_order.to_string();
        state.next_order += 1;
        let now = state.clock.now();
        header.insert("SalesOrder".to_owned(), json!(number));
        let today = date(&now.strftime("%Y-%m-%d").to_string());
        for (name, value) in [
            ("CreationDate", today.clone()),
            ("LastChangeDateTime", date_time_offset(now)),
            ("TotalNetAmount", json!(amount(total))),
            ("OverallSDProcessStatus", json!("A")),
            ("OverallTotalDeliveryStatus", json!("A")),
            ("OverallSDDocumentRejectionSts", json!("A")),
        ] {
            header.insert(name.to_owned(), value);
        }
        header.entry("SalesOrderDate").or_insert(today);
        header.entry("TransactionCurrency").or_insert(json!("EUR"));
        header
            .insert("_etag".to_owned(), json!(format!("W/\"datetimeoffset'{}'\"", now.strftime("%Y-%m-%dT%H:%M:%SZ"))));
        for item in &mut items {
            item.insert("SalesOrder".to_owned(), json!(number));
            item.entry("TransactionCurrency").or_insert(json!("EUR"));
        }
        state.sets.entry("A_SalesOrder".to_owned()).or_default().push(header);
        state.sets.entry("A_SalesOrderItem".to_owned()).or_default().extend(items);
        let rows = state.rows("A_SalesOrder");
        let made = rows.last().copied().ok_or_else(|| wrong("nothing was created"))?;
        let expand: &[&str] = if body["to_Item"].is_null() { &[] } else { &["to_Item"] };
        let shown = self.reader(state).one("A_SalesOrder", made, expand);
        let location = shown["d"]["__metadata"]["uri"].as_str().unwrap_or_default().to_owned();
        Ok(json_answer(201, &shown).with_header("location", location))
    }
}

/// An item with what the tenant adds to it, and its net amount in cents.
fn item_row(mut row: Row, index: usize) -> Result<(Row, u64), Refusal> {
    let material = row.get("Material").and_then(Value::as_str).unwrap_or_default().to_owned();
    let Some((_, text, cents)) = MATERIALS.iter().find(|(known, ..)| *known == material) else {
        return Err(refused(format!("Material {material} is not defined for sales org. 1710")));
    };
    let quantity = row.get("RequestedQuantity").and_then(Value::as_str).unwrap_or_default();
    let Some(pieces) =
        quantity.split('.').next().and_then(|whole| whole.parse::<u64>().ok()).filter(|whole| *whole > 0)
    else {
        return Err(refused(format!("Enter a quantity for material {material}")));
    };
    let net = cents * pieces;
    for (name, value) in [
        ("SalesOrderItemText", json!(text)),
        ("RequestedQuantityUnit", json!("PC")),
        ("NetAmount", json!(amount(net))),
        ("DeliveryStatus", json!("A")),
        ("SDProcessStatus", json!("A")),
        ("ConfdDelivQtyInOrderQtyUnit", json!(pieces.to_string())),
    ] {
        row.entry(name).or_insert(value);
    }
    row.entry("SalesOrderItem").or_insert(json!(((index + 1) * 10).to_string()));
    Ok((row, net))
}

/// Cents as a decimal text.
pub(super) fn amount(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}
