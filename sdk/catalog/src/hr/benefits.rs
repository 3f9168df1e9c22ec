//! Benefits: what an employee is enrolled in. Health data, dependants' names and beneficiaries never pass through here.

#[cfg(feature = "schema")]
use crate::shape;
use crate::{Date, Money, Vendor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Tells which benefits an employee is enrolled in and what they cost. A verified user asks about themselves; the employee need
/// not be named then.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BenefitsSummaryInput {
    /// Number of the employee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub employee_id: Option<String>,
    /// Work e-mail address of the employee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::OpenEmail"))]
    pub email: Option<String>,
    /// Only this kind of benefit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Choice<BenefitKind>"))]
    pub kind: Option<BenefitKind>,
    /// The day for which to tell; today when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Date>,
}

/// The benefits of an employee.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct BenefitsSummary {
    /// Number of the employee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employee_id: Option<String>,
    /// Name of the employee.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employee_name: Option<String>,
    /// The day for which this is true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Date>,
    /// One entry for each plan.
    pub enrolments: Vec<BenefitEnrolment>,
    /// The day from which the choices can be changed next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrolment_opens_on: Option<Date>,
    /// The last day on which the choices can be changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enrolment_closes_on: Option<Date>,
    /// Page where the employee can see and change the choices.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Url"))]
    pub url: Option<String>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

/// One plan that an employee is enrolled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct BenefitEnrolment {
    /// Id in the personnel system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name of the plan.
    pub plan: String,
    /// What it covers.
    pub kind: BenefitKind,
    /// Company behind the plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Who is covered, such as "employee and family".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<String>,
    /// Membership or policy number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Last4"))]
    pub member_number: Option<String>,
    /// First day of the cover.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_on: Option<Date>,
    /// Last day of the cover.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_on: Option<Date>,
    /// What the employee pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employee_cost: Option<Money>,
    /// What the employer pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employer_cost: Option<Money>,
    /// How often the costs are paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost_period: Option<CostPeriod>,
}

codes! {
    /// What a benefit covers.
    pub enum BenefitKind {
        /// Medical care.
        Medical = "medical", "medical";
        /// Teeth.
        Dental = "dental", "dental";
        /// Eyes.
        Vision = "vision", "vision";
        /// Life insurance.
        Life = "life", "life insurance";
        /// Loss of income through illness or accident.
        Disability = "disability", "disability insurance";
        /// Pension.
        Retirement = "retirement", "retirement";
        /// An account for health or care costs.
        SpendingAccount = "spending_account", "spending account";
        /// Anything for health and leisure.
        Wellness = "wellness", "wellness";
    } else {
        /// Another benefit.
        Other = "other", "benefit";
    }
}

codes! {
    /// How often a cost is paid.
    pub enum CostPeriod {
        /// Each pay day.
        PayPeriod = "pay_period", "per pay period";
        /// Each week.
        Week = "week", "per week";
        /// Each month.
        Month = "month", "per month";
        /// Each year.
        Year = "year", "per year";
    } else {
        /// Another rhythm.
        Other = "other", "per period";
    }
}
