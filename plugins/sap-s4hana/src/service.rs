//! Requests to SAP's services: paths, the headers that every request has, what is selected, and keys with leading zeros.

use jackfield_sdk::{
    Value,
    http::Path,
    odata::{self, key_forms},
    prelude::*,
};
use serde::Deserialize;

use crate::{faults, settings::Settings};

/// Number of characters in a document's or partner's number.
pub(crate) const NUMBER_CHARS: usize = 10;

pub(crate) const SALES_ORDERS: &str = "API_SALES_ORDER_SRV";
pub(crate) const PURCHASE_ORDERS: &str = "API_PURCHASEORDER_PROCESS_SRV";
pub(crate) const STOCK: &str = "API_MATERIAL_STOCK_SRV";
pub(crate) const SUPPLIER_INVOICES: &str = "API_SUPPLIERINVOICE_PROCESS_SRV";
pub(crate) const ACCOUNTING_ITEMS: &str = "API_OPLACCTGDOCITEMCUBE_SRV";
pub(crate) const BUSINESS_PARTNERS: &str = "API_BUSINESS_PARTNER";

fn path(service: &str, resource: &str) -> Result<Path, Failure> {
    path!("sap/opu/odata/sap" / service / resource)
}

/// A read of an entity set, or of one entity where the resource has a key.
pub(crate) fn get(call: &Call, settings: &Settings, service: &str, resource: &str) -> Result<Request, Failure> {
    Ok(dressed(call.http("api").get(path(service, resource))?, settings))
}

/// A write to an entity set. The token against request forgery and its session are the host's work.
pub(crate) fn post(call: &Call, settings: &Settings, service: &str, resource: &str) -> Result<Request, Failure> {
    Ok(dressed(call.http("api").post(path(service, resource))?, settings))
}

/// Without `Accept` SAP Gateway may answer in XML.
fn dressed(request: Request, settings: &Settings) -> Request {
    request
        .header("accept", "application/json")
        .header_if("sap-client", settings.sap_client.as_ref())
        .header_if("sap-language", settings.sap_language.as_ref())
}

/// One entity by the number that somebody typed: as typed, then with and without its leading zeros, for services differ in
/// which of them is the key.
///
/// # Errors
/// `invalid-input` without a pointer for what can be no number of a document.
pub(crate) fn by_number<T: for<'de> Deserialize<'de>>(
    call: &Call,
    settings: &Settings,
    (service, set, property): (&str, &'static str, &'static str),
    number: &str,
    options: &[(&'static str, String)],
) -> Result<Option<T>, Failure> {
    query::id(number, NUMBER_CHARS)?;
    for form in key_forms(number, NUMBER_CHARS) {
        let resource = query::odata::key(set, &[(property, &form)])?;
        let request = get(call, settings, service, &resource)?.queries(options.iter().cloned());
        let response = request.send()?;
        // A page is no "not found" of the service: it is what stands where no such service is active.
        if response.status() == 404 && !faults::is_page(&response) {
            continue;
        }
        return odata::entity(&response.error_for(faults::read)?).map(Some);
    }
    Ok(None)
}

/// What is asked for: the connector's own fields and those that the operator mapped. SAP's entities have hundreds of fields,
/// some of them sensitive: what is not named here does not come.
///
/// # Errors
/// `internal` where the field map has something else than a name of a field.
pub(crate) fn select(call: &Call, object: &str, fields: &[&str]) -> Result<(&'static str, String), Failure> {
    let mapped = call.field_map().of(object).map(|(_, field)| query::field_name(field));
    let mapped = mapped.collect::<Result<Vec<_>, _>>()?;
    let mut all = fields.to_vec();
    for field in mapped {
        if !all.contains(&field) {
            all.push(field);
        }
    }
    Ok(("$select", all.join(",")))
}

/// The mapped fields of an entity, for a model's `vendor` bag.
pub(crate) fn vendor(call: &Call, object: &str, record: &Record) -> Vendor {
    call.field_map().read_with(object, |field| record.get(field).and_then(odata::plain))
}

/// The fields of an entity that have no place in its wire type.
pub(crate) type Record = jackfield_sdk::serde_json::Map<String, Value>;
