//! POST graphql.json: checks the request, validates the document against the schema, executes it, and puts the answer
//! into the vendor's form (Shopify Admin API, "response codes" and "rate limits"). Resolving fields is `resolve`'s.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use apollo_compiler::executable::OperationType;
use apollo_compiler::request::{RequestError, coerce_variable_values};
use apollo_compiler::resolvers::Execution;
use apollo_compiler::response::{GraphQLError, JsonMap};
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{ExecutableDocument, Schema};
use serde_json::{Value, json};

use super::cost::{self, Bucket};
use super::filters::Remarks;
use super::resolve::{Node, Run};
use super::scopes::Scopes;
use super::world::World;
use crate::exchange::{Answer, Request};

/// The part of the vendor's schema this simulation knows; text in the crate, so its validity is a unit test's matter.
pub(super) static SCHEMA: LazyLock<Valid<Schema>> = LazyLock::new(|| {
    let text = include_str!("schema.graphql");
    Schema::parse_and_validate(text, "schema.graphql")
        .unwrap_or_else(|errors| panic!("the built-in schema is invalid:\n{errors}"))
});

/// A document is a constant of its caller, so few are seen; more than this is a caller that splices values in.
const CACHED: usize = 1000;

struct Document {
    valid: Valid<ExecutableDocument>,
    cost: u64,
}

type Checked = Result<Arc<Document>, Arc<Value>>;

/// Documents already checked, by text.
#[derive(Default)]
pub(super) struct Documents {
    checked: Mutex<HashMap<String, Checked>>,
}

impl Documents {
    fn get(&self, text: &str) -> Checked {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = checked.get(text) {
            return known.clone();
        }
        let result = match ExecutableDocument::parse_and_validate(&SCHEMA, text, "query.graphql") {
            Ok(valid) => {
                let cost = cost::of(&valid);
                Ok(Arc::new(Document { valid, cost }))
            }
            Err(invalid) => Err(Arc::new(validation_errors(&invalid.errors))),
        };
        if checked.len() >= CACHED {
            checked.clear();
        }
        checked.insert(text.to_owned(), result.clone());
        result
    }
}

/// The vendor's own wording where it is known; the place is always the document's.
fn validation_errors(errors: &DiagnosticList) -> Value {
    let (unknown, others): (Vec<_>, Vec<_>) = errors
        .iter()
        .map(|diagnostic| {
            let message = diagnostic.error.to_string();
            let mut error = json!({ "message": message, "locations": diagnostic.to_json().locations });
            let quoted: Vec<_> = message.split('`').skip(1).step_by(2).collect();
            if let (true, [kind, field]) = (message.contains("does not have a field"), &quoted[..]) {
                error["message"] = format!("Field '{field}' doesn't exist on type '{kind}'").into();
                error["extensions"] = json!({ "code": "undefinedField", "typeName": kind, "fieldName": field });
            }
            error
        })
        .partition(|error| error["extensions"].is_object());
    // A selection that loses its only field to such an error is reported once more as empty, which says nothing new.
    let follows = |error: &Value| {
        !unknown.is_empty() && error["message"].as_str().is_some_and(|text| text.contains("must have a subselection"))
    };
    let others = others.into_iter().filter(|error| !follows(error)).collect::<Vec<_>>();
    unknown.into_iter().chain(others).collect()
}

struct Call {
    query: String,
    variables: JsonMap,
    operation: Option<String>,
}

/// Reads the request's body; the error is the vendor's answer to it.
fn read(request: &Request) -> Result<Call, Answer> {
    let bad = |message: &str| Answer::json(400, &json!({ "errors": { "query": message } })).with_violation(message);
    match request.media_type().as_deref() {
        Some("application/json") => {}
        Some("application/graphql") => {
            let query = String::from_utf8_lossy(&request.body).into_owned();
            return Ok(Call { query, variables: JsonMap::new(), operation: None });
        }
        _ => return Err(bad("Content-Type is not application/json")),
    }
    let body = request.json().map_err(|error| bad(&error))?;
    let Some(members) = body.as_object() else {
        return Err(bad("the body is not a JSON object"));
    };
    if let Some(unknown) = members.keys().find(|name| !matches!(name.as_str(), "query" | "variables" | "operationName"))
    {
        return Err(bad(&format!("unknown member {unknown}")));
    }
    let Some(query) = body["query"].as_str() else {
        return Err(bad("Required parameter missing or invalid"));
    };
    let variables = match &body["variables"] {
        Value::Null => JsonMap::new(),
        Value::Object(_) => {
            serde_json::from_value(body["variables"].clone()).map_err(|error| bad(&error.to_string()))?
        }
        _ => return Err(bad("variables is not an object")),
    };
    let operation = match &body["operationName"] {
        Value::Null => None,
        Value::String(name) => Some(name.clone()),
        _ => return Err(bad("operationName is not text")),
    };
    Ok(Call { query: query.to_owned(), variables, operation })
}

