//! Answers SOQL queries and their further pages. Knows fields and types; the grammar is `soql`'s.
//! Sources: REST API Developer Guide, "Query", "Query More Results"; SOQL and SOSL Reference, "Condition Expression".

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::schema::{Field, Kind, Object, object};
use super::soql::{self, Filter, Literal, Malformed, Operator, Order, Path, Query};
use super::state::{Cursor, PAGE_MAX, Record, State, read_stamp};
use super::{Call, error};
use crate::exchange::Answer;

/// The smallest page that `Sforce-Query-Options` may ask for.
const PAGE_MIN: usize = 200;

/// Why a query cannot be answered: an error code and its message.
struct Refusal(&'static str, String);

impl From<Malformed> for Refusal {
    fn from(Malformed(message): Malformed) -> Self {
        Self("MALFORMED_QUERY", message)
    }
}

impl Call<'_> {
    pub(super) fn query(&mut self) -> Answer {
        self.known(&["q"]);
        let Some(text) = self.parameter("q") else {
            self.violations.push("no q".to_owned());
            return error(400, "MALFORMED_QUERY", "unexpected end of query");
        };
        match self.rows(&text) {
            Ok(rows) => {
                let page = self.page_size();
                let total = rows.len();
                let cursor = format!("01g{:06}RO0000016PIAYA2", self.state.cursors.len() + 1);
                self.page(Cursor { records: rows, page }, &cursor, 0, total)
            }
            Err(Refusal(code, message)) => {
                self.violations.push(format!("{code}: {message}"));
                error(400, code, &message)
            }
        }
    }

    /// A further page: the path's last segment is the cursor and where the page begins.
    pub(super) fn query_more(&mut self, locator: &str) -> Answer {
        self.known(&[]);
        let parsed = locator.rsplit_once('-').and_then(|(cursor, from)| Some((cursor, from.parse::<usize>().ok()?)));
        let found = parsed.and_then(|(cursor, from)| {
            let whole = self.state.cursors.remove(cursor)?;
            Some((cursor.to_owned(), from, whole))
        });
        let Some((cursor, from, whole)) = found else {
            return error(400, "INVALID_QUERY_LOCATOR", "invalid query locator");
        };
        let total = whole.records.len();
        self.page(whole, &cursor, from.min(total), total)
    }

    fn page(&mut self, whole: Cursor, cursor: &str, from: usize, total: usize) -> Answer {
        let until = total.min(from + whole.page);
        let mut body = json!({ "totalSize": total, "done": until == total });
        if until < total {
            body["nextRecordsUrl"] = json!(format!("{}/query/{cursor}-{until}", self.data_path));
        }
        body["records"] = json!(whole.records[from..until]);
        self.state.cursors.insert(cursor.to_owned(), whole);
        Answer::json(200, &body)
    }

    fn page_size(&mut self) -> usize {
        let Some(header) = self.request.header("sforce-query-options") else {
            return self.state.page;
        };
        let size = header.strip_prefix("batchSize=").and_then(|size| size.parse().ok());
        match size.filter(|size| (PAGE_MIN..=PAGE_MAX).contains(size)) {
            Some(size) => size.min(self.state.page),
            None => {
                self.violations.push("Sforce-Query-Options is not batchSize=200 to 2000".to_owned());
                self.state.page
            }
        }
    }

    fn rows(&self, text: &str) -> Result<Vec<Value>, Refusal> {
        let query = soql::parse(text)?;
        let Some(object) = object(&query.object) else {
            let message = format!("sObject type '{}' is not supported.", query.object);
            return Err(Refusal("INVALID_TYPE", message));
        };
        check(object, &query)?;
        let mut found: Vec<&Record> = self
            .state
            .live(object)
            .filter(|record| query.filter.as_ref().is_none_or(|filter| self.state.matches(object, record, filter)))
            .collect();
        found.sort_by(|left, right| {
            let by = |order: &Order| self.state.in_order(object, order, left, right);
            query.order.iter().map(by).find(|ordering| *ordering != Ordering::Equal).unwrap_or(Ordering::Equal)
        });
        found.truncate(query.limit.unwrap_or(usize::MAX));
        Ok(found.into_iter().map(|record| self.render(object, record, &query.fields)).collect())
    }

    /// A record as answers show it: its type and address, and the fields asked for.
    pub(super) fn render(&self, object: &Object, record: &Record, fields: &[Path]) -> Value {
        let id = record.get("Id").and_then(Value::as_str).unwrap_or_default();
        let url = format!("{}/sobjects/{}/{id}", self.data_path, object.name);
        let mut shown = json!({ "attributes": { "type": object.name, "url": url } });
        for path in fields {
            match path.as_slice() {
                [name] => {
                    if let Some(field) = object.field(name) {
                        shown[&field.name] = value_of(record, field);
                    }
                }
                [relationship, rest @ ..] => {
                    let Some((field, parent)) = object.parent(relationship) else { continue };
                    let name = field.relationship.clone().unwrap_or_default();
                    let inner = self.state.target(field, record).map_or(Value::Null, |(own, target)| {
                        let mut inner = self.render(parent, target, &[rest.to_vec()]);
                        // Its address is that of the object it is of, also where only the common fields are read.
                        let id = target.get("Id").and_then(Value::as_str).unwrap_or_default();
                        inner["attributes"]["url"] = json!(format!("{}/sobjects/{}/{id}", self.data_path, own.name));
                        inner
                    });
                    merge(&mut shown[name], inner);
                }
                [] => {}
            }
        }
        shown
    }
}

