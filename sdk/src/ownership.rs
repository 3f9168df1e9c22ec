//! Whether an order, or anything else of one person, is theirs: shown only to who gives a proof that matches it.
//!
//! One rule for all systems, and one answer for every mismatch: the failure of an order that does not exist.

use crate::{call::Call, failure::Failure};

/// A proof that somebody gave: the beginning of every intent that shows an order.
///
/// There are two kinds. A **verified** e-mail address or phone number of the call's user proves by itself: the order has
/// one of them, and it is theirs. What was **typed** proves when at least one piece matches and none contradicts what
/// the order has.
///
/// Make it before the first request: who gives no proof is asked for one whether the order exists or not.
///
/// ```
/// # use jackfield_sdk::prelude::*;
/// # struct Input { number: String, email: Option<String>, phone: Option<String>, postal_code: Option<String> }
/// # struct Found { email: Option<String>, zip: Option<String> }
/// # fn fetch(_: &Call, _: &str) -> Result<Found, Failure> { Err(Failure::not_found()) }
/// fn run(call: &Call, input: Input) -> Result<Found, Failure> {
///     let ownership = Ownership::from(call, input.email.as_deref(), input.phone.as_deref(), input.postal_code.as_deref())?;
///     let order = fetch(call, &input.number)?;
///     ownership.proves(&OrderOwner::new().email(order.email.as_deref()).postal_code(order.zip.as_deref()))?;
///     Ok(order)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Ownership {
    verified_email: Option<String>,
    verified_phone: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    postal_code: Option<String>,
}

/// To whom an order belongs, as far as the system knows. What is absent or empty there never matches.
#[derive(Clone, Debug, Default)]
pub struct OrderOwner {
    emails: Vec<String>,
    phones: Vec<Phone>,
    postal_codes: Vec<String>,
}

impl Ownership {
    /// From the call's verified user and what was typed.
    ///
    /// # Errors
    /// `invalid-input` on `/email` when there is no proof at all.
    pub fn from(
        call: &Call,
        email: Option<&str>,
        phone: Option<&str>,
        postal_code: Option<&str>,
    ) -> Result<Self, Failure> {
        let ownership = Ownership {
            email: email.and_then(normal_email),
            phone: phone.and_then(normal_e164),
            postal_code: postal_code.and_then(normal_postal_code),
            ..Ownership::of_user(call)
        };
        let sentence = "Please give the e-mail address, phone number or postal code of the order.";
        ownership.given().ok_or_else(|| Failure::invalid("/email", sentence))
    }

    /// By e-mail address alone, verified or typed: for tickets, requests and whatever else a system keeps under one.
    /// Phone numbers do not count, verified or not.
    ///
    /// # Errors
    /// `invalid-input` on `/email` with this sentence when there is no address at all.
    pub fn by_email(call: &Call, email: Option<&str>, sentence: &str) -> Result<Self, Failure> {
        let ownership =
            Ownership { email: email.and_then(normal_email), verified_phone: None, ..Ownership::of_user(call) };
        ownership.given().ok_or_else(|| Failure::invalid("/email", sentence))
    }

    /// By the user's verified contact points alone, for searches: whoever may list by what they typed can read what is a
    /// stranger's. `None` when nothing is verified.
    pub fn verified(call: &Call) -> Option<Self> {
        Ownership::of_user(call).given()
    }

    fn of_user(call: &Call) -> Self {
        let user = call.user();
        Ownership {
            verified_email: user.and_then(|user| normal_email(user.email()?)),
            verified_phone: user.and_then(|user| normal_e164(user.phone()?)),
            email: None,
            phone: None,
            postal_code: None,
        }
    }

    /// Itself, if there is any piece of proof.
    fn given(self) -> Option<Self> {
        let Ownership { verified_email, verified_phone, email, phone, postal_code } = &self;
        let pieces = [verified_email, verified_phone, email, phone, postal_code];
        pieces.iter().any(|piece| piece.is_some()).then_some(self)
    }

    /// Whether the proof is good for this owner.
    ///
    /// # Errors
    /// `not-found`, exactly as for an order that does not exist: no detail tells them apart.
    pub fn proves(&self, owner: &OrderOwner) -> Result<(), Failure> {
        let email = |email: &String| owner.emails.contains(email);
        let phone = |phone: &String| owner.phones.iter().any(|known| known.is(phone));
        let postal_code = |code: &String| owner.postal_codes.contains(code);
        if self.verified_email.as_ref().is_some_and(email) || self.verified_phone.as_ref().is_some_and(phone) {
            return Ok(());
        }
        // A typed piece says something only where the order has such a piece to compare with.
        let typed = [
            self.email.as_ref().filter(|_| !owner.emails.is_empty()).map(email),
            self.phone.as_ref().filter(|_| !owner.phones.is_empty()).map(phone),
            self.postal_code.as_ref().filter(|_| !owner.postal_codes.is_empty()).map(postal_code),
        ];
        if typed.contains(&Some(true)) && !typed.contains(&Some(false)) { Ok(()) } else { Err(Failure::not_found()) }
    }