fn failure(errors: Value, violation: &str) -> Answer {
    Answer::json(200, &json!({ "errors": errors })).with_violation(violation)
}

fn request_error(error: &RequestError, document: &ExecutableDocument) -> Value {
    let error: GraphQLError = error.to_graphql_error(&document.sources);
    json!([{ "message": error.message, "locations": error.locations }])
}

pub(super) fn answer(
    request: &Request,
    documents: &Documents,
    world: &mut World,
    bucket: &mut Bucket,
    scopes: Scopes,
) -> Answer {
    let call = match read(request) {
        Ok(call) => call,
        Err(answer) => return answer,
    };
    let document = match documents.get(&call.query) {
        Ok(document) => document,
        Err(errors) => {
            let violation = format!("the document is invalid: {}", errors[0]["message"]);
            return failure(errors.as_ref().clone(), &violation);
        }
    };
    let valid = &document.valid;
    let operation = match valid.operations.get(call.operation.as_deref()) {
        Ok(operation) => operation,
        Err(error) => {
            return failure(request_error(&error, valid), "no operation can be chosen");
        }
    };
    if operation.operation_type == OperationType::Subscription {
        return failure(json!([{ "message": "Schema is not configured for subscriptions" }]), "a subscription");
    }
    let variables = match coerce_variable_values(&SCHEMA, operation, &call.variables) {
        Ok(variables) => variables,
        Err(error) => {
            let errors = request_error(&error, valid);
            let violation = format!("a variable is invalid: {}", errors[0]["message"]);
            return failure(errors, &violation);
        }
    };
    let mut violations: Vec<String> = call
        .variables
        .keys()
        .filter(|name| !operation.variables.iter().any(|known| known.name.as_str() == name.as_str()))
        .map(|name| format!("the document declares no variable {}", name.as_str()))
        .collect();

    if document.cost > cost::LARGEST_QUERY {
        let message = format!(
            "Query cost is {}, which exceeds the single query max cost limit ({}).",
            document.cost,
            cost::LARGEST_QUERY
        );
        violations.push(message.clone());
        let errors = json!([{ "message": message, "extensions": { "code": "MAX_COST_EXCEEDED" } }]);
        return Answer::json(200, &json!({ "errors": errors })).with_violations(violations);
    }
    if !bucket.take(document.cost) {
        return throttled(document.cost, bucket).with_violations(violations);
    }

    let run = Run {
        world: RefCell::new(world),
        scopes,
        remarks: RefCell::new(Remarks::default()),
        denied: RefCell::new(Vec::new()),
    };
    let root = Node { run: &run, kind: operation.object_type().as_str(), value: Cow::Owned(Value::Null) };
    let response = Execution::new(&SCHEMA, valid)
        .operation(operation)
        .coerced_variable_values(&variables)
        .enable_schema_introspection(true)
        .execute_sync(&root);
    let response = match response {
        Ok(response) => response,
        Err(error) => return failure(request_error(&error, valid), "the request cannot be executed"),
    };

    let denied = run.denied.into_inner();
    let remarks = run.remarks.into_inner();
    violations.extend(remarks.violations);
    let errors: Vec<Value> = response
        .errors
        .iter()
        .map(|error| {
            let message = error.message.strip_prefix("resolver error: ").unwrap_or(&error.message);
            let mut value = json!({ "message": message, "locations": error.locations, "path": error.path });
            if let Some((_, required)) = denied.iter().find(|(known, _)| known == message) {
                value["extensions"] = json!({
                    "code": "ACCESS_DENIED",
                    "documentation": "https://shopify.dev/api/usage/access-scopes",
                    "requiredAccess": required,
                });
            }
            value
        })
        .collect();
    let mut body = json!({});
    if !errors.is_empty() {
        body["errors"] = errors.into();
    }
    body["data"] = serde_json::to_value(&response.data).unwrap_or_default();
    body["extensions"] = json!({ "cost": bucket.report(document.cost, Some(document.cost)) });
    if !remarks.ignored.is_empty() {
        let warnings: Vec<_> = remarks
            .ignored
            .iter()
            .map(|field| json!({ "field": field, "message": "Invalid search field for this query.", "code": "invalid_field" }))
            .collect();
        body["extensions"]["search"] = json!([{ "warnings": warnings }]);
    }
    Answer::json(200, &body).with_violations(violations)
}

/// "Too much at once", as it comes with status 200.
pub(super) fn throttled(cost: u64, bucket: &Bucket) -> Answer {
    let body = json!({
        "errors": [{
            "message": "Throttled",
            "extensions": {
                "code": "THROTTLED",
                "documentation": "https://shopify.dev/api/usage/rate-limits",
            },
        }],
        "extensions": { "cost": bucket.report(cost, None) },
    });
    Answer::json(200, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_valid() {
        assert!(SCHEMA.types.contains_key("Order"));
    }
}
