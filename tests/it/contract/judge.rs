//! What must hold in every cell, whatever the fault. Evidence is what the systems received and what they hold, never
//! what the host says of itself.

use jackfield_mocks::{Entry, credentials};
use jackfield_tests::Answer;
use serde_json::Value;

use super::cell::{Cell, Run};
use super::sample::{Added, Sample};
use super::stage::GERMAN;

/// A text of a problem is a few sentences.
const TEXT_CHARS_MAX: usize = 400;
/// Requests of one cell that are shown.
const RECEIVED_SHOWN_MAX: usize = 12;
/// What a person in a chat is never told, in lower case.
const UNFIT: &[&str] = &[
    "http",
    "json",
    "null",
    "undefined",
    "exception",
    "timeout",
    "timed out",
    "upstream",
    "connector",
    "guest",
    "endpoint",
    "wasm",
    "panic",
    "trap",
    "sandbox",
    "schema",
    "status code",
    "maintenance",
    "be back soon",
    "html",
    "oauth",
    "token",
    "api ",
    "graphql",
    "odata",
    "throttled",
    "unasked",
    "<",
    ">",
    "{",
    "}",
    "urn:",
];
/// What a system said and nobody may repeat, in a whole answer.
const SAID_BY_SYSTEMS: &[&str] = &["be back soon", "<!DOCTYPE", "unasked"];
/// Headers whose value is a secret.
const SECRET_HEADERS: &[&str] = &["authorization", "x-shopify-access-token", "cookie", "x-csrf-token"];
/// A header value shorter than this is a word such as `fetch`.
const SECRET_CHARS_MIN: usize = 12;

impl Run<'_> {
    /// How the call ended, for the count.
    pub(super) fn end(&self) -> String {
        let outcome = |answer: &Answer| match answer.status {
            200 => answer.text("/status").to_owned(),
            _ => format!("{} {}", answer.text("/code"), answer.text("/outcome")),
        };
        let ended = outcome(&self.answer);
        self.again
            .as_ref()
            .map_or_else(|| format!("read: {ended}"), |again| format!("write: {ended}, in the end {}", outcome(again)))
    }

    /// Everything that is wrong with it.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.took > Cell::ends_within() {
            wrong.push(format!("it took {:?}", self.took));
        }
        self.judge_text(&mut wrong);
        self.judge_secrets(&mut wrong);
        match &self.again {
            None => self.judge_read(&mut wrong),
            Some(again) => self.judge_write(again, &mut wrong),
        }
        wrong
    }

    /// Everything that is known of it.
    pub(super) fn evidence(&self) -> String {
        let mut evidence = format!("{}\n  answer {}\n", self.cell, without_tokens(&self.answer));
        if let Some(again) = &self.again {
            evidence += &format!("  again  {}\n", without_tokens(again));
        }
        for Entry { system, method, path, status, processed, .. } in
            self.received_in_all.iter().take(RECEIVED_SHOWN_MAX)
        {
            evidence += &format!("  {system} received {method} {path}, sent {status:?}, processed {processed:?}\n");
        }
        evidence
    }

    fn judge_text(&self, wrong: &mut Vec<String>) {
        let text = self.answer.text("/text");
        if text.is_empty() {
            wrong.push("there is no text for the user".to_owned());
        }
        if self.answer.status == 200 {
            return;
        }
        for text in [text].into_iter().chain(labels(&self.answer.body)) {
            let lower = text.to_lowercase();
            for unfit in UNFIT.iter().filter(|unfit| lower.contains(**unfit)) {
                wrong.push(format!("the text has {unfit:?}: {text:?}"));
            }
            if let Some(word) = text.split_whitespace().find(|word| is_code(word)) {
                wrong.push(format!("the text has {word:?}: {text:?}"));
            }
        }
        if text.chars().count() > TEXT_CHARS_MAX || !text.ends_with(['.', '?', '!']) {
            wrong.push(format!("that is no sentence: {text:?}"));
        }
        let speaks_german = text.starts_with(GERMAN);
        // What is wrong with the request has words of its own.
        let of_system = !matches!(self.answer.status, 404 | 409 | 422) && self.answer.text("/code") != "rejected";
        if of_system && speaks_german != self.is_german {
            wrong.push(format!("it is the wrong language: {text:?}"));
        }
    }

    fn judge_secrets(&self, wrong: &mut Vec<String>) {
        let configured = [
            credentials::SHOPIFY_TOKEN,
            credentials::ZENDESK_API_TOKEN,
            credentials::SALESFORCE_INTEGRATION_CLIENT_SECRET,
            credentials::S4HANA_CLIENT_SECRET,
        ];
        let used = self.received_in_all.iter().flat_map(|entry| &entry.headers);
        let used = used.filter(|(name, _)| SECRET_HEADERS.contains(&name.as_str()));
        let used = used.map(|(_, value)| value.rsplit(' ').next().unwrap_or_default());
        for secret in configured.into_iter().chain(used.filter(|value| value.len() >= SECRET_CHARS_MIN)) {
            if [Some(&self.answer), self.again.as_ref()].into_iter().flatten().any(|told| told.raw.contains(secret)) {
                wrong.push("a secret is told".to_owned());
            }
        }
        for said in SAID_BY_SYSTEMS.iter().filter(|said| self.answer.raw.contains(**said)) {
            wrong.push(format!("it repeats what the system said: {said:?}"));
        }
    }

    fn judge_read(&self, wrong: &mut Vec<String>) {
        if !self.added_in_all.is_empty() {
            wrong.push(format!("a read added {:?}", self.added_in_all));
        }
        if self.answer.status != 200 && self.answer.text("/outcome") != "none" {
            wrong.push("a read has an outcome".to_owned());
        }
        if self.answer.status == 200 && !is_part(&self.answer.body["output"], &self.cell.sample.output) {
            wrong.push("the output says something else".to_owned());
        }
    }

    fn judge_write(&self, again: &Answer, wrong: &mut Vec<String>) {
        let sample = &self.cell.sample;
        let doubled = |added: &Added| added.iter().any(|(kind, count)| *count > amount(&sample.added, kind));
        if doubled(&self.added_in_all) {
            wrong.push(format!("it was written more than once: {:?} for {:?}", self.added_in_all, sample.added));
        }
        if sample.orchestrates {
            return self.judge_desk(wrong);
        }
        let (happened, sent) = (has_happened(sample, &self.added, &self.received), self.received.iter().any(is_write));
        match (self.answer.status, self.answer.text("/outcome")) {
            (200, _) if !happened => wrong.push("it is said to be done, and is not".to_owned()),
            (200, _) => {}
            (_, "none") if happened => wrong.push("it is said not to be done, and is".to_owned()),
            // Without a reply nobody knows for certain.
            (_, "applied") => wrong.push("it is said to be applied, and there is no reply".to_owned()),
            // At the very end the host speaks for a call that has not said yet what it knows.
            (_, "unknown") if !sent && self.took < Cell::deadline() => {
                wrong.push("nothing was sent, and that is known".to_owned())
            }
            (_, "unknown") if self.answer.body["retryable"] == true => {
                wrong.push("nobody knows, and it may be tried again".to_owned());
            }
            (_, "none" | "unknown") => {}
            (_, other) => wrong.push(format!("the outcome is {other:?}")),
        }
        let in_the_end = has_happened(sample, &self.added_in_all, &self.received_in_all);
        let is_replayed = again.headers.get("idempotency-replayed").is_some_and(|value| value == "true");
        match (again.status, again.text("/outcome")) {
            (200, _) if in_the_end => {}
            (200, _) => wrong.push("it is said to be done in the end, and is not".to_owned()),
            // Nobody could find out, and the same key is told so.
            (504, "unknown") if !sample.is_settled && is_replayed => {}
            // The host asks no system that told it to wait, nor one that refused its credential a moment ago.
            (424 | 429 | 503, "none") if !in_the_end => {}
            (status, outcome) => wrong.push(format!("in the end it is {status} {outcome}")),
        }
    }

    /// What asks several connectors may be done in part, and says which.
    fn judge_desk(&self, wrong: &mut Vec<String>) {
        if self.answer.status == 200 {
            let steps = self.answer.body["output"]["steps"].as_array().into_iter().flatten();
            let open = steps.filter(|step| step["status"] != "done").count();
            if open > 0 && self.answer.body["output"]["needs_follow_up"] != true {
                wrong.push("steps are open and nobody is to follow up".to_owned());
            }
        } else if self.answer.text("/outcome") == "none" && !self.added.is_empty() {
            wrong.push(format!("it is said not to be done, and {:?} is", self.added));
        }
    }
}