    /// The verified e-mail address, else the typed one: for systems that can search by it. A match is still no proof.
    pub fn email(&self) -> Option<&str> {
        self.verified_email.as_deref().or(self.email.as_deref())
    }

    /// The verified phone number, else the typed one.
    pub fn phone(&self) -> Option<&str> {
        self.verified_phone.as_deref().or(self.phone.as_deref())
    }
}

impl OrderOwner {
    /// Nobody yet.
    pub fn new() -> Self {
        OrderOwner::default()
    }

    /// Adds an e-mail address, where there is one.
    #[must_use]
    pub fn email(mut self, email: Option<&str>) -> Self {
        self.emails.extend(email.and_then(normal_email));
        self
    }

    /// Adds a phone number, where there is one: international (`+43 664 ..`, `0043..`) or as dialled in its country.
    #[must_use]
    pub fn phone(mut self, phone: Option<&str>) -> Self {
        self.phones.extend(phone.and_then(Phone::parse));
        self
    }

    /// Adds a postal code, where there is one.
    #[must_use]
    pub fn postal_code(mut self, postal_code: Option<&str>) -> Self {
        self.postal_codes.extend(postal_code.and_then(normal_postal_code));
        self
    }
}

/// Fewer digits than this are no phone number to prove anything by.
const PHONE_DIGITS_MIN: usize = 7;

/// A phone number as a system has it.
#[derive(Clone, Debug)]
enum Phone {
    /// With its country code: digits only.
    International(String),
    /// As dialled in its country, without the trunk zero: digits only.
    National(String),
}

impl Phone {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let international = text.starts_with('+') || text.starts_with("00");
        // `+43 (0)664`: the zero in brackets is dialled only inside the country.
        let digits: String = if international { text.replace("(0)", "") } else { text.to_owned() };
        let digits: String = digits.chars().filter(char::is_ascii_digit).collect();
        let significant = digits.trim_start_matches('0');
        if significant.len() < PHONE_DIGITS_MIN {
            return None;
        }
        let significant = significant.to_owned();
        Some(if international { Phone::International(significant) } else { Phone::National(significant) })
    }

    /// Whether it is this number, given as the digits of its E.164 form.
    fn is(&self, e164: &str) -> bool {
        match self {
            Phone::International(digits) => digits == e164,
            // Equal where the country code was written without a sign; else what stands before must be no longer
            // than a country code is.
            Phone::National(digits) => {
                e164.strip_suffix(digits.as_str()).is_some_and(|country_code| country_code.len() <= 3)
            }
        }
    }
}

fn normal_email(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    (!email.is_empty()).then_some(email)
}

/// The digits of a number that the host has brought to E.164.
fn normal_e164(phone: &str) -> Option<String> {
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    (digits.len() >= PHONE_DIGITS_MIN).then_some(digits)
}

