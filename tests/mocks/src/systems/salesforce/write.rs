//! Creating, changing and deleting records, with every check the platform makes first. Sources: REST API Developer
//! Guide, "sObject Basic Information", "sObject Rows", "sObject Rows by External ID", "Status Codes and Error
//! Responses".

use serde_json::{Value, json};

use super::duplicates::{self, Wish};
use super::schema::{Field, Kind, Object};
use super::state::{Record, is_id, read_stamp};
use super::{Call, error, error_with_fields, errors};
use crate::clock::read_http_date;
use crate::exchange::Answer;

/// What a value would do, for messages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deed<'a> {
    Create,
    /// Changes the record of that id.
    Update(&'a str),
}

impl Call<'_> {
    pub(super) fn create(&mut self, object: &'static Object) -> Answer {
        self.known(&[]);
        let fields = match self.body() {
            Ok(fields) => fields,
            Err(answer) => return answer,
        };
        self.insert(object, fields)
    }

    fn insert(&mut self, object: &'static Object, fields: Record) -> Answer {
        let fields = match self.check(object, fields, Deed::Create) {
            Ok(fields) => fields,
            Err(answer) => return answer,
        };
        let id = self.state.insert(object, fields);
        let location = format!("{}/sobjects/{}/{id}", self.data_path, object.name);
        Answer::json(201, &json!({ "id": id, "success": true, "errors": [] })).with_header("location", location)
    }

    pub(super) fn update(&mut self, object: &'static Object, id: &str) -> Answer {
        self.known(&[]);
        let fields = match self.body() {
            Ok(fields) => fields,
            Err(answer) => return answer,
        };
        let full = match self.existing(object, id) {
            Ok(record) => record.get("Id").and_then(Value::as_str).unwrap_or_default().to_owned(),
            Err(answer) => return answer,
        };
        if let Err(answer) = self.unmodified(object, &full) {
            return answer;
        }
        let fields = match self.check(object, fields, Deed::Update(&full)) {
            Ok(fields) => fields,
            Err(answer) => return answer,
        };
        self.state.update(object, &full, &fields);
        Answer::of(204, "application/json", "")
    }

    pub(super) fn delete(&mut self, object: &'static Object, id: &str) -> Answer {
        self.known(&[]);
        if let Err(answer) = self.existing(object, id) {
            return answer;
        }
        if let Some(record) = self.state.find_mut(object, id) {
            record.insert("IsDeleted".to_owned(), json!(true));
        }
        Answer::of(204, "application/json", "")
    }

    pub(super) fn upsert(&mut self, object: &'static Object, field: &str, value: &str) -> Answer {
        self.known(&["updateOnly"]);
        let Some(key) = object.field(field).filter(|field| field.external) else {
            return self.no_external(field);
        };
        let fields = match self.body() {
            Ok(fields) => fields,
            Err(answer) => return answer,
        };
        for name in ["Id", key.name.as_str()] {
            if fields.keys().any(|given| given.eq_ignore_ascii_case(name)) {
                let message = format!("The {name} field should not be specified in the sobject data.");
                self.violations.push(message.clone());
                return error_with_fields(400, "INVALID_FIELD", &message, &[name]);
            }
        }
        let ids = self.by_external(object, key, value);
        match ids.as_slice() {
            [] if self.parameter("updateOnly").as_deref() == Some("true") => super::not_found(),
            [] => {
                let mut fields = fields;
                fields.insert(key.name.clone(), json!(value));
                let answer = self.insert(object, fields);
                saved(answer)
            }
            [id] => {
                let fields = match self.check(object, fields, Deed::Update(id)) {
                    Ok(fields) => fields,
                    Err(answer) => return answer,
                };
                self.state.update(object, id, &fields);
                Answer::json(200, &json!({ "id": id, "success": true, "errors": [], "created": false }))
            }
            several => self.choices(object, several),
        }
    }

    /// The ids of the records whose external id is that value; text is compared without case.
    pub(super) fn by_external(&self, object: &Object, key: &Field, value: &str) -> Vec<String> {
        self.state
            .live(object)
            .filter(|record| {
                let known = record.get(&key.name).and_then(Value::as_str);
                known.is_some_and(|known| known.eq_ignore_ascii_case(value))
            })
            .filter_map(|record| record.get("Id").and_then(Value::as_str).map(str::to_owned))
            .collect()
    }

    /// Several records have the external id: nothing is written, and the answer says which they are.
    pub(super) fn choices(&self, object: &Object, ids: &[String]) -> Answer {
        let urls: Vec<_> = ids.iter().map(|id| format!("{}/sobjects/{}/{id}", self.data_path, object.name)).collect();
        Answer::json(300, &json!(urls))
    }

    pub(super) fn no_external(&mut self, field: &str) -> Answer {
        self.violations.push(format!("{field} is no external id"));
        let message = format!("Provided external ID field does not exist or is not accessible: {field}");
        error(404, "NOT_FOUND", &message)
    }

    pub(super) fn existing(&mut self, object: &Object, id: &str) -> Result<&Record, Answer> {
        if !is_id(id) {
            self.violations.push(format!("{id} is no id"));
        }
        match self.state.find(object, id) {
            None => Err(super::not_found()),
            Some(record) if record.get("IsDeleted") == Some(&Value::Bool(true)) => {
                Err(error(404, "ENTITY_IS_DELETED", "entity is deleted"))
            }
            Some(record) => Ok(record),
        }
    }

    /// Honours `If-Unmodified-Since`, which compares whole seconds.
    fn unmodified(&mut self, object: &Object, id: &str) -> Result<(), Answer> {
        let Some(header) = self.request.header("if-unmodified-since") else {
            return Ok(());
        };
        let Some(since) = read_http_date(header) else {
            self.violations.push("If-Unmodified-Since is no HTTP date".to_owned());
            return Err(error(400, "INVALID_HEADER_VALUE", "The If-Unmodified-Since header is invalid"));
        };
        let modified = self
            .state
            .find(object, id)
            .and_then(|record| record.get("LastModifiedDate"))
            .and_then(Value::as_str)
            .and_then(read_stamp);
        match modified {
            Some(at) if at.as_second() > since.as_second() => Err(Answer::of(412, "application/json", "")),
            _ => Ok(()),
        }
    }

    fn body(&mut self) -> Result<Record, Answer> {
        let body = self.json_body()?;
        let Value::Object(mut fields) = body else {
            self.violations.push("the body is no JSON object".to_owned());
            return Err(error(400, "JSON_PARSER_ERROR", "The HTTP entity body is required, but this request has none"));
        };
        fields.remove("attributes");
        Ok(fields)
    }

    /// Makes every check of a write, in the platform's order: types, permissions, system rules, duplicates. Answers the
    /// fields under their own names.
    fn check(&mut self, object: &'static Object, given: Record, deed: Deed<'_>) -> Result<Record, Answer> {
        if !object.writable() {
            self.violations.push(format!("{} cannot be written", object.name));
            let message = format!("entity type {} does not support {}", object.name, verb(deed));
            return Err(error(400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", &message));
        }
        let mut fields = Record::new();
        let mut refused = Vec::new();
        for (name, value) in given {
            let Some(field) = object.field(&name) else {
                let message = format!("No such column '{name}' on sobject of type {}", object.name);
                self.violations.push(message.clone());
                return Err(error(400, "INVALID_FIELD", &message));
            };
            if let Err(message) = typed(field, &value) {
                self.violations.push(format!("{}: {message}", field.name));
                return Err(error(400, "JSON_PARSER_ERROR", &message));
            }
            let allowed = match deed {
                Deed::Create => field.creatable,
                Deed::Update(_) => field.updatable,
            };
            if !allowed {
                refused.push(field.name.as_str());
            }
            // An empty text is null.
            let value = if value == json!("") { Value::Null } else { value };
            fields.insert(field.name.clone(), value);
        }
        if !refused.is_empty() {
            let message = format!(
                "Unable to create/update fields: {}. Please check the security settings of this field and verify that \
                 it is read/write for your profile or permission set.",
                refused.join(", ")
            );
            self.violations.push(message.clone());
            return Err(error_with_fields(400, "INVALID_FIELD_FOR_INSERT_UPDATE", &message, &refused));
        }
        self.rules(object, &fields, deed)?;
        if self.state.locks > 0 {
            self.state.locks -= 1;
            let message = "unable to obtain exclusive access to this record";
            return Err(error_with_fields(400, "UNABLE_TO_LOCK_ROW", message, &[]));
        }
        self.duplicates(object, &fields, deed)?;
        Ok(fields)
    }

    /// The rules of the data itself. None of them is a violation: only the org knows its values.
    fn rules(&self, object: &Object, fields: &Record, deed: Deed<'_>) -> Result<(), Answer> {
        let missing: Vec<&str> = object
            .fields
            .iter()
            .filter(|field| field.required)
            .filter(|field| match (fields.get(&field.name), deed) {
                (Some(value), _) => value.as_str().is_some_and(|text| text.trim().is_empty()) || value.is_null(),
                (None, Deed::Create) => true,
                (None, Deed::Update(_)) => false,
            })
            .map(|field| field.name.as_str())
            .collect();
        if !missing.is_empty() {
            let message = format!("Required fields are missing: [{}]", missing.join(", "));
            return Err(error_with_fields(400, "REQUIRED_FIELD_MISSING", &message, &missing));
        }
        for (name, value) in fields {
            let Some(field) = object.field(name) else { continue };
            self.value_rules(object, field, value, deed)?;
        }
        if object.name == "Task" {
            let lead = fields.get("WhoId").and_then(Value::as_str).is_some_and(|id| id.starts_with("00Q"));
            if lead && fields.get("WhatId").is_some_and(|what| !what.is_null()) {
                let message = "Related To ID: cannot be used with a Lead as Name ID";
                return Err(error_with_fields(400, "FIELD_INTEGRITY_EXCEPTION", message, &["WhatId"]));
            }
        }
        Ok(())
    }

    fn value_rules(&self, object: &Object, field: &Field, value: &Value, deed: Deed<'_>) -> Result<(), Answer> {
        let Some(text) = value.as_str() else {
            return Ok(());
        };
        let name = [field.name.as_str()];
        let refused = |code: &str, message: String| Err(error_with_fields(400, code, &message, &name));
        match &field.kind {
            Kind::Text { length, .. } if text.chars().count() > *length => {
                let start: String = text.chars().take(*length).collect();
                let label = field.label();
                return refused(
                    "STRING_TOO_LONG",
                    format!("{label}: data value too large: {start}... (max length={length})"),
                );
            }
            Kind::Text { name: kind, .. } if kind == "email" && !is_email(text) => {
                let label = field.label();
                return refused("INVALID_EMAIL_ADDRESS", format!("{label}: invalid email address: {text}"));
            }
            Kind::Picklist { values } if field.restricted && !values.iter().any(|known| known == text) => {
                let label = field.label();
                return refused(
                    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                    format!("{label}: bad value for restricted picklist field: {text}"),
                );
            }
            Kind::Reference { targets } => {
                let target = targets.iter().filter_map(|target| super::schema::object(target));
                let Some(target) = target.into_iter().find(|target| text.starts_with(&target.prefix)) else {
                    let label = field.label();
                    return refused("MALFORMED_ID", format!("{label}: id value of incorrect type: {text}"));
                };
                if !is_id(text) || self.state.find(target, text).is_none() {
                    return refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id".to_owned());
                }
            }
            _ => {}
        }
        if field.unique {
            let own = match deed {
                Deed::Update(id) => Some(id),
                Deed::Create => None,
            };
            let taken = self.state.live(object).find(|record| {
                record.get("Id").and_then(Value::as_str) != own
                    && record
                        .get(&field.name)
                        .and_then(Value::as_str)
                        .is_some_and(|known| known.eq_ignore_ascii_case(text))
            });
            if let Some(record) = taken {
                let id = record.get("Id").and_then(Value::as_str).unwrap_or_default();
                let message = format!("duplicate value found: {} duplicates value on record with id: {id}", field.name);
                // The platform names no field here.
                return Err(error_with_fields(400, "DUPLICATE_VALUE", &message, &[]));
            }
        }
        Ok(())
    }

    fn duplicates(&mut self, object: &Object, fields: &Record, deed: Deed<'_>) -> Result<(), Answer> {
        let wish = Wish::read(self.request, self.version, &mut self.violations);
        let own = match deed {
            Deed::Update(id) => Some(id),
            Deed::Create => None,
        };
        match duplicates::refusal(self.state, object, fields, own, &wish, &self.data_path) {
            Some(refusal) => Err(errors(400, vec![refusal])),
            None => Ok(()),
        }
    }
}

/// The answer to an upsert that created: the usual one with `created`.
fn saved(mut answer: Answer) -> Answer {
    if answer.status == 201
        && let Ok(Value::Object(mut body)) = serde_json::from_slice(&answer.body)
    {
        body.insert("created".to_owned(), json!(true));
        answer.body = Value::Object(body).to_string().into();
    }
    answer
}

fn verb(deed: Deed<'_>) -> &'static str {
    match deed {
        Deed::Create => "create",
        Deed::Update(_) => "update",
    }
}

/// Says what is wrong with the JSON type of a value, or with the form of a date.
fn typed(field: &Field, value: &Value) -> Result<(), String> {
    if value.is_null() {
        return match field.kind {
            Kind::Boolean => Err("Cannot deserialize a boolean from null".to_owned()),
            _ => Ok(()),
        };
    }
    let fits = match &field.kind {
        Kind::Boolean => value.is_boolean(),
        Kind::Number { name } if name == "int" => value.is_i64() || value.is_u64(),
        Kind::Number { .. } => value.is_number(),
        Kind::Date => value.as_str().is_some_and(|text| text.is_empty() || is_date(text)),
        Kind::DateTime => value.as_str().is_some_and(|text| text.is_empty() || read_stamp(text).is_some()),
        Kind::Address => false,
        Kind::Id | Kind::Text { .. } | Kind::Picklist { .. } | Kind::Reference { .. } => value.is_string(),
    };
    if fits {
        return Ok(());
    }
    Err(format!("Cannot deserialize instance of {} from the value {value}", field.type_name()))
}

pub(super) fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// One @ with something on both sides, a dot on the right, and no space.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    !local.is_empty()
        && domain.split('.').count() > 1
        && domain.split('.').all(|label| !label.is_empty())
        && !text.contains(char::is_whitespace)
        && !domain.contains('@')
}
