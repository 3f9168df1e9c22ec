//! Answers GET requests: follows the path, applies the options, and puts rows into the verbose JSON envelope.

use std::cmp::Ordering;

use serde_json::{Map, Value, json};

use super::address::{Segment, segments};
use super::options::Options;
use super::schema::{Edm, Entity, Navigation, Service};
use super::value::Literal;
use super::{Refusal, Row, Source, wrong};

/// Everything a service's GET needs.
pub(crate) struct Reader<'a> {
    pub(crate) service: &'a Service,
    pub(crate) source: &'a dyn Source,
    /// The service's address, without a slash at its end.
    pub(crate) root: &'a str,
    /// Rows in one answer, at most; the rest is behind `__next`.
    pub(crate) page: usize,
    /// Query options of the product itself.
    pub(crate) custom: &'a [&'a str],
}

/// What a path leads to.
enum Place<'a> {
    Rows(Vec<&'a Row>),
    One(&'a Row),
}

impl<'a> Reader<'a> {
    /// The body for a decoded path below the service's root.
    ///
    /// # Errors
    ///
    /// When the path or an option is wrong, or a key names nothing.
    pub(crate) fn get(&self, path: &str, pairs: &[(String, String)]) -> Result<Value, Refusal> {
        let mut parts = segments(path)?;
        let counted = parts.last().is_some_and(|last| last.name == "$count");
        if counted {
            parts.pop();
        }
        let (entity, place) = self.follow(&parts)?;
        let options = Options::read(self.service, entity, pairs, self.custom)?;
        match place {
            Place::One(_) if counted => Err(wrong("$count needs a collection")),
            Place::One(row) => Ok(json!({ "d": self.render(entity, row, &options, "") })),
            Place::Rows(rows) => {
                let mut rows: Vec<&Row> = rows
                    .into_iter()
                    .filter(|row| options.filter.as_ref().is_none_or(|filter| filter.matches(row)))
                    .collect();
                if counted {
                    return Ok(json!(rows.len()));
                }
                rows.sort_by(|left, right| in_order(entity, &options, left, right));
                Ok(self.collection(entity, &rows, &options, path, pairs))
            }
        }
    }

    fn collection(
        &self,
        entity: &Entity,
        rows: &[&Row],
        options: &Options,
        path: &str,
        pairs: &[(String, String)],
    ) -> Value {
        let total = rows.len();
        let wanted: Vec<&&Row> = rows.iter().skip(options.skip).take(options.top.unwrap_or(usize::MAX)).collect();
        let until = wanted.len().min(options.token + self.page);
        let shown: Vec<Value> = wanted
            .get(options.token..until)
            .unwrap_or_default()
            .iter()
            .map(|row| self.render(entity, row, options, ""))
            .collect();
        let mut body = Map::new();
        if options.count {
            body.insert("__count".to_owned(), json!(total.to_string()));
        }
        body.insert("results".to_owned(), json!(shown));
        if until < wanted.len() {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(pairs.iter().filter(|(name, _)| name != "$skiptoken"));
            query.append_pair("$skiptoken", &until.to_string());
            // A form writes a space as a plus sign, which an address need not understand.
            let query = query.finish().replace('+', "%20");
            body.insert("__next".to_owned(), json!(format!("{}/{path}?{query}", self.root)));
        }
        json!({ "d": body })
    }

    fn follow(&self, parts: &[Segment]) -> Result<(&'a Entity, Place<'a>), Refusal> {
        let missing = |name: &str| Refusal {
            status: 404,
            message: format!("Resource not found for the segment '{name}'."),
            violation: true,
        };
        let Some((first, rest)) = parts.split_first() else {
            return Err(missing(""));
        };
        let mut entity = self.service.entity(&first.name).ok_or_else(|| missing(&first.name))?;
        let mut place = Place::Rows(self.source.rows(&first.name));
        if let Some(key) = &first.key {
            place = Place::One(find(entity, &place, key)?);
        }
        for segment in rest {
            let (Place::One(row), Some(navigation)) = (&place, entity.navigation(&segment.name)) else {
                return Err(missing(&segment.name));
            };
            let linked = self.linked(row, navigation);
            entity = self.service.entity(&navigation.target).ok_or_else(|| missing(&segment.name))?;
            place = match (&segment.key, navigation.many) {
                (Some(key), true) => Place::One(find(entity, &Place::Rows(linked), key)?),
                (None, true) => Place::Rows(linked),
                (None, false) => Place::One(linked.first().copied().ok_or_else(|| not_found(entity, ""))?),
                (Some(_), false) => return Err(missing(&segment.name)),
            };
        }
        Ok((entity, place))
    }

    fn linked(&self, row: &Row, navigation: &Navigation) -> Vec<&'a Row> {
        let same = |other: &&Row| {
            navigation.join.iter().all(|(own, theirs)| {
                let value = row.get(own).filter(|value| !value.is_null());
                value.is_some() && value == other.get(theirs)
            })
        };
        self.source.rows(&navigation.target).into_iter().filter(same).collect()
    }

    /// A row as JSON: its metadata, the selected properties, and its navigations, expanded or deferred.
    fn render(&self, entity: &Entity, row: &Row, options: &Options, prefix: &str) -> Value {
        let uri = format!("{}/{}({})", self.root, entity.set, predicate(entity, row));
        let mut metadata = json!({
            "id": uri,
            "uri": uri,
            "type": format!("{}.{}", self.service.name, entity.type_name),
        });
        if let Some(etag) = row.get("_etag") {
            metadata["etag"] = etag.clone();
        }
        let mut shown = Map::new();
        shown.insert("__metadata".to_owned(), metadata);
        // A navigation that is selected as a whole brings all of its properties.
        let selected = |name: &str| match &options.select {
            None => true,
            Some(select) => {
                let path = format!("{prefix}{name}");
                let whole = prefix.trim_end_matches('/');
                let below = format!("{path}/");
                select.iter().any(|known| {
                    *known == path
                        || known.starts_with(&below)
                        || *known == "*" && prefix.is_empty()
                        || !whole.is_empty() && known == whole
                })
            }
        };
        for property in entity.properties.iter().filter(|property| selected(&property.name)) {
            let value = row.get(&property.name).cloned();
            // Texts without a value are empty, other types are null.
            let empty = if property.kind == Edm::String { json!("") } else { Value::Null };
            shown.insert(property.name.clone(), value.filter(|value| !value.is_null()).unwrap_or(empty));
        }
        for navigation in entity.navigations.iter().filter(|navigation| selected(&navigation.name)) {
            let path = format!("{prefix}{}", navigation.name);
            let below = format!("{path}/");
            let expanded = options.expand.iter().any(|known| *known == path || known.starts_with(&below));
            let target = self.service.entity(&navigation.target);
            let value = match (expanded, target) {
                (true, Some(target)) => {
                    let rows = self.linked(row, navigation);
                    let mut inner = rows.iter().map(|row| self.render(target, row, options, &below));
                    if navigation.many {
                        json!({ "results": inner.collect::<Vec<_>>() })
                    } else {
                        inner.next().unwrap_or_default()
                    }
                }
                _ => json!({ "__deferred": { "uri": format!("{uri}/{}", navigation.name) } }),
            };
            shown.insert(navigation.name.clone(), value);
        }
        Value::Object(shown)
    }

    /// A row that was just made, as the answer to its creation shows it.
    pub(crate) fn one(&self, set: &str, row: &Row, expand: &[&str]) -> Value {
        let expand = expand.iter().map(|name| (*name).to_owned()).collect();
        let options = Options { expand, ..Options::default() };
        self.service.entity(set).map_or(Value::Null, |entity| json!({ "d": self.render(entity, row, &options, "") }))
    }
}