/// Adds the members of a parent shown before.
fn merge(place: &mut Value, inner: Value) {
    match (place, inner) {
        (Value::Object(known), Value::Object(more)) => {
            for (name, value) in more {
                match known.get_mut(&name) {
                    Some(place) if place.is_object() => merge(place, value),
                    _ => {
                        known.insert(name, value);
                    }
                }
            }
        }
        (place, inner) => *place = inner,
    }
}

/// A field's value; compound fields are assembled here.
pub(super) fn value_of(record: &Record, field: &Field) -> Value {
    if field.kind != Kind::Address {
        return record.get(&field.name).cloned().unwrap_or_default();
    }
    let prefix = field.name.trim_end_matches("Address");
    let part = |name: &str| record.get(&format!("{prefix}{name}")).cloned().unwrap_or_default();
    let parts = json!({
        "city": part("City"),
        "country": part("Country"),
        "geocodeAccuracy": null,
        "latitude": null,
        "longitude": null,
        "postalCode": part("PostalCode"),
        "state": part("State"),
        "street": part("Street"),
    });
    let empty = parts.as_object().is_none_or(|parts| parts.values().all(Value::is_null));
    if empty { Value::Null } else { parts }
}

/// The field at the end of a path.
fn resolve<'a>(object: &'a Object, path: &[String]) -> Result<&'a Field, Refusal> {
    match path {
        [name] => object.field(name).ok_or_else(|| {
            let message = format!(
                "ERROR at Row:1:Column:1\nNo such column '{name}' on entity '{}'. If you are attempting to use a \
                 custom field, be sure to append the '__c' after the custom field name.",
                object.name
            );
            Refusal("INVALID_FIELD", message)
        }),
        [relationship, rest @ ..] => match object.parent(relationship) {
            Some((_, parent)) => resolve(parent, rest),
            None => {
                let message =
                    format!("Didn't understand relationship '{relationship}' in field path of {}", object.name);
                Err(Refusal("INVALID_FIELD", message))
            }
        },
        [] => Err(Refusal("MALFORMED_QUERY", "unexpected end of query".to_owned())),
    }
}

