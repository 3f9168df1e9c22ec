//! What Salesforce sends, and only the members that are read. What is sent to it is in `wire/draft.rs`.
//!
//! Each record stands beside the columns that are asked for, so that neither can be forgotten. Reading is tolerant: only
//! the id is mandatory, and picklist values are texts until `names.rs` has seen them.
//! Source: developer.salesforce.com, Object Reference and REST API Developer Guide.

mod draft;
mod fault;

use jackfield_sdk::{Value, prelude::*};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub(crate) use self::{
    draft::Draft,
    fault::{DuplicateResult, Fault},
};
use crate::{id::RecordId, settings::Settings};

/// A kind of record that can be asked for.
pub(crate) trait Record: DeserializeOwned {
    /// Salesforce's name of the object.
    const OBJECT: &'static str;
    /// Its name in `field_map` and `external_ids`.
    const NAME: &'static str;
    /// Which comes first where several fit.
    const ORDER: Option<&'static str> = None;

    /// The fields to ask for. Some exist only where a feature of the org is switched on.
    fn columns(settings: &Settings) -> Vec<&'static str>;
}

/// The answer to a query.
#[derive(Debug, Deserialize)]
pub(crate) struct Records<R> {
    pub(crate) records: Vec<R>,
}

/// The answer to a write. An update has none.
#[derive(Debug, Deserialize)]
pub(crate) struct Saved {
    pub(crate) id: String,
}

/// A record that another one refers to: its owner, its account.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Named {
    pub(crate) name: Option<String>,
}

/// The name of what a record refers to, where it refers to anything.
pub(crate) fn name(reference: Option<&Named>) -> Option<String> {
    reference?.name.clone().filter(|name| !name.trim().is_empty())
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Contact {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) mobile_phone: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) account_id: Option<String>,
    pub(crate) account: Option<Named>,
    pub(crate) mailing_city: Option<String>,
    pub(crate) mailing_country: Option<String>,
    pub(crate) mailing_country_code: Option<String>,
    pub(crate) do_not_call: Option<bool>,
    pub(crate) has_opted_out_of_email: Option<bool>,
    pub(crate) owner: Option<Named>,
    pub(crate) created_date: Option<String>,
    pub(crate) last_modified_date: Option<String>,
    /// A day, not a time.
    pub(crate) last_activity_date: Option<String>,
}

impl Record for Contact {
    const OBJECT: &'static str = "Contact";
    const NAME: &'static str = "contact";
    const ORDER: Option<&'static str> = Some("LastModifiedDate DESC");

    fn columns(settings: &Settings) -> Vec<&'static str> {
        let mut columns = vec![
            "Id",
            "Name",
            "FirstName",
            "LastName",
            "Email",
            "Phone",
            "MobilePhone",
            "Title",
            "AccountId",
            "Account.Name",
            "MailingCity",
            "MailingCountry",
            "DoNotCall",
            "HasOptedOutOfEmail",
            "Owner.Name",
            "CreatedDate",
            "LastModifiedDate",
            "LastActivityDate",
        ];
        columns.extend(settings.country_codes.then_some("MailingCountryCode"));
        columns
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Lead {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) mobile_phone: Option<String>,
    pub(crate) company: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) is_converted: Option<bool>,
    pub(crate) lead_source: Option<String>,
    pub(crate) owner: Option<Named>,
    pub(crate) created_date: Option<String>,
}

impl Record for Lead {
    const OBJECT: &'static str = "Lead";
    const NAME: &'static str = "lead";
    const ORDER: Option<&'static str> = Some("LastModifiedDate DESC");

    fn columns(_: &Settings) -> Vec<&'static str> {
        vec![
            "Id",
            "Name",
            "LastName",
            "Email",
            "Phone",
            "MobilePhone",
            "Company",
            "Status",
            "IsConverted",
            "LeadSource",
            "Owner.Name",
            "CreatedDate",
        ]
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Opportunity {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) stage_name: Option<String>,
    pub(crate) is_closed: Option<bool>,
    pub(crate) is_won: Option<bool>,
    /// A number in the record's currency.
    pub(crate) amount: Option<Value>,
    pub(crate) currency_iso_code: Option<String>,
    pub(crate) probability: Option<f64>,
    pub(crate) close_date: Option<String>,
    pub(crate) account: Option<Named>,
    pub(crate) owner: Option<Named>,
    pub(crate) created_date: Option<String>,
}

impl Record for Opportunity {
    const OBJECT: &'static str = "Opportunity";
    const NAME: &'static str = "opportunity";

    fn columns(settings: &Settings) -> Vec<&'static str> {
        let mut columns = vec![
            "Id",
            "Name",
            "StageName",
            "IsClosed",
            "IsWon",
            "Amount",
            "Probability",
            "CloseDate",
            "Account.Name",
            "Owner.Name",
            "CreatedDate",
        ];
        columns.extend(settings.multi_currency.then_some("CurrencyIsoCode"));
        columns
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Task {
    pub(crate) id: String,
    pub(crate) subject: Option<String>,
    pub(crate) who_id: Option<String>,
    pub(crate) who: Option<Named>,
    pub(crate) owner: Option<Named>,
    pub(crate) created_date: Option<String>,
}

impl Record for Task {
    const OBJECT: &'static str = "Task";
    const NAME: &'static str = "task";

    fn columns(_: &Settings) -> Vec<&'static str> {
        vec!["Id", "Subject", "WhoId", "Who.Name", "Owner.Name", "CreatedDate"]
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
}

impl Record for Account {
    const OBJECT: &'static str = "Account";
    const NAME: &'static str = "account";

    fn columns(_: &Settings) -> Vec<&'static str> {
        vec!["Id", "Name"]
    }
}

/// A stage of opportunities as the org has named it. Kept in the cache too, hence written as well as read.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Stage {
    /// What `StageName` holds.
    pub(crate) api_name: String,
    /// What people see.
    pub(crate) master_label: Option<String>,
}

impl Record for Stage {
    const OBJECT: &'static str = "OpportunityStage";
    const NAME: &'static str = "stage";
    const ORDER: Option<&'static str> = Some("SortOrder");

    fn columns(_: &Settings) -> Vec<&'static str> {
        vec!["ApiName", "MasterLabel"]
    }
}

/// The id of a record that was read.
///
/// # Errors
/// `internal` where it is none.
pub(crate) fn id(text: &str) -> Result<RecordId, Failure> {
    RecordId::parse(text).ok_or_else(|| Failure::internal("a record came with something that is no id"))
}

/// A time as the model has it.
pub(crate) fn timestamp(text: Option<&String>) -> Option<Timestamp> {
    text.map(Timestamp::new)
}
