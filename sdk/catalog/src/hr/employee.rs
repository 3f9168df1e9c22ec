//! The company directory: who somebody is and how to reach them at work. Nothing private is in it.

use crate::Vendor;
#[cfg(feature = "schema")]
use crate::shape;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Finds colleagues in the company directory: their role, department, place, manager and how to reach them at work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", schemars(extend("anyOf" = shape::any_of(&["name", "email", "employee_id", "department"]))))]
pub struct EmployeeLookupInput {
    /// Full or partial name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub name: Option<String>,
    /// Work e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::OpenEmail"))]
    pub email: Option<String>,
    /// Number of the employee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Id"))]
    pub employee_id: Option<String>,
    /// Department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Line"))]
    pub department: Option<String>,
    /// At most this many people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::Limit"))]
    pub limit: Option<u32>,
}

/// Colleagues, best match first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct EmployeeList {
    /// The colleagues found.
    pub employees: Vec<Employee>,
    /// Whether there are more than these.
    pub more: bool,
}

/// A colleague, as the company directory shows them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Employee {
    /// Id in the personnel system.
    pub id: String,
    /// Number of the employee, where it differs from the id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employee_number: Option<String>,
    /// Name as it is shown.
    pub name: String,
    /// Work e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::OpenEmail"))]
    pub email: Option<String>,
    /// Work phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "shape::OpenPhone"))]
    pub phone: Option<String>,
    /// Job title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
    /// Department.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<String>,
    /// Place of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// Name of the manager.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    /// Whether they are at work.
    pub status: EmployeeStatus,
    /// The status as the business system writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_raw: Option<String>,
    /// The status in words for a person: set it when the operator renamed the status, or when `status` says no more than `other`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_text: Option<String>,
    /// Time zone they work in, IANA name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Fields of the business system beyond the model, as the operator mapped them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub vendor: Vendor,
}

codes! {
    /// Whether a colleague is at work.
    pub enum EmployeeStatus {
        /// Works here.
        Active = "active", "active";
        /// Away for a longer time.
        OnLeave = "on_leave", "on leave";
        /// Will start.
        NotStarted = "not_started", "not started yet";
        /// Does not work here any more.
        Left = "left", "no longer with the company";
    } else {
        /// A state of the personnel system that is none of these.
        Other = "other", "of unknown status";
    }
}
