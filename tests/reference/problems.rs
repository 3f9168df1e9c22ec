//! Problem codes with what each says to whom.

use std::fmt::Write as _;

use jackfield::error::{Code, Problem};
use serde_json::Value;

use super::types::Types;

pub(super) fn body(types: &Types) -> String {
    let cases = &types.find("Code", None).expect("`Code`").cases;
    let mut out = String::from(
        "Whatever goes wrong, the answer is a problem (RFC 9457, `application/problem+json`) with one of these codes. The \
         list is closed. A code decides the status.\n\n| code | status | meaning | again? | options |\n|---|---|---|---|---|\n",
    );
    let mut texts = String::new();
    for code in Code::ALL {
        let case = cases.iter().find(|case| case.name == code.as_str()).expect("a case");
        let body: Value = serde_json::from_slice(&Problem::new(code, "").to_json()).expect("a problem is JSON");
        let options: Vec<_> = body["options"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(|o| format!("`{o}`"))
            .collect();
        let again = if code.retryable() { "yes" } else { "no" };
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {again} | {} |",
            code.as_str(),
            code.status(),
            case.doc,
            options.join(", ")
        );
        let _ = writeln!(texts, "| `{}` | {} |", code.as_str(), body["text"].as_str().unwrap_or_default());
    }
    let _ = writeln!(
        out,
        "\n*again?* is `retryable`: whether the same request may succeed later. It is `false`, and `retry` is not offered, \
         where a write may have happened.\n\n## Members\n\n| member | meaning |\n|---|---|\n\
         | `type` | `urn:jackfield:problem:` and the code |\n\
         | `title`, `status`, `code` | see above |\n\
         | `text` | a sentence that may be shown to the user |\n\
         | `detail` | only where the request itself is to blame: for who writes the bot |\n\
         | `errors` | with `invalid-input`: `pointer` (JSON Pointer into the request) and `detail` for each wrong field |\n\
         | `retryable`, `retry_after_ms` | whether and when to try again |\n\
         | `outcome` | of a write: `none` (certainly not done), `applied`, `unknown` |\n\
         | `options` | what to offer next: `retry`, `handoff` |\n\
         | `existing_id` | with `duplicate`: the record that is there |\n\
         | `call_id` | the call, as in every log line about it |\n\n\
         ## Sentences\n\nUnless the connector, or the operator's `[texts.LOCALE]`, says otherwise:\n\n| code | `text` |\n|---|---|\n{texts}"
    );
    out
}
