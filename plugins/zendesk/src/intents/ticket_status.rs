//! `ticket.status`: where a ticket stands, who has it, what was promised, and what was written last.

use jackfield_sdk::prelude::*;

use crate::{
    faults, sla,
    ticket::{self, Asker, Found, timestamp},
    wire::{self, Comments, Metrics, MetricsAnswer, OneOrMany},
};

/// The latest comments, of which those between colleagues are left out.
const COMMENTS_MAX: usize = 30;
/// Longer ones are cut: a chat shows the beginning at most.
const COMMENT_CHARS_MAX: usize = 4_000;

pub(crate) fn run(call: &Call, input: TicketStatusInput) -> Result<Ticket, Failure> {
    let id = ticket::id(&input.ticket_id)?;
    let asker = Asker::customer(call, input.email.as_deref())?;
    let found = Found::read(call, id, asker)?;
    let (comments, metrics) = read_history(call, &found)?;

    Ok(Ticket {
        description: description(&found, &comments),
        comments: public_only(&found, &comments),
        ..found.told(call, metrics.as_ref())
    })
}

/// What was written, and, where it matters to the answer, when things happened. Both at once: neither needs the other.
fn read_history(call: &Call, found: &Found) -> Result<(Comments, Option<Metrics>), Failure> {
    let api = call.http("api");
    let comments = api
        .get(path!("api/v2/tickets" / found.ticket.id / "comments"))?
        .query("sort", "-created_at")
        .query("page[size]", COMMENTS_MAX)
        .query("include", "users");
    let mut requests = vec![comments];
    if found.is_done() || sla::first_reply_is_done(&found.ticket) {
        requests.push(api.get(path!("api/v2/tickets" / found.ticket.id / "metrics"))?);
    }
    let mut answers = http::send_each(requests).into_iter();
    let comments = answers.next().ok_or_else(|| Failure::internal("no answer to the request for comments"))?;
    let metrics = answers.next().and_then(|answer| match metrics_in(answer) {
        Ok(metrics) => metrics,
        // Times of the past are a pleasant addition; the ticket can be told without.
        Err(failure) => {
            info!("the ticket's metrics could not be read, going on without"; failure);
            None
        }
    });
    Ok((comments?.error_for(faults::failure)?.json()?, metrics))
}

fn metrics_in(answer: Result<Response, http::Error>) -> Result<Option<Metrics>, Failure> {
    let answer: MetricsAnswer = answer?.error_for(faults::failure)?.json()?;
    Ok(match answer.ticket_metric {
        Some(OneOrMany::One(metrics)) => Some(metrics),
        Some(OneOrMany::Many(many)) => many.into_iter().next(),
        None => None,
    })
}

/// What the ticket began with. Zendesk takes the first comment for it even if that is a note between colleagues: only
/// where that comment is seen to be public may the customer read it.
fn description(found: &Found, comments: &Comments) -> Option<String> {
    let all_are_here = !comments.meta.has_more;
    let first = comments.comments.last().filter(|_| all_are_here)?;
    found.ticket.description.as_ref().filter(|_| first.public).map(|text| cut(text))
}

/// Oldest first; the system sent the newest first.
fn public_only(found: &Found, comments: &Comments) -> Vec<TicketComment> {
    let told = |comment: &wire::Comment| {
        let author = comments.users.iter().find(|user| Some(user.id) == comment.author_id);
        let author = author.or_else(|| found.requester().filter(|user| Some(user.id) == comment.author_id));
        let text = comment.plain_body.as_ref().or(comment.body.as_ref())?;
        Some(TicketComment {
            author: author.and_then(wire::User::shown_name),
            from_agent: author.is_some_and(wire::User::is_staff),
            at: timestamp(&comment.created_at),
            text: cut(text),
        })
    };
    comments.comments.iter().rev().filter(|comment| comment.public).filter_map(told).collect()
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(COMMENT_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
