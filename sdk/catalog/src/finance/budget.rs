//! Budgets: what was planned, what is spent, what is left.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Date, Money, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tells what was planned, spent and committed for a cost center, project or department, and what is left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(extend("anyOf" = shape::any_of(&["cost_center", "project", "department"]))))]
pub struct BudgetStatusInput {
    /// Cost center.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub cost_center: Option<String>,
    /// Project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub project: Option<String>,
    /// Department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub department: Option<String>,
    /// Account or kind of cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub account: Option<String>,
    /// Period: a year, quarter or month, such as 2026, 2026-Q3 or 2026-11; the current year when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 7), regex(pattern = r"^[0-9]{4}(-(Q[1-4]|[0-9]{2}))?$"), extend("x-normalize" = "trim")))]
    pub period: Option<String>,
    /// E-mail address of who asks; a verified user need not give it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::OpenEmail"))]
    pub email: Option<String>,
}

/// A budget and how much of it is used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Budget {
    /// Id in the system.
    pub id: String,
    /// What the budget is for.
    pub name: String,
    /// Cost center.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_center: Option<String>,
    /// Period, such as 2026, 2026-Q3 or 2026-11.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub period: Option<String>,
    /// Whether it holds.
    pub status: BudgetStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// What was planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budgeted: Option<Money>,
    /// What is spent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spent: Option<Money>,
    /// What is ordered and not yet paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committed: Option<Money>,
    /// What is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available: Option<Money>,
    /// The day for which this is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Date>,
    /// What the figures are, where that matters, such as "plan minus actual cost, without open orders".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// Name of who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

codes! {
    /// Whether a budget holds.
    pub enum BudgetStatus {
        /// There is enough left.
        WithinBudget = "within_budget", "within budget";
        /// Nearly used up.
        NearLimit = "near_limit", "close to its limit";
        /// More is used than was planned.
        Exceeded = "exceeded", "over budget";
        /// The period is over.
        Closed = "closed", "closed";
    } else {
        /// The system does not tell.
        Other = "other", "of unknown status";
    }
}
