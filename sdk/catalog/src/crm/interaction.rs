//! Conversations with people, written down in the CRM.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Timestamp, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Writes a conversation with a person into the CRM, so that colleagues know of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(extend("anyOf" = shape::any_of(&["contact_id", "email", "phone"]))))]
pub struct InteractionLogInput {
    /// Id of the contact in the CRM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub contact_id: Option<String>,
    /// E-mail address of the contact, when the id is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Email"))]
    pub email: Option<String>,
    /// Phone number of the contact, when neither is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Phone"))]
    pub phone: Option<String>,
    /// How the conversation was held.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Choice<InteractionChannel>"))]
    pub channel: InteractionChannel,
    /// What it was about, in one line.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub subject: String,
    /// What was said, in a few sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Text"))]
    pub summary: Option<String>,
    /// What came of it, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub outcome: Option<String>,
    /// When it was; now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// How long it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0, max = 1440)))]
    pub duration_minutes: Option<u32>,
    /// Id of the opportunity or case it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub related_id: Option<String>,
    /// Id of the chat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub conversation_id: Option<String>,
}

/// A conversation with a person, written down in the CRM.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Interaction {
    /// Id in the CRM.
    pub id: String,
    /// How the conversation was held.
    pub channel: InteractionChannel,
    /// What it was about.
    pub subject: String,
    /// What was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// When it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_minutes: Option<u32>,
    /// Id of the contact in the CRM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<String>,
    /// Name of the contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_name: Option<String>,
    /// Name of the colleague it is filed under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// When it was written down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Page of it, for colleagues.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Url"))]
    pub url: Option<String>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

codes! {
    /// How a conversation was held.
    pub enum InteractionChannel {
        /// In a chat.
        Chat = "chat", "chat";
        /// By e-mail.
        Email = "email", "e-mail";
        /// By telephone.
        Phone = "phone", "phone call";
        /// By text message.
        Sms = "sms", "text message";
        /// Face to face or on video.
        Meeting = "meeting", "meeting";
    } else {
        /// In another way.
        Other = "other", "conversation";
    }
}
