//! What Zendesk sends, and only the members that are read. What is sent to it is in `wire/draft.rs`.
//!
//! Reading is tolerant: only what nothing works without is mandatory, and codes are texts until `names.rs` has seen them.
//! Source: Zendesk's published description of the Ticketing API (`TicketObject`, `TicketCommentObject`, `GroupObject`,
//! `CustomStatusObject`, `TicketMetricObject`); users by developer.zendesk.com, "Users".

mod draft;

use jackfield_sdk::Value;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};

pub(crate) use self::draft::{Author, Comment as NewComment, Draft, Envelope};

/// Ids have up to 64 bits; -1 stands for the system itself.
pub(crate) type Id = i64;

/// `GET`, `POST` and `PUT` of a ticket: side-loads stand beside the ticket.
#[derive(Debug, Deserialize)]
pub(crate) struct TicketAnswer {
    pub(crate) ticket: Ticket,
    #[serde(default)]
    pub(crate) users: Vec<User>,
    #[serde(default)]
    pub(crate) groups: Vec<Group>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Ticket {
    pub(crate) id: Id,
    /// `ticket`, among the results of a search.
    pub(crate) result_type: Option<String>,
    /// Null or empty for some channels.
    pub(crate) subject: Option<String>,
    /// The first comment, be it public or not.
    pub(crate) description: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) custom_status_id: Option<Id>,
    pub(crate) priority: Option<String>,
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) requester_id: Option<Id>,
    pub(crate) assignee_id: Option<Id>,
    pub(crate) group_id: Option<Id>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) custom_fields: Option<Vec<CustomField>>,
    pub(crate) created_at: Option<String>,
    pub(crate) updated_at: Option<String>,
    pub(crate) due_at: Option<String>,
    /// Side-loaded, and absent where no policy matches.
    #[serde(default, deserialize_with = "if_it_fits")]
    pub(crate) slas: Option<Slas>,
}

impl Ticket {
    /// The code of its status; an absent one is a code that nobody knows.
    pub(crate) fn status(&self) -> &str {
        self.status.as_deref().unwrap_or_default()
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct CustomField {
    pub(crate) id: Id,
    /// Text, number, truth value, list of texts or null.
    #[serde(default)]
    pub(crate) value: Value,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Slas {
    pub(crate) policy_metrics: Vec<PolicyMetric>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PolicyMetric {
    /// Such as `first_reply_time`.
    pub(crate) metric: Option<String>,
    /// `active`, `paused`, `achieved`.
    pub(crate) stage: Option<String>,
    pub(crate) breach_at: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct User {
    pub(crate) id: Id,
    pub(crate) name: Option<String>,
    /// The name that customers are to see instead of an agent's own.
    pub(crate) alias: Option<String>,
    /// The primary address; null for who was deleted.
    pub(crate) email: Option<String>,
    /// `end-user`, `agent`, `admin`.
    pub(crate) role: Option<String>,
    pub(crate) active: Option<bool>,
    pub(crate) suspended: Option<bool>,
}

impl User {
    pub(crate) fn is_staff(&self) -> bool {
        matches!(self.role.as_deref(), Some("agent" | "admin"))
    }

    /// The name to show to a customer.
    pub(crate) fn shown_name(&self) -> Option<String> {
        let alias = self.alias.as_ref().filter(|alias| self.is_staff() && !alias.trim().is_empty());
        alias.or(self.name.as_ref()).cloned()
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct UserAnswer {
    pub(crate) user: User,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Users {
    pub(crate) users: Vec<User>,
}

/// Kept in the cache too, hence written as well as read.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Group {
    pub(crate) id: Id,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) deleted: bool,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Groups {
    pub(crate) groups: Vec<Group>,
    #[serde(default)]
    pub(crate) meta: Meta,
}

/// Where a list goes on.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Meta {
    #[serde(default)]
    pub(crate) has_more: bool,
    pub(crate) after_cursor: Option<String>,
}

impl Meta {
    /// The cursor of the next page, if there is one.
    pub(crate) fn next(self) -> Option<String> {
        self.after_cursor.filter(|_| self.has_more)
    }
}

#[derive(Debug, Deserialize)]
pub(crate) struct Memberships {
    pub(crate) group_memberships: Vec<Membership>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Membership {
    pub(crate) group_id: Id,
    pub(crate) default: Option<bool>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Comments {
    pub(crate) comments: Vec<Comment>,
    #[serde(default)]
    pub(crate) users: Vec<User>,
    #[serde(default)]
    pub(crate) meta: Meta,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Comment {
    pub(crate) author_id: Option<Id>,
    /// Absent counts as an internal note.
    #[serde(default)]
    pub(crate) public: bool,
    pub(crate) body: Option<String>,
    pub(crate) plain_body: Option<String>,
    pub(crate) created_at: Option<String>,
}

/// `GET /tickets/{id}/metrics`: the description says a list, the live system gives one object.
#[derive(Debug, Deserialize)]
pub(crate) struct MetricsAnswer {
    #[serde(default, deserialize_with = "if_it_fits")]
    pub(crate) ticket_metric: Option<OneOrMany>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum OneOrMany {
    One(Metrics),
    Many(Vec<Metrics>),
}

#[derive(Debug, Deserialize)]
pub(crate) struct Metrics {
    pub(crate) solved_at: Option<String>,
    pub(crate) reply_time_in_minutes: Option<Minutes>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Minutes {
    pub(crate) calendar: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CustomStatuses {
    pub(crate) custom_statuses: Vec<CustomStatus>,
}

/// Kept in the cache too, hence written as well as read.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct CustomStatus {
    pub(crate) id: Id,
    /// The words that the account chose for customers.
    pub(crate) end_user_label: Option<String>,
    /// Whether it is what its category starts with, and no status of the account's own.
    #[serde(default)]
    pub(crate) default: bool,
}

/// `GET /search`.
#[derive(Debug, Deserialize)]
pub(crate) struct SearchAnswer {
    pub(crate) results: Vec<Ticket>,
    pub(crate) next_page: Option<String>,
}

/// For members that are documented by observation only: what does not fit counts as absent, and spoils nothing else.
fn if_it_fits<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let value = Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}
