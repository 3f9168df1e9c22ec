//! Which members of a business system's answers hold personal data, by their names: a list, since no system marks them.

use serde_json::{Map, Value};

/// What kind of personal data a value is, as far as its stand-in differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::record) enum Kind {
    /// An e-mail address.
    Email,
    /// A phone number in any form.
    Phone,
    /// Words of a person's name.
    Name,
    /// A street, a town.
    Place,
    /// A day of birth.
    Date,
    /// A postal code, a number of a document, a coordinate: another one of the same form.
    Code,
    /// An IP address.
    Address,
    /// Not personal, and nobody's business either: what a link or a session proves itself with.
    Secret,
}

/// Members by the whole of their names, without case and joints.
const NAMES: [&str; 22] = [
    "firstname",
    "lastname",
    "middlename",
    "givenname",
    "familyname",
    "surname",
    "forename",
    "fullname",
    "formattedname",
    "displayname",
    "preferredname",
    "maidenname",
    "nickname",
    "customername",
    "contactname",
    "personname",
    "recipientname",
    "requestername",
    "employeename",
    "authorname",
    "username",
    "defaultfullname",
];
const PLACES: [&str; 5] = ["city", "town", "formattedaddress", "streetaddress", "addressline"];
const DATES: [&str; 4] = ["birthdate", "birthday", "dateofbirth", "dob"];
const CODES: [&str; 10] = [
    "latitude",
    "longitude",
    "ssn",
    "taxid",
    "nationalid",
    "passportnumber",
    "iban",
    "cardnumber",
    "last4",
    "lastfour",
];
const ADDRESSES: [&str; 5] = ["ip", "ipaddress", "clientip", "browserip", "remoteip"];

/// How the names of other members end.
const ENDINGS: [(&str, Kind); 20] = [
    ("email", Kind::Email),
    ("emailaddress", Kind::Email),
    ("phone", Kind::Phone),
    ("phonenumber", Kind::Phone),
    ("mobile", Kind::Phone),
    ("mobilenumber", Kind::Phone),
    ("fax", Kind::Phone),
    ("street", Kind::Place),
    ("address1", Kind::Place),
    ("address2", Kind::Place),
    ("street1", Kind::Place),
    ("street2", Kind::Place),
    ("zip", Kind::Code),
    ("zipcode", Kind::Code),
    ("postalcode", Kind::Code),
    ("postcode", Kind::Code),
    ("accesstoken", Kind::Secret),
    ("password", Kind::Secret),
    ("apikey", Kind::Secret),
    ("secret", Kind::Secret),
];

/// The kind of a member, by its name and, for a bare `name`, by what stands beside it.
pub(super) fn kind(name: &str, siblings: &Map<String, Value>, extra: &[String]) -> Option<Kind> {
    let plain = plain(name);
    let is_in = |list: &[&str]| list.contains(&plain.as_str());
    if is_in(&NAMES) {
        return Some(Kind::Name);
    }
    if is_in(&PLACES) {
        return Some(Kind::Place);
    }
    if is_in(&DATES) {
        return Some(Kind::Date);
    }
    if is_in(&CODES) {
        return Some(Kind::Code);
    }
    if is_in(&ADDRESSES) {
        return Some(Kind::Address);
    }
    if let Some((_, kind)) = ENDINGS.iter().find(|(ending, _)| plain.ends_with(ending)) {
        return Some(*kind);
    }
    if plain == "name" && siblings.get(name).and_then(Value::as_str).is_some_and(is_of_a_person) && is_person(siblings)
    {
        return Some(Kind::Name);
    }
    extra.contains(&plain).then_some(Kind::Name)
}

/// A member's name without case and joints: `first_name`, `FirstName` and `first-name` are one.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Letters and what stands between the words of a name: `#1001` and `SKU-7` are names of something else.
fn is_of_a_person(name: &str) -> bool {
    name.chars().any(char::is_alphabetic)
        && name.chars().all(|c| c.is_alphabetic() || matches!(c, ' ' | '.' | '\'' | '-' | ','))
}

/// Whether an object is about somebody who can be reached.
fn is_person(siblings: &Map<String, Value>) -> bool {
    siblings.keys().map(|name| plain(name)).any(|name| name.ends_with("email") || name.ends_with("phone"))
}
