//! `order.search`: the newest orders of the user, who must be verified.
//!
//! The catalogue lets a connector ask for a typed address instead. This one does not: an e-mail address is no secret,
//! and whoever knows one could read a stranger's orders. A single order can still be had with its number and a proof.

use jackfield_sdk::prelude::*;

use crate::{
    admin::Admin,
    orders::{graphql, rest},
    settings::OrderApi,
};

/// Orders told where the user says nothing about it.
const LIMIT: u32 = 5;
/// Orders that one query may ask for without becoming too dear. All of them are read where some will be left out for
/// their status, which no search can ask for.
const READ_MAX: u32 = 30;

pub(crate) fn run(call: &Call, input: OrderSearchInput) -> Result<OrderList, Failure> {
    let ownership = Ownership::verified(call).ok_or_else(not_verified)?;
    let (email, phone) = contact_points(call, &input)?;
    let limit = input.limit.unwrap_or(LIMIT).min(READ_MAX);
    let first = if input.status.is_some() { READ_MAX } else { limit };

    let admin = Admin::of(call)?;
    let mut found = match (admin.settings.order_api, email, phone) {
        (OrderApi::Graphql, Some(email), _) => {
            graphql::by_email(&admin, &ownership, email, &placed_between(&input)?, first)?
        }
        (OrderApi::Graphql, None, Some(phone)) => {
            graphql::by_phone(&admin, &ownership, phone, &placed_between(&input)?, first)?
        }
        (OrderApi::Rest, Some(email), _) => rest::by_contact(&admin, &ownership, "email", email)?,
        (OrderApi::Rest, None, Some(phone)) => rest::by_contact(&admin, &ownership, "phone", phone)?,
        (_, None, None) => return Err(not_verified()),
    };

    found.orders.retain(|order| input.status.is_none_or(|status| status == order.status));
    if admin.settings.order_api == OrderApi::Rest {
        found.orders.retain(|order| is_placed_between(&input, order));
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    found.more |= found.orders.len() > limit;
    found.orders.truncate(limit);
    Ok(found)
}

/// The user's verified contact points; of two the one that was typed, and none if something else was typed.
fn contact_points<'c>(call: &'c Call, input: &OrderSearchInput) -> Result<(Option<&'c str>, Option<&'c str>), Failure> {
    let user = call.user().ok_or_else(not_verified)?;
    let same = |typed: &Option<String>, verified: Option<&str>| {
        typed
            .as_deref()
            .is_none_or(|typed| verified.is_some_and(|verified| verified.eq_ignore_ascii_case(typed.trim())))
    };
    if !same(&input.email, user.email()) || !same(&input.phone, user.phone()) {
        return Err(not_verified());
    }
    match (&input.email, &input.phone) {
        (None, Some(_)) => Ok((None, user.phone())),
        _ => Ok((user.email(), user.phone())),
    }
}

fn not_verified() -> Failure {
    Failure::rejected(
        "Orders can be listed only for the e-mail address or phone number that you are signed in with. A single order \
         can be looked up by its number together with the e-mail address, phone number or postal code of the order.",
    )
}

/// The days as terms of the search, both included. A day is what Shopify takes it for: one in the shop's time zone.
fn placed_between(input: &OrderSearchInput) -> Result<Vec<String>, Failure> {
    let day =
        |date: &Date, pointer| Day::parse(date.as_str()).ok_or_else(|| Failure::invalid(pointer, "This is not a day."));
    let mut terms = Vec::new();
    if let Some(date) = &input.placed_after {
        terms.push(format!("processed_at:>=\"{}\"", day(date, "/placed_after")?));
    }
    if let Some(date) = &input.placed_before {
        terms.push(format!("processed_at:<\"{}\"", day(date, "/placed_before")?.plus_days(1)));
    }
    Ok(terms)
}

/// The same where the API cannot be asked for it. REST writes times on the shop's clock, so their day is the shop's.
fn is_placed_between(input: &OrderSearchInput, order: &Order) -> bool {
    let Some(day) = order.placed_at.as_ref().map(|at| Date::new(at.as_str())) else { return true };
    input.placed_after.as_ref().is_none_or(|after| day >= *after)
        && input.placed_before.as_ref().is_none_or(|before| day <= *before)
}
