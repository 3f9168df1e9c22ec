//! `customer.lookup`: contacts that fit everything that was said of them, the one that changed last first.

use jackfield_sdk::prelude::*;

use crate::{
    id::RecordId,
    person::{self, PHONE_CANDIDATES_MAX},
    phone::Phone,
    soql::{self, Condition},
    wire,
};

/// How many are told where the bot does not say.
const LIMIT: usize = 5;
/// As many as the intent lets a bot ask for.
const LIMIT_MAX: usize = 50;
/// A name has no more parts than these; more would only slow the query down.
const NAME_WORDS_MAX: usize = 6;

pub(crate) fn run(call: &Call, input: CustomerLookupInput) -> Result<ContactList, Failure> {
    let wanted = Wanted::of(&input)?;
    let limit = usize::try_from(input.limit.unwrap_or_default()).unwrap_or_default();
    let limit = if limit == 0 { LIMIT } else { limit.min(LIMIT_MAX) };
    // One more shows whether there are more; by number, some that only look alike are among them.
    let candidates = if wanted.phone.is_some() { PHONE_CANDIDATES_MAX } else { limit };

    let found = soql::find::<wire::Contact>(call, &wanted.condition()?, candidates + 1)?;
    let fitting: Vec<_> = found.into_iter().filter(|row| wanted.is(&row.record)).collect();
    let contacts = fitting.iter().take(limit).map(|row| person::told(call, row)).collect::<Result<_, _>>()?;
    Ok(ContactList { contacts, more: fitting.len() > limit })
}

/// What was said of the person, checked before anything is asked of Salesforce.
struct Wanted<'i> {
    id: Option<RecordId>,
    email: Option<&'i str>,
    phone: Option<Phone>,
    /// Each in the name, in any order: `Rossi, Ada` is Ada Rossi.
    words: Vec<&'i str>,
    company: Option<&'i str>,
}

impl<'i> Wanted<'i> {
    fn of(input: &'i CustomerLookupInput) -> Result<Self, Failure> {
        let words = input.name.iter().flat_map(|name| name.split([' ', ','])).filter(|word| !word.is_empty());
        Ok(Wanted {
            id: input.id.as_deref().map(|id| RecordId::given(id, "/id")).transpose()?,
            email: input.email.as_deref(),
            phone: input.phone.as_deref().map(person::phone_given).transpose()?,
            words: words.take(NAME_WORDS_MAX).collect(),
            company: input.company.as_deref(),
        })
    }

    fn condition(&self) -> Result<Condition, Failure> {
        let mut conditions = Vec::new();
        if let Some(id) = &self.id {
            conditions.push(Condition::equals("Id", id.as_str())?);
        }
        if let Some(email) = self.email {
            conditions.push(Condition::equals("Email", email).map_err(|failure| failure.at("/email"))?);
        }
        if let Some(phone) = &self.phone {
            conditions.push(person::phone_condition(phone)?);
        }
        for word in &self.words {
            conditions.push(Condition::contains("Name", word).map_err(|failure| failure.at("/name"))?);
        }
        // A company alone is no person.
        let nobody = || Failure::invalid("/email", "Please give an e-mail address, a phone number or a name.");
        let person = conditions.into_iter().reduce(Condition::and).ok_or_else(nobody)?;
        Ok(match self.company {
            Some(company) => {
                let company = Condition::contains("Account.Name", company).map_err(|failure| failure.at("/company"))?;
                person.and(company)
            }
            None => person,
        })
    }

    /// Whether a hit is who was meant, by what it says of itself.
    fn is(&self, contact: &wire::Contact) -> bool {
        let contains = |text: Option<&str>, part: &str| {
            text.is_some_and(|text| text.to_lowercase().contains(&part.to_lowercase()))
        };
        let company = contact.account.as_ref().and_then(|account| account.name.as_deref());
        self.id.as_ref().is_none_or(|id| RecordId::parse(&contact.id).as_ref() == Some(id))
            && self.email.is_none_or(|email| person::has_email(contact, email))
            && self.phone.as_ref().is_none_or(|phone| person::has_phone(contact, phone))
            && self.words.iter().all(|word| contains(contact.name.as_deref(), word))
            && self.company.is_none_or(|wanted| contains(company, wanted))
    }
}
