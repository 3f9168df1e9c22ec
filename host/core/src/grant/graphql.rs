//! Tells what a GraphQL request may do. Queries and mutations share one method and path, so a read-only grant has
//! to look into the document: a parser reads it, and what it cannot read does not leave.

use std::borrow::Cow;

use apollo_parser::Parser;
use apollo_parser::cst::{CstNode, Definition};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::manifest::Graphql;

/// Why a document does not fit a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// Not a GraphQL request at all.
    Malformed(String),
    /// It does more than the rule allows.
    Kind(String),
}

/// A GraphQL-over-HTTP request. Unknown and repeated members are errors: the far side might read the other one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body<'b> {
    #[serde(borrow)]
    query: Cow<'b, str>,
    #[serde(default, rename = "variables")]
    _variables: Option<IgnoredAny>,
    #[serde(default, rename = "operationName")]
    _operation_name: Option<IgnoredAny>,
}

/// Bounds of the parser's work on a hostile document.
const RECURSION_MAX: usize = 64;
const TOKENS_MAX: usize = 10_000;

/// Checks the body of a GraphQL request against a rule's kind.
pub(super) fn check(kind: Graphql, body: &[u8]) -> Result<(), Mismatch> {
    let body: Body<'_> = serde_json::from_slice(body)
        .map_err(|e| Mismatch::Malformed(format!("the body is not a GraphQL request: {e}")))?;
    let tree = Parser::new(&body.query).recursion_limit(RECURSION_MAX).token_limit(TOKENS_MAX).parse();
    if let Some(error) = tree.errors().next() {
        return Err(Mismatch::Malformed(format!("the GraphQL document does not parse: {}", error.message())));
    }
    let mut operations = 0;
    for definition in tree.document().definitions() {
        match definition {
            Definition::FragmentDefinition(_) => {}
            Definition::OperationDefinition(operation) => {
                operations += 1;
                let word = operation.operation_type().map(|t| t.source_string()).unwrap_or_default();
                match (word.trim(), kind) {
                    ("" | "query", _) | ("mutation", Graphql::Mutation) => {}
                    (other, _) => {
                        return Err(Mismatch::Kind(format!(
                            "the document holds a {other}, the rule allows queries only"
                        )));
                    }
                }
            }
            _ => return Err(Mismatch::Malformed("the GraphQL document holds more than operations".to_owned())),
        }
    }
    if operations == 0 {
        return Err(Mismatch::Malformed("the GraphQL document holds no operation".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(document: &str) -> Vec<u8> {
        serde_json::to_vec(&serde_json::json!({ "query": document, "variables": { "q": "x" } })).unwrap()
    }

    #[test]
    fn a_query_passes_both_rules() {
        for document in
            ["{ shop { name } }", "query A($q: String!) { orders(query: $q) { id } } fragment F on Order { id }"]
        {
            assert_eq!(check(Graphql::Query, &body(document)), Ok(()));
            assert_eq!(check(Graphql::Mutation, &body(document)), Ok(()));
        }
    }

    #[test]
    fn a_mutation_needs_the_mutation_rule() {
        let document = "mutation M { orderClose(input: {id: 1}) { order { id } } }";
        assert_eq!(check(Graphql::Mutation, &body(document)), Ok(()));
        assert!(matches!(check(Graphql::Query, &body(document)), Err(Mismatch::Kind(_))));
    }

    #[test]
    fn a_mutation_cannot_hide() {
        for document in [
            "query A { shop { name } } mutation B { x }",
            "# query\nmutation B { x }",
            "\u{feff}mutation B { x }",
            ",,, mutation B { x }",
            "subscription S { x }",
        ] {
            assert!(check(Graphql::Query, &body(document)).is_err(), "{document}");
        }
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for body in [
            &br#"{"query":"{ a }","query":"mutation { b }"}"#[..],
            br#"{"query":"{ a }","extensions":{"persistedQuery":{}}}"#,
            br#"[{"query":"{ a }"}]"#,
            br#"{"query":"query { a"}"#,
            br#"{"query":""}"#,
            br#"{"query":"type A { b: Int }"}"#,
            b"mutation { b }",
            b"",
        ] {
            assert!(matches!(check(Graphql::Query, body), Err(Mismatch::Malformed(_))));
        }
    }
}
