//! `stock.check`: how much of a material lies in stock.

use jackfield_sdk::prelude::*;

use crate::{faults, names, wire};

/// Materials that are told.
const MATERIALS_MAX: usize = 10;

pub(crate) fn run(call: &Call, input: StockCheckInput) -> Result<StockLevelList, Failure> {
    let found: Vec<wire::Material> = call
        .http("api")
        .get(path!("v1/materials"))?
        .query_if("sku", input.sku)
        .query_if("name", input.product)
        .query_if("location", input.location)
        // One more than is told, to know whether there are more.
        .query("limit", MATERIALS_MAX + 1)
        .send()?
        .error_for(faults::failure)?
        .json()?;
    let more = found.len() > MATERIALS_MAX;
    let levels = found
        .into_iter()
        .take(MATERIALS_MAX)
        .map(|material| StockLevel {
            id: material.id,
            sku: material.sku,
            product: material.name,
            availability: names::availability(call.status_names(), &material.stock),
            quantity: material.quantity,
            unit: material.unit,
            ..StockLevel::default()
        });
    Ok(StockLevelList {
        levels: levels.collect(),
        more,
    })
}
