//! Both ways to page through a list: by offset and by cursor (Zendesk API, "pagination").

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Call, failure};
use crate::exchange::Answer;

/// Parameters every list takes.
pub(super) const PARAMETERS: &[&str] = &["page", "per_page", "page[size]", "page[after]", "page[before]"];

const LARGEST_PAGE: usize = 100;
/// Offsets go no further than this many pages.
const LAST_PAGE: usize = 100;

impl Call<'_> {
    /// One page of a list, by cursor when the request asks so and by offset otherwise.
    pub(super) fn page(&mut self, name: &str, items: Vec<Value>) -> Answer {
        match self.cut(items, LARGEST_PAGE * LAST_PAGE) {
            Ok((page, rest)) => {
                let mut body = json!({ name: page });
                merge(&mut body, rest);
                Answer::json(200, &body)
            }
            Err(answer) => answer,
        }
    }

    /// The page's items, and the members that tell where the others are.
    pub(super) fn cut(&mut self, items: Vec<Value>, furthest: usize) -> Result<(Vec<Value>, Value), Answer> {
        let items: Vec<_> = items.into_iter().map(public).collect();
        if ["page[size]", "page[after]", "page[before]"].iter().any(|name| self.parameter(name).is_some()) {
            self.by_cursor(items)
        } else {
            self.by_offset(items, furthest)
        }
    }

    fn size(&mut self, name: &str) -> Result<usize, Answer> {
        let Some(text) = self.parameter(name) else {
            return Ok(LARGEST_PAGE);
        };
        match text.parse() {
            Ok(size) if (1..=LARGEST_PAGE).contains(&size) => Ok(size),
            _ => {
                self.violations.push(format!("{name} is not between 1 and {LARGEST_PAGE}"));
                Err(failure(400, "InvalidPaginationParameter", &format!("{name} is not valid")))
            }
        }
    }

    fn by_cursor(&mut self, items: Vec<Value>) -> Result<(Vec<Value>, Value), Answer> {
        let size = self.size("page[size]")?;
        let bad = || failure(400, "InvalidPaginationParameter", "cursor is not valid");
        let after = match self.parameter("page[after]") {
            Some(cursor) => Some(position(&cursor).ok_or_else(bad)?),
            None => None,
        };
        let before = match self.parameter("page[before]") {
            Some(cursor) => Some(position(&cursor).ok_or_else(bad)?),
            None => None,
        };
        let total = items.len();
        let (start, end) = match (after, before) {
            (Some(after), _) => ((after + 1).min(total), total.min(after + 1 + size)),
            (None, Some(before)) => (before.saturating_sub(size).min(total), before.min(total)),
            (None, None) => (0, size.min(total)),
        };
        let page: Vec<_> = items.into_iter().skip(start).take(end - start).collect();
        let more = end < total;
        let last = (!page.is_empty()).then(|| cursor(end - 1));
        let first = (!page.is_empty()).then(|| cursor(start));
        let link = |cursor: &Option<String>, side: &str| {
            let cursor = cursor.as_ref()?;
            Some(format!("{}{}?page%5B{side}%5D={cursor}&page%5Bsize%5D={size}", self.base_url, self.request.path()))
        };
        let rest = json!({
            "meta": { "has_more": more, "after_cursor": last, "before_cursor": first },
            "links": {
                "next": if more { link(&last, "after") } else { None },
                "prev": if start > 0 { link(&first, "before") } else { None },
            },
        });
        Ok((page, rest))
    }

    fn by_offset(&mut self, items: Vec<Value>, furthest: usize) -> Result<(Vec<Value>, Value), Answer> {
        let size = self.size("per_page")?;
        let page = match self.parameter("page").map(|page| page.parse::<usize>()) {
            None => 1,
            Some(Ok(page)) if page >= 1 => page,
            Some(_) => {
                self.violations.push("page is not a number from 1".to_owned());
                return Err(failure(400, "InvalidPaginationParameter", "page is not valid"));
            }
        };
        if page.saturating_mul(size) > furthest.max(size) {
            self.violations.push(format!("page {page} is too far"));
            let answer = match furthest {
                1000 => failure(422, "Insufficient Resource Error", "Search is limited to 1000 results"),
                _ => failure(400, "InvalidPaginationDepth", "Use cursor pagination instead"),
            };
            return Err(answer);
        }
        let count = items.len();
        let link = |page: usize| {
            let mut query: Vec<_> = self.request.pairs().into_iter().filter(|(name, _)| name != "page").collect();
            query.push(("page".to_owned(), page.to_string()));
            let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
            format!("{}{}?{query}", self.base_url, self.request.path())
        };
        let rest = json!({
            "next_page": (page * size < count).then(|| link(page + 1)),
            "previous_page": (page > 1).then(|| link(page - 1)),
            "count": count,
        });
        let items = items.into_iter().skip((page - 1) * size).take(size).collect();
        Ok((items, rest))
    }
}

/// Without the members that are the simulation's own.
pub(super) fn public(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|name, _| !name.starts_with('_'));
    }
    value
}

pub(super) fn merge(body: &mut Value, more: Value) {
    if let (Some(members), Value::Object(more)) = (body.as_object_mut(), more) {
        members.extend(more);
    }
}

fn cursor(position: usize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("o{position}"))
}

fn position(cursor: &str) -> Option<usize> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix('o')?.parse().ok()
}
