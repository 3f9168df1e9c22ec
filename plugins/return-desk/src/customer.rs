//! Whose return it is: the name and contact points that helpdesk and CRM are told.
//!
//! The order's own come first, since it is the order's customer who must hear of it; then those that the bot service
//! vouches for; then what was typed, which the shop has compared with the order as a proof.

use jackfield_sdk::prelude::*;

use crate::{intents::return_desk_return_arrange::ReturnArrangeInput, words};

/// Bounds of the intents that are asked, in characters.
const NAME_CHARS_MAX: usize = 200;
const EMAIL_CHARS_MAX: usize = 254;
const PHONE_CHARS: std::ops::RangeInclusive<usize> = 3..=32;

/// The customer, as far as known.
#[derive(Debug)]
pub(crate) struct Customer {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
}

impl Customer {
    pub(crate) fn of(call: &Call, input: &ReturnArrangeInput, order: &Order) -> Self {
        let user = call.user();
        let emails = [order.email.as_deref(), user.and_then(User::email), input.email.as_deref()];
        let phones = [order.phone.as_deref(), user.and_then(User::phone), input.phone.as_deref()];
        let name = order.customer_name.as_deref().map(words::line).filter(|name| !name.is_empty());
        Customer {
            name: name.map(|name| words::cut(&name, NAME_CHARS_MAX)),
            email: emails.into_iter().flatten().find(|email| is_email(email)).map(str::to_owned),
            phone: phones.into_iter().flatten().find(|phone| is_phone(phone)).map(str::to_owned),
        }
    }
}

/// Shops keep what people typed: an address that the next intent would refuse is passed over for the next one.
fn is_email(text: &str) -> bool {
    let parts: Vec<&str> = text.split('@').collect();
    matches!(parts[..], [name, domain] if !name.is_empty() && !domain.is_empty())
        && !text.contains(char::is_whitespace)
        && text.chars().count() <= EMAIL_CHARS_MAX
}

fn is_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    digits.starts_with(|c: char| c.is_ascii_digit() || c == '(')
        && digits.chars().all(|c| c.is_ascii_digit() || " ()./-".contains(c))
        && PHONE_CHARS.contains(&text.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contact_points_that_would_be_refused_are_known_as_such() {
        assert!(is_email("ada@acme.example"));
        for bad in ["", "ada", "@acme.example", "ada@", "a da@acme.example", "a@b@c"] {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(is_phone("+43 (664) 123-45.67") && is_phone("0664/1234567"));
        for bad in ["", "n/a", "12", "+", "++43664", "0664 1234567 ext. 9"] {
            assert!(!is_phone(bad), "{bad}");
        }
    }
}
