//! `opportunity.create`: a possible sale, with the person and the company it is about.

use jackfield_sdk::{Value, prelude::*};

use crate::{
    account,
    create::{self, Created},
    custom_fields,
    id::RecordId,
    names, person,
    settings::Settings,
    soql::Row,
    stage,
    wire::{self, Draft},
};

/// The stage that every org begins with.
const FIRST_STAGE: &str = "Prospecting";
/// Salesforce wants a day; where neither bot nor operator names one, it is a month from now.
const CLOSE_IN_DAYS: i64 = 30;
/// Ten years, as a bound for the operator's word.
const CLOSE_IN_DAYS_MAX: i64 = 3_650;
const NAME_CHARS_MAX: usize = 120;

pub(crate) fn run(call: &Call, input: OpportunityCreateInput) -> Result<Opportunity, Failure> {
    let settings = Settings::of(call)?;
    let sale = Sale::of(call, &settings, &input)?;
    let contact = contact(call, &input)?;
    let account = account_of(call, &input, contact.as_ref())?;
    let contact_id = contact.as_ref().map(|row| wire::id(&row.record.id)).transpose()?;

    let draft = sale
        .draft(&input)
        .set_if("AccountId", account.map(|id| id.as_str().to_owned()))
        // Taken for new records only: it becomes the primary contact.
        .set_if("ContactId", contact_id.as_ref().map(|id| id.as_str().to_owned()))
        .with(custom_fields::write_new::<wire::Opportunity>(call, &input.fields, &[])?);
    let created = create::once(call, &draft, |sale: &wire::Opportunity| &sale.id, is_same(&input))?;
    Ok(told(call, &settings, created, &sale, contact_id, input))
}

/// Whether it was made.
pub(crate) fn settle(call: &Call, input: OpportunityCreateInput) -> Result<Settled<Opportunity>, Failure> {
    let settings = Settings::of(call)?;
    let sale = Sale::of(call, &settings, &input)?;
    let contact = contact(call, &input)?;
    let contact_id = contact.as_ref().map(|row| wire::id(&row.record.id)).transpose()?;
    let found = create::settled(call, |sale: &wire::Opportunity| &sale.id, is_same(&input))?;
    Ok(found.map(|created| told(call, &settings, created, &sale, contact_id, input)))
}

/// Whether an opportunity is the one that this input asks for.
fn is_same(input: &OpportunityCreateInput) -> impl Fn(&wire::Opportunity) -> bool {
    |known| known.name.as_deref() == Some(input.name.as_str())
}

/// What Salesforce insists on, and what money it is about.
struct Sale {
    stage: String,
    close_date: Day,
    amount: Option<Value>,
    /// Where each record has its own.
    currency: Option<String>,
    source: Option<String>,
}

impl Sale {
    fn of(call: &Call, settings: &Settings, input: &OpportunityCreateInput) -> Result<Self, Failure> {
        if input.name.chars().count() > NAME_CHARS_MAX {
            return Err(Failure::invalid("/name", "Please give a name of at most 120 characters."));
        }
        let standard = call.standard();
        let close_date = match &input.close_date {
            Some(day) => Day::parse(day.as_str())
                .ok_or_else(|| Failure::invalid("/close_date", "Please give a day such as 2026-01-25."))?,
            None => {
                let days = standard.defaults.get("close_in_days").and_then(Value::as_i64).unwrap_or(CLOSE_IN_DAYS);
                call.now().date().plus_days(days.clamp(0, CLOSE_IN_DAYS_MAX))
            }
        };
        let amount = input.amount.as_ref().map(|money| amount(settings, money)).transpose()?;
        let currency = input.amount.as_ref().filter(|_| settings.multi_currency);
        let stage = match &input.stage {
            Some(wanted) => stage::named(call, wanted)?,
            None => standard.default_text("stage").unwrap_or_else(|| FIRST_STAGE.to_owned()),
        };
        Ok(Sale {
            stage,
            close_date,
            amount,
            currency: currency.map(|money| money.currency().to_owned()),
            source: input.source.clone().or_else(|| standard.default_text("source")),
        })
    }

