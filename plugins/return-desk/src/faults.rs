//! Failures of other connectors: as this connector's own failure where nothing was done, and in a few safe words where
//! the call goes on.

use jackfield_sdk::prelude::*;

/// What the host puts before a pointer into the input of the connector that was asked.
const INNER_INPUT: &str = "/input";
/// Members of this connector's input that have the same meaning in the intents it asks for.
const SHARED_MEMBERS: [&str; 7] = ["order_number", "email", "phone", "postal_code", "items", "resolution", "note"];

/// The failure of a step after which nothing was done, as the failure of the whole: its pointers lead into this
/// connector's input, and a refusal has a sentence.
pub(crate) fn outward(failure: Failure, names_items: bool) -> Failure {
    let Failure { kind, detail } = failure;
    let kind = match kind {
        FailureKind::InvalidInput { errors } => FailureKind::InvalidInput {
            errors: errors
                .into_iter()
                .map(|error| FieldError { pointer: pointer(&error.pointer, names_items), ..error })
                .collect(),
        },
        FailureKind::Rejected { text } if text.trim().is_empty() => {
            FailureKind::Rejected { text: "The shop does not accept this return.".to_owned() }
        }
        other => other,
    };
    Failure { kind, detail }
}

/// Where in this connector's input a value stands that another connector refused; all of it where it is in none.
fn pointer(inner: &str, names_items: bool) -> String {
    let inner = inner.strip_prefix(INNER_INPUT).unwrap_or(inner);
    let member = inner.split('/').nth(1).unwrap_or_default();
    match member {
        "requester_email" => "/email".to_owned(),
        // The items of a whole order were not the caller's: there is no first one to point to.
        "items" if !names_items => "/items".to_owned(),
        member if SHARED_MEMBERS.contains(&member) => inner.to_owned(),
        _ => String::new(),
    }
}

/// Why a step was not done, in words for anybody: no text of another system is among them.
pub(crate) fn in_words(failure: &Failure) -> &'static str {
    match failure.kind {
        FailureKind::InvalidInput { .. } => "the details were not accepted",
        FailureKind::NotFound => "nobody by these details was found there",
        FailureKind::Denied | FailureKind::ReauthRequired => "access was refused",
        FailureKind::Conflict => "somebody else changed it at the same time",
        FailureKind::RateLimited { .. } => "the system is too busy right now",
        FailureKind::Rejected { .. } => "the system's rules do not allow it",
        FailureKind::Timeout => "there was no time left for it",
        FailureKind::Duplicate { .. } | FailureKind::Unavailable | FailureKind::Unsupported | FailureKind::Internal => {
            "it did not work"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_leads_into_the_input_of_this_connector_or_nowhere() {
        for (inner, names_items, ours) in [
            ("/input/order_number", true, "/order_number"),
            ("/order_number", true, "/order_number"),
            ("/input/items/1/quantity", true, "/items/1/quantity"),
            ("/input/items/1/quantity", false, "/items"),
            ("/input/requester_email", true, "/email"),
            ("/input/description", true, ""),
            ("/context/user", true, ""),
            ("/input", true, ""),
            ("", true, ""),
        ] {
            assert_eq!(pointer(inner, names_items), ours, "{inner}");
        }
    }

    #[test]
    fn a_refusal_without_a_sentence_gets_one_and_a_sentence_is_kept() {
        let text = |text: &str| match outward(Failure::rejected(text), true).kind {
            FailureKind::Rejected { text } => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(text(" "), "The shop does not accept this return.");
        assert_eq!(text("It is too late."), "It is too late.");
    }
}
