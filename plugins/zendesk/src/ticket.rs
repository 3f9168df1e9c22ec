//! One ticket: who may see it, how it is read and changed, and how it is told in the catalogue's words.
//!
//! The agent's token sees every ticket of the account. Whether a customer may see this one is decided here and nowhere
//! else: a [`Found`] ticket is one that its [`Asker`] may see.

mod change;
mod look;

use std::time::Duration;

use jackfield_sdk::prelude::*;

pub(crate) use self::look::Wanted;
use crate::{
    custom_fields, custom_statuses, faults, names,
    settings::Settings,
    sla,
    wire::{self, Id, Metrics},
};

/// What is asked for beside the ticket itself: names of people and groups, and what was promised.
const SIDE_LOADS: &str = "users,groups,slas";
/// A look at what a write has become must not cost the write its answer.
const SECOND_LOOK_TIMEOUT: Duration = Duration::from_secs(3);

/// A ticket's number, and nothing else that could stand in a path (`show_many`, `count`).
///
/// # Errors
/// `invalid-input` for anything but digits.
pub(crate) fn id(text: &str) -> Result<Id, Failure> {
    let number = query::digits(text, 18).ok().and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| Failure::invalid("/ticket_id", "A ticket number has only digits, such as 35436."))
}

/// On whose behalf a ticket is read.
pub(crate) enum Asker {
    /// A customer, who sees the tickets with their own address and no other.
    Customer(Ownership),
    /// The bot service itself, where nobody in the chat is vouched for: it may move a ticket on, and learns no more
    /// than where it stands.
    Service,
}

impl Asker {
    /// A customer, by a verified address or by the one that was given. Made before the first request: who gives no
    /// address is asked for one whether there is such a ticket or not.
    pub(crate) fn customer(call: &Call, email: Option<&str>) -> Result<Self, Failure> {
        // Telephone numbers in Zendesk are whatever somebody typed: no proof.
        let sentence = "Please give the e-mail address the ticket was opened with.";
        Ownership::by_email(call, email, sentence).map(Asker::Customer)
    }

    /// The customer where the chat has a verified address, else the service.
    pub(crate) fn of(call: &Call) -> Result<Self, Failure> {
        match call.user().and_then(User::email) {
            Some(email) => Asker::customer(call, Some(email)),
            None => Ok(Asker::Service),
        }
    }

    /// `not-found` for a ticket of somebody else, as for one that does not exist.
    pub(crate) fn check(&self, requester: Option<&wire::User>) -> Result<(), Failure> {
        match self {
            Asker::Service => Ok(()),
            Asker::Customer(ownership) => {
                ownership.proves(&OrderOwner::new().email(requester.and_then(|user| user.email.as_deref())))
            }
        }
    }
}

/// A ticket that its asker may see, with what was side-loaded.
pub(crate) struct Found {
    pub(crate) ticket: wire::Ticket,
    users: Vec<wire::User>,
    groups: Vec<wire::Group>,
    asker: Asker,
    settings: Settings,
}

impl Found {
    /// Reads a ticket for somebody.
    ///
    /// # Errors
    /// `not-found` where there is none, or it is not theirs.
    pub(crate) fn read(call: &Call, id: Id, asker: Asker) -> Result<Self, Failure> {
        let settings = Settings::of(call)?;
        let wire::TicketAnswer { ticket, users, groups } =
            request(call, id)?.send()?.error_for(faults::failure)?.json()?;
        let mut found = Found { ticket, users, groups, asker, settings };
        found.load_requester(call)?;
        found.asker.check(found.requester())?;
        Ok(found)
    }

    /// A ticket that came without side-loads: just made, or a hit of a search.
    pub(crate) fn bare(ticket: wire::Ticket) -> Self {
        let settings = Settings::default();
        Found { ticket, users: Vec::new(), groups: Vec::new(), asker: Asker::Service, settings }
    }

