//! Going through pages with an end in sight: cursors, offsets and links, bounded in pages and items.
//!
//! A chat answer needs few things fast: the bound is part of the question, not a safety net.

use std::fmt;

use serde::Deserialize;

use crate::failure::Failure;

/// How far to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Requests at most.
    pub pages: usize,
    /// Items at most.
    pub items: usize,
}

/// One page of a vendor's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// What is on it.
    pub items: Vec<T>,
    /// Where the next one is, if there is one: a cursor, an [`Offset`], a [`Link`](crate::http::Link).
    pub next: Option<C>,
}

/// What was found within the bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected<T> {
    /// The items, in the vendor's order, no more than the bound.
    pub items: Vec<T>,
    /// There was more than the bound let through.
    pub more: bool,
}

/// Fetches page after page until there is no next one or the bound is reached.
///
/// ```
/// # use jackfield_sdk::prelude::*;
/// # use jackfield_sdk::paging::{Bound, Page};
/// # use serde::Deserialize;
/// #[derive(Deserialize)]
/// struct Orders { orders: Vec<serde_json::Value> }
///
/// fn all(call: &Call) -> Result<Vec<serde_json::Value>, Failure> {
///     let admin = call.http("admin");
///     let found = paging::collect(Bound { pages: 3, items: 100 }, |next: Option<&http::Link>| {
///         let request = match next {
///             None => admin.get("/orders.json")?.query("limit", 50),
///             Some(link) => admin.follow(link),
///         };
///         let response = request.send()?.ok()?;
///         let next = response.next_link().map(|url| admin.link(url)).transpose()?;
///         Ok(Page { items: response.json::<Orders>()?.orders, next })
///     })?;
///     Ok(found.items)
/// }
/// ```
///
/// # Errors
/// Those of `fetch`, and `internal` when a system names the same next page twice in a row, which would never end.
pub fn collect<T, C: PartialEq>(
    bound: Bound,
    mut fetch: impl FnMut(Option<&C>) -> Result<Page<T, C>, Failure>,
) -> Result<Collected<T>, Failure> {
    let mut items = Vec::new();
    let mut at: Option<C> = None;
    for _ in 0..bound.pages {
        let page = fetch(at.as_ref())?;
        items.extend(page.items);
        if items.len() >= bound.items {
            let more = items.len() > bound.items || page.next.is_some();
            items.truncate(bound.items);
            return Ok(Collected { items, more });
        }
        match page.next {
            None => return Ok(Collected { items, more: false }),
            next if next == at => return Err(Failure::internal("the system names the same next page twice")),
            next => at = next,
        }
    }
    Ok(Collected { items, more: true })
}

/// The `pageInfo` of a GraphQL connection (Relay's cursor style).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    /// There is a next page.
    #[serde(default)]
    pub has_next_page: bool,
    /// The cursor of the last item on this one.
    #[serde(default)]
    pub end_cursor: Option<String>,
}

impl PageInfo {
    /// The cursor to go on from, if there is something to go on to.
    pub fn next(self) -> Option<String> {
        self.end_cursor.filter(|_| self.has_next_page)
    }
}

/// A place in a list that is counted: how many to leave out, how many to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offset {
    /// Items to leave out.
    pub skip: u64,
    /// Items to take.
    pub take: u64,
}

impl Offset {
    /// The beginning, in pages of this size.
    pub const fn pages_of(take: u64) -> Self {
        Offset { skip: 0, take }
    }

    /// The page's number, counted from 1, for vendors that count pages.
    pub const fn page(self) -> u64 {
        match self.skip.checked_div(self.take) {
            Some(pages) => pages + 1,
            None => 1,
        }
    }

    /// The next place, judged by the vendor's total where it tells one, else by whether this page was full.
    ///
    /// With a total a short page is not the end: some systems remove what the credential may not see after counting.
    pub fn next(self, returned: usize, total: Option<u64>) -> Option<Offset> {
        let skip = self.skip.saturating_add(self.take);
        let more = match total {
            Some(total) => skip < total,
            None => self.take > 0 && u64::try_from(returned).is_ok_and(|returned| returned >= self.take),
        };
        (more && self.take > 0).then_some(Offset { skip, ..self })
    }
}

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.skip, self.take)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of ten items in pages of three.
    fn fetch(at: Option<&Offset>) -> Result<Page<u64, Offset>, Failure> {
        let at = at.copied().unwrap_or(Offset::pages_of(3));
        let items: Vec<u64> = (at.skip..(at.skip + at.take).min(10)).collect();
        Ok(Page { next: at.next(items.len(), Some(10)), items })
    }

    #[test]
    fn all_pages_are_read_within_the_bound() {
        let found = collect(Bound { pages: 9, items: 99 }, fetch).unwrap();
        assert_eq!(found, Collected { items: (0..10).collect(), more: false });
    }

    #[test]
    fn the_bound_cuts_pages_and_items_and_says_so() {
        assert_eq!(
            collect(Bound { pages: 2, items: 99 }, fetch).unwrap(),
            Collected { items: (0..6).collect(), more: true }
        );
        assert_eq!(
            collect(Bound { pages: 9, items: 4 }, fetch).unwrap(),
            Collected { items: (0..4).collect(), more: true }
        );
        assert_eq!(
            collect(Bound { pages: 9, items: 10 }, fetch).unwrap(),
            Collected { items: (0..10).collect(), more: false }
        );
        assert_eq!(collect(Bound { pages: 0, items: 10 }, fetch).unwrap(), Collected { items: vec![], more: true });
    }

    #[test]
    fn a_system_that_goes_round_in_a_circle_is_stopped() {
        let stuck = |_: Option<&&str>| Ok(Page { items: vec![1], next: Some("again") });
        let failure = collect(Bound { pages: 9, items: 99 }, stuck).unwrap_err();
        assert_eq!(failure.kind.code(), "internal");
    }

    #[test]
    fn the_end_is_told_by_the_total_or_by_a_short_page() {
        let at = Offset { skip: 6, take: 3 };
        assert_eq!(at.next(0, Some(10)), Some(Offset { skip: 9, take: 3 }));
        assert_eq!(at.next(3, Some(9)), None);
        assert_eq!(at.next(3, None), Some(Offset { skip: 9, take: 3 }));
        assert_eq!(at.next(2, None), None);
        assert_eq!(Offset::pages_of(0).next(0, Some(9)), None);
        assert_eq!((at.page(), Offset::pages_of(0).page()), (3, 1));
        assert_eq!(PageInfo { has_next_page: false, end_cursor: Some("x".into()) }.next(), None);
    }
}
