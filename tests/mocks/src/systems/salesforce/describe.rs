//! What the org tells about itself: its versions, and its objects' fields. Definitions come from `schema`.
//! Sources: REST API Developer Guide, "Versions", "sObject Describe"; API End-of-Life Policy.

use serde_json::{Value, json};

use super::schema::{Field, Kind, Object};
use super::{Call, NEWEST, OLDEST};
use crate::clock::read_http_date;
use crate::exchange::Answer;

/// Definitions do not change while the simulation runs: 2026-01-01T00:00:00Z.
const CHANGED_SECONDS: i64 = 1_767_225_600;

/// All served versions, oldest first.
pub(super) fn versions() -> Value {
    let one = |version: u32| {
        json!({
            "label": label(version),
            "url": format!("/services/data/v{version}.0"),
            "version": format!("{version}.0"),
        })
    };
    (OLDEST..=NEWEST).map(one).collect()
}

/// Three releases a year, named for the season and the year; version 52.0 was Summer '21.
fn label(version: u32) -> String {
    let season = ["Winter", "Spring", "Summer"][(version as usize + 1) % 3];
    // Winter comes in October and carries the number of the next year.
    let year = 21 + version.saturating_sub(50) / 3;
    format!("{season} '{year}")
}

impl Call<'_> {
    pub(super) fn describe(&mut self, object: &Object) -> Answer {
        self.known(&[]);
        if let Some(header) = self.request.header("if-modified-since") {
            match read_http_date(header) {
                Some(since) if since.as_second() >= CHANGED_SECONDS => {
                    return Answer::of(304, "application/json", "");
                }
                Some(_) => {}
                None => self.violations.push("If-Modified-Since is no HTTP date".to_owned()),
            }
        }
        let fields: Vec<Value> = object.fields.iter().map(describe_field).collect();
        let body = json!({
            "name": object.name,
            "label": object.label,
            "keyPrefix": object.prefix,
            "createable": object.writable(),
            "updateable": object.writable(),
            "deletable": object.writable(),
            "queryable": true,
            "custom": false,
            "fields": fields,
        });
        Answer::json(200, &body).with_header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT")
    }
}

fn describe_field(field: &Field) -> Value {
    let (values, targets): (&[String], &[String]) = match &field.kind {
        Kind::Picklist { values } => (values, &[]),
        Kind::Reference { targets } => (&[], targets),
        _ => (&[], &[]),
    };
    let length = match &field.kind {
        Kind::Text { length, .. } => *length,
        Kind::Id | Kind::Reference { .. } => 18,
        Kind::Picklist { .. } => 255,
        _ => 0,
    };
    let picklist: Vec<Value> = values
        .iter()
        .map(|value| {
            json!({
                "active": true,
                "defaultValue": field.default.as_ref().is_some_and(|default| default == value),
                "label": value,
                "validFor": null,
                "value": value,
            })
        })
        .collect();
    json!({
        "name": field.name,
        "label": field.label(),
        "type": field.type_name(),
        "length": length,
        "nillable": !field.required && field.kind != Kind::Boolean,
        "createable": field.creatable,
        "updateable": field.updatable,
        "filterable": field.filterable,
        "sortable": field.filterable,
        "defaultedOnCreate": field.default.is_some() || field.name == "OwnerId",
        "custom": field.name.ends_with("__c"),
        "externalId": field.external,
        "idLookup": field.external || field.name == "Id",
        "unique": field.unique,
        "restrictedPicklist": field.restricted,
        "picklistValues": picklist,
        "referenceTo": targets,
        "relationshipName": field.relationship,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_carry_their_release_as_a_label() {
        assert_eq!(label(55), "Summer '22");
        assert_eq!(label(52), "Summer '21");
        assert_eq!(label(53), "Winter '22");
        assert_eq!(label(54), "Spring '22");
        assert_eq!(label(67), "Summer '26");
    }
}
