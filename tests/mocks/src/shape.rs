//! Checks JSON bodies against the members a vendor documents. Answers for types and names, not for business rules.

use serde_json::Value;

/// What a value may be. JSON null is allowed only inside [`Shape::Nullable`].
pub(crate) enum Shape {
    Any,
    Text,
    Integer,
    Boolean,
    OneOf(&'static [&'static str]),
    Nullable(&'static Shape),
    List(&'static Shape),
    Object(&'static [(&'static str, Need, &'static Shape)]),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Must,
    May,
}

/// What is wrong with a value, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Member names and list positions from the root, joined by dots.
    pub(crate) path: String,
    pub(crate) problem: Problem,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// The vendor does not document a member of this name.
    Unknown,
    Missing,
    /// The JSON type is another.
    Type(&'static str),
    /// The type is right, the value is not one of the documented ones.
    Value(String),
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = &self.path;
        match &self.problem {
            Problem::Unknown => write!(f, "unknown member {path}"),
            Problem::Missing => write!(f, "missing member {path}"),
            Problem::Type(wanted) => write!(f, "member {path} is not {wanted}"),
            Problem::Value(value) => write!(f, "member {path} has the unknown value {value:?}"),
        }
    }
}

impl Shape {
    pub(crate) fn check(&self, value: &Value) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.visit(value, "", &mut findings);
        findings
    }

    fn visit(&self, value: &Value, path: &str, findings: &mut Vec<Finding>) {
        let mut found = |problem| {
            findings.push(Finding { path: path.to_owned(), problem });
        };
        match self {
            Self::Any => {}
            Self::Text if value.is_string() => {}
            Self::Text => found(Problem::Type("text")),
            Self::Integer if value.is_i64() || value.is_u64() => {}
            Self::Integer => found(Problem::Type("an integer")),
            Self::Boolean if value.is_boolean() => {}
            Self::Boolean => found(Problem::Type("true or false")),
            Self::OneOf(known) => match value.as_str() {
                Some(text) if known.contains(&text) => {}
                Some(text) => found(Problem::Value(text.to_owned())),
                None => found(Problem::Type("text")),
            },
            Self::Nullable(_) if value.is_null() => {}
            Self::Nullable(inner) => inner.visit(value, path, findings),
            Self::List(inner) => match value.as_array() {
                None => found(Problem::Type("a list")),
                Some(items) => {
                    for (index, item) in items.iter().enumerate() {
                        inner.visit(item, &join(path, &index.to_string()), findings);
                    }
                }
            },
            Self::Object(members) => {
                let Some(object) = value.as_object() else {
                    found(Problem::Type("an object"));
                    return;
                };
                for (name, member) in object {
                    let path = join(path, name);
                    match members.iter().find(|(known, ..)| known == name) {
                        Some((_, _, shape)) => shape.visit(member, &path, findings),
                        None => findings.push(Finding { path, problem: Problem::Unknown }),
                    }
                }
                for (name, need, _) in *members {
                    if *need == Need::Must && !object.contains_key(*name) {
                        findings.push(Finding { path: join(path, name), problem: Problem::Missing });
                    }
                }
            }
        }
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const LINE: Shape = Shape::Object(&[
        ("id", Need::Must, &Shape::Integer),
        ("note", Need::May, &Shape::Nullable(&Shape::Text)),
        ("kind", Need::May, &Shape::OneOf(&["a", "b"])),
    ]);

    #[test]
    fn every_departure_is_found_with_its_place() {
        let shape = Shape::List(&LINE);
        let findings: Vec<_> = shape
            .check(&json!([{"id": 1, "note": null}, {"id": "1", "kind": "c", "x": 0}, {}]))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            findings,
            [
                "member 1.id is not an integer",
                "member 1.kind has the unknown value \"c\"",
                "unknown member 1.x",
                "missing member 2.id",
            ]
        );
    }
}
