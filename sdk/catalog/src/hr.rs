//! What employees may ask of the personnel system, and its words. Who may see whose data is the system's and the host's affair.

mod benefits;
mod case;
mod employee;
mod time_off;

pub use benefits::{BenefitEnrolment, BenefitKind, BenefitsSummary, BenefitsSummaryInput, CostPeriod};
pub use case::{HrCase, HrCaseCreateInput, HrCaseStatusInput};
pub use employee::{Employee, EmployeeList, EmployeeLookupInput, EmployeeStatus};
pub use time_off::{
    LeaveKind, PtoBalanceInput, PtoRequestInput, TimeOffBalance, TimeOffBalanceList, TimeOffRequest, TimeOffStatus,
    TimeUnit,
};
