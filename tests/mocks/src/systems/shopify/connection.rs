//! Cuts a list into the page that `first`, `after`, `last`, `before` and `reverse` ask for (Shopify Admin API,
//! "paginate results with GraphQL"). Cursors are opaque to callers and mean a position here.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::resolve::Arguments;

/// The vendor allows no larger page.
const LARGEST_PAGE: usize = 250;

/// The member a page keeps its items in until `nodes` or `edges` is asked for.
const ITEMS: &str = "_items";

pub(super) fn page(mut items: Vec<Value>, arguments: &Arguments<'_>) -> Result<Value, String> {
    if arguments.truth("reverse") {
        items.reverse();
    }
    let size = |name: &str| -> Result<Option<usize>, String> {
        match arguments.integer(name) {
            None => Ok(None),
            Some(size) => match usize::try_from(size) {
                Ok(size) if size <= LARGEST_PAGE => Ok(Some(size)),
                _ => Err(format!("{name} must be between 0 and {LARGEST_PAGE}")),
            },
        }
    };
    let (first, last) = (size("first")?, size("last")?);
    let total = items.len();
    let mut start = match arguments.text("after") {
        Some(cursor) => position(cursor)?.saturating_add(1).min(total),
        None => 0,
    };
    let mut end = match arguments.text("before") {
        Some(cursor) => position(cursor)?.min(total),
        None => total,
    };
    end = end.max(start);
    match (first, last) {
        (None, None) => return Err("you must provide one of first or last".to_owned()),
        (Some(_), Some(_)) => {
            return Err("providing both first and last is not supported".to_owned());
        }
        (Some(first), None) => end = end.min(start.saturating_add(first)),
        (None, Some(last)) => start = start.max(end.saturating_sub(last)),
    }
    let page: Vec<Value> = items.drain(start..end).collect();
    Ok(json!({
        ITEMS: page,
        "_start": start,
        "_hasPrevious": start > 0,
        "_hasNext": end < total,
    }))
}

/// The members of a connection and of its page info.
pub(super) fn member<'p>(page: &'p Value, name: &str) -> Cow<'p, Value> {
    let items = page[ITEMS].as_array().map_or(&[][..], Vec::as_slice);
    let start = page["_start"].as_u64().unwrap_or_default();
    let cursors = || (start..).map(cursor);
    match name {
        "nodes" => Cow::Borrowed(&page[ITEMS]),
        "edges" => {
            let edge = |(node, cursor)| json!({ "cursor": cursor, "node": node });
            Cow::Owned(items.iter().zip(cursors()).map(edge).collect())
        }
        _ => Cow::Owned(json!({
            "hasNextPage": page["_hasNext"],
            "hasPreviousPage": page["_hasPrevious"],
            "startCursor": (!items.is_empty()).then(|| cursor(start)),
            "endCursor": (!items.is_empty()).then(|| cursor(start + items.len() as u64 - 1)),
        })),
    }
}

fn cursor(position: u64) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{{\"at\":{position}}}"))
}

fn position(cursor: &str) -> Result<usize, String> {
    BASE64_URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
        .and_then(|value| usize::try_from(value["at"].as_u64()?).ok())
        .ok_or_else(|| format!("Invalid cursor for current pagination sort: {cursor}"))
}
