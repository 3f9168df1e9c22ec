//! `ticket.route`: a ticket goes to a team or an agent, or a person takes over the conversation.

use jackfield_sdk::prelude::*;

use crate::{
    agent, names, note,
    settings::Settings,
    sla, team,
    ticket::{self, Asker, Found, Wanted},
    wire::{self, Draft, Id, NewComment},
};

pub(crate) fn run(call: &Call, input: TicketRouteInput) -> Result<TicketRouting, Failure> {
    let id = ticket::id(&input.ticket_id)?;
    let handed_off = input.hand_off == Some(true);
    if !handed_off && input.team.is_none() && input.agent.is_none() {
        return Err(Failure::invalid("/team", "Please say which team or agent should have the ticket."));
    }
    let found = Found::read(call, id, Asker::of(call)?)?;
    let destination = Destination::of(call, &input, &found.ticket)?;
    let tag = Settings::of(call)?.hand_off_tag;

    let mut found = found.change(call, |ticket| draft(call, &input, &destination, &tag, ticket))?;
    // Group, priority and promises hang together: what they have become is known only now.
    found.look_again(call);
    Ok(routed(call, handed_off, &found))
}

/// Whether it was routed.
pub(crate) fn settle(call: &Call, input: TicketRouteInput) -> Result<Settled<TicketRouting>, Failure> {
    let found = Found::read(call, ticket::id(&input.ticket_id)?, Asker::of(call)?)?;
    let destination = Destination::of(call, &input, &found.ticket)?;
    let tag = Settings::of(call)?.hand_off_tag;
    let draft = draft(call, &input, &destination, &tag, &found.ticket);
    let handed_off = input.hand_off == Some(true);
    let wanted = Wanted {
        comment: draft.comment,
        is_so: &|ticket| {
            let tagged = ticket.tags.as_deref().unwrap_or_default().contains(&tag);
            (!handed_off || tagged)
                && destination.group.is_none_or(|group| ticket.group_id == Some(group))
                && destination.agent.is_none_or(|agent| ticket.assignee_id == Some(agent))
                && draft.priority.is_none_or(|wanted| ticket.priority.as_deref() == Some(wanted))
        },
    };
    Ok(found.settled(call, &wanted)?.map(|found| routed(call, handed_off, &found)))
}

fn routed(call: &Call, handed_off: bool, found: &Found) -> TicketRouting {
    TicketRouting {
        handed_off,
        wait_minutes: sla::minutes_to_reply(&found.ticket, call.now()),
        ticket: found.told(call, None),
    }
}

/// Where the ticket goes; nothing of it is set where a person shall take over and nobody said who.
struct Destination {
    group: Option<Id>,
    agent: Option<Id>,
}

impl Destination {
    fn of(call: &Call, input: &TicketRouteInput, ticket: &wire::Ticket) -> Result<Self, Failure> {
        let Some(email) = &input.agent else {
            let group = team::wanted(call, input.team.as_deref())?;
            return Ok(Destination { group: group.map(|group| group.id), agent: None });
        };
        let team = match &input.team {
            Some(name) => team::wanted(call, Some(name))?,
            None => None,
        };
        let agent = agent::by_email(call, email)?;
        let group = agent::group_for(call, &agent, team.as_ref(), ticket.group_id)?;
        Ok(Destination { group: Some(group), agent: Some(agent.id) })
    }

    /// Who is to have it: another team's agent cannot keep it.
    fn assignee(&self, ticket: &wire::Ticket) -> Option<Option<Id>> {
        let moves = self.group.is_some() && self.group != ticket.group_id;
        match self.agent {
            Some(agent) => Some(Some(agent)),
            None if moves && ticket.assignee_id.is_some() => Some(None),
            None => None,
        }
    }
}

/// The change to this state of the ticket.
fn draft(call: &Call, input: &TicketRouteInput, to: &Destination, tag: &str, ticket: &wire::Ticket) -> Draft {
    let handed_off = input.hand_off == Some(true);
    // Nobody looks at what waits for the customer or is done; a new ticket is looked at anyway.
    let wakes = handed_off && matches!(ticket.status(), "pending" | "hold" | "solved");
    let tag = if handed_off { vec![tag.to_owned()] } else { Vec::new() };
    Draft {
        status: wakes.then_some("open"),
        group_id: to.group,
        assignee_id: to.assignee(ticket),
        priority: input.priority.and_then(|wanted| names::priority_code(call.status_names(), wanted)),
        tags: names::tags_after(ticket.tags.as_deref(), &tag, &[]),
        comment: note::hand_over(input).map(|body| NewComment { body, public: false, author_id: None }),
        ..Draft::default()
    }
}