fn check(object: &Object, query: &Query) -> Result<(), Refusal> {
    for (index, path) in query.fields.iter().enumerate() {
        resolve(object, path)?;
        let same = |earlier: &Path| {
            earlier.len() == path.len()
                && earlier.iter().zip(path).all(|(left, right)| left.eq_ignore_ascii_case(right))
        };
        if query.fields[..index].iter().any(same) {
            return Err(Refusal("INVALID_FIELD", format!("duplicate field selected: {}", path.join("."))));
        }
    }
    if let Some(filter) = &query.filter {
        check_filter(object, filter)?;
    }
    for order in &query.order {
        let field = resolve(object, &order.path)?;
        if !field.filterable {
            let message = format!("field '{}' can not be sorted in a query call", field.name);
            return Err(Refusal("MALFORMED_QUERY", message));
        }
    }
    Ok(())
}

fn check_filter(object: &Object, filter: &Filter) -> Result<(), Refusal> {
    let filterable = |path: &Path| {
        let field = resolve(object, path)?;
        if field.filterable {
            return Ok(field);
        }
        let message = format!("field '{}' can not be filtered in a query call", field.name);
        Err(Refusal("INVALID_FIELD", message))
    };
    match filter {
        Filter::All(parts) | Filter::Any(parts) => parts.iter().try_for_each(|part| check_filter(object, part)),
        Filter::Not(part) => check_filter(object, part),
        Filter::Compare { path, operator, value } => {
            let field = filterable(path)?;
            let ordered = !matches!(operator, Operator::Equal | Operator::Unequal);
            if ordered && matches!(field.kind, Kind::Boolean | Kind::Id | Kind::Reference { .. }) {
                let message = format!("invalid operator on {} field", field.type_name());
                return Err(Refusal("INVALID_FIELD", message));
            }
            check_value(field, value)
        }
        Filter::Like { path, .. } => {
            let field = filterable(path)?;
            match field.kind {
                Kind::Text { .. } | Kind::Picklist { .. } => Ok(()),
                _ => Err(Refusal("INVALID_FIELD", format!("invalid operator on {} field", field.type_name()))),
            }
        }
        Filter::In { path, values, .. } => {
            let field = filterable(path)?;
            values.iter().try_for_each(|value| check_value(field, value))
        }
    }
}

