//! Zendesk's codes and the catalogue's words, in both directions, and labels as Zendesk can keep them.
//!
//! Source: the enumerations of `TicketObject` in Zendesk's published description of the Ticketing API.

use jackfield_sdk::{codes::StatusNames, prelude::*};

codes! {
    /// `status` of a ticket: the category, where the account has statuses of its own.
    pub(crate) fn status: TicketStatus {
        "new" | "open" => Open,
        "pending" => Pending,
        "hold" => OnHold,
        "solved" => Solved,
        "closed" => Closed,
        _ => Other,
    }

    /// `priority` of a ticket.
    pub(crate) fn priority: Priority {
        "low" => Low,
        "normal" => Normal,
        "high" => High,
        "urgent" => Urgent,
        _ => Other,
    }

    /// `type` of a ticket.
    pub(crate) fn kind: TicketType {
        "question" => Question,
        "incident" => Incident,
        "problem" => Problem,
        "task" => Task,
        _ => Other,
    }
}

/// Every status there is.
const STATUSES: [&str; 6] = ["new", "open", "pending", "hold", "solved", "closed"];
/// Those that may be written: `new` cannot be gone back to, and `closed` is Zendesk's own doing.
const STATUSES_WRITTEN: [&str; 4] = ["open", "pending", "hold", "solved"];
const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];
const TYPES: [&str; 4] = ["question", "incident", "problem", "task"];

/// The codes under which tickets of this status are found.
pub(crate) fn status_codes(names: &StatusNames, wanted: TicketStatus) -> impl Iterator<Item = &'static str> {
    STATUSES.into_iter().filter(move |code| status(names, code) == wanted)
}

/// The code to write for a status. Who wants a ticket closed gets it solved: it closes by itself some days later.
pub(crate) fn status_code(names: &StatusNames, wanted: TicketStatus) -> Option<&'static str> {
    let wanted = if wanted == TicketStatus::Closed { TicketStatus::Solved } else { wanted };
    STATUSES_WRITTEN.into_iter().find(|code| status(names, code) == wanted)
}

/// The code to write for a priority.
pub(crate) fn priority_code(names: &StatusNames, wanted: Priority) -> Option<&'static str> {
    PRIORITIES.into_iter().find(|code| priority(names, code) == wanted)
}

/// The code to write for a type; Zendesk has none for `request`, unless the operator says which it is.
pub(crate) fn kind_code(names: &StatusNames, wanted: TicketType) -> Option<&'static str> {
    TYPES.into_iter().find(|code| kind(names, code) == wanted)
}

/// A label as a tag. Zendesk keeps tags in lower case and takes a space for the end of one.
pub(crate) fn tag(label: &str) -> Option<String> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '/' | '.');
    let words = label.split_whitespace().map(|word| word.chars().filter(|c| plain(*c)).collect::<String>());
    let tag = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("_").to_lowercase();
    (!tag.is_empty()).then_some(tag)
}

/// The tags a ticket has after some were added and some taken away, or `None` if these are the same ones.
pub(crate) fn tags_after(before: Option<&[String]>, add: &[String], remove: &[String]) -> Option<Vec<String>> {
    let before = before.unwrap_or_default();
    let remove: Vec<String> = remove.iter().filter_map(|label| tag(label)).collect();
    let mut after: Vec<String> = before.iter().filter(|tag| !remove.contains(tag)).cloned().collect();
    for tag in add.iter().filter_map(|label| tag(label)) {
        if !after.contains(&tag) {
            after.push(tag);
        }
    }
    (after != before).then_some(after)
}

#[cfg(test)]
mod tests {
    use jackfield_sdk::Value;

    use super::*;

    fn names(json: Value) -> StatusNames {
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn a_code_is_written_only_where_it_reads_back_as_what_was_wanted() {
        let plain = StatusNames::default();
        assert_eq!(status_code(&plain, TicketStatus::Open), Some("open"));
        assert_eq!(status_code(&plain, TicketStatus::Closed), Some("solved"));
        assert_eq!(status_code(&plain, TicketStatus::Other), None);
        assert_eq!(kind_code(&plain, TicketType::Request), None);
        let odd = names(json!({"status": {"hold": "open", "open": "pending"}, "kind": {"task": "request"}}));
        assert_eq!(status_code(&odd, TicketStatus::Open), Some("hold"));
        assert_eq!(status_code(&odd, TicketStatus::OnHold), None);
        assert_eq!(kind_code(&odd, TicketType::Request), Some("task"));
        assert_eq!(status_codes(&odd, TicketStatus::Pending).collect::<Vec<_>>(), ["open", "pending"]);
        assert_eq!(status_codes(&plain, TicketStatus::Open).collect::<Vec<_>>(), ["new", "open"]);
    }

    #[test]
    fn a_label_is_one_tag() {
        assert_eq!(tag("Web Chat").as_deref(), Some("web_chat"));
        assert_eq!(tag("\"vip\" type:user").as_deref(), Some("vip_type:user"));
        assert_eq!(tag(" ! "), None);
    }

    #[test]
    fn tags_are_sent_only_when_they_change() {
        let before = ["chatbot".to_owned(), "login".to_owned()];
        let list = |tags: &[&str]| tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
        assert_eq!(tags_after(Some(&before), &list(&["Login"]), &list(&["gone"])), None);
        assert_eq!(
            tags_after(Some(&before), &list(&["VIP", "vip"]), &list(&["LOGIN"])),
            Some(list(&["chatbot", "vip"]))
        );
        assert_eq!(tags_after(None, &list(&["a b"]), &[]), Some(list(&["a_b"])));
    }
}
