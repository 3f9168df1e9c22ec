//! OData version 2 as SAP speaks it, S/4HANA and SuccessFactors alike: envelopes, values, errors and filters.
//!
//! Literals and key predicates are in [`query::odata`](crate::query::odata), which this builds on. Not here: credentials and
//! the CSRF token, which are the host's; which error means what, which is a connector's; version 4, whose envelopes differ.
//!
//! ```
//! use jackfield_sdk::{odata::{self, Decimal, Filter, Many, Text}, prelude::*, testing::{Exchange, Host}};
//! use serde::Deserialize;
//!
//! #[derive(Default, Deserialize)]
//! #[serde(rename_all = "PascalCase", default)]
//! struct Stock {
//!     plant: Text,
//!     matl_wrhs_stk_qty_in_matl_base_unit: Decimal,
//! }
//!
//! fn stock(call: &Call, material: &str) -> Result<Decimal, Failure> {
//!     let filter = Filter::new().eq("Material", material)?;
//!     let request = call.http("api").get("/A_MatlStkInAcctMod")?.query("$filter", filter);
//!     let rows = odata::collection::<Stock>(&request.send()?.ok()?)?.results;
//!     Ok(rows.iter().map(|row| row.matl_wrhs_stk_qty_in_matl_base_unit).sum())
//! }
//!
//! let rows = json!({"d": {"results": [
//!     {"Plant": "1710", "MatlWrhsStkQtyInMatlBaseUnit": "0.100"},
//!     {"Plant": "1720", "MatlWrhsStkQtyInMatlBaseUnit": "0.200"},
//! ]}});
//! let exchange = Exchange::get("/A_MatlStkInAcctMod").query("$filter", "Material eq 'TG11'").reply_json(200, rows);
//! let total = Host::new().expect(exchange).with("stock.check", |call| stock(call, "TG11"));
//! assert_eq!(total.map(|total| total.to_string()), Ok("0.3".to_owned()));
//! ```

mod decimal;
mod envelope;
mod fault;
mod filter;
mod key;
mod value;

pub use self::{
    decimal::Decimal,
    envelope::{Collection, Many, collection, entity},
    fault::{Detail, Fault},
    filter::{Filter, VALUES_MAX},
    key::{key_forms, same_key},
    value::{DateTime, Text, json_date, plain},
};
