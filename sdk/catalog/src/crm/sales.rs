//! Leads and opportunities: recording who may buy, and what.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Date, Fields, Money, Timestamp, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Records somebody who may become a customer, so that sales can follow up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(extend("anyOf" = shape::any_of(&["email", "phone"]))))]
pub struct LeadCreateInput {
    /// First name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Word"))]
    pub first_name: Option<String>,
    /// Last name; the whole name where it cannot be told apart.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub last_name: String,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
    /// Phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Phone"))]
    pub phone: Option<String>,
    /// Company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub company: Option<String>,
    /// Job title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub job_title: Option<String>,
    /// Country, ISO 3166-1 alpha-2, such as DE.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Country"))]
    pub country: Option<String>,
    /// What the person is interested in, in a few sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Text"))]
    pub interest: Option<String>,
    /// Where the lead comes from, such as "website chat".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Word"))]
    pub source: Option<String>,
    /// Further fields of the CRM, by the names that the operator gave them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::ExtraFields"))]
    pub fields: Fields,
}

/// Somebody who may become a customer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Lead {
    /// Id in the CRM.
    pub id: String,
    /// Name as it is shown.
    pub name: String,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
    /// Phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Phone"))]
    pub phone: Option<String>,
    /// Company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// How far sales is with the lead.
    pub status: LeadStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// Where the lead comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Name of the colleague who follows up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When the lead was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Page of the lead, for colleagues.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Url"))]
    pub url: Option<String>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

codes! {
    /// How far sales is with a lead.
    pub enum LeadStatus {
        /// Nobody has looked at it.
        New = "new", "new";
        /// Somebody is in contact.
        Working = "working", "being worked on";
        /// Worth an opportunity.
        Qualified = "qualified", "qualified";
        /// Not worth following.
        Unqualified = "unqualified", "unqualified";
        /// Became a contact or an opportunity.
        Converted = "converted", "converted";
    } else {
        /// A state of the CRM that is none of these.
        Other = "other", "being processed";
    }
}

/// Records a possible sale.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OpportunityCreateInput {
    /// Short name, such as "20 licences for Acme".
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub name: String,
    /// Id of the contact in the CRM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub contact_id: Option<String>,
    /// E-mail address of the contact, when the id is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
    /// Company that may buy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub company: Option<String>,
    /// What the sale may be worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The day the sale may be closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close_date: Option<Date>,
    /// Stage, as the CRM calls it; the CRM's first stage when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Word"))]
    pub stage: Option<String>,
    /// What it is about, in a few sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Text"))]
    pub description: Option<String>,
    /// Where the opportunity comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Word"))]
    pub source: Option<String>,
    /// Further fields of the CRM, by the names that the operator gave them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::ExtraFields"))]
    pub fields: Fields,
}

/// A possible sale.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Opportunity {
    /// Id in the CRM.
    pub id: String,
    /// Short name.
    pub name: String,
    /// Whether it is still open.
    pub status: OpportunityStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// Stage, as the CRM calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// What the sale may be worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// How likely it is, in per cent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub probability: Option<f64>,
    /// The day the sale may be closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub close_date: Option<Date>,
    /// Id of the contact in the CRM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<String>,
    /// Company that may buy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Name of the colleague who looks after it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When the opportunity was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Page of the opportunity, for colleagues.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Url"))]
    pub url: Option<String>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

codes! {
    /// How a possible sale went.
    pub enum OpportunityStatus {
        /// Not decided.
        Open = "open", "open";
        /// Sold.
        Won = "won", "won";
        /// Not sold.
        Lost = "lost", "lost";
    } else {
        /// A state of the CRM that is none of these.
        Other = "other", "being processed";
    }
}
