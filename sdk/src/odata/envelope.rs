//! What an answer is wrapped in: `{"d": {..}}` for one entity, `{"d": {"results": [..]}}` for many, and the same again
//! inside an entity where a navigation property was expanded.
//!
//! Source: OData version 2, "JSON Format", and answers of SAP Gateway and SuccessFactors.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::{failure::Failure, http::Response};

#[derive(Deserialize)]
struct Envelope<T> {
    d: T,
}

/// The one entity in an answer.
///
/// # Errors
/// `internal` where the body is something else.
pub fn entity<T: for<'de> Deserialize<'de>>(response: &Response) -> Result<T, Failure> {
    Ok(response.json::<Envelope<T>>()?.d)
}

/// The entities in an answer.
///
/// # Errors
/// `internal` where the body is something else.
pub fn collection<T: for<'de> Deserialize<'de>>(response: &Response) -> Result<Collection<T>, Failure> {
    Ok(response.json::<Envelope<Collection<T>>>()?.d)
}

/// One page of entities.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Collection<T> {
    /// The entities, in the system's order.
    pub results: Vec<T>,
    /// URL of the next page, where the system pages by itself: hand it to [`Endpoint::link`](crate::http::Endpoint::link).
    #[serde(rename = "__next", default = "nothing")]
    pub next: Option<String>,
}

fn nothing() -> Option<String> {
    None
}

/// A navigation property to many: what was expanded, or nothing where it was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Many<T>(pub Vec<T>);

impl<T> Default for Many<T> {
    fn default() -> Self {
        Many(Vec::new())
    }
}

impl<T> std::ops::Deref for Many<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Many<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ManyVisitor(PhantomData))
    }
}

/// Written by hand, because an untagged enum would lose the place of a mismatch.
struct ManyVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ManyVisitor<T> {
    type Value = Many<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a navigation property")
    }

    fn visit_unit<E>(self) -> Result<Many<T>, E> {
        Ok(Many::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Many<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Many(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Many<T>, A::Error> {
        let mut items = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if name == "results" {
                items = map.next_value()?;
            } else {
                // `__deferred` of what was not expanded.
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Many(items))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer(body: Value) -> Response {
        Response::new(200, Vec::new(), body.to_string().into_bytes())
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(default)]
    struct Order {
        id: String,
        to_item: Many<u8>,
    }

    #[test]
    fn an_entity_and_a_collection_are_taken_out_of_their_envelopes() {
        let body = json!({"d": {"__metadata": {"uri": "x"}, "id": "1", "to_item": {"results": [1, 2]}}});
        assert_eq!(entity::<Order>(&answer(body)).unwrap(), Order { id: "1".to_owned(), to_item: Many(vec![1, 2]) });
        let body = json!({"d": {"__count": "9", "results": [{"id": "1"}], "__next": "https://h/x?$skiptoken=2"}});
        let page = collection::<Order>(&answer(body)).unwrap();
        assert_eq!((page.results.len(), page.next.as_deref()), (1, Some("https://h/x?$skiptoken=2")));
    }

    #[test]
    fn what_was_not_expanded_is_nothing() {
        for absent in [json!({"__deferred": {"uri": "x"}}), json!(null), json!([]), json!({"results": []})] {
            let order: Order = serde_json::from_value(json!({"to_item": absent})).unwrap();
            assert!(order.to_item.is_empty());
        }
    }

    #[test]
    fn another_body_is_an_error_that_names_the_place_and_not_the_value() {
        for body in [json!({}), json!({"d": {}}), json!({"error": {}}), json!([])] {
            assert_eq!(collection::<Order>(&answer(body)).unwrap_err().kind.code(), "internal");
        }
        let body = json!({"d": {"id": "1", "to_item": {"results": ["SECRET"]}}});
        let failure = entity::<Order>(&answer(body)).unwrap_err();
        assert!(failure.detail.contains("/d/to_item/results/0"), "{failure}");
        assert!(!failure.detail.contains("SECRET"), "{failure}");
    }
}
