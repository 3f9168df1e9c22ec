//! The host's own keywords in a schema, judged while their author looks. A host reads past a word that it does not know,
//! or hides all that stands under it: a misspelt one would only show as a value that never becomes comparable.

use serde_json::Value;

/// Each keyword and the words that it takes; none where it takes any.
const KEYWORDS: [(&str, &[&str]); 5] = [
    ("x-codes", &[]),
    ("x-format", &["email", "phone", "url", "date", "date-time", "number", "money"]),
    ("x-mask", &["email", "phone", "last4", "all"]),
    ("x-normalize", &["trim", "lower", "upper", "email", "phone", "date", "order_number"]),
    ("x-tags", &[]),
];

/// Those that take a list of words too.
const LISTS: [&str; 2] = ["x-normalize", "x-tags"];

/// Keywords whose members have names of their own.
const NAMED: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/// Keywords whose value is data and no schema.
const DATA: [&str; 4] = ["const", "enum", "default", "examples"];

/// The first thing that is wrong: a JSON Pointer to it, what it is, and what there is instead.
pub(super) fn wrong_annotation(schema: &Value) -> Option<(String, String, String)> {
    match schema {
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            let below = |found: (String, String, String)| (format!("/{}{}", escaped(name), found.0), found.1, found.2);
            if name.starts_with("x-") {
                judge(name, value).map(|(message, help)| (format!("/{}", escaped(name)), message, help))
            } else if DATA.contains(&name.as_str()) {
                None
            } else if let (true, Some(named)) = (NAMED.contains(&name.as_str()), value.as_object()) {
                let found = |(key, sub): (&String, &Value)| {
                    wrong_annotation(sub).map(|found| (format!("/{}{}", escaped(key), found.0), found.1, found.2))
                };
                named.iter().find_map(found).map(below)
            } else {
                wrong_annotation(value).map(below)
            }
        }),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(at, item)| wrong_annotation(item).map(|found| (format!("/{at}{}", found.0), found.1, found.2))),
        _ => None,
    }
}

fn judge(name: &str, value: &Value) -> Option<(String, String)> {
    let Some((_, words)) = KEYWORDS.iter().find(|(known, _)| *known == name) else {
        let known: Vec<_> = KEYWORDS.iter().map(|(known, _)| format!("`{known}`")).collect();
        return Some((format!("`{name}` is no keyword of the host"), format!("there are {}", known.join(", "))));
    };
    // A list or map of the author's own words.
    if name == "x-codes" {
        return None;
    }
    let given: Vec<&Value> = match value {
        Value::Array(given) if LISTS.contains(&name) => given.iter().collect(),
        one => vec![one],
    };
    let is_known = |word: &Value| word.as_str().is_some_and(|word| words.is_empty() || words.contains(&word));
    let wrong = given.into_iter().find(|word| !is_known(word))?;
    let known: Vec<_> = words.iter().map(|word| format!("`{word}`")).collect();
    let help = if known.is_empty() {
        format!("`{name}` takes a text or a list of texts")
    } else {
        format!("`{name}` takes {}", known.join(", "))
    };
    Some((format!("`{name}` does not know {wrong}"), help))
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_the_catalogue_says_is_known_and_names_of_members_are_no_keywords() {
        for known in jackfield_catalog::definitions() {
            for schema in [&known.input_schema, &known.output_schema] {
                assert_eq!(wrong_annotation(schema), None, "{}", known.name);
            }
        }
        let schema = json!({
            "properties": { "x-odd": { "x-normalize": ["trim", "upper"], "x-tags": "order" } },
            "default": { "x-odd": 1 }
        });
        assert_eq!(wrong_annotation(&schema), None);
    }

    #[test]
    fn a_word_or_keyword_that_is_not_there_is_told_with_those_that_are() {
        let cases = [
            (json!({ "x-mask": "mail" }), "`x-mask` does not know \"mail\"", "`last4`"),
            (json!({ "x-format": "datetime" }), "`x-format` does not know \"datetime\"", "`date-time`"),
            (json!({ "x-normalize": ["trim", "mail"] }), "`x-normalize` does not know \"mail\"", "`order_number`"),
            (json!({ "x-tags": [7] }), "`x-tags` does not know 7", "a list of texts"),
            (json!({ "x-masks": "all" }), "`x-masks` is no keyword of the host", "`x-mask`"),
        ];
        for (property, message, help) in cases {
            let name = property.as_object().unwrap().keys().next().unwrap().clone();
            let found = wrong_annotation(&json!({ "items": { "properties": { "a/b": property } } })).unwrap();
            assert_eq!((found.0, found.1.as_str()), (format!("/items/properties/a~1b/{name}"), message));
            assert!(found.2.contains(help), "{}", found.2);
        }
    }
}
