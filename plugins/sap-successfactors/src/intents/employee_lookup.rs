//! `employee.lookup`: colleagues in the company directory, as far as any employee may know them.

use jackfield_sdk::{odata::Filter, prelude::*};

use crate::{names, service, wire::User as WireUser, worker};

/// How many are told where the bot does not say.
const LIMIT: usize = 5;
const LIMIT_MAX: usize = 50;
/// More words than these have no name.
const WORDS_MAX: usize = 5;

/// Where somebody works and how to reach them there. Nothing private: the entity has date of birth, gender, nationality,
/// salary data and more.
const FIELDS: &str = "userId,defaultFullName,email,title,department,location,timeZone,status,manager/defaultFullName";

pub(crate) fn run(call: &Call, input: EmployeeLookupInput) -> Result<EmployeeList, Failure> {
    // The directory is for employees.
    worker::signed_in(call)?;
    let limit = usize::try_from(input.limit.unwrap_or_default()).unwrap_or_default();
    let limit = if limit == 0 { LIMIT } else { limit.min(LIMIT_MAX) };

    let request = service::get(call, "User")?.query("$filter", filter(&input)?);
    let request = request.query("$select", FIELDS).query("$expand", "manager");
    let request = request.query("$orderby", "defaultFullName").query("$top", limit + 1);
    let mut users: Vec<WireUser> = service::rows(request)?;
    users.retain(|user| fits(user, &input));
    let more = users.len() > limit;
    users.truncate(limit);
    Ok(EmployeeList { employees: users.iter().map(|user| told(call, user)).collect(), more })
}

fn filter(input: &EmployeeLookupInput) -> Result<Filter, Failure> {
    let mut filter = Filter::new();
    if let Some(id) = &input.employee_id {
        filter = filter.eq("userId", id.trim()).map_err(|failure| failure.at("/employee_id"))?;
    }
    if let Some(email) = &input.email {
        filter = filter.eq_folded("email", email.trim()).map_err(|failure| failure.at("/email"))?;
    }
    // Word by word, so that "Lovelace Ada" is found too.
    for word in input.name.iter().flat_map(|name| name.split_whitespace()).take(WORDS_MAX) {
        filter = filter.holds("defaultFullName", word).map_err(|failure| failure.at("/name"))?;
    }
    if let Some(department) = &input.department {
        filter = filter.holds("department", department.trim()).map_err(|failure| failure.at("/department"))?;
    }
    if filter == Filter::new() {
        return Err(Failure::invalid("/name", "Please give a name, an e-mail address or a department."));
    }
    Ok(filter)
}

/// Whether a hit is whom the exact parts of the question mean.
fn fits(user: &WireUser, input: &EmployeeLookupInput) -> bool {
    let is = |found: &str, wanted: &Option<String>| {
        wanted.as_ref().is_none_or(|wanted| found.eq_ignore_ascii_case(wanted.trim()))
    };
    is(user.user_id.code(), &input.employee_id) && is(user.email.code(), &input.email)
}

fn told(call: &Call, user: &WireUser) -> Employee {
    let status = user.status.get().map(|code| names::employee_status(call.status_names(), code));
    Employee {
        id: user.user_id.code().to_owned(),
        name: user.default_full_name.get().unwrap_or(user.user_id.code()).to_owned(),
        email: user.email.owned(),
        job_title: user.title.owned(),
        department: user.department.owned(),
        location: user.location.owned(),
        manager: user.manager.as_ref().and_then(|manager| manager.default_full_name.owned()),
        // SuccessFactors gives active users only, unless it is asked otherwise.
        status: status.unwrap_or(EmployeeStatus::Active),
        status_raw: user.status.owned(),
        time_zone: user.time_zone.owned().filter(|zone| is_iana_name(zone)),
        ..Employee::default()
    }
}

/// Whether a time zone has the form of an IANA name: SuccessFactors knows others as well.
fn is_iana_name(zone: &str) -> bool {
    zone.contains('/') && !zone.contains(' ')
}
