//! Zendesk's errors as failures. Their texts go nowhere: they quote what was sent, e-mail addresses included.
//!
//! Bodies come in four forms: `error` as a text, `error` as an object, JSON:API's `errors`, and no JSON at all (429, and
//! whatever stands before Zendesk). Source: developer.zendesk.com, "Requests", and observed answers.

use jackfield_sdk::{Value, prelude::*};

/// What users read when Zendesk refuses a change, by the member of `details` that it complains about.
const REFUSED: [(&str, &str); 8] = [
    ("assignee_id", "The helpdesk did not accept this agent for the ticket."),
    ("assignee", "The helpdesk did not accept this agent for the ticket."),
    ("group_id", "The helpdesk did not accept this team for the ticket."),
    ("group", "The helpdesk did not accept this team for the ticket."),
    ("requester", "The helpdesk did not accept this name or e-mail address."),
    ("email", "The helpdesk did not accept this name or e-mail address."),
    ("status", "The ticket cannot be given this status at the moment."),
    ("tags", "The helpdesk did not accept one of the labels."),
];

/// What an error answer means.
pub(crate) fn failure(response: &Response) -> Failure {
    let fault = Fault::of(response);
    let failure = match response.status() {
        // The same key with another body: an earlier try said something else.
        400 if fault.code == "IdempotentRequestError" => Failure::conflict(),
        // Zendesk itself answers in JSON; a page is what stands before it, turning a flood away.
        403 if fault.is_page => Failure::unavailable(),
        // No such account answers with a page; a plan without this part of the API, with an error of its own.
        404 if fault.is_page => return Failure::internal("404 without JSON: is the setting `subdomain` right?"),
        404 if fault.code == "InvalidEndpoint" => Failure::unsupported(),
        413 => Failure::rejected("This text is too long for the helpdesk."),
        422 => Failure::rejected(fault.sentence()),
        _ => response.failure(),
    };
    failure.detail(fault.for_the_log(response.status()))
}

/// The little of an error body that is safe to use: Zendesk's word for it, and which members it is about.
#[derive(Debug, Default)]
struct Fault {
    code: String,
    members: Vec<String>,
    is_page: bool,
}

/// Longer words than these are prose.
const WORD_CHARS_MAX: usize = 60;

impl Fault {
    fn of(response: &Response) -> Self {
        let Ok(body) = response.json::<Value>() else {
            let is_page = response.text().trim_start().starts_with('<');
            return Fault { is_page, ..Fault::default() };
        };
        let code = match &body["error"] {
            Value::Object(error) => error.get("code").or_else(|| error.get("title")),
            Value::Null => body["errors"].get(0).and_then(|error| error.get("code")),
            error => Some(error),
        };
        let code = code.and_then(Value::as_str).unwrap_or_default().chars().take(WORD_CHARS_MAX).collect();
        let members = body["details"].as_object().into_iter().flatten().map(|(member, _)| member.clone()).collect();
        Fault { code, members, is_page: false }
    }

    fn sentence(&self) -> &'static str {
        let known = REFUSED.iter().find(|(member, _)| self.members.iter().any(|found| found == member));
        known.map_or("The helpdesk does not allow this for the ticket.", |(_, sentence)| sentence)
    }

    fn for_the_log(&self, status: u16) -> String {
        let member = |member: &String| member.chars().take(WORD_CHARS_MAX).collect::<String>();
        let members = self.members.iter().take(10).map(member).collect::<Vec<_>>().join(", ");
        match (self.code.as_str(), members.as_str()) {
            ("", "") => format!("Zendesk answered with status {status}"),
            (code, "") => format!("Zendesk answered with status {status} `{code}`"),
            (code, members) => format!("Zendesk answered with status {status} `{code}` about {members}"),
        }
    }
}
