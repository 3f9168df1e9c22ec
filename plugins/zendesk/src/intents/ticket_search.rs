//! `ticket.search`: a customer's own tickets, the one that changed last first.

use std::collections::BTreeSet;

use jackfield_sdk::prelude::*;

use crate::{
    faults, names,
    ticket::{self, Asker, Found},
    wire::{self, Id, SearchAnswer},
};

/// How many are told where the bot does not say.
const LIMIT: usize = 5;
/// As many as one page has.
const LIMIT_MAX: usize = 50;
/// The search goes by one address, so that all hits have one requester. More are looked up in vain only if Zendesk's
/// index is behind, and no further than this.
const REQUESTERS_MAX: usize = 5;

pub(crate) fn run(call: &Call, input: TicketSearchInput) -> Result<TicketList, Failure> {
    let asker = Asker::customer(call, input.email.as_deref())?;
    let Asker::Customer(ownership) = &asker else { return Ok(TicketList::default()) };
    let email = ownership.email().unwrap_or_default();
    // Who is verified sees their own tickets; the tickets of another address are not found.
    if input.email.as_deref().is_some_and(|typed| !typed.eq_ignore_ascii_case(email)) {
        return Ok(TicketList::default());
    }
    let words = words(call, &input, email)?;
    let limit = usize::try_from(input.limit.unwrap_or_default()).unwrap_or_default();
    let limit = if limit == 0 { LIMIT } else { limit.min(LIMIT_MAX) };

    let answer = search(call, &words, limit)?;
    let more = answer.next_page.is_some() || answer.results.len() > limit;
    let hits = theirs(call, &asker, answer.results)?;
    let hits = hits.into_iter().filter(|ticket| fits(call, &input, ticket)).take(limit);
    Ok(TicketList { tickets: hits.map(|ticket| told(call, ticket)).collect(), more })
}

/// The search's own language. What a user said stands in quotes or is a plain word, and `type:ticket` is always there:
/// otherwise users and organisations would be found too.
fn words(call: &Call, input: &TicketSearchInput, email: &str) -> Result<String, Failure> {
    let requester = query::zendesk::term("requester:", email)
        // Rare addresses such as o'neil@example.com are no plain words.
        .or_else(|_| query::zendesk::phrase(email).map(|phrase| format!("requester:{phrase}")))
        .map_err(|failure| failure.at("/email"))?;
    let mut words = vec!["type:ticket".to_owned(), requester];
    if let Some(status) = input.status {
        words.extend(names::status_codes(call.status_names(), status).map(|code| format!("status:{code}")));
    }
    if let Some(day) = &input.created_after {
        let day = Day::parse(day.as_str());
        let day = day.ok_or_else(|| Failure::invalid("/created_after", "Please give a day such as 2026-01-25."))?;
        words.push(format!("created>={day}"));
    }
    if let Some(query) = &input.query {
        words.push(query::zendesk::phrase(query).map_err(|failure| failure.at("/query"))?);
    }
    Ok(words.join(" "))
}

fn search(call: &Call, words: &str, limit: usize) -> Result<SearchAnswer, Failure> {
    let request = call
        .http("api")
        .get("/api/v2/search")?
        .query("query", words)
        .query("sort_by", "updated_at")
        .query("sort_order", "desc")
        .query("per_page", limit);
    request.send()?.error_for(faults::failure)?.json()
}

/// The hits that are tickets and whose requester has the address: the index may be behind, and a search engine's word
/// is no proof.
fn theirs(call: &Call, asker: &Asker, hits: Vec<wire::Ticket>) -> Result<Vec<wire::Ticket>, Failure> {
    let is_ticket = |hit: &wire::Ticket| hit.result_type.as_deref() == Some("ticket");
    let hits: Vec<_> = hits.into_iter().filter(is_ticket).collect();
    let requesters: BTreeSet<Id> = hits.iter().filter_map(|hit| hit.requester_id).collect();
    let mut proved = BTreeSet::new();
    for id in requesters.into_iter().take(REQUESTERS_MAX) {
        let user = ticket::user(call, id)?;
        if asker.check(user.as_ref()).is_ok() {
            proved.insert(id);
        }
    }
    Ok(hits.into_iter().filter(|hit| hit.requester_id.is_some_and(|id| proved.contains(&id))).collect())
}

/// Whether a hit is what was asked for, by what it says of itself.
fn fits(call: &Call, input: &TicketSearchInput, hit: &wire::Ticket) -> bool {
    let status = names::status(call.status_names(), hit.status());
    input.status.is_none_or(|wanted| wanted == status)
}

/// A line of the list: what it is about and where it stands.
fn told(call: &Call, hit: wire::Ticket) -> Ticket {
    let subject = hit.subject.clone().unwrap_or_default();
    Ticket { subject, ..Found::bare(hit).outline(call, None) }
}
