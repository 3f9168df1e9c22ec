//! Looking whether a change was made to a ticket of which nobody knows: by the comment that came with it, else by the state
//! that it was to bring about.
//!
//! Zendesk makes a change whole or not at all, and a comment is never lost or changed. So a comment of ours is proof that
//! the rest was done too, and no comment at all since the call began is proof that nothing was. A comment that is there
//! and reads otherwise may be somebody else's, or ours as Zendesk has tidied it up: that proves nothing.
//!
//! Source: developer.zendesk.com, "Tickets" (a comment is added by updating the ticket) and "Ticket Comments".

use jackfield_sdk::{prelude::*, settle};

use super::Found;
use crate::{
    faults,
    wire::{Comment, Comments, NewComment, Ticket},
};

/// The latest comments, among which ours is if it is there.
const COMMENTS_MAX: usize = 30;

/// What a change was to bring about.
pub(crate) struct Wanted<'w> {
    pub(crate) comment: Option<NewComment>,
    /// Whether the ticket is as it was to become.
    pub(crate) is_so: &'w dyn Fn(&Ticket) -> bool,
}

impl Found {
    /// Whether a change was made to this ticket, as it has just been read.
    pub(crate) fn settled(self, call: &Call, wanted: &Wanted<'_>) -> Result<Settled<Found>, Failure> {
        let last = self.ticket.updated_at.as_deref().and_then(Instant::parse);
        if last.is_some_and(|at| settle::is_before(call, at)) {
            return Ok(Settled::NotApplied);
        }
        match &wanted.comment {
            Some(comment) => self.settled_by_comment(call, comment),
            // Whoever brought it about: it is as the customer wanted it.
            None if (wanted.is_so)(&self.ticket) => Ok(Settled::Applied(self)),
            // Somebody has changed it since, perhaps after us.
            None => Ok(Settled::Unknown),
        }
    }

    fn settled_by_comment(self, call: &Call, wanted: &NewComment) -> Result<Settled<Found>, Failure> {
        let request = call
            .http("api")
            .get(path!("api/v2/tickets" / self.ticket.id / "comments"))?
            .query("sort", "-created_at")
            .query("page[size]", COMMENTS_MAX)
            .query("include", "users");
        let answer: Comments = request.send()?.error_for(faults::failure)?.json()?;
        let at = |comment: &Comment| comment.created_at.as_deref().and_then(Instant::parse);
        let is_ours = |comment: &&Comment| {
            at(comment).is_some_and(|at| settle::is_since(call, at))
                && comment.public == wanted.public
                && comment.body.as_deref().is_some_and(|body| is_same_text(body, &wanted.body))
        };
        if answer.comments.iter().any(|comment| is_ours(&comment)) {
            return Ok(Settled::Applied(self));
        }
        // The newest comes first. Without a time nothing can be said of it.
        let none_since = match answer.comments.first() {
            Some(newest) => at(newest).is_some_and(|at| settle::is_before(call, at)),
            // A ticket has its first comment: a list without any is not the ticket's.
            None => false,
        };
        Ok(if none_since { Settled::NotApplied } else { Settled::Unknown })
    }
}

/// Zendesk trims what it is given, and keeps line ends in its own way.
fn is_same_text(found: &str, sent: &str) -> bool {
    found.split_whitespace().eq(sent.split_whitespace())
}

#[cfg(test)]
mod tests {
    use super::is_same_text;

    #[test]
    fn a_text_is_known_again_however_its_space_was_tidied_up() {
        assert!(is_same_text("a\nb c", " a\r\nb  c\n"));
        assert!(!is_same_text("a b", "ab"));
    }
}