    fn draft(&self, input: &OpportunityCreateInput) -> Draft {
        Draft::default()
            .set("Name", input.name.as_str())
            .set("StageName", self.stage.as_str())
            .set("CloseDate", self.close_date.to_string())
            .set_if("Amount", self.amount.clone())
            .set_if("CurrencyIsoCode", self.currency.clone())
            .set_if("Description", input.description.clone())
            .set_if("LeadSource", self.source.clone())
    }
}

/// An amount as the number that Salesforce keeps. In an org with one currency the number says nothing of it: another
/// currency's would be taken for the org's own.
fn amount(settings: &Settings, money: &Money) -> Result<Value, Failure> {
    let unreadable = || Failure::invalid("/amount/amount", "Please give an amount such as 59.90.");
    let number: serde_json::Number = money.amount().parse().map_err(|_| unreadable())?;
    match &settings.currency {
        _ if settings.multi_currency => Ok(Value::Number(number)),
        Some(own) if own == money.currency() => Ok(Value::Number(number)),
        Some(own) => Err(Failure::invalid("/amount/currency", format!("The CRM keeps amounts in {own}."))),
        None => {
            let hint = "an amount needs the setting `currency`, or `multi_currency` where each record has its own";
            Err(Failure::unsupported().detail(hint))
        }
    }
}

fn contact(call: &Call, input: &OpportunityCreateInput) -> Result<Option<Row<wire::Contact>>, Failure> {
    match (&input.contact_id, &input.email) {
        (Some(id), _) => person::by_id(call, &RecordId::given(id, "/contact_id")?).map(Some),
        (None, Some(email)) => person::by_email(call, email)?.map(Some).ok_or_else(Failure::not_found),
        (None, None) => Ok(None),
    }
}

/// The company that was named, else the contact's own.
fn account_of(
    call: &Call,
    input: &OpportunityCreateInput,
    contact: Option<&Row<wire::Contact>>,
) -> Result<Option<RecordId>, Failure> {
    let own = contact.and_then(|row| RecordId::parse(row.record.account_id.as_ref()?));
    let own_name = contact.and_then(|row| wire::name(row.record.account.as_ref()));
    match &input.company {
        Some(name) if !account::is_named(own_name.as_deref(), name) => {
            account::by_name(call, name, "/company").map(Some)
        }
        _ => Ok(own),
    }
}

/// The opportunity as it was read, and as it was given where it could not be.
fn told(
    call: &Call,
    settings: &Settings,
    created: Created<wire::Opportunity>,
    sale: &Sale,
    contact_id: Option<RecordId>,
    input: OpportunityCreateInput,
) -> Opportunity {
    let Created { id, row } = created;
    let base = Opportunity {
        url: settings.page(&id),
        id: id.as_str().to_owned(),
        contact_id: contact_id.map(|id| id.as_str().to_owned()),
        ..Opportunity::default()
    };
    let Some(row) = row else {
        return Opportunity {
            name: input.name,
            status: OpportunityStatus::Open,
            stage: Some(sale.stage.clone()),
            amount: input.amount,
            close_date: Some(sale.close_date.into()),
            company: input.company,
            ..base
        };
    };
    let known = &row.record;
    let raw = known.stage_name.clone();
    let stage = raw.as_deref().unwrap_or_default();
    let status = names::opportunity_status(call.status_names(), stage, known.is_closed, known.is_won);
    let currency = known.currency_iso_code.as_ref().or(settings.currency.as_ref());
    Opportunity {
        name: known.name.clone().unwrap_or(input.name),
        status,
        status_text: raw.clone().filter(|_| status == OpportunityStatus::Other),
        status_raw: raw.clone(),
        stage: raw,
        // Without a currency a number is no money.
        amount: known.amount.as_ref().zip(currency).and_then(|(number, code)| Money::from_json(number, code).ok()),
        probability: known.probability,
        close_date: known.close_date.as_deref().map(Date::new),
        company: wire::name(known.account.as_ref()),
        owner: wire::name(known.owner.as_ref()),
        created_at: wire::timestamp(known.created_date.as_ref()),
        vendor: row.custom(call),
        ..base
    }
}
