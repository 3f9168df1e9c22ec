//! GraphQL over HTTP: a constant document and variables out, data and errors in.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use super::{Request, Response};
use crate::{decode, failure::Failure};

/// An answer to a GraphQL operation.
#[derive(Clone, Debug, Deserialize)]
pub struct GraphQl<T> {
    /// What was asked for; absent when nothing could be given, or when beside errors it is not what its type says.
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
        self.data_or(|errors, _| {
            let codes: Vec<&str> = errors.iter().map(|error| error.code().unwrap_or("without a code")).collect();
            Failure::internal(format!("the GraphQL answer has errors: {}", codes.join(", ")))
        })
    }

    /// The data, if it is whole, else what the connector's `faults.rs` takes errors and extensions for.
    ///
    /// # Errors
    /// When there are errors, or no data.
    ///
    /// ```
    /// # use jackfield_sdk::{prelude::*, Value};
    /// # #[derive(serde::Deserialize)] struct Data;
    /// fn fault(errors: &[GraphQlError], extensions: &Value) -> Failure {
    ///     if errors.iter().any(|error| error.code() == Some("THROTTLED")) {
    ///         let wait = extensions["wait_seconds"].as_u64().map(std::time::Duration::from_secs);
    ///         return Failure::rate_limited(wait);
    ///     }
    ///     Failure::internal("")
    /// }
    ///
    /// fn data(response: &Response) -> Result<Data, Failure> {
    ///     response.graphql()?.data_or(fault)
    /// }
    /// ```
    pub fn data_or(self, fault: impl FnOnce(&[GraphQlError], &Value) -> Failure) -> Result<T, Failure> {
        match self.data {
            _ if !self.errors.is_empty() => Err(fault(&self.errors, &self.extensions)),
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

/// The envelope first, then the data: beside errors a field that is never null is null, and it is the errors that say why.
pub(super) fn answer<T: DeserializeOwned>(response: &Response) -> Result<GraphQl<T>, Failure> {
    let unreadable = |mismatch| response.unreadable(&mismatch);
    let envelope: GraphQl<&RawValue> = decode::read_bytes(response.body()).map_err(unreadable)?;
    let GraphQl { data, errors, extensions } = envelope;
    let data = match data.map(|data| decode::read(data.get())) {
        Some(Ok(data)) => Some(data),
        Some(Err(mismatch)) if errors.is_empty() => return Err(unreadable(mismatch.below("/data"))),
        Some(Err(_)) | None => None,
    };
    Ok(GraphQl { data, errors, extensions })
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

    fn answered(body: &str) -> Result<GraphQl<Vec<u32>>, Failure> {
        Response::new(200, Vec::new(), body.into()).graphql()
    }

    #[test]
    fn data_with_errors_is_not_whole() {
        let errors = r#"[{"message": "SECRET", "extensions": {"code": "THROTTLED"}}, {"message": "x"}]"#;
        let both = answered(&format!(r#"{{"data": [1], "errors": {errors}}}"#)).unwrap();
        assert_eq!(both.data, Some(vec![1]));
        let failure = both.data().unwrap_err();
        assert_eq!(failure, Failure::internal("the GraphQL answer has errors: THROTTLED, without a code"));
        let nothing = Failure::internal("the GraphQL answer has neither data nor errors");
        assert_eq!(answered("{}").unwrap().data(), Err(nothing.clone()));
        assert_eq!(answered(r#"{"data": null}"#).unwrap().data(), Err(nothing));
        assert_eq!(answered(r#"{"data": [1]}"#).unwrap().data(), Ok(vec![1]));
    }

    #[test]
    fn errors_are_judged_before_data_that_do_not_fit() {
        let fault = |errors: &[GraphQlError], extensions: &Value| {
            Failure::denied().detail(format!("{:?}, cost {}", errors[0].code(), extensions["cost"]))
        };
        for data in [r#"{"orders": null}"#, "null", r#"["SECRET"]"#] {
            let body = format!(
                r#"{{"errors": [{{"extensions": {{"code": "ACCESS_DENIED"}}}}], "data": {data}, "extensions": {{"cost": 7}}}}"#
            );
            let failure = answered(&body).unwrap().data_or(fault).unwrap_err();
            assert_eq!(failure, Failure::denied().detail("Some(\"ACCESS_DENIED\"), cost 7"), "{data}");
        }
    }

    #[test]
    fn data_that_do_not_fit_are_named_by_their_place_in_the_whole_answer() {
        for (body, reason) in [
            (r#"{"data": [1, "SECRET"]}"#, "at `/data/1`: invalid type: string, expected u32"),
            (r#"{"data": [1], "errors": "SECRET"}"#, "at `/errors`: invalid type: string, expected a sequence"),
        ] {
            let expected = Failure::internal(format!("failed to read the answer (status 200): {reason}"));
            assert_eq!(answered(body).unwrap_err(), expected);
        }
    }
}
