//! SAP Gateway's errors as failures. Their texts go nowhere: they quote what was sent and name users of the system.
//!
//! The status says little: a business rule, a lock and a misspelt query are all 400. Codes and words tell them apart.
//! Source: SAP's published API descriptions (error schema); observed answers.

use jackfield_sdk::{odata::Fault, prelude::*};

/// What users read when SAP refuses an order, by the property that it complains about.
const REFUSED: [(&str, &str); 7] = [
    ("SoldToParty", "The ERP system did not accept this customer for the order."),
    ("Material", "The ERP system did not accept one of the materials."),
    ("RequestedQuantity", "The ERP system did not accept one of the quantities."),
    ("RequestedQuantityUnit", "The ERP system did not accept the unit of one of the quantities."),
    ("RequestedDeliveryDate", "The ERP system did not accept the delivery date."),
    ("PurchaseOrderByCustomer", "The ERP system did not accept this reference."),
    ("SalesOrganization", "This customer cannot order here."),
];

/// Codes of a document that somebody else has open: "currently being processed by", "blocked by user".
const LOCK_CODES: [&str; 2] = ["V1/042", "56/393"];
/// The same in words, for codes that nobody listed.
const LOCK_WORDS: [&str; 3] = ["is locked", "currently being processed", "blocked by user"];

/// What an error answer to a read means.
pub(crate) fn read(response: &Response) -> Failure {
    let fault = Fault::of(response);
    common(response, &fault).unwrap_or_else(|| response.failure()).detail(detail(response, &fault))
}

/// What an error answer to a write means: a 400 is then a rule of the business.
pub(crate) fn write(response: &Response) -> Failure {
    let fault = Fault::of(response);
    let failure = common(response, &fault).unwrap_or_else(|| match response.status() {
        400 if is_locked(&fault) => Failure::conflict(),
        400 | 422 if fault.is_known() => Failure::rejected(sentence(&fault)),
        _ => response.failure(),
    });
    failure.detail(detail(response, &fault))
}

fn common(response: &Response, fault: &Fault) -> Option<Failure> {
    match response.status() {
        // The host has fetched a new token once and tried again: the session does not hold.
        403 if fault.mentions(&["csrf"]) => Some(Failure::unavailable()),
        // SAP's login page, or a proxy's.
        403 | 404 if is_page(response) => Some(Failure::unsupported()),
        _ => None,
    }
}

fn detail(response: &Response, fault: &Fault) -> String {
    let hint = match response.status() {
        403 if fault.has_code("/IWFND/MED/170") => ": the service is not active in this system",
        403 | 404 if is_page(response) => {
            " and a page: is the service part of a communication arrangement, and active? is the host right?"
        }
        _ => "",
    };
    fault.for_the_log(response.status()) + hint
}

/// Whether something answered that is no OData service.
pub(crate) fn is_page(response: &Response) -> bool {
    response.text().trim_start().starts_with('<')
        && !response.header("content-type").is_some_and(|kind| kind.contains("xml"))
}

fn is_locked(fault: &Fault) -> bool {
    LOCK_CODES.iter().any(|code| fault.has_code(code)) || fault.mentions(&LOCK_WORDS)
}

fn sentence(fault: &Fault) -> &'static str {
    // `to_Item(1)/Material` as well as `Material`.
    let about =
        |property: &str| fault.details.iter().any(|detail| detail.property.rsplit('/').next() == Some(property));
    let known = REFUSED.iter().find(|(property, _)| about(property));
    known.map_or("The ERP system did not accept this. Our team can tell you why.", |(_, sentence)| sentence)
}
