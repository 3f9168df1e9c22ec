//! `pto.balance`: what the person who is chatting has left of each kind of leave.

use jackfield_sdk::prelude::*;

use crate::{faults, names, wire};

pub(crate) fn run(call: &Call, input: PtoBalanceInput) -> Result<TimeOffBalanceList, Failure> {
    // Only one's own: whom the bot service does not vouch for could type a colleague's address.
    let email = call
        .user()
        .and_then(|user| user.email())
        .ok_or_else(Failure::denied)?;
    let found: Vec<wire::Balance> = call
        .http("api")
        .get(path!("v1/balances"))?
        .query("email", email)
        .query_if("as_of", input.as_of.as_ref().map(Date::as_str))
        .send()?
        .error_for(faults::failure)?
        .json()?;
    let balances = found.into_iter().map(|balance| TimeOffBalance {
        kind: names::kind(call.status_names(), &balance.kind),
        name: balance.name,
        unit: TimeUnit::Days,
        available: balance.days_left,
        used: balance.days_used,
        ..TimeOffBalance::default()
    });
    let wanted = input.leave_type.map(|name| name.to_lowercase());
    let is_wanted = |balance: &TimeOffBalance| {
        wanted
            .as_ref()
            .is_none_or(|wanted| balance.name.to_lowercase().contains(wanted))
    };
    Ok(TimeOffBalanceList {
        balances: balances.filter(is_wanted).collect(),
        ..Default::default()
    })
}