    /// Looks at the ticket once more after a write: triggers may have given it to somebody, and promises to it. What
    /// was known before stays where that fails; the write has happened all the same.
    pub(crate) fn look_again(&mut self, call: &Call) {
        let look = || -> Result<wire::TicketAnswer, Failure> {
            request(call, self.ticket.id)?.timeout(SECOND_LOOK_TIMEOUT).send()?.error_for(faults::failure)?.json()
        };
        match look() {
            Ok(answer) if self.is_same(&answer.ticket) => {
                self.ticket = answer.ticket;
                self.users.extend(answer.users);
                self.groups = answer.groups;
            }
            Ok(_) => warn!("the ticket has another requester now, it is not told again"; ticket = self.ticket.id),
            Err(failure) => info!("the ticket was not read again after the write"; failure),
        }
    }

    /// Whether it is still the ticket that was checked: merging or a trigger may have made it someone else's.
    fn is_same(&self, ticket: &wire::Ticket) -> bool {
        (ticket.id, ticket.requester_id) == (self.ticket.id, self.ticket.requester_id)
    }

    /// The requester by name, where the side-load left them out.
    fn load_requester(&mut self, call: &Call) -> Result<(), Failure> {
        if let (Asker::Customer(_), None, Some(id)) = (&self.asker, self.requester(), self.ticket.requester_id) {
            self.users.extend(user(call, id)?);
        }
        Ok(())
    }

    pub(crate) fn requester(&self) -> Option<&wire::User> {
        self.user(self.ticket.requester_id)
    }

    fn user(&self, id: Option<Id>) -> Option<&wire::User> {
        self.users.iter().find(|user| Some(user.id) == id)
    }

    /// Whether the helpdesk is done with it.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.ticket.status(), "solved" | "closed")
    }

    /// Where the ticket stands, and nothing of what is in it.
    pub(crate) fn outline(&self, call: &Call, metrics: Option<&Metrics>) -> Ticket {
        let (ticket, codes) = (&self.ticket, call.status_names());
        let group = self.groups.iter().find(|group| Some(group.id) == ticket.group_id);
        let solved_at = metrics.filter(|_| self.is_done()).and_then(|metrics| timestamp(&metrics.solved_at));
        Ticket {
            id: ticket.id.to_string(),
            status: names::status(codes, ticket.status()),
            status_raw: ticket.status.clone(),
            status_text: custom_statuses::label(call, ticket),
            priority: ticket.priority.as_deref().map(|code| names::priority(codes, code)),
            kind: ticket.kind.as_deref().map(|code| names::kind(codes, code)),
            group: group.map(|group| group.name.clone()),
            assignee: self.user(ticket.assignee_id).and_then(wire::User::shown_name),
            sla: sla::told(ticket, metrics, call.now()),
            created_at: timestamp(&ticket.created_at),
            updated_at: timestamp(&ticket.updated_at),
            solved_at,
            due_at: timestamp(&ticket.due_at),
            ..Ticket::default()
        }
    }

    /// All that its asker may know of it, except for what was written in it. It cannot fail: a write may be behind it.
    pub(crate) fn told(&self, call: &Call, metrics: Option<&Metrics>) -> Ticket {
        let outline = self.outline(call, metrics);
        if matches!(self.asker, Asker::Service) {
            return outline;
        }
        let requester = self.requester();
        Ticket {
            subject: self.ticket.subject.clone().unwrap_or_default(),
            tags: self.ticket.tags.clone().unwrap_or_default(),
            requester_name: requester.and_then(wire::User::shown_name),
            requester_email: requester.and_then(|user| user.email.clone()),
            url: self.settings.page(self.ticket.id),
            vendor: custom_fields::read(call, &self.ticket),
            ..outline
        }
    }
}

/// The ticket with its side-loads.
fn request(call: &Call, id: Id) -> Result<Request, Failure> {
    Ok(call.http("api").get(path!("api/v2/tickets" / id))?.query("include", SIDE_LOADS))
}

/// One user, or nobody where there is none any more.
pub(crate) fn user(call: &Call, id: Id) -> Result<Option<wire::User>, Failure> {
    let response = call.http("api").get(path!("api/v2/users" / id))?.send()?;
    let answer = response.found(faults::failure)?.map(|response| response.json::<wire::UserAnswer>()).transpose()?;
    // What was asked for is what counts: another user's address proves nothing.
    Ok(answer.map(|answer| answer.user).filter(|user| user.id == id))
}

pub(crate) fn timestamp(text: &Option<String>) -> Option<Timestamp> {
    text.as_deref().map(Timestamp::new)
}
