//! `[fallback.TENANT]`: what a person of this tenant gets where a business system fails, as the operator writes it. Which
//! steps an intent may use stands under `[intent."PATTERN"]`; whether the helpdesk is one is checked with the connectors
//! at hand, in `fallback/desk.rs` of the host.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::Complaints;

/// `[fallback.acme]`, by tenant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FallbackSection {
    /// The connection that messages and conversations go to: one of the tenant's that serves `ticket.create`.
    #[serde(default)]
    pub helpdesk: Option<Spanned<String>>,
    /// The team at the helpdesk that gets them, by name; the helpdesk's own choice where none is written.
    #[serde(default)]
    pub team: Option<Spanned<String>>,
    /// Messages that may wait at once.
    #[serde(default = "messages_max")]
    pub messages_max: Spanned<usize>,
    /// Bytes that they may take.
    #[serde(default = "messages_bytes_max")]
    pub messages_bytes_max: Spanned<usize>,
    /// Whom to call or write to.
    #[serde(default)]
    pub contact: Option<Spanned<ContactSection>>,
}

fn messages_max() -> Spanned<usize> {
    Spanned::new(0..0, 1_000)
}

fn messages_bytes_max() -> Spanned<usize> {
    Spanned::new(0..0, 16 << 20)
}

/// `[fallback.acme.contact]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContactSection {
    /// What is said, by locale.
    pub texts: BTreeMap<Spanned<String>, Spanned<String>>,
    /// A page.
    #[serde(default)]
    pub url: Option<Spanned<String>>,
    /// A telephone number, as it is dialled.
    #[serde(default)]
    pub phone: Option<Spanned<String>>,
    /// An e-mail address.
    #[serde(default)]
    pub email: Option<Spanned<String>>,
}

/// A sentence or a label of the ladder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// The system does not answer.
    Trouble,
    /// It, or the host, has too much to do.
    Busy,
    /// It may not, or cannot.
    Cannot,
    /// The question that offers to ask again.
    AskRetry,
    /// The question that offers a team member.
    AskHandoff,
    /// The question that offers both.
    AskRetryOrHandoff,
    /// The question that offers a message.
    AskMessage,
    /// The question that offers to ask again or a message.
    AskRetryOrMessage,
    /// The option to ask again.
    LabelRetry,
    /// The option to leave a message.
    LabelMessage,
    /// The option to speak to a team member.
    LabelHandoff,
    /// The option to see whom to call or write to.
    LabelContact,
    /// What the person wants was taken down. `{reference}` stands for its number.
    Taken,
    /// A team has the conversation. `{ticket}` stands for the ticket, `{reference}` for our number.
    HandedOff,
    /// The team could not be reached at once, and gets it later. `{reference}` stands for its number.
    Kept,
    /// Nobody knows whether the team has it. `{reference}` stands for its number.
    Unsure,
    /// The team did not take it.
    Lost,
    /// There is no e-mail address to answer to.
    NoAddress,
}

/// A text at most, in bytes.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// A team's name at most, in bytes: as the catalogue's input takes it.
const TEAM_BYTES_MAX: usize = 200;

/// A telephone number, an address or a page at most, in bytes.
const CONTACT_BYTES_MAX: usize = 500;

/// Messages of one tenant at most, whatever is written: each is looked at now and then.
const MESSAGES_MAX: usize = 100_000;

/// Judges a section as far as it goes without the connectors at hand.
pub(super) fn check(tenant: &str, section: &Spanned<FallbackSection>, complaints: &mut Complaints) {
    let FallbackSection { helpdesk, team, messages_max, messages_bytes_max, contact } = section.get_ref();
    if helpdesk.is_none() && contact.is_none() {
        complaints.push(
            Some(section.span()),
            format!("`[fallback.{tenant}]` has nothing to fall back on"),
            "name a `helpdesk`, a `contact`, or both",
        );
    }
    if let Some(team) = team {
        if helpdesk.is_none() {
            let message = format!("`team` of `[fallback.{tenant}]` is a team of no helpdesk");
            complaints.push(Some(team.span()), message, "name the connection with `helpdesk`");
        }
        if team.get_ref().trim().is_empty() || team.get_ref().len() > TEAM_BYTES_MAX {
            let message = format!("`team` of `[fallback.{tenant}]` is empty or over {TEAM_BYTES_MAX} bytes");
            complaints.push(Some(team.span()), message, "the team's name at the helpdesk");
        }
    }
    for (key, bound, most) in
        [("messages_max", messages_max, MESSAGES_MAX), ("messages_bytes_max", messages_bytes_max, usize::MAX)]
    {
        if !(1..=most).contains(bound.get_ref()) {
            let message = format!("`{key}` of `[fallback.{tenant}]` is {}", bound.get_ref());
            complaints.push(Some(bound.span()), message, format!("a number from 1 to {most}"));
        }
    }
    if let Some(contact) = contact {
        check_contact(tenant, contact, complaints);
    }
}

fn check_contact(tenant: &str, section: &Spanned<ContactSection>, complaints: &mut Complaints) {
    let ContactSection { texts, url, phone, email } = section.get_ref();
    if texts.is_empty() {
        let message = format!("`[fallback.{tenant}.contact]` says nothing");
        complaints.push(Some(section.span()), message, "add `texts = { en = \"You can call us …\" }`");
    }
    for (locale, text) in texts {
        super::policy::check_locale(locale.get_ref(), locale.span(), complaints);
        check_text(locale.get_ref(), text, complaints);
    }
    let is_phone = |text: &str| {
        text.bytes().any(|b| b.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_digit() || b"+ ()-/".contains(&b))
    };
    let is_email = |text: &str| text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && !host.is_empty());
    let is_url = |text: &str| url::Url::parse(text).is_ok_and(|url| url.scheme() == "https");
    let mut check = |key: &str, written: &Option<Spanned<String>>, is_fit: &dyn Fn(&str) -> bool, hint: &str| {
        if let Some(written) = written
            && (!is_fit(written.get_ref()) || written.get_ref().len() > CONTACT_BYTES_MAX)
        {
            let message = format!("`{key}` of `[fallback.{tenant}.contact]` is `{}`", written.get_ref());
            complaints.push(Some(written.span()), message, hint);
        }
    };
    check("phone", phone, &is_phone, "digits, spaces and `+ ( ) - /`, such as `+43 1 234567`");
    check("email", email, &is_email, "such as `help@acme.example`");
    check("url", url, &is_url, "an address that begins with `https://`");
}

/// Judges one text.
pub(super) fn check_text(locale: &str, text: &Spanned<String>, complaints: &mut Complaints) {
    if text.get_ref().trim().is_empty() || text.get_ref().len() > TEXT_BYTES_MAX {
        let message = format!("a text for `{locale}` is empty or over {TEXT_BYTES_MAX} bytes");
        complaints.push(Some(text.span()), message, "leave it out to have the host's own words");
    }
}
