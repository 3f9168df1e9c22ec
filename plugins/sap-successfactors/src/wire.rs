//! What SuccessFactors sends and is sent, and only the properties that are used. Every read names them in `$select`: the
//! entities hold dates of birth, nationalities and worse.
//!
//! Source: the OData metadata of Employee Central (`SFOData`), entity types as named; `BenefitEnrollment` and `Benefit` of
//! Global Benefits.

use jackfield_sdk::odata::{DateTime, Decimal, Text};
use serde::{Deserialize, Serialize};

/// `User`, of the company directory.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct User {
    pub(crate) user_id: Text,
    pub(crate) username: Text,
    pub(crate) default_full_name: Text,
    pub(crate) email: Text,
    pub(crate) title: Text,
    pub(crate) department: Text,
    pub(crate) location: Text,
    pub(crate) time_zone: Text,
    pub(crate) status: Text,
    pub(crate) manager: Option<Manager>,
}

/// `User` again, as the manager of one: a name and nothing else.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Manager {
    pub(crate) default_full_name: Text,
}

/// `EmpTimeAccountBalance`: what is left now.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Balance {
    pub(crate) time_account: Text,
    pub(crate) time_account_type: Text,
    pub(crate) user_id: Text,
    pub(crate) balance: Decimal,
    pub(crate) time_unit: Text,
    pub(crate) account_closed: Option<bool>,
}

/// `TimeAccountSnapshot`: what was left on a day.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Snapshot {
    pub(crate) external_code: Text,
    pub(crate) account_type: Text,
    pub(crate) user_id: Text,
    pub(crate) balance: Decimal,
    pub(crate) unit: Text,
    pub(crate) balance_effective_date: DateTime,
    /// Something was booked for that day afterwards.
    pub(crate) outdated: Option<bool>,
}

/// `TimeAccountType`, and `TimeType`, which has the same of what is read.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TimeType {
    pub(crate) external_code: Text,
    /// In the language of the token's user.
    #[serde(rename = "externalName_localized")]
    pub(crate) name_localized: Text,
    #[serde(rename = "externalName_defaultValue")]
    pub(crate) name: Text,
    pub(crate) unit: Text,
    /// Absences and attendances are both time types.
    pub(crate) category: Text,
}

/// `EmployeeTime`: an absence, asked for or granted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct EmployeeTime {
    pub(crate) external_code: Text,
    pub(crate) user_id: Text,
    pub(crate) time_type: Text,
    pub(crate) start_date: DateTime,
    pub(crate) end_date: DateTime,
    pub(crate) approval_status: Text,
    pub(crate) quantity_in_days: Option<Decimal>,
    pub(crate) quantity_in_hours: Option<Decimal>,
    pub(crate) created_date_time: DateTime,
}

/// `EmployeeTime`, to be made.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Draft {
    #[serde(rename = "__metadata")]
    pub(crate) metadata: Metadata,
    pub(crate) external_code: String,
    pub(crate) user_id: String,
    pub(crate) time_type: String,
    pub(crate) start_date: String,
    pub(crate) end_date: String,
    /// Part of a day, or hours of it, by the unit of the time type. `Edm.Decimal` is a text in JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fraction_quantity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) comment: Option<String>,
}

#[derive(Debug, Serialize)]
pub(crate) struct Metadata {
    pub(crate) uri: &'static str,
}

/// `BenefitEnrollment`: no amounts, for whether one is a cost, an entitlement or a sum insured differs with the benefit.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Enrolment {
    pub(crate) id: Text,
    pub(crate) worker_id: Text,
    pub(crate) benefit: Text,
    pub(crate) effective_start_date: DateTime,
    pub(crate) effective_end_date: DateTime,
    pub(crate) effective_status: Text,
    pub(crate) benefit_nav: Option<Benefit>,
}

/// `Benefit`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Benefit {
    pub(crate) benefit_name: Text,
    pub(crate) benefit_type: Text,
}
