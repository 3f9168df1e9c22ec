//! Several requests in one, with references between them. Answers for order, references and rollback; each part is an
//! ordinary call. Source: REST API Developer Guide, "Send Multiple Requests Using Composite".

use bytes::Bytes;
use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method, Uri};
use serde_json::{Map, Value, json};

use super::{Call, error};
use crate::exchange::{Answer, Request};
use crate::shape::{Need, Shape};

/// Requests in one composite request, at most.
const PARTS_MAX: usize = 25;

const PART: Shape = Shape::Object(&[
    ("method", Need::Must, &Shape::OneOf(&["GET", "POST", "PATCH", "DELETE"])),
    ("url", Need::Must, &Shape::Text),
    ("referenceId", Need::Must, &Shape::Text),
    ("body", Need::May, &Shape::Any),
    ("httpHeaders", Need::May, &Shape::Any),
]);
const BODY: Shape = Shape::Object(&[
    ("allOrNone", Need::May, &Shape::Boolean),
    ("collateSubrequests", Need::May, &Shape::Boolean),
    ("compositeRequest", Need::Must, &Shape::List(&PART)),
]);

impl Call<'_> {
    pub(super) fn composite(&mut self) -> Answer {
        self.known(&[]);
        let body = match self.json_body() {
            Ok(body) => body,
            Err(answer) => return answer,
        };
        let findings: Vec<String> = BODY.check(&body).iter().map(ToString::to_string).collect();
        let parts = body["compositeRequest"].as_array().cloned().unwrap_or_default();
        let ids: Vec<&str> = parts.iter().filter_map(|part| part["referenceId"].as_str()).collect();
        let repeated = ids.iter().enumerate().any(|(index, id)| ids[..index].contains(id));
        let problem = match findings.first() {
            Some(finding) => Some(finding.clone()),
            None if parts.is_empty() => Some("compositeRequest is empty".to_owned()),
            None if parts.len() > PARTS_MAX => Some(format!("more than {PARTS_MAX} subrequests")),
            None if repeated => Some("a referenceId is repeated".to_owned()),
            None => None,
        };
        if let Some(problem) = problem {
            self.violations.push(problem.clone());
            return error(400, "INVALID_INPUT", &problem);
        }
        let all_or_none = body["allOrNone"] == true;
        let before = all_or_none.then(|| self.state.records.clone());
        let mut results: Map<String, Value> = Map::new();
        let mut answers = Vec::new();
        let mut failed = false;
        for part in &parts {
            let answer = if failed && all_or_none { halted() } else { self.part(part, &results) };
            let value = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
            let fails = answer.status >= 300;
            failed |= fails;
            let reference = part["referenceId"].as_str().unwrap_or_default().to_owned();
            if !fails {
                results.insert(reference.clone(), value.clone());
            }
            answers.push((reference, answer, value));
        }
        if let (true, Some(before)) = (failed, before) {
            self.state.records = before;
            // What was done is undone, and says so.
            for (_, answer, value) in answers.iter_mut().filter(|(_, answer, _)| answer.status < 300) {
                *answer = halted();
                *value = serde_json::from_slice(&answer.body).unwrap_or_default();
            }
        }
        let shown: Vec<Value> = answers
            .into_iter()
            .map(|(reference, answer, value)| {
                let location = answer.headers.iter().find(|(name, _)| *name == "location");
                let headers: Map<String, Value> =
                    location.map(|(_, value)| ("Location".to_owned(), json!(value))).into_iter().collect();
                self.violations.extend(answer.violations);
                json!({
                    "body": value,
                    "httpHeaders": headers,
                    "httpStatusCode": answer.status,
                    "referenceId": reference,
                })
            })
            .collect();
        Answer::json(200, &json!({ "compositeResponse": shown }))
    }

    fn part(&mut self, part: &Value, results: &Map<String, Value>) -> Answer {
        let mut part = part.clone();
        if let Err(problem) = resolve(&mut part["url"], results).and_then(|()| resolve(&mut part["body"], results)) {
            return error(400, "PROCESSING_HALTED", &problem);
        }
        let url = part["url"].as_str().unwrap_or_default();
        let Some(rest) = url.strip_prefix(&self.data_path).and_then(|rest| rest.strip_prefix('/')) else {
            return super::not_found().with_violation(format!("the subrequest {url} is not below {}", self.data_path));
        };
        let (Ok(uri), Ok(method)) = (url.parse::<Uri>(), part["method"].as_str().unwrap_or_default().parse::<Method>())
        else {
            return super::not_found().with_violation(format!("the subrequest {url} is no address"));
        };
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        for (name, value) in part["httpHeaders"].as_object().into_iter().flatten() {
            let pair = (name.parse::<HeaderName>(), value.as_str().map(HeaderValue::from_str));
            if let (Ok(name), Some(Ok(value))) = pair {
                headers.insert(name, value);
            }
        }
        let body = match &part["body"] {
            Value::Null => Bytes::new(),
            body => body.to_string().into(),
        };
        let request = Request { method, uri, headers, body };
        let rest = rest.split('?').next().unwrap_or_default();
        let mut call = Call {
            state: self.state,
            request: &request,
            version: self.version,
            data_path: self.data_path.clone(),
            violations: Vec::new(),
        };
        call.headers();
        let answer = call.route(rest);
        answer.with_violations(call.violations)
    }
}

fn halted() -> Answer {
    error(
        400,
        "PROCESSING_HALTED",
        "The transaction was rolled back since another operation in the same transaction failed.",
    )
}

/// Puts the results of earlier parts in the place of `@{part.member}`.
fn resolve(value: &mut Value, results: &Map<String, Value>) -> Result<(), String> {
    match value {
        Value::String(text) => {
            let mut resolved = String::new();
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once("@{") {
                let Some((inside, after)) = after.split_once('}') else {
                    return Err(format!("Invalid reference specified: {text}"));
                };
                let mut names = inside.split('.');
                let root = names.next().and_then(|name| results.get(name));
                let found = root.and_then(|root| names.try_fold(root, |value, name| value.get(name)));
                let Some(found) = found else {
                    return Err(format!("Invalid reference specified. No value for {inside} found"));
                };
                resolved.push_str(before);
                resolved.push_str(&found.as_str().map_or_else(|| found.to_string(), str::to_owned));
                rest = after;
            }
            resolved.push_str(rest);
            *text = resolved;
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| resolve(item, results)),
        Value::Object(members) => members.values_mut().try_for_each(|member| resolve(member, results)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}