fn normal_postal_code(code: &str) -> Option<String> {
    let code: String = code.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    (!code.is_empty()).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Host;

    /// (email, phone, postal code) of user, input and owner: whether it proves.
    fn check(
        user: (Option<&str>, Option<&str>),
        typed: (Option<&str>, Option<&str>, Option<&str>),
        owner: (Option<&str>, Option<&str>, Option<&str>),
    ) -> bool {
        let mut host = Host::new();
        if user != (None, None) {
            host = host.user("u1", user.0, user.1);
        }
        host.with("order.status", |call| {
            let ownership = Ownership::from(call, typed.0, typed.1, typed.2).expect("a proof");
            let owner = OrderOwner::new().email(owner.0).phone(owner.1).postal_code(owner.2);
            match ownership.proves(&owner) {
                Ok(()) => true,
                Err(failure) => {
                    assert_eq!(failure, Failure::not_found());
                    false
                }
            }
        })
    }

    const NOBODY: (Option<&str>, Option<&str>) = (None, None);

    #[test]
    fn who_gives_no_proof_is_asked_for_one() {
        for blank in [None, Some(""), Some("  ")] {
            Host::new().with("order.status", |call| {
                let failure = Ownership::from(call, blank, None, None).unwrap_err();
                assert!(matches!(&failure.kind, crate::FailureKind::InvalidInput { errors } if errors[0].pointer == "/email"));
            });
        }
        // A user without a verified contact point gives none either.
        Host::new().user("u1", None, None).with("order.status", |call| {
            assert!(Ownership::from(call, None, None, None).is_err());
        });
    }

    #[test]
    fn by_email_takes_no_other_proof() {
        let sentence = "Please give the e-mail address of the ticket.";
        let owner = OrderOwner::new().email(Some("ada@acme.example")).phone(Some("+43 664 1234567"));
        Host::new().user("u1", None, Some("+436641234567")).with("ticket.status", |call| {
            for blank in [None, Some(" ")] {
                let failure = Ownership::by_email(call, blank, sentence).unwrap_err();
                assert_eq!(failure, Failure::invalid("/email", sentence));
            }
            let typed = |email| Ownership::by_email(call, Some(email), sentence).unwrap().proves(&owner);
            assert_eq!(typed("Ada@acme.example"), Ok(()));
            assert_eq!(typed("eve@acme.example"), Err(Failure::not_found()));
        });
        Host::new().user("u1", Some("ada@acme.example"), None).with("ticket.status", |call| {
            let ownership = Ownership::by_email(call, None, sentence).unwrap();
            assert_eq!((ownership.email(), ownership.proves(&owner)), (Some("ada@acme.example"), Ok(())));
        });
    }

    #[test]
    fn verified_takes_nothing_but_what_is_verified() {
        Host::new().with("order.search", |call| assert!(Ownership::verified(call).is_none()));
        Host::new().user("u1", None, None).with("order.search", |call| assert!(Ownership::verified(call).is_none()));
        Host::new().user("u1", None, Some("+436641234567")).with("order.search", |call| {
            let ownership = Ownership::verified(call).expect("a proof");
            assert_eq!(ownership.proves(&OrderOwner::new().phone(Some("0664 1234567"))), Ok(()));
            let other = OrderOwner::new().phone(Some("0664 7654321")).email(Some("ada@acme.example"));
            assert_eq!(ownership.proves(&other), Err(Failure::not_found()));
        });
    }

    #[test]
    fn a_typed_piece_must_match_exactly_after_normalising() {
        let email = (Some("  Ada@ACME.example "), None, None);
        assert!(check(NOBODY, email, (Some("ada@acme.example"), None, None)));
        assert!(!check(NOBODY, email, (Some("ada@acme.example.evil"), None, None)));
        assert!(!check(NOBODY, (Some("acme"), None, None), (Some("ada@acme.example"), None, None)));
        assert!(check(NOBODY, (None, None, Some("sw1a 1aa")), (None, None, Some("SW1A-1AA"))));
        assert!(!check(NOBODY, (None, None, Some("SW1A")), (None, None, Some("SW1A 1AA"))));
    }

    #[test]
    fn what_the_order_lacks_never_matches() {
        for owner in [(None, None, None), (Some(""), Some(""), Some(" "))] {
            assert!(!check(NOBODY, (Some("ada@acme.example"), None, None), owner));
            assert!(!check(NOBODY, (None, Some("+436641234567"), None), owner));
            assert!(!check(NOBODY, (None, None, Some("1010")), owner));
            assert!(!check((Some("ada@acme.example"), Some("+436641234567")), (None, None, None), owner));
        }
    }

    #[test]
    fn a_contradiction_spoils_a_match_and_a_gap_does_not() {
        let order = (Some("ada@acme.example"), None, Some("1010"));
        assert!(check(NOBODY, (Some("ada@acme.example"), Some("+436641234567"), Some("1010")), order));
        assert!(!check(NOBODY, (Some("ada@acme.example"), None, Some("1020")), order));
        assert!(!check(NOBODY, (Some("eve@acme.example"), None, Some("1010")), order));
    }

    #[test]
    fn a_verified_contact_point_proves_by_itself_and_only_its_own() {
        let order = (Some("ada@acme.example"), Some("0664 1234567"), Some("1010"));
        assert!(check((Some("ada@acme.example"), None), (None, None, None), order));
        assert!(check((None, Some("+436641234567")), (None, None, None), order));
        assert!(check((Some("ada@acme.example"), None), (None, None, Some("9999")), order));
        assert!(!check((Some("eve@acme.example"), None), (None, None, None), order));
        assert!(check((Some("eve@acme.example"), None), (None, None, Some("1010")), order));
    }

    #[test]
    fn phone_numbers_are_compared_by_what_would_be_dialled() {
        let typed = (None, Some("+436641234567"), None);
        for same in [
            "+43 664 1234567",
            "0043 664/123 45 67",
            "+43 (0)664 1234567",
            "0664-1234567",
            "6641234567",
            "436641234567",
        ] {
            assert!(check(NOBODY, typed, (None, Some(same), None)), "{same}");
        }
        for other in ["1234567", "+1 664 1234567", "0664 1234568", "234567", "+49 43 664 1234567", "", "n/a"] {
            assert!(!check(NOBODY, typed, (None, Some(other), None)), "{other}");
        }
    }
}
