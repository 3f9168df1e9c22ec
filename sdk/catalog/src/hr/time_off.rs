//! Time off: how much is left, and asking for it. Approval happens in the personnel system.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Date, Timestamp, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tells how much paid time off an employee has left. A verified user asks about themselves; the employee need not be named then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PtoBalanceInput {
    /// Number of the employee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub employee_id: Option<String>,
    /// Work e-mail address of the employee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::OpenEmail"))]
    pub email: Option<String>,
    /// Only this kind of leave, such as "vacation" or "sick leave".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Word"))]
    pub leave_type: Option<String>,
    /// The day for which to tell the balance; today when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Date>,
}

/// What an employee has left of each kind of leave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TimeOffBalanceList {
    /// Number of the employee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employee_id: Option<String>,
    /// Name of the employee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employee_name: Option<String>,
    /// The day for which this is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Date>,
    /// One entry for each kind of leave.
    pub balances: Vec<TimeOffBalance>,
    /// Whether there are more than these.
    pub more: bool,
}

/// What is left of one kind of leave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TimeOffBalance {
    /// Id of the plan in the personnel system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name of the plan as the employee knows it, such as "Vacation".
    pub name: String,
    /// What the leave is for.
    pub kind: LeaveKind,
    /// What the amounts count.
    pub unit: TimeUnit,
    /// What can still be taken.
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub available: f64,
    /// What was taken this period.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub used: Option<f64>,
    /// What is asked for or planned and not yet taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub pending: Option<f64>,
    /// What the employee gets in this period.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub entitled: Option<f64>,
    /// What came over from the last period.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub carried_over: Option<f64>,
    /// The day after which what is left is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<Date>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

/// Asks for time off. The request goes to the approver, nothing is granted yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PtoRequestInput {
    /// Number of the employee; a verified user asks for themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub employee_id: Option<String>,
    /// Work e-mail address of the employee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::OpenEmail"))]
    pub email: Option<String>,
    /// Kind of leave as the company calls it, such as "vacation"; the company's usual one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Word"))]
    pub leave_type: Option<String>,
    /// First day off.
    pub start_date: Date,
    /// Last day off; the first day when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_date: Option<Date>,
    /// Whether only half of the day is meant; for a single day only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_day: Option<bool>,
    /// Hours off on each day, when not the whole day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 0.25, max = 24)))]
    pub hours_per_day: Option<f64>,
    /// A note for the approver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 250), extend("x-normalize" = "trim")))]
    pub note: Option<String>,
}

/// A request for time off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TimeOffRequest {
    /// Id in the personnel system.
    pub id: String,
    /// Name of the kind of leave.
    pub leave_type: String,
    /// What the leave is for.
    pub kind: LeaveKind,
    /// Where the request stands.
    pub status: TimeOffStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// First day off.
    pub start_date: Date,
    /// Last day off.
    pub end_date: Date,
    /// How much time it takes from the balance.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub amount: Option<f64>,
    /// What the amounts count.
    pub unit: TimeUnit,
    /// Name of who decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approver: Option<String>,
    /// Name of the employee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employee_name: Option<String>,
    /// Note for the approver.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submitted_at: Option<Timestamp>,
    /// What can still be taken after this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Amount"))]
    pub balance_after: Option<f64>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

codes! {
    /// What a leave is for.
    pub enum LeaveKind {
        /// Holidays.
        Vacation = "vacation", "vacation";
        /// Illness.
        Sick = "sick", "sick leave";
        /// Personal matters.
        Personal = "personal", "personal leave";
        /// A new child.
        Parental = "parental", "parental leave";
        /// A death in the family.
        Bereavement = "bereavement", "bereavement leave";
        /// Hours worked before.
        Compensatory = "compensatory", "time in lieu";
        /// Without pay.
        Unpaid = "unpaid", "unpaid leave";
    } else {
        /// Another kind of leave.
        Other = "other", "time off";
    }
}

codes! {
    /// What an amount of time counts.
    pub enum TimeUnit {
        /// Working days.
        Days = "days", "days";
        /// Hours.
        Hours = "hours", "hours";
    } else {
        /// Another unit.
        Other = "other", "units";
    }
}

codes! {
    /// Where a request for time off stands.
    pub enum TimeOffStatus {
        /// Written, not sent.
        Draft = "draft", "a draft";
        /// Somebody has yet to decide.
        Pending = "pending", "waiting for approval";
        /// Granted.
        Approved = "approved", "approved";
        /// Refused.
        Declined = "declined", "declined";
        /// Withdrawn.
        Cancelled = "cancelled", "cancelled";
    } else {
        /// A state of the personnel system that is none of these.
        Other = "other", "being processed";
    }
}
