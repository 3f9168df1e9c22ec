//! What the org's objects and fields are, read from `objects.txt`. Answers for definitions, not for records.

use std::sync::LazyLock;

use serde_json::{Value, json};

/// A field's type, with what describe tells about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Id,
    /// `string`, `textarea`, `phone`, `url`, `email` or `combobox`, with the longest value in characters.
    Text {
        name: String,
        length: usize,
    },
    Picklist {
        values: Vec<String>,
    },
    Boolean,
    /// `int`, `currency` or `percent`.
    Number {
        name: String,
    },
    Date,
    DateTime,
    /// Assembled from other fields.
    Address,
    Reference {
        targets: Vec<String>,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) creatable: bool,
    pub(super) updatable: bool,
    pub(super) filterable: bool,
    pub(super) external: bool,
    pub(super) unique: bool,
    /// Only the picklist's own values are stored.
    pub(super) restricted: bool,
    pub(super) default: Option<Value>,
    pub(super) relationship: Option<String>,
}

#[derive(Debug)]
pub(super) struct Object {
    pub(super) name: String,
    pub(super) prefix: String,
    pub(super) label: String,
    pub(super) fields: Vec<Field>,
}

static OBJECTS: LazyLock<Vec<Object>> = LazyLock::new(|| read(include_str!("objects.txt")));

/// What can be read of a record behind a reference to several objects, whichever of them it is of.
/// Source: SOQL and SOSL Reference, "Understanding Relationship Fields and Polymorphic Fields"; Object Reference, "Name".
const NAME: &str = "\
object Name 000 Name
Id id ro
Name string(255) ro
FirstName string(40) ro
LastName string(80) ro
Email email(80) ro
Phone phone(40) ro
Title string(128) ro
";

static NAMES: LazyLock<Vec<Object>> = LazyLock::new(|| read(NAME));

pub(super) fn objects() -> &'static [Object] {
    &OBJECTS
}

/// The object of that name; names are case-insensitive in paths and in SOQL.
pub(super) fn object(name: &str) -> Option<&'static Object> {
    OBJECTS.iter().find(|object| object.name.eq_ignore_ascii_case(name))
}

impl Object {
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The reference field behind a relationship's name, and the object it leads to: what all of them have in common
    /// where it leads to several.
    pub(super) fn parent(&self, relationship: &str) -> Option<(&Field, &'static Object)> {
        let wanted = |name: &String| name.eq_ignore_ascii_case(relationship);
        let field = self.fields.iter().find(|field| field.relationship.as_ref().is_some_and(wanted))?;
        match &field.kind {
            Kind::Reference { targets } if targets.len() > 1 => Some((field, NAMES.first()?)),
            Kind::Reference { targets } => Some((field, object(targets.first()?)?)),
            _ => None,
        }
    }

    /// Whether anything in it can be written: users and code tables cannot.
    pub(super) fn writable(&self) -> bool {
        self.fields.iter().any(|field| field.creatable)
    }
}

impl Field {
    /// The name in describe and in messages about types.
    pub(super) fn type_name(&self) -> &str {
        match &self.kind {
            Kind::Id => "id",
            Kind::Text { name, .. } => name,
            Kind::Picklist { .. } => "picklist",
            Kind::Boolean => "boolean",
            Kind::Number { name } => name,
            Kind::Date => "date",
            Kind::DateTime => "datetime",
            Kind::Address => "address",
            Kind::Reference { .. } => "reference",
        }
    }

    /// The label as messages show it: the name in words, without the suffixes of references and custom fields.
    pub(super) fn label(&self) -> String {
        let stem = self.name.strip_suffix("__c").unwrap_or(&self.name);
        let mut label = String::new();
        for (index, letter) in stem.chars().enumerate() {
            if index > 0 && letter.is_ascii_uppercase() && !label.ends_with([' ', '_']) {
                label.push(' ');
            }
            label.push(letter);
        }
        label.replace('_', " ").replace(" Id", " ID")
    }
}

