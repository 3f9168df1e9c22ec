//! GraphQL over HTTP: a constant document and variables out, data and errors in.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{Request, Response};
use crate::failure::Failure;

/// An answer to a GraphQL operation.
#[derive(Clone, Debug, Deserialize)]
pub struct GraphQl<T> {
    /// What was asked for; absent when nothing could be given.
    #[serde(default = "Option::default")]
    pub data: Option<T>,
    /// What went wrong; data may be there all the same.
    #[serde(default = "Vec::new")]
    pub errors: Vec<GraphQlError>,
    /// What the vendor adds, such as the cost of the query.
    #[serde(default)]
    pub extensions: Value,
}

/// One error of a GraphQL answer.
#[derive(Clone, Debug, Deserialize)]
pub struct GraphQlError {
    /// For developers; may quote values, so it is for no user.
    #[serde(default)]
    pub message: String,
    /// Where in the answer, field names and indices.
    #[serde(default)]
    pub path: Vec<Value>,
    /// What the vendor adds, such as a code.
    #[serde(default)]
    pub extensions: Value,
}

impl GraphQlError {
    /// `extensions.code`, where the vendors that have codes put them, such as `THROTTLED`.
    pub fn code(&self) -> Option<&str> {
        self.extensions.get("code")?.as_str()
    }
}

impl<T> GraphQl<T> {
    /// The data, if it is whole: any error makes it an `internal` failure that names the errors' codes.
    ///
    /// # Errors
    /// When there are errors, or no data.
    pub fn data(self) -> Result<T, Failure> {
        self.data_or(|errors| {
            let codes: Vec<&str> = errors.iter().map(|error| error.code().unwrap_or("without a code")).collect();
            Failure::internal(format!("the GraphQL answer has errors: {}", codes.join(", ")))
        })
    }

    /// The data, if it is whole, else what the connector's `faults.rs` takes the errors for.
    ///
    /// # Errors
    /// When there are errors, or no data.
    pub fn data_or(self, fault: impl FnOnce(&[GraphQlError]) -> Failure) -> Result<T, Failure> {
        match self.data {
            _ if !self.errors.is_empty() => Err(fault(&self.errors)),
            Some(data) => Ok(data),
            None => Err(Failure::internal("the GraphQL answer has neither data nor errors")),
        }
    }
}

#[derive(Serialize)]
struct Operation<'a, V> {
    query: &'static str,
    variables: &'a V,
}

pub(super) fn request(post: Request, document: &'static str, variables: &impl Serialize) -> Request {
    let request = post.json(&Operation { query: document, variables });
    if is_mutation(document) { request } else { request.idempotent() }
}

pub(super) fn answer<T: DeserializeOwned>(response: &Response) -> Result<GraphQl<T>, Failure> {
    response.json()
}

/// Whether a document has a mutation: fragments and queries may stand before it. The keyword counts outside all
/// brackets only, where fields and variables cannot be; in doubt it is a mutation, which is only repeated less.
fn is_mutation(document: &str) -> bool {
    let mut rest = document;
    let mut depth = 0_i32;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '#' => rest.split_once('\n').map_or("", |(_, after)| after),
            '"' => after_string(rest),
            c if c.is_ascii_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                let (word, after) = rest.split_at(end);
                if depth == 0 && matches!(word, "mutation" | "subscription") {
                    return true;
                }
                after
            }
            c => {
                match c {
                    '{' | '(' => depth += 1,
                    '}' | ')' => depth -= 1,
                    _ => {}
                }
                &rest[c.len_utf8()..]
            }
        };
    }
    false
}

/// What follows the string or block string that begins here.
fn after_string(text: &str) -> &str {
    let (quote, escaped) = if text.starts_with("\"\"\"") { ("\"\"\"", "\\\"\"\"") } else { ("\"", "\\\"") };
    let mut rest = &text[quote.len()..];
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix(escaped) {
            rest = after;
        } else if let Some(after) = rest.strip_prefix(quote) {
            return after;
        } else if quote.len() == 1 && rest.starts_with("\\\\") {
            rest = &rest[2..];
        } else {
            rest = &rest[first.len_utf8()..];
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_may_be_repeated_and_mutations_may_not() {
        for query in [
            "{ order { id } }",
            "query Order($id: ID!) { order(id: $id) { mutation } }",
            "# mutation\nquery { a }",
            "fragment F on Order { mutation } query { a { ...F } }",
            "query mutationLog { a }",
            r#"query($a: String = "} mutation { ") { a }"#,
            r#""""} mutation "{" """ query { a(b: "\"} mutation {") }"#,
        ] {
            assert!(!is_mutation(query), "{query}");
        }
        for mutation in [
            "mutation { a }",
            "mutation{a}",
            "mutation($id: ID!) { a(id: $id) }",
            "fragment F on Order { id } mutation M { a { ...F } }",
            r#"query($a: String = "{") { a } mutation { b }"#,
            r#"query($a: String = "", $b: String = "") { a } mutation { b }"#,
            r#"query($a: String = "\\") { a } mutation { b }"#,
            r#"query($a: String = "ä\"{") { a } mutation { b }"#,
            r#""""{ " { """ mutation { b }"#,
            "\n# note\n  mutation\tM { a }",
        ] {
            assert!(is_mutation(mutation), "{mutation}");
        }
    }

    #[test]
    fn data_with_errors_is_not_whole() {
        let answer: GraphQl<u32> = serde_json::from_str(
            r#"{"data": 1, "errors": [{"message": "SECRET", "extensions": {"code": "THROTTLED"}}, {"message": "x"}]}"#,
        )
        .unwrap();
        let failure = answer.data().unwrap_err();
        assert_eq!(failure, Failure::internal("the GraphQL answer has errors: THROTTLED, without a code"));
        let answer: GraphQl<u32> = serde_json::from_str("{}").unwrap();
        assert!(answer.data().is_err());
        let answer: GraphQl<u32> = serde_json::from_str(r#"{"data": 1}"#).unwrap();
        assert_eq!(answer.data(), Ok(1));
    }
}
