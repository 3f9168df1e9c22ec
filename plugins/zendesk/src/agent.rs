//! Agents: found by their e-mail address, with the groups they belong to.

use jackfield_sdk::prelude::*;

use crate::{
    faults,
    wire::{Group, Id, Memberships, User, Users},
};

/// The agent with exactly this address.
///
/// # Errors
/// `invalid-input` on `/agent` where there is none who can be given tickets.
pub(crate) fn by_email(call: &Call, email: &str) -> Result<User, Failure> {
    let words = query::zendesk::term("", email).map_err(|failure| failure.at("/agent"))?;
    let request = call.http("api").get("/api/v2/users/search")?.query("query", words);
    let found: Users = request.send()?.error_for(faults::failure)?.json()?;
    // The search is a fuzzy one: only the address itself counts, and only of somebody who works here.
    let is_agent = |user: &User| {
        let has_address = user.email.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(email));
        has_address && user.is_staff() && user.active != Some(false) && user.suspended != Some(true)
    };
    let mut agents = found.users.into_iter().filter(is_agent);
    match (agents.next(), agents.next()) {
        (Some(agent), None) => Ok(agent),
        _ => Err(Failure::invalid("/agent", "There is no agent with this e-mail address.")),
    }
}

/// The group in which an agent gets a ticket: a ticket of an agent always has one of the agent's groups.
///
/// It is the team that was asked for, else the ticket's own group, else the agent's default one.
///
/// # Errors
/// `invalid-input` on `/agent` for who does not belong to the team, or to none.
pub(crate) fn group_for(call: &Call, agent: &User, team: Option<&Group>, current: Option<Id>) -> Result<Id, Failure> {
    let request = call.http("api").get(path!("api/v2/users" / agent.id / "group_memberships"))?;
    let answer: Memberships = request.query("page[size]", 100).send()?.error_for(faults::failure)?.json()?;
    let memberships = answer.group_memberships;
    let belongs_to = |group: &Id| memberships.iter().any(|membership| membership.group_id == *group);
    if let Some(team) = team {
        let misfit = || Failure::invalid("/agent", "This agent does not belong to that team.");
        return Some(team.id).filter(belongs_to).ok_or_else(misfit);
    }
    let default = || memberships.iter().find(|membership| membership.default == Some(true)).or(memberships.first());
    current
        .filter(belongs_to)
        .or_else(|| default().map(|membership| membership.group_id))
        .ok_or_else(|| Failure::invalid("/agent", "This agent belongs to no team."))
}
