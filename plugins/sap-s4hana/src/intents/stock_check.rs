//! `stock.check`: how much of a material lies in stock, by plant, and can be used at will.
//!
//! It is what lies there, not what is still free to be promised: reservations and orders are not counted off.

use std::collections::BTreeMap;

use jackfield_sdk::{
    odata::{self, Decimal, Filter, key_forms},
    paging::{Bound, Page},
    prelude::*,
};

use crate::{
    faults, names,
    service::{self, STOCK},
    settings::Settings,
    wire::{Material, Stock},
};

/// Rows are one for each storage location, batch and kind of stock.
const BOUND: Bound = Bound { pages: 4, items: 4_000 };
const ROWS_PER_PAGE: usize = 1_000;
/// Numeric material numbers are filled up to this length in systems without long ones, and to the other with them.
const MATERIAL_CHARS: [usize; 2] = [18, 40];

pub(crate) fn run(call: &Call, input: StockCheckInput) -> Result<StockLevelList, Failure> {
    let settings = Settings::of(call)?;
    let ask = || Failure::invalid("/sku", "Please give the material number.");
    let sku = input.sku.as_deref().map(str::trim).filter(|sku| !sku.is_empty()).ok_or_else(ask)?;
    let plant = input.location.as_deref().map(|named| {
        let unknown = || Failure::invalid("/location", "There is no plant with this name. Its code would do as well.");
        settings.plant_code(named).ok_or_else(unknown)
    });
    let plant = plant.transpose()?;

    let materials = material_forms(sku);
    let rows = stock(call, &settings, &materials, plant).map_err(|failure| failure.at("/sku"))?;
    let level = match rows.first() {
        Some(first) => {
            let material =
                Material { material: first.material.clone(), material_base_unit: first.material_base_unit.clone() };
            Some(level(call, &settings, &input, &material, &rows))
        }
        // Nothing in stock, or no such material?
        None => material(call, &settings, &materials)?.map(|material| level(call, &settings, &input, &material, &[])),
    };
    Ok(StockLevelList { levels: level.into_iter().collect(), more: false })
}

/// Material numbers are in capital letters, and numeric ones may have leading zeros.
fn material_forms(sku: &str) -> Vec<String> {
    let mut forms: Vec<String> = Vec::new();
    for form in MATERIAL_CHARS.iter().flat_map(|chars| key_forms(&sku.to_uppercase(), *chars)) {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

fn stock(call: &Call, settings: &Settings, materials: &[String], plant: Option<&str>) -> Result<Vec<Stock>, Failure> {
    const FIELDS: &str =
        "Material,Plant,InventorySpecialStockType,InventoryStockType,MaterialBaseUnit,MatlWrhsStkQtyInMatlBaseUnit";
    let filter = Filter::new().any("Material", materials)?.eq_if("Plant", plant)?;
    let found = paging::collect(BOUND, |skip: Option<&usize>| {
        let skip = skip.copied().unwrap_or_default();
        let request = service::get(call, settings, STOCK, "A_MatlStkInAcctMod")?.query("$filter", &filter);
        // Without an order, pages may overlap.
        let request = request.query("$select", FIELDS).query("$orderby", "Material,Plant,StorageLocation,Batch");
        let request = request.query("$top", ROWS_PER_PAGE).query_if("$skip", (skip > 0).then_some(skip));
        let page = odata::collection::<Stock>(&request.send()?.error_for(faults::read)?)?;
        let is_full = page.results.len() >= ROWS_PER_PAGE || page.next.is_some();
        let next = is_full.then_some(skip + page.results.len());
        Ok(Page { items: page.results, next })
    })?;
    if found.more {
        return Err(Failure::internal("the material has more rows of stock than can be summed up in one call"));
    }
    let is_meant = |row: &Stock| materials.iter().any(|form| odata::same_key(form, row.material.code()));
    let is_there = |row: &Stock| plant.is_none_or(|plant| row.plant.get() == Some(plant));
    Ok(found.items.into_iter().filter(|row| is_meant(row) && is_there(row)).collect())
}

fn material(call: &Call, settings: &Settings, materials: &[String]) -> Result<Option<Material>, Failure> {
    let filter = Filter::new().any("Material", materials)?;
    let request = service::get(call, settings, STOCK, "A_MaterialStock")?.query("$filter", filter);
    let request = request.query("$select", "Material,MaterialBaseUnit").query("$top", 1);
    let found = odata::collection::<Material>(&request.send()?.error_for(faults::read)?)?.results;
    Ok(found.into_iter().find(|found| materials.iter().any(|form| odata::same_key(form, found.material.code()))))
}

fn level(call: &Call, settings: &Settings, input: &StockCheckInput, material: &Material, rows: &[Stock]) -> StockLevel {
    let mut plants: BTreeMap<&str, Decimal> = BTreeMap::new();
    for row in rows {
        let plant = plants.entry(row.plant.code()).or_default();
        if is_free(row) {
            *plant = *plant + row.matl_wrhs_stk_qty_in_matl_base_unit;
        }
    }
    let total: Decimal = plants.values().copied().sum();
    let band = |quantity: Decimal| Availability::of(quantity.to_f64(), settings.low_stock_at, false);
    let availability = match input.quantity {
        // Some, but not as much as is needed.
        Some(needed) if total.is_positive() && total.to_f64() < needed => Availability::LowStock,
        _ => band(total),
    };
    let location = |(code, quantity): (&&str, &Decimal)| StockLocation {
        id: Some((*code).to_owned()),
        name: settings.plant_name(code).to_owned(),
        availability: band(*quantity),
        quantity: Some(quantity.to_f64()),
    };
    let number = material.material.code();
    StockLevel {
        id: number.to_owned(),
        sku: Some(number.to_owned()),
        product: number.to_owned(),
        availability,
        quantity: Some(total.to_f64()),
        unit: settings.unit(&material.material_base_unit),
        locations: plants.iter().map(location).collect(),
        as_of: Some(Timestamp::from(call.now())),
        ..StockLevel::default()
    }
}

/// The company's own stock, neither in inspection nor blocked, nor somebody else's that only lies here.
fn is_free(row: &Stock) -> bool {
    row.inventory_stock_type.get() == Some(names::UNRESTRICTED) && row.inventory_special_stock_type.get().is_none()
}