/// The literal's type is the field's: text is quoted, everything else is not.
fn check_value(field: &Field, value: &Literal) -> Result<(), Refusal> {
    let quoted = matches!(value, Literal::Text(_));
    let fits = match (&field.kind, value) {
        (_, Literal::Null) => true,
        (Kind::Boolean, Literal::Boolean(_))
        | (Kind::Number { .. }, Literal::Number(_))
        | (Kind::Date, Literal::Date(_))
        | (Kind::DateTime, Literal::DateTime(_))
        | (Kind::Text { .. } | Kind::Picklist { .. }, Literal::Text(_)) => true,
        (Kind::Id | Kind::Reference { .. }, Literal::Text(id)) if super::state::is_id(id) => true,
        (Kind::Id | Kind::Reference { .. }, Literal::Text(id)) => {
            return Err(Refusal("INVALID_QUERY_FILTER_OPERATOR", format!("invalid ID field: {id}")));
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let advice = if quoted { "should not" } else { "should" };
    let message = format!(
        "value of filter criterion for field '{}' must be of type {} and {advice} be enclosed in quotes",
        field.name,
        field.type_name()
    );
    Err(Refusal("INVALID_FIELD", message))
}

impl State {
    /// The record that a reference leads to, and the object it is of.
    fn target(&self, field: &Field, record: &Record) -> Option<(&'static Object, &Record)> {
        let Kind::Reference { targets } = &field.kind else { return None };
        let id = record.get(&field.name)?.as_str()?;
        targets.iter().filter_map(|name| object(name)).find_map(|object| Some((object, self.find(object, id)?)))
    }

    /// The value at the end of a path that was checked, null when a parent is missing on the way.
    fn value_at<'a>(&'a self, object: &'a Object, record: &'a Record, path: &[String]) -> &'a Value {
        match path {
            [name] => object.field(name).and_then(|field| record.get(&field.name)).unwrap_or(&Value::Null),
            [relationship, rest @ ..] => object
                .parent(relationship)
                .and_then(|(field, parent)| Some((parent, self.target(field, record)?.1)))
                .map_or(&Value::Null, |(parent, record)| self.value_at(parent, record, rest)),
            [] => &Value::Null,
        }
    }

    fn matches(&self, object: &Object, record: &Record, filter: &Filter) -> bool {
        match filter {
            Filter::All(parts) => parts.iter().all(|part| self.matches(object, record, part)),
            Filter::Any(parts) => parts.iter().any(|part| self.matches(object, record, part)),
            Filter::Not(part) => !self.matches(object, record, part),
            Filter::Compare { path, operator, value } => {
                holds(self.value_at(object, record, path), *operator, value, is_reference(object, path))
            }
            Filter::Like { path, pattern } => {
                self.value_at(object, record, path).as_str().is_some_and(|text| soql::is_like(pattern, text))
            }
            Filter::In { path, negated, values } => {
                let found = self.value_at(object, record, path);
                let reference = is_reference(object, path);
                values.iter().any(|value| holds(found, Operator::Equal, value, reference)) != *negated
            }
        }
    }

    fn in_order(&self, object: &Object, order: &Order, left: &Record, right: &Record) -> Ordering {
        let (left, right) = (self.value_at(object, left, &order.path), self.value_at(object, right, &order.path));
        let nulls = match (left.is_null(), right.is_null()) {
            (true, true) => return Ordering::Equal,
            (true, false) => Some(Ordering::Less),
            (false, true) => Some(Ordering::Greater),
            (false, false) => None,
        };
        if let Some(first) = nulls {
            return if order.nulls_last { first.reverse() } else { first };
        }
        let ordering = match (left, right) {
            (Value::String(left), Value::String(right)) => left.to_lowercase().cmp(&right.to_lowercase()),
            (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
            (left, right) => left.as_f64().partial_cmp(&right.as_f64()).unwrap_or(Ordering::Equal),
        };
        if order.descending { ordering.reverse() } else { ordering }
    }
}

fn is_reference(object: &Object, path: &[String]) -> bool {
    resolve(object, path).is_ok_and(|field| matches!(field.kind, Kind::Id | Kind::Reference { .. }))
}

/// Compares as the platform does: text without case, ids by 15 characters, null with null only.
fn holds(found: &Value, operator: Operator, wanted: &Literal, reference: bool) -> bool {
    let ordering = match (found, wanted) {
        (Value::Null, Literal::Null) => Some(Ordering::Equal),
        (Value::String(found), Literal::Text(wanted)) if reference => {
            (found.get(..15) == wanted.get(..15)).then_some(Ordering::Equal)
        }
        (Value::String(found), Literal::Text(wanted)) => Some(found.to_lowercase().cmp(&wanted.to_lowercase())),
        (Value::String(found), Literal::Date(wanted)) => Some(found.as_str().cmp(wanted.as_str())),
        (Value::String(found), Literal::DateTime(wanted)) => read_stamp(found).map(|found| found.cmp(wanted)),
        (Value::Bool(found), Literal::Boolean(wanted)) => Some(found.cmp(wanted)),
        (Value::Number(found), Literal::Number(wanted)) => found.as_f64().and_then(|found| found.partial_cmp(wanted)),
        _ => None,
    };
    match operator {
        Operator::Equal => ordering == Some(Ordering::Equal),
        Operator::Unequal => ordering != Some(Ordering::Equal),
        Operator::Less => ordering == Some(Ordering::Less),
        Operator::LessOrEqual => ordering.is_some_and(Ordering::is_le),
        Operator::Greater => ordering == Some(Ordering::Greater),
        Operator::GreaterOrEqual => ordering.is_some_and(Ordering::is_ge),
    }
}
