//! Error bodies: `{"error": {"code": "SY/530", "message": {"lang": "en", "value": ".."}, "innererror": {..}}}`.
//!
//! What is read here is for deciding and for the log. The texts quote what was sent and name users of the system, so that
//! they belong into neither an answer nor a detail: [`Fault::for_the_log`] shows codes only.

use serde::Deserialize;
use serde_json::Value;

use crate::http::Response;

/// The longest code or name that is taken for one, in characters. Longer ones are prose.
const WORD_CHARS_MAX: usize = 60;
/// The most details that are looked at.
const DETAILS_MAX: usize = 20;

/// What an error body says. All of it is empty where the body is something else, such as a gateway's page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// The system's word for it, such as `SY/530`.
    pub code: String,
    /// The system's sentence: to look for words in, not to show.
    pub message: String,
    /// What is wrong in particular.
    pub details: Vec<Detail>,
}

/// One of several things that are wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// The system's word for it.
    pub code: String,
    /// The system's sentence: to look for words in, not to show.
    pub message: String,
    /// The property it is about, where the system tells.
    pub property: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    error: ErrorBody,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    code: Value,
    /// An object in version 2, a text in version 4.
    message: Value,
    innererror: Value,
}

impl Fault {
    /// Reads the error in an answer.
    pub fn of(response: &Response) -> Self {
        let Ok(Body { error }) = response.json::<Body>() else { return Fault::default() };
        let message = error.message.get("value").unwrap_or(&error.message);
        let details = error.innererror.get("errordetails");
        // SuccessFactors and some versions of Gateway put the list one level deeper or leave it out.
        let details = details.and_then(|details| details.get("errordetail").or(Some(details)));
        let details = details.and_then(Value::as_array).into_iter().flatten().take(DETAILS_MAX);
        let details = details.map(|detail| Detail {
            code: word(&detail["code"]),
            message: text(&detail["message"]),
            property: [&detail["propertyref"], &detail["target"]]
                .map(word)
                .into_iter()
                .find(|p| !p.is_empty())
                .unwrap_or_default(),
        });
        Fault { code: word(&error.code), message: text(message), details: details.collect() }
    }

    /// Whether the body was an OData error at all.
    pub fn is_known(&self) -> bool {
        !self.code.is_empty() || !self.message.is_empty()
    }

    /// Whether one of the sentences holds one of these words, in any case.
    pub fn mentions(&self, words: &[&str]) -> bool {
        let sentences = std::iter::once(&self.message).chain(self.details.iter().map(|detail| &detail.message));
        sentences
            .map(|sentence| sentence.to_lowercase())
            .any(|sentence| words.iter().any(|word| sentence.contains(word)))
    }

    /// Whether one of the codes is this one.
    pub fn has_code(&self, code: &str) -> bool {
        self.code == code || self.details.iter().any(|detail| detail.code == code)
    }

    /// The codes, for a failure's detail.
    pub fn for_the_log(&self, status: u16) -> String {
        let mut codes = vec![self.code.as_str()];
        codes.extend(self.details.iter().map(|detail| detail.code.as_str()));
        codes.retain(|code| !code.is_empty());
        codes.dedup();
        if codes.is_empty() {
            return format!("the system answered with status {status}");
        }
        format!("the system answered with status {status} and {}", codes.join(", "))
    }
}

/// A code: no prose, and nothing that could hold a value that was sent.
fn word(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '.' | '(' | ')' | '\'');
    if text.chars().count() <= WORD_CHARS_MAX && text.chars().all(plain) { text.to_owned() } else { String::new() }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fault(body: Value) -> Fault {
        Fault::of(&Response::new(400, Vec::new(), body.to_string().into_bytes()))
    }

    #[test]
    fn both_versions_of_the_body_are_read() {
        let two = fault(
            json!({"error": {"code": "V1/042", "message": {"lang": "en", "value": "Order 7 is LOCKED by ADA"},
            "innererror": {"transactionid": "4A5F", "errordetails": [
                {"code": "V1/302", "message": "no such customer", "propertyref": "", "target": "SoldToParty", "severity": "error"}]}}}),
        );
        assert_eq!((two.code.as_str(), two.details[0].property.as_str()), ("V1/042", "SoldToParty"));
        assert!(two.mentions(&["locked"]) && two.mentions(&["no such"]) && !two.mentions(&["closed"]));
        assert!(two.has_code("V1/302") && !two.has_code("V1/303"));
        assert_eq!(two.for_the_log(400), "the system answered with status 400 and V1/042, V1/302");
        let four = fault(json!({"error": {"code": "SY/530", "message": "no"}}));
        assert_eq!((four.code.as_str(), four.message.as_str()), ("SY/530", "no"));
    }

    #[test]
    fn a_page_and_strange_bodies_are_no_fault() {
        let page = Fault::of(&Response::new(404, Vec::new(), b"<html>".to_vec()));
        assert!(!page.is_known());
        for strange in [json!({}), json!([]), json!(null), json!({"error": {"code": 1, "message": {}}})] {
            assert!(!fault(strange.clone()).is_known(), "{strange}");
        }
    }

    #[test]
    fn the_log_shows_no_sentence_and_no_prose_that_stands_for_a_code() {
        let fault = fault(json!({"error": {"code": "user ada@acme.example is unknown", "message": {"value": "ada"}}}));
        assert_eq!(fault.for_the_log(400), "the system answered with status 400");
    }
}
