//! Requests for time off: inserting and upserting `EmployeeTime`, and the rules of the company behind both.
//! Source: SAP SuccessFactors API Reference Guide (OData V2), "EmployeeTime", "Upsert".

use jiff::civil::{Date, Weekday};
use serde_json::{Value, json};

use super::{SERVICES, State, View, reader};
use crate::exchange::{Answer, Request};
use crate::odata::{Refusal, Row, checked, instant, wrong};

/// Rows in one upsert, at most.
const UPSERT_MAX: usize = 1000;

/// What the company refuses without the documentation's help.
fn refused(message: impl Into<String>) -> Refusal {
    Refusal { status: 400, message: message.into(), violation: false }
}

fn body(request: &Request) -> Result<Value, Refusal> {
    if request.media_type().as_deref() != Some("application/json") {
        let message = "Content-Type is not application/json".to_owned();
        return Err(Refusal { status: 415, message, violation: true });
    }
    let known = ["$format"];
    if let Some((name, _)) = request.pairs().into_iter().find(|(name, _)| !known.contains(&name.as_str())) {
        return Err(wrong(format!("The query option '{name}' is not supported")));
    }
    request.json().map_err(|error| wrong(format!("the body is no JSON: {error}")))
}

pub(super) fn create(request: &Request, state: &mut State, user: &str, root: &str) -> Result<Answer, Refusal> {
    let row = prepared(state, user, &body(request)?)?;
    let code = text(&row, "externalCode").to_owned();
    if state.all("EmployeeTime").any(|known| text(known, "externalCode") == code) {
        return Err(refused(format!("EmployeeTime with the externalCode {code} already exists")));
    }
    apply(state, row.clone());
    let view = View { state, visible: state.visible(user) };
    let shown = reader(&view, root)?.one("EmployeeTime", &row, &[]);
    let location = shown["d"]["__metadata"]["uri"].as_str().unwrap_or_default().to_owned();
    Ok(Answer::json(201, &shown).with_header("location", location))
}

/// Inserts or replaces row by row. The answer is 200 even when rows fail: each says its own outcome.
pub(super) fn upsert(request: &Request, state: &mut State, user: &str) -> Result<Answer, Refusal> {
    let rows = match body(request)? {
        Value::Array(rows) => rows,
        row => vec![row],
    };
    if rows.is_empty() || rows.len() > UPSERT_MAX {
        return Err(wrong(format!("An upsert has 1 to {UPSERT_MAX} rows")));
    }
    let mut results = Vec::new();
    let mut violations = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let uri = row["__metadata"]["uri"].as_str().unwrap_or_default();
        if uri.split('(').next() != Some("EmployeeTime") {
            return Err(wrong("__metadata.uri is not EmployeeTime"));
        }
        let outcome = prepared(state, user, row).map(|row| {
            let key = format!("EmployeeTime/externalCode={}", text(&row, "externalCode"));
            apply(state, row);
            key
        });
        results.push(match outcome {
            Ok(key) => json!({
                "key": key,
                "status": "OK",
                "editStatus": "UPSERTED",
                "message": null,
                "index": index,
                "httpCode": 200,
                "inlineResults": null,
            }),
            Err(refusal) => {
                if refusal.violation {
                    violations.push(refusal.message.clone());
                }
                json!({
                    "key": null,
                    "status": "ERROR",
                    "editStatus": null,
                    "message": format!("{} with the index {index}", refusal.message),
                    "index": index,
                    "httpCode": if refusal.status == 403 { 403 } else { 500 },
                    "inlineResults": null,
                })
            }
        });
    }
    Ok(Answer::json(200, &json!({ "d": results })).with_violations(violations))
}

