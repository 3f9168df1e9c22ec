//! What Shopify's errors mean. None of their texts reaches a user: only codes are read, and every sentence is ours.
//!
//! Sources: shopify.dev, "Response codes", "Rate limits", enum `ReturnErrorCode`.

use std::time::Duration;

use jackfield_sdk::prelude::*;
use serde::de::IgnoredAny;

use crate::wire::{Cost, UserError};

/// The first layer: an HTTP status that is no success.
pub(crate) fn status(response: &Response) -> Failure {
    let failure = match response.status() {
        // Unpaid, or locked: nobody but the merchant can help, and the shop will be back.
        402 | 423 => Failure::unavailable(),
        403 => Failure::denied().detail(missing_scope(response).unwrap_or_default()),
        // No request of this connector names an object that a user gave: it is the shop that does not exist.
        404 => Failure::internal("no Admin API at this address: is the setting `shop` right?"),
        // GraphQL is throttled with 200 or with 429; in both cases the body has the numbers.
        429 => Failure::rate_limited(
            response.retry_after().or_else(|| wait(&response.graphql::<IgnoredAny>().ok()?.extensions)),
        ),
        // Blocked as suspicious traffic.
        430 => Failure::unavailable(),
        _ => response.failure(),
    };
    let request_id = response.header("x-request-id").unwrap_or("unknown");
    let detail = format!("{}; status {}, request id {request_id}", failure.detail, response.status());
    failure.detail(detail.trim_start_matches("; "))
}

/// `This action requires merchant approval for read_orders scope.`: names no customer, and is what an operator needs.
fn missing_scope(response: &Response) -> Option<String> {
    let body: serde_json::Value = response.json().ok()?;
    Some(body.get("errors")?.as_str()?.to_owned())
}

/// The second layer: the top-level `errors` of an answer with status 200. Half an answer is none.
pub(crate) fn graphql(errors: &[GraphQlError], extensions: &jackfield_sdk::Value) -> Failure {
    let codes: Vec<&str> = errors.iter().map(|error| error.code().unwrap_or("without a code")).collect();
    let failure = if codes.contains(&"THROTTLED") {
        Failure::rate_limited(wait(extensions))
    } else if codes.contains(&"ACCESS_DENIED") {
        Failure::denied()
    } else if codes.contains(&"SHOP_INACTIVE") || codes.contains(&"INTERNAL_SERVER_ERROR") {
        Failure::unavailable()
    } else {
        // MAX_COST_EXCEEDED among them: we asked for too much, or wrongly.
        Failure::internal("")
    };
    let access = errors.iter().filter_map(|error| error.extensions.get("requiredAccess")?.as_str());
    let access: Vec<&str> = access.collect();
    failure.detail(format!("Shopify's errors: {}; access needed: {}", codes.join(", "), access.join(", ")))
}

/// How long until the bucket holds what the query costs: what it lacks, by what flows in each second.
fn wait(extensions: &jackfield_sdk::Value) -> Option<Duration> {
    let cost: Cost = serde_json::from_value(extensions.get("cost")?.clone()).ok()?;
    let bucket = cost.throttle_status;
    let seconds = (cost.requested_query_cost - bucket.currently_available) / bucket.restore_rate;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The third layer, of `returnRequest`. `items` says which item of the input each line of the mutation came from.
pub(crate) fn return_request(errors: &[UserError], items: &[usize]) -> Failure {
    let Some(error) = errors.first() else { return Failure::internal("no return and no error") };
    let failure = match error.code.as_deref().unwrap_or_default() {
        "NOT_FOUND" => Failure::not_found(),
        "ALREADY_EXISTS" | "TAKEN" => Failure::duplicate(),
        "MISSING_PERMISSION" => Failure::denied(),
        "FEATURE_NOT_ENABLED" => Failure::unsupported(),
        "INTERNAL_ERROR" => Failure::unavailable(),
        "INVALID_STATE" | "NOT_EDITABLE" => Failure::rejected("This order cannot be returned as it stands now."),
        "INCOMPATIBLE_WITH_STANDARD_POLICY" => Failure::rejected("The shop's return policy does not allow this."),
        _ => match at(error, "returnLineItems").and_then(|(line, field)| Some((items.get(line)?, field))) {
            Some((item, "quantity")) => {
                Failure::invalid(format!("/items/{item}/quantity"), "This many cannot be returned.")
            }
            Some((item, "customerNote")) => Failure::invalid(format!("/items/{item}/note"), "This note is too long."),
            Some((item, _)) => Failure::invalid(format!("/items/{item}"), "This item cannot be returned."),
            None => Failure::rejected("The shop did not accept this return."),
        },
    };
    failure.detail(told(errors))
}

/// The third layer, of `draftOrderCreate`, whose errors have no codes. `items` as above.
pub(crate) fn draft_order(errors: &[UserError], items: &[usize]) -> Failure {
    let Some(error) = errors.first() else { return Failure::internal("no draft order and no error") };
    let path = error.path();
    let failure = if let Some((line, field)) = at(error, "lineItems") {
        match (items.get(line), field) {
            (Some(item), "quantity") => {
                Failure::invalid(format!("/items/{item}/quantity"), "This many cannot be ordered.")
            }
            (Some(item), _) => Failure::invalid(format!("/items/{item}"), "This item cannot be ordered."),
            (None, _) => Failure::rejected("The shop did not accept these items."),
        }
    } else if path.contains(&"email") {
        Failure::invalid("/email", "The shop does not accept this e-mail address.")
    } else if path.contains(&"discountCodes") {
        Failure::invalid("/discount_code", "The shop does not accept this discount code.")
    } else {
        Failure::rejected("The shop did not accept this cart.")
    };
    failure.detail(told(errors))
}

/// The line that an error is about, and the last name of its path: `["input", "lineItems", "0", "quantity"]`.
fn at<'e>(error: &'e UserError, list: &str) -> Option<(usize, &'e str)> {
    let path = error.path();
    let place = path.iter().position(|name| *name == list)?;
    let line = path.get(place + 1)?.parse().ok()?;
    Some((line, path.last().copied().unwrap_or_default()))
}

/// Codes and places, for the operator. Messages may quote what a customer wrote.
fn told(errors: &[UserError]) -> String {
    let each = errors
        .iter()
        .map(|error| format!("{} at {}", error.code.as_deref().unwrap_or("an error"), error.path().join(".")));
    format!("Shopify's user errors: {}", each.collect::<Vec<_>>().join("; "))
}