/// Reads the table. A line that is wrong is left out, which the test below notices.
fn read(text: &str) -> Vec<Object> {
    let mut objects: Vec<Object> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(rest) = line.strip_prefix("object ") {
            let mut words = rest.splitn(3, ' ').map(str::to_owned);
            if let (Some(name), Some(prefix), Some(label)) = (words.next(), words.next(), words.next()) {
                objects.push(Object { name, prefix, label, fields: Vec::new() });
            }
        } else if let (Some(object), Some(field)) = (objects.last_mut(), field(line)) {
            object.fields.push(field);
        }
    }
    objects
}

fn field(line: &str) -> Option<Field> {
    let (name, rest) = line.split_once(' ')?;
    // The part in parentheses may contain spaces: it is cut out before the flags are split.
    let (kind, inner, flags) = match rest.split_once('(') {
        Some((kind, rest)) if !kind.contains(' ') => {
            let (inner, flags) = rest.split_once(')')?;
            (kind, inner, flags)
        }
        _ => {
            let (kind, flags) = rest.split_once(' ').unwrap_or((rest, ""));
            (kind, "", flags)
        }
    };
    let list = || inner.split(';').map(str::to_owned).collect::<Vec<_>>();
    let kind = match kind {
        "id" => Kind::Id,
        "boolean" => Kind::Boolean,
        "date" => Kind::Date,
        "datetime" => Kind::DateTime,
        "address" => Kind::Address,
        "picklist" => Kind::Picklist { values: list() },
        "reference" => Kind::Reference { targets: list() },
        "int" | "currency" | "percent" => Kind::Number { name: kind.to_owned() },
        "string" | "textarea" | "phone" | "url" | "email" | "combobox" => {
            Kind::Text { name: kind.to_owned(), length: inner.parse().ok()? }
        }
        _ => return None,
    };
    // A default is last on its line and may contain spaces.
    let (flags, default) = flags.split_once("default=").map_or((flags, None), |(flags, value)| (flags, Some(value)));
    let has = |flag: &str| flags.split(' ').any(|known| known == flag);
    Some(Field {
        name: name.to_owned(),
        required: has("required"),
        creatable: !has("ro"),
        updatable: !has("ro") && !has("once"),
        filterable: !has("nofilter"),
        external: has("external"),
        unique: has("unique"),
        restricted: has("restricted"),
        default: default.map(|text| match &kind {
            Kind::Boolean => json!(text == "true"),
            _ => json!(text),
        }),
        relationship: flags.split(' ').find_map(|flag| flag.strip_prefix("rel=")).map(str::to_owned),
        kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_field() {
        let lines = include_str!("objects.txt")
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("object "))
            .count();
        assert_eq!(objects().iter().map(|object| object.fields.len()).sum::<usize>(), lines);
    }

    #[test]
    fn flags_defaults_and_parents_are_read() {
        let lead = object("lead").unwrap();
        assert_eq!(lead.field("status").unwrap().default, Some(json!("Open - Not Contacted")));
        assert!(lead.field("Company").unwrap().required);
        assert!(!lead.field("Name").unwrap().creatable);
        let (field, account) = object("Contact").unwrap().parent("account").unwrap();
        assert_eq!((field.name.as_str(), account.name.as_str()), ("AccountId", "Account"));
        assert!(object("Task").unwrap().field("TaskSubtype").is_some_and(|field| field.creatable && !field.updatable));
        assert!(!object("User").unwrap().writable());
    }

    #[test]
    fn labels_are_the_name_in_words() {
        let contact = object("Contact").unwrap();
        assert_eq!(contact.field("FirstName").unwrap().label(), "First Name");
        assert_eq!(contact.field("AccountId").unwrap().label(), "Account ID");
        assert_eq!(contact.field("Member_Number__c").unwrap().label(), "Member Number");
    }
}