fn text<'a>(row: &'a Row, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A row as it will be stored, after every rule.
fn prepared(state: &mut State, user: &str, body: &Value) -> Result<Row, Refusal> {
    let entity = SERVICES.iter().find_map(|service| service.entity("EmployeeTime"));
    let mut row = checked(entity.ok_or_else(|| wrong("no EmployeeTime"))?, body)?;
    let owner = match text(&row, "userId") {
        "" => return Err(refused("userId is required")),
        owner => owner.to_owned(),
    };
    if !state.visible(user).contains(&owner) {
        return Err(Refusal { status: 403, message: format!("No permission for user {owner}"), violation: false });
    }
    let kind = text(&row, "timeType").to_owned();
    let Some(time_type) = state.all("TimeType").find(|known| text(known, "externalCode") == kind).cloned() else {
        return Err(refused(format!("Invalid timeType {kind}")));
    };
    let (start, end) = (day(&row, "startDate")?, day(&row, "endDate")?);
    if end < start {
        return Err(refused("The end date is before the start date"));
    }
    let days = working_days(start, end);
    if days == 0 {
        return Err(refused("The absence has no working days"));
    }
    if row.get("externalCode").is_none_or(|code| code.is_null() || code == "") {
        let code = format!("{:032x}", state.unique());
        row.insert("externalCode".to_owned(), json!(code));
    }
    let code = text(&row, "externalCode").to_owned();
    // An external code belongs to whoever used it first.
    let earlier = state.all("EmployeeTime").find(|known| text(known, "externalCode") == code);
    if earlier.is_some_and(|known| text(known, "userId") != owner) {
        return Err(Refusal { status: 403, message: format!("No permission for {code}"), violation: false });
    }
    let collides = state.all("EmployeeTime").any(|known| {
        let alive = matches!(text(known, "approvalStatus"), "PENDING" | "APPROVED");
        let other = (day(known, "startDate"), day(known, "endDate"));
        let overlaps = matches!(other, (Ok(from), Ok(until)) if from <= end && start <= until);
        text(known, "userId") == owner && text(known, "externalCode") != code && alive && overlaps
    });
    if collides {
        return Err(refused("The absence overlaps with another absence"));
    }
    let hours = text(&time_type, "unit") == "HOURS";
    let whole = f64::from(if hours { days * 8 } else { days });
    // A part of the day is said in the unit of the time type.
    let quantity = text(&row, "fractionQuantity").parse().unwrap_or(whole);
    let in_days = if hours { quantity / 8.0 } else { quantity };
    let account = text(&time_type, "_account");
    if !account.is_empty() && balance(state, &owner, account) < quantity {
        return Err(refused("The time account balance is not sufficient"));
    }
    let approval = if text(&time_type, "workflowConfiguration").is_empty() { "APPROVED" } else { "PENDING" };
    for (name, value) in [
        ("approvalStatus", json!(approval)),
        ("quantityInDays", json!(in_days.to_string())),
        ("quantityInHours", json!((in_days * 8.0).to_string())),
        ("deductionQuantity", json!(quantity.to_string())),
        ("editable", json!(true)),
        ("lastModifiedDateTime", crate::odata::date_time_offset(state.clock.now())),
        ("_owner", json!(owner)),
        ("_account", json!(account)),
    ] {
        row.insert(name.to_owned(), value);
    }
    Ok(row)
}

/// Stores a row in the place of one with the same key. An approved absence is taken from its account, and given back
/// when the row is replaced.
fn apply(state: &mut State, row: Row) {
    let code = text(&row, "externalCode").to_owned();
    let rows = state.sets.entry("EmployeeTime".to_owned()).or_default();
    let old = rows.iter().position(|known| text(known, "externalCode") == code).map(|at| rows.remove(at));
    rows.push(row.clone());
    for (booked, sign) in [(old, 1.0), (Some(row), -1.0)] {
        let Some(booked) = booked.filter(|booked| text(booked, "approvalStatus") == "APPROVED") else { continue };
        let quantity: f64 = text(&booked, "deductionQuantity").parse().unwrap_or_default();
        for account in state.sets.get_mut("EmpTimeAccountBalance").into_iter().flatten() {
            let own = text(account, "userId") == text(&booked, "userId");
            if own && text(account, "timeAccountType") == text(&booked, "_account") {
                let left = text(account, "balance").parse::<f64>().unwrap_or_default() + sign * quantity;
                account.insert("balance".to_owned(), json!(left.to_string()));
            }
        }
    }
}

fn balance(state: &State, user: &str, account: &str) -> f64 {
    state
        .all("EmpTimeAccountBalance")
        .filter(|row| text(row, "userId") == user && text(row, "timeAccountType") == account)
        .filter_map(|row| text(row, "balance").parse::<f64>().ok())
        .sum()
}

fn day(row: &Row, name: &str) -> Result<Date, Refusal> {
    instant(text(row, name))
        .and_then(|at| jiff::Timestamp::from_millisecond(at).ok())
        .map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date())
        .ok_or_else(|| refused(format!("{name} is required")))
}

/// Monday to Friday, both ends included. An absence of more than ten years is counted no further.
fn working_days(start: Date, end: Date) -> u32 {
    const DAYS_MAX: usize = 3660;
    let days = start.series(jiff::ToSpan::days(1)).take(DAYS_MAX).take_while(|day| *day <= end);
    let worked = days.filter(|day| !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday));
    u32::try_from(worked.count()).unwrap_or(u32::MAX)
}