/// The key of a row as it stands in an address.
fn predicate(entity: &Entity, row: &Row) -> String {
    let value = |name: &str| {
        let text = row.get(name).and_then(Value::as_str).unwrap_or_default();
        let kind = entity.property(name).map(|property| property.kind);
        match (kind, super::instant(text)) {
            (Some(Edm::DateTime), Some(at)) => {
                let at = jiff::Timestamp::from_millisecond(at).unwrap_or_default();
                format!("datetime'{}'", at.strftime("%Y-%m-%dT%H:%M:%S"))
            }
            (Some(Edm::Guid), _) => format!("guid'{text}'"),
            _ => {
                let quoted = text.replace('\'', "''");
                format!("'{}'", percent_encoding::utf8_percent_encode(&quoted, percent_encoding::NON_ALPHANUMERIC))
            }
        }
    };
    match entity.key.as_slice() {
        [only] => value(only),
        several => several.iter().map(|name| format!("{name}={}", value(name))).collect::<Vec<_>>().join(","),
    }
}

fn find<'a>(entity: &Entity, place: &Place<'a>, key: &[(Option<String>, Literal)]) -> Result<&'a Row, Refusal> {
    let Place::Rows(rows) = place else {
        return Err(wrong("A key follows a collection only"));
    };
    let mut wanted = Vec::new();
    for (index, (column, literal)) in key.iter().enumerate() {
        let name = match (column, entity.key.as_slice()) {
            (None, [only]) if index == 0 => only,
            (Some(column), known) if known.contains(column) => column,
            _ => return Err(wrong(format!("Invalid key predicate type for {}", entity.type_name))),
        };
        let Some(property) = entity.property(name).filter(|property| literal.fits(property.kind)) else {
            return Err(wrong(format!("Invalid key predicate type for {}", entity.type_name)));
        };
        wanted.push((property, literal));
    }
    if wanted.len() != entity.key.len() {
        return Err(wrong(format!("The key of {} is incomplete", entity.type_name)));
    }
    let found = rows.iter().find(|row| {
        wanted.iter().all(|(property, literal)| {
            let stored = row.get(&property.name).map_or(Literal::Null, |value| Literal::stored(value, property.kind));
            stored.compare(literal) == Some(Ordering::Equal)
        })
    });
    let text = match key.first() {
        Some((_, Literal::Text(text))) => text.as_str(),
        _ => "",
    };
    found.copied().ok_or_else(|| not_found(entity, text))
}

fn not_found(entity: &Entity, key: &str) -> Refusal {
    let message = match key {
        "" => format!("Resource not found for {}", entity.type_name),
        key => format!("{} {key} does not exist", entity.set.trim_start_matches("A_")),
    };
    Refusal { status: 404, message, violation: false }
}

fn in_order(entity: &Entity, options: &Options, left: &Row, right: &Row) -> Ordering {
    let value = |row: &Row, name: &str| {
        let kind = entity.property(name).map_or(Edm::String, |property| property.kind);
        row.get(name).map_or(Literal::Null, |value| Literal::stored(value, kind))
    };
    for (name, descending) in &options.order {
        let (left, right) = (value(left, name), value(right, name));
        let ordering = match (&left, &right) {
            (Literal::Null, Literal::Null) => Ordering::Equal,
            (Literal::Null, _) => Ordering::Less,
            (_, Literal::Null) => Ordering::Greater,
            _ => left.compare(&right).unwrap_or(Ordering::Equal),
        };
        if ordering != Ordering::Equal {
            return if *descending { ordering.reverse() } else { ordering };
        }
    }
    Ordering::Equal
}
