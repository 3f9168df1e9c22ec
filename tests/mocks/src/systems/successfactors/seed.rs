//! What the company holds at the start. The README's table is the same list in words.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::credentials::{SUCCESSFACTORS_MANAGER, SUCCESSFACTORS_WORKER};
use crate::odata::{Row, date};

/// The second worker.
const SECOND: &str = "103267";

pub(super) fn sets() -> HashMap<String, Vec<Row>> {
    let mut sets: HashMap<String, Vec<Row>> = HashMap::new();
    let mut add = |set: &str, value: Value| {
        if let Value::Object(row) = value {
            sets.entry(set.to_owned()).or_default().push(row);
        }
    };
    people(&mut add);
    time_types(&mut add);
    accounts(&mut add);
    absences(&mut add);
    benefits(&mut add);
    sets
}

type Add<'a> = dyn FnMut(&str, Value) + 'a;

fn people(add: &mut Add<'_>) {
    for (id, first, last, mailbox, title) in [
        (SUCCESSFACTORS_MANAGER, "Mara", "Manager", "manager", "Head of Support"),
        (SUCCESSFACTORS_WORKER, "Jo", "Worker", "worker", "Support Engineer"),
        (SECOND, "Sam", "Second", "second", "Support Engineer"),
    ] {
        let email = format!("{mailbox}@example.com");
        let manager = (id != SUCCESSFACTORS_MANAGER).then_some(SUCCESSFACTORS_MANAGER);
        add(
            "User",
            json!({
                "_owner": id,
                "_manager": manager,
                "userId": id,
                "username": format!("{mailbox}.acme"),
                "firstName": first,
                "lastName": last,
                "defaultFullName": format!("{first} {last}"),
                "email": email,
                "jobTitle": title,
                "title": title,
                "department": "Support",
                "division": "Services",
                "location": "Berlin",
                "country": "Germany",
                "hireDate": date("2020-04-01"),
                "empId": id,
                "timeZone": "Europe/Berlin",
                "status": "t",
            }),
        );
        add("PerPerson", json!({ "_owner": id, "personIdExternal": id, "userId": id, "personId": "1" }));
        add(
            "PerEmail",
            json!({
                "_owner": id,
                "personIdExternal": id,
                "emailType": "8448",
                "emailAddress": email,
                "isPrimary": true,
            }),
        );
        add(
            "PerPersonal",
            json!({
                "_owner": id,
                "personIdExternal": id,
                "startDate": date("2020-04-01"),
                "firstName": first,
                "lastName": last,
            }),
        );
    }
}

/// The types of time off. Each names the account that it takes from, which is the simulation's own column.
fn time_types(add: &mut Add<'_>) {
    for (code, name, unit, account, workflow, class) in [
        ("VACATION", "Vacation", "DAYS", "VACATION", "TIMEOFF", "UNSPECIFIED"),
        ("FLEX", "Flexitime", "HOURS", "FLEX", "", "UNSPECIFIED"),
        ("SICK", "Sick leave", "DAYS", "", "", "SICK_LEAVE"),
    ] {
        add(
            "TimeType",
            json!({
                "_account": account,
                "externalCode": code,
                "externalName_defaultValue": name,
                "externalName_en_US": name,
                "unit": unit,
                "category": "ABSENCE",
                "absenceClass": class,
                "workflowConfiguration": workflow,
                "undeterminedEndDateAllowed": code == "SICK",
            }),
        );
        add(
            "AvailableTimeType",
            json!({
                "TimeTypeProfile_externalCode": "DEU",
                "TimeTypeProfile_mdfSystemEffectiveStartDate": date("2020-01-01"),
                "externalCode": format!("DEU_{code}"),
                "enabledInEssScenario": true,
                "favoriteTimeType": code == "VACATION",
                "hideAccountBalance": account.is_empty(),
                "timeType": code,
            }),
        );
        if !account.is_empty() {
            add(
                "TimeAccountType",
                json!({
                    "externalCode": account,
                    "externalName_defaultValue": name,
                    "externalName_en_US": name,
                    "unit": unit,
                    "snapshotsAllowed": true,
                }),
            );
        }
    }
    add(
        "TimeTypeProfile",
        json!({
            "externalCode": "DEU",
            "mdfSystemEffectiveStartDate": date("2020-01-01"),
            "externalName_defaultValue": "Germany",
            "country": "DEU",
            "mainESSTimeType": "VACATION",
        }),
    );
    add(
        "HolidayCalendar",
        json!({ "externalCode": "DEU_BE", "country": "DEU", "name_defaultValue": "Germany Berlin" }),
    );
    add("Holiday", json!({ "holidayCode": "NEW_YEAR", "country": "DEU", "name_defaultValue": "New Year's Day" }));
    add(
        "HolidayAssignment",
        json!({ "HolidayCalendar_externalCode": "DEU_BE", "date": date("2027-01-01"), "holiday": "NEW_YEAR" }),
    );
}

