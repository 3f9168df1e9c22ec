//! What a bot service may offer to the person next, in the form in which it goes over the wire.

use jackfield_core::degrade::Choice;
use serde::Serialize;

use super::desk::Contact;
use super::words::Words;

/// What may be done instead, the best first. A pointer, since most problems have none and every result has room for one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Offers(Option<Box<List>>);

/// Never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
struct List(Vec<Offered>);

/// One thing that may be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Offered {
    /// What it is.
    pub kind: Choice,
    /// For a button, in the person's language.
    pub label: String,
    /// For `POST /v1/fallbacks`, where it is taken up there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// What is said with a contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The page of a contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The telephone number of a contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The e-mail address of a contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

impl Offers {
    /// These.
    pub fn of(list: Vec<Offered>) -> Offers {
        Offers((!list.is_empty()).then(|| Box::new(List(list))))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

impl Offered {
    /// One that needs nothing but to be done.
    pub fn plain(kind: Choice, words: Words<'_>) -> Offered {
        let label = words.label(kind).to_owned();
        Offered { kind, label, token: None, text: None, url: None, phone: None, email: None }
    }

    /// One that is taken up with a token.
    pub fn with_token(kind: Choice, words: Words<'_>, token: String) -> Offered {
        Offered { token: Some(token), ..Offered::plain(kind, words) }
    }

    /// Whom to call or write to.
    pub fn contact(contact: &Contact, words: Words<'_>) -> Offered {
        Offered {
            text: Some(contact.text(words.locale).to_owned()),
            url: contact.url.clone(),
            phone: contact.phone.clone(),
            email: contact.email.clone(),
            ..Offered::plain(Choice::Contact, words)
        }
    }
}
