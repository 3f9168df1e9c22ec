//! SuccessFactors' codes and the catalogue's words.
//!
//! The operator's `status_names` come first, by the names of these tables. Codes of time account types and of benefits are
//! each company's own: the tables know the usual ones, and what they do not know is `other`, never guessed.

use jackfield_sdk::prelude::*;

codes! {
    /// External code of a time account type or a time type.
    pub(crate) fn leave_kind: LeaveKind {
        "VACATION" | "VAC" | "ANNUAL_LEAVE" | "PTO" => Vacation,
        "SICK" | "SICK_LEAVE" | "SICKNESS" => Sick,
        "PERSONAL" | "PERSONAL_LEAVE" => Personal,
        "PARENTAL" | "PARENTAL_LEAVE" => Parental,
        "BEREAVEMENT" => Bereavement,
        "TOIL" | "COMP_TIME" => Compensatory,
        "UNPAID" | "UNPAID_LEAVE" => Unpaid,
        _ => Other,
    }

    /// `timeUnit`, and `unit` of a time type.
    pub(crate) fn time_unit: TimeUnit {
        "DAYS" => Days,
        "HOURS" => Hours,
        _ => Other,
    }

    /// `approvalStatus` of an employee time. Nothing there: it has not been through its workflow.
    pub(crate) fn time_off_status: TimeOffStatus {
        "" | "PENDING" => Pending,
        "APPROVED" => Approved,
        "REJECTED" => Declined,
        "CANCELLED" => Cancelled,
        _ => Other,
    }

    /// `status` of a user.
    pub(crate) fn employee_status: EmployeeStatus {
        "t" | "T" | "active" => Active,
        "f" | "F" | "inactive" => Left,
        _ => Other,
    }

    /// `benefitType` of a benefit.
    pub(crate) fn benefit_kind: BenefitKind {
        "PENSION" | "SAVINGS" => Retirement,
        _ => Other,
    }
}

/// Words for a status that the catalogue has none for.
pub(crate) fn time_off_text(code: &str) -> String {
    match code {
        "PENDING_CANCELLATION" => "waiting for its cancellation to be approved".to_owned(),
        code => {
            warn!("a status that is in no table; `status_names` can name it"; table = "time_off_status", code);
            format!("in status {code}")
        }
    }
}

/// `effectiveStatus` of an enrolment that no longer holds.
pub(crate) fn is_inactive(code: &str) -> bool {
    matches!(code, "I" | "INACTIVE")
}