fn accounts(add: &mut Add<'_>) {
    for (id, kind, unit, balance) in [
        (SUCCESSFACTORS_MANAGER, "VACATION", "DAYS", "30"),
        (SUCCESSFACTORS_WORKER, "VACATION", "DAYS", "12.5"),
        (SUCCESSFACTORS_WORKER, "FLEX", "HOURS", "20"),
        (SECOND, "VACATION", "DAYS", "3"),
    ] {
        let account = format!("{id}-{kind}-2026");
        add(
            "EmpTimeAccountBalance",
            json!({
                "_owner": id,
                "timeAccount": account,
                "timeAccountType": kind,
                "userId": id,
                "balance": balance,
                "timeUnit": unit,
                "accountClosed": false,
            }),
        );
        add(
            "TimeAccount",
            json!({
                "_owner": id,
                "externalCode": account,
                "accountType": kind,
                "userId": id,
                "accountClosed": false,
                "startDate": date("2026-01-01"),
                "endDate": date("2026-12-31"),
                "bookingStartDate": date("2026-01-01"),
                "bookingEndDate": date("2027-03-31"),
                "mdfSystemStatus": "A",
            }),
        );
        add(
            "TimeAccountDetail",
            json!({
                "_owner": id,
                "TimeAccount_externalCode": account,
                "externalCode": format!("{account}-1"),
                "bookingAmount": balance,
                "bookingDate": date("2026-01-01"),
                "bookingType": "ENTITLEMENT",
                "bookingUnit": unit,
            }),
        );
        add(
            "TimeAccountSnapshot",
            json!({
                "_owner": id,
                "externalCode": format!("{account}-S1"),
                "userId": id,
                "accountType": kind,
                "balance": balance,
                "approvedAbsenceBalance": "0",
                "unit": unit,
                "balanceEffectiveDate": date("2026-01-31"),
                "asOfAccountingPeriodEnd": false,
                "asOfPayPeriodEnd": true,
                "outdated": false,
            }),
        );
    }
}

fn absences(add: &mut Add<'_>) {
    for (code, id, kind, start, end, days, status) in [
        ("SEED-1", SUCCESSFACTORS_WORKER, "VACATION", "2026-12-21", "2026-12-24", "4", "APPROVED"),
        ("SEED-2", SUCCESSFACTORS_WORKER, "VACATION", "2027-02-01", "2027-02-02", "2", "PENDING"),
        ("SEED-3", SECOND, "SICK", "2026-11-02", "2026-11-03", "2", "APPROVED"),
    ] {
        add(
            "EmployeeTime",
            json!({
                "_owner": id,
                "_account": if kind == "SICK" { "" } else { kind },
                "externalCode": code,
                "userId": id,
                "timeType": kind,
                "startDate": date(start),
                "endDate": date(end),
                "quantityInDays": days,
                "deductionQuantity": days,
                "approvalStatus": status,
                "undeterminedEndDate": false,
                "editable": true,
            }),
        );
    }
}

fn benefits(add: &mut Add<'_>) {
    for (id, name, kind) in
        [("PENSION", "Company pension", "PENSION"), ("TICKET", "Public transport ticket", "ALLOWANCE")]
    {
        add(
            "Benefit",
            json!({
                "benefitId": id,
                "benefitName": name,
                "benefitType": kind,
                "country": "DEU",
                "currency": "EUR",
                "status": "A",
            }),
        );
        add(
            "BenefitEnrollment",
            json!({
                "_owner": SUCCESSFACTORS_WORKER,
                "id": format!("{SUCCESSFACTORS_WORKER}-{id}"),
                "workerId": SUCCESSFACTORS_WORKER,
                "effectiveStartDate": date("2026-01-01"),
                "effectiveEndDate": date("9999-12-31"),
                "benefit": id,
                "amount": if id == "PENSION" { "150" } else { "49" },
                "currency": "EUR",
                "enrollmentDate": date("2025-12-01"),
                "effectiveStatus": "A",
            }),
        );
    }
}