/// An answer's body without the long tokens of its options.
fn without_tokens(answer: &Answer) -> Value {
    let mut body = answer.body.clone();
    for option in body["options"].as_array_mut().into_iter().flatten() {
        if let Some(members) = option.as_object_mut() {
            members.remove("token");
        }
    }
    body
}

fn amount(added: &Added, kind: &str) -> usize {
    added.get(kind).copied().unwrap_or_default()
}

/// Whether the systems did what was asked: what adds nothing is told by the request that they processed.
fn has_happened(sample: &Sample, added: &Added, received: &[Entry]) -> bool {
    match sample.added.is_empty() {
        true => received.iter().any(|entry| is_write(entry) && entry.processed.is_some_and(|status| status < 300)),
        false => *added == sample.added,
    }
}

/// Whether a request changes something, as its vendor documents it.
fn is_write(entry: &Entry) -> bool {
    let is_token = entry.path.contains("/oauth");
    let query = entry.json.as_ref().and_then(|json| json["query"].as_str());
    match entry.method.as_str() {
        "GET" | "HEAD" | "OPTIONS" => false,
        _ if is_token || entry.path.ends_with("/parameterizedSearch") => false,
        _ => query.is_none_or(|query| query.contains("mutation")),
    }
}

/// A word of a program rather than of a person: `snake_case`, `camelCase`, `CODE_42`.
fn is_code(word: &str) -> bool {
    let letters: Vec<char> = word.chars().collect();
    word.contains('_') || letters.windows(2).any(|pair| pair[0].is_lowercase() && pair[1].is_uppercase())
}

fn labels(body: &Value) -> impl Iterator<Item = &str> {
    let options = body["options"].as_array().into_iter().flatten();
    options.flat_map(|option| [option["label"].as_str(), option["text"].as_str()]).flatten()
}

/// Whether an output tells of the same objects as the other one. It may say less of them, and other words: where a system
/// does not tell what a code means, or the rest of it, a connector says what it knows.
fn is_part(output: &Value, whole: &Value) -> bool {
    match (output, whole) {
        (Value::Object(output), Value::Object(whole)) => output.iter().all(|(name, value)| {
            let known = whole.get(name).unwrap_or(value);
            is_part(value, known) && (name != "id" || value == known)
        }),
        (Value::Array(output), Value::Array(whole)) => {
            output.len() <= whole.len() && output.iter().zip(whole).all(|(value, known)| is_part(value, known))
        }
        (output, whole) => !(output.is_object() || output.is_array() || whole.is_object() || whole.is_array()),
    }
}
