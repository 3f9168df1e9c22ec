//! Query costs and the bucket they are taken from (Shopify Admin API, "rate limits"). The vendor publishes the rules
//! for single objects but not how connections scale, so connections grow with the square root of their size here.

use std::time::Instant;

use apollo_compiler::ExecutableDocument;
use apollo_compiler::ast::OperationType;
use apollo_compiler::executable::{Field, Selection, SelectionSet};
use serde_json::{Value, json};

/// A single query may not ask for more.
pub(super) const LARGEST_QUERY: u64 = 1000;
const MUTATION: f64 = 10.0;
/// Large on purpose, so that neither tests nor benchmarks run dry: faults throttle on demand.
const CAPACITY: f64 = 10_000_000.0;
const RESTORE_PER_SECOND: f64 = 1_000_000.0;

pub(super) struct Bucket {
    available: f64,
    at: Instant,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { available: CAPACITY, at: Instant::now() }
    }
}

impl Bucket {
    pub(super) fn take(&mut self, cost: u64) -> bool {
        let now = Instant::now();
        let restored = now.duration_since(self.at).as_secs_f64() * RESTORE_PER_SECOND;
        self.available = (self.available + restored).min(CAPACITY);
        self.at = now;
        let cost = cost as f64;
        let enough = cost <= self.available;
        if enough {
            self.available -= cost;
        }
        enough
    }

    pub(super) fn report(&self, requested: u64, actual: Option<u64>) -> Value {
        // A bucket that refuses reports what is left, which is less than was asked for.
        let available = match actual {
            Some(_) => self.available,
            None => (requested as f64 - 1.0).max(0.0),
        };
        json!({
            "requestedQueryCost": requested,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": CAPACITY,
                "currentlyAvailable": available.floor() as u64,
                "restoreRate": RESTORE_PER_SECOND,
            },
        })
    }
}

pub(super) fn of(document: &ExecutableDocument) -> u64 {
    let dearest = document
        .operations
        .iter()
        .map(|operation| {
            let base = match operation.operation_type {
                OperationType::Mutation => MUTATION,
                _ => 0.0,
            };
            base + selection(document, &operation.selection_set)
        })
        .fold(0.0, f64::max);
    dearest.ceil() as u64
}

fn selection(document: &ExecutableDocument, set: &SelectionSet) -> f64 {
    set.selections
        .iter()
        .map(|item| match item {
            Selection::Field(item) => field(document, item),
            Selection::InlineFragment(inline) => selection(document, &inline.selection_set),
            Selection::FragmentSpread(spread) => document
                .fragments
                .get(&spread.fragment_name)
                .map_or(0.0, |fragment| selection(document, &fragment.selection_set)),
        })
        .sum()
}

fn field(document: &ExecutableDocument, field: &Field) -> f64 {
    if field.selection_set.selections.is_empty() {
        return 0.0;
    }
    let inner = selection(document, &field.selection_set);
    if !field.ty().inner_named_type().ends_with("Connection") {
        return 1.0 + inner;
    }
    let size = ["first", "last"]
        .iter()
        .filter_map(|name| field.specified_argument_by_name(name)?.to_i32())
        // A size in a variable is not known here and counts like a usual page.
        .max()
        .unwrap_or(10);
    2.0 + f64::from(size.max(0)).sqrt() * inner.max(1.0)
}
