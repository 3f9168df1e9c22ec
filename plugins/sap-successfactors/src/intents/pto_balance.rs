//! `pto.balance`: what the worker who is chatting has left of each kind of leave.

use jackfield_sdk::{
    odata::{Decimal, Filter},
    prelude::*,
};

use crate::{
    names, service, time_type,
    wire::{Balance, Snapshot, TimeType},
    worker::Worker,
};

/// Accounts of one worker that are told.
const ACCOUNTS_MAX: usize = 20;
/// Snapshots that are looked at: one for each account and accounting period.
const SNAPSHOTS_MAX: usize = 100;

/// What is left in one account, wherever that was read.
struct Account {
    id: Option<String>,
    type_code: String,
    balance: Decimal,
    unit: String,
}

pub(crate) fn run(call: &Call, input: PtoBalanceInput) -> Result<TimeOffBalanceList, Failure> {
    let worker = Worker::of(call, input.employee_id.as_deref(), input.email.as_deref())?;
    let (accounts, as_of) = match day_asked_for(call, input.as_of.as_ref())? {
        None => (live(call, &worker)?, input.as_of.filter(|date| *date == Date::from(call.now().date()))),
        Some(day) => stored(call, &worker, day)?,
    };
    let mut codes: Vec<&str> = accounts.iter().map(|account| account.type_code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let types = time_type::of_accounts(call, &codes);

    let of_type = |account: &Account| {
        let known = types.iter().find(|kind| kind.external_code.get() == Some(account.type_code.as_str()));
        known
            .cloned()
            .unwrap_or_else(|| TimeType { external_code: account.type_code.as_str().into(), ..TimeType::default() })
    };
    let accounts = accounts.into_iter().map(|account| (of_type(&account), account));
    let balances =
        accounts.filter(|(kind, _)| input.leave_type.as_deref().is_none_or(|word| kind.is_called(call, word)));
    Ok(TimeOffBalanceList {
        employee_id: Some(worker.user_id().to_owned()),
        employee_name: worker.name(),
        as_of,
        balances: balances.map(|(kind, account)| told(call, &kind, account)).collect(),
        more: false,
    })
}

/// The day to look back to; none for today.
///
/// # Errors
/// `invalid-input` on `/as_of` for a day to come: SuccessFactors' interface does not reckon ahead.
fn day_asked_for(call: &Call, as_of: Option<&Date>) -> Result<Option<Day>, Failure> {
    let invalid = |sentence: &str| Failure::invalid("/as_of", sentence);
    let Some(date) = as_of else { return Ok(None) };
    let day = Day::parse(date.as_str()).ok_or_else(|| invalid("Please give a day such as 2026-01-25."))?;
    // The day of the worker and the day in UTC are one apart at most.
    match call.now().date().days_until(day) {
        -1..=1 => Ok(None),
        ahead if ahead > 0 => Err(invalid("I can only tell the balance for today or for a day before.")),
        _ => Ok(Some(day)),
    }
}

fn live(call: &Call, worker: &Worker) -> Result<Vec<Account>, Failure> {
    // Only user and account type can be filtered by.
    let filter = Filter::new().eq("userId", worker.user_id())?;
    let request = service::get(call, "EmpTimeAccountBalance")?.query("$filter", filter);
    let request = request.query("$select", "timeAccount,timeAccountType,userId,balance,timeUnit,accountClosed");
    let mut rows: Vec<Balance> = service::rows(request)?;
    rows.retain(|row| worker.is(row.user_id.code()) && row.account_closed != Some(true));
    let account = |row: Balance| Account {
        id: row.time_account.owned(),
        type_code: row.time_account_type.code().to_owned(),
        balance: row.balance,
        unit: row.time_unit.code().to_owned(),
    };
    Ok(rows.into_iter().take(ACCOUNTS_MAX).map(account).collect())
}

/// The last balances that were stored on the day or before, and of which day they are.
fn stored(call: &Call, worker: &Worker, day: Day) -> Result<(Vec<Account>, Option<Date>), Failure> {
    let filter = Filter::new().eq("userId", worker.user_id())?.until("balanceEffectiveDate", day);
    let request = service::get(call, "TimeAccountSnapshot")?.query("$filter", filter);
    let request =
        request.query("$select", "externalCode,accountType,userId,balance,unit,balanceEffectiveDate,outdated");
    let request = request.query("$orderby", "balanceEffectiveDate desc").query("$top", SNAPSHOTS_MAX);
    let mut rows: Vec<Snapshot> = service::rows(request)?;
    let is_before = |row: &Snapshot| row.balance_effective_date.day().is_some_and(|of| of <= day);
    rows.retain(|row| worker.is(row.user_id.code()) && row.outdated != Some(true) && is_before(row));
    let of = rows.iter().filter_map(|row| row.balance_effective_date.day()).max();
    rows.retain(|row| row.balance_effective_date.day() == of);
    let account = |row: Snapshot| Account {
        id: row.external_code.owned(),
        type_code: row.account_type.code().to_owned(),
        balance: row.balance,
        unit: row.unit.code().to_owned(),
    };
    let accounts = rows.into_iter().take(ACCOUNTS_MAX).map(account).collect();
    Ok((accounts, Some(Date::from(of.unwrap_or(day)))))
}

fn told(call: &Call, kind: &TimeType, account: Account) -> TimeOffBalance {
    let unit = if account.unit.is_empty() { kind.unit.code() } else { &account.unit };
    TimeOffBalance {
        id: account.id,
        name: kind.shown_name().unwrap_or(&account.type_code).to_owned(),
        kind: names::leave_kind(call.status_names(), &account.type_code),
        unit: names::time_unit(call.status_names(), unit),
        available: account.balance.to_f64(),
        ..TimeOffBalance::default()
    }
}
