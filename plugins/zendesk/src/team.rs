//! Teams: Zendesk's groups, found by name.

use std::time::Duration;

use jackfield_sdk::{
    paging::{Bound, Page},
    prelude::*,
};

use crate::{
    faults,
    wire::{Group, Groups},
};

const KEY: &str = "assignable_groups";
/// A new or renamed group may take this long to be known.
const TTL: Duration = Duration::from_secs(300);
/// Five hundred groups: more than any account that this was seen on.
const BOUND: Bound = Bound { pages: 5, items: 500 };

/// The group for a team that was asked for. Where nothing is asked for, or nothing has that name, it is the one under
/// `defaults.team`.
///
/// # Errors
/// `invalid-input` on `/team` for a name that nothing has, where there is no default.
pub(crate) fn wanted(call: &Call, name: Option<&str>) -> Result<Option<Group>, Failure> {
    let default = call.standard().default_text("team");
    if name.is_none() && default.is_none() {
        return Ok(None);
    }
    let groups = cache::get_or_fetch(KEY, TTL, || assignable(call))?;
    let named = |name: &str| {
        let mut same = groups.iter().filter(|group| !group.deleted && is_same(&group.name, name));
        // Two groups of one name are none: a guess would be as often wrong as right.
        same.next().filter(|_| same.next().is_none()).cloned()
    };
    if let Some(group) = name.and_then(named) {
        return Ok(Some(group));
    }
    match (default.as_deref().and_then(named), name) {
        (Some(group), Some(_)) => {
            info!("no such team, taking the default"; group = group.name);
            Ok(Some(group))
        }
        (None, Some(_)) => Err(Failure::invalid("/team", "There is no team with this name.")),
        (found, None) => {
            if found.is_none() {
                warn!("no assignable group has the name under `defaults.team`");
            }
            Ok(found)
        }
    }
}

fn assignable(call: &Call) -> Result<Vec<Group>, Failure> {
    let found = paging::collect(BOUND, |after: Option<&String>| {
        let request = call.http("api").get("/api/v2/groups/assignable")?.query("page[size]", 100);
        let groups: Groups = request.query_if("page[after]", after).send()?.error_for(faults::failure)?.json()?;
        Ok(Page { items: groups.groups, next: groups.meta.next() })
    })?;
    Ok(found.items)
}

fn is_same(name: &str, wanted: &str) -> bool {
    name.trim().to_lowercase() == wanted.trim().to_lowercase()
}
