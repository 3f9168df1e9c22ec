//! Customers and suppliers: who may see a document that is with one of them, and what they are called.
//!
//! The connection's credential sees every document. Where the bot serves customers and suppliers, whether somebody may see
//! one is decided here and nowhere else.

use jackfield_sdk::{
    odata::{self, Filter, same_key},
    prelude::*,
};

use crate::{
    faults,
    service::{self, BUSINESS_PARTNERS},
    settings::Settings,
    wire::BusinessPartner,
};

/// On which side of the company a partner stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Customer,
    Supplier,
}

impl Side {
    /// Property of a business partner with its number on this side.
    fn property(self) -> &'static str {
        match self {
            Side::Customer => "Customer",
            Side::Supplier => "Supplier",
        }
    }

    fn number(self, partner: &BusinessPartner) -> &str {
        match self {
            Side::Customer => partner.customer.code(),
            Side::Supplier => partner.supplier.code(),
        }
    }

    /// What somebody is asked for who gives no proof: field of the input, and sentence.
    fn question(self) -> (&'static str, &'static str) {
        match self {
            Side::Customer => {
                ("/customer", "Please give your customer number, or the e-mail address that we know you by.")
            }
            Side::Supplier => {
                ("/supplier", "Please give your supplier number, or the e-mail address that we know you by.")
            }
        }
    }
}

/// Who asks for a document, and what they say whose it is.
#[derive(Debug)]
pub(crate) struct Asker<'a> {
    side: Side,
    /// The partner that was named, by number or name.
    named: Option<&'a str>,
    /// An e-mail address, verified or typed.
    email: Option<Ownership>,
    is_staff: bool,
}

impl<'a> Asker<'a> {
    /// Made before the first request: who gives no proof is asked for one whether there is such a document or not.
    ///
    /// # Errors
    /// `invalid-input` where there is no proof and one is needed. `pointer` is the field of the input for a partner's number,
    /// where it is another than the side's own.
    pub(crate) fn of(
        call: &Call,
        settings: &Settings,
        side: Side,
        named: Option<&'a str>,
        email: Option<&str>,
        pointer: Option<&str>,
    ) -> Result<Self, Failure> {
        let named = named.map(str::trim).filter(|named| !named.is_empty());
        let (own_pointer, sentence) = side.question();
        let email = Ownership::by_email(call, email, sentence);
        let asker = Asker { side, named, is_staff: settings.is_for_staff(), email: email.as_ref().ok().cloned() };
        if !asker.is_staff && asker.email.is_none() && asker.named.is_none() {
            return Err(Failure::invalid(pointer.unwrap_or(own_pointer), sentence));
        }
        Ok(asker)
    }

    /// The number that was named, where it can be one: for a search that gives only what is with this partner.
    pub(crate) fn named_number(&self) -> Option<&'a str> {
        self.named.filter(|named| {
            let is_number = query::id(named, service::NUMBER_CHARS).is_ok();
            is_number && named.bytes().any(|byte| byte.is_ascii_digit())
        })
    }

    /// Whether the asker may see what is with this partner: the partner's name then, where it is known.
    ///
    /// The number proves, and so does an e-mail address that is among the partner's own. A name does not: it is no secret. It
    /// tells documents apart all the same, and so does a number for staff.
    ///
    /// # Errors
    /// `not-found` otherwise, exactly as for a document that does not exist.
    pub(crate) fn admits(&self, call: &Call, settings: &Settings, number: &str) -> Result<Option<String>, Failure> {
        let is_number = self.named.is_some_and(|named| same_key(named, number));
        let is_proved = self.is_staff || is_number;
        let must_compare = !is_proved || self.named.is_some_and(|_| !is_number);
        // A customer knows their own name; a supplier's is what a buyer knows an order by.
        if !must_compare && self.side == Side::Customer {
            return Ok(None);
        }
        let partner = match read(call, settings, self.side, number, !is_proved) {
            Err(failure) if !must_compare => {
                info!("the partner's name could not be read, going on without"; failure);
                None
            }
            partner => partner?,
        };
        if let Some(named) = self.named.filter(|_| !is_number)
            && !partner.as_ref().is_some_and(|partner| is_called(partner, named))
        {
            return Err(Failure::not_found());
        }
        if !is_proved {
            let emails = partner.iter().flat_map(|partner| partner.addresses.iter()).flat_map(|at| at.emails.iter());
            let owner = emails.fold(OrderOwner::new(), |owner, email| owner.email(email.email_address.get()));
            self.email.as_ref().ok_or_else(Failure::not_found)?.proves(&owner)?;
        }
        Ok(partner.and_then(|partner| partner.business_partner_full_name.owned()))
    }
}

fn is_called(partner: &BusinessPartner, named: &str) -> bool {
    let names = [&partner.business_partner_full_name, &partner.business_partner_name];
    names.iter().filter_map(|name| name.get()).any(|name| name.to_lowercase() == named.to_lowercase())
}

/// The one business partner with this number. Its e-mail addresses only where they are needed.
fn read(
    call: &Call,
    settings: &Settings,
    side: Side,
    number: &str,
    with_emails: bool,
) -> Result<Option<BusinessPartner>, Failure> {
    /// Two would be as unclear as none.
    const HITS_MAX: usize = 2;
    const NAMES: &str = "Customer,Supplier,BusinessPartnerFullName,BusinessPartnerName";
    const EMAILS: &str = "to_BusinessPartnerAddress/to_EmailAddress";
    if number.is_empty() {
        return Ok(None);
    }
    let filter = Filter::new().eq(side.property(), number)?;
    let mut request = service::get(call, settings, BUSINESS_PARTNERS, "A_BusinessPartner")?.query("$filter", filter);
    request = if with_emails {
        request.query("$select", format!("{NAMES},{EMAILS}/EmailAddress")).query("$expand", EMAILS)
    } else {
        request.query("$select", NAMES)
    };
    let response = request.query("$top", HITS_MAX).send()?.error_for(faults::read)?;
    let mut partners = odata::collection::<BusinessPartner>(&response)?.results;
    // What a search gives is not yet what was asked for.
    partners.retain(|partner| same_key(side.number(partner), number));
    Ok(partners.pop().filter(|_| partners.is_empty()))
}
