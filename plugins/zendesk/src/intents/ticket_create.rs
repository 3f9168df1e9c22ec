//! `ticket.create`: opens a ticket in the name of the customer.

use jackfield_sdk::prelude::*;

use crate::{
    custom_fields, faults, names, note,
    settings::Settings,
    team,
    ticket::Found,
    wire::{self, Author, Draft, Envelope, NewComment, TicketAnswer},
};

/// The longest key that Zendesk takes.
const KEY_CHARS_MAX: usize = 255;

pub(crate) fn run(call: &Call, input: TicketCreateInput) -> Result<Ticket, Failure> {
    let settings = Settings::of(call)?;
    let email = requester_email(call, &input)?;
    let draft = draft(call, &settings, &input, &email)?;

    let mut found = Found::bare(create(call, draft)?);
    found.look_again(call);

    // Of the customer only what they said themselves: a typed address must not fetch somebody's name.
    Ok(Ticket {
        subject: found.ticket.subject.clone().unwrap_or(input.subject),
        description: Some(input.description),
        tags: found.ticket.tags.clone().unwrap_or_default(),
        requester_name: input.requester_name,
        requester_email: Some(email),
        url: settings.page(found.ticket.id),
        vendor: custom_fields::read(call, &found.ticket),
        ..found.outline(call, None)
    })
}

/// Without an address Zendesk would open the ticket in the name of the connector's own agent, and nobody would ever
/// read the answer.
fn requester_email(call: &Call, input: &TicketCreateInput) -> Result<String, Failure> {
    let verified = || call.user().and_then(User::email);
    let email = input.requester_email.as_deref().or_else(verified);
    let ask = || Failure::invalid("/requester_email", "Please give an e-mail address, so that we can answer you.");
    email.map(str::to_owned).ok_or_else(ask)
}

fn draft(call: &Call, settings: &Settings, input: &TicketCreateInput, email: &str) -> Result<Draft, Failure> {
    let (codes, standard) = (call.status_names(), call.standard());
    let default_priority = || standard.default_text("priority").map(|code| Priority::from_code(&code));
    let default_kind = || standard.default_text("type").map(|code| TicketType::from_code(&code));
    // A new user needs a name; the part before the `@` is the usual stand-in.
    let name = input.requester_name.as_deref().or(email.split('@').next()).unwrap_or_default();
    let tags: Vec<String> = settings.tags.iter().chain(&input.tags).cloned().collect();
    Ok(Draft {
        subject: Some(note::harmless(&input.subject)),
        comment: Some(NewComment { body: note::harmless(&input.description), public: true, author_id: None }),
        requester: Some(Author { name: note::harmless(name), email: email.to_owned() }),
        priority: input.priority.or_else(default_priority).and_then(|wanted| names::priority_code(codes, wanted)),
        kind: input.kind.or_else(default_kind).and_then(|wanted| names::kind_code(codes, wanted)),
        group_id: team::wanted(call, input.team.as_deref())?.map(|group| group.id),
        tags: names::tags_after(None, &tags, &[]),
        custom_fields: custom_fields::write_new(call, input)?,
        // By which staff, and other systems, find the ticket of a chat.
        external_id: input.conversation_id.clone().or_else(|| call.idempotency_key().map(str::to_owned)),
        ticket_form_id: settings.ticket_form_id,
        brand_id: settings.brand_id,
        ..Draft::default()
    })
}

/// Sends it. Zendesk remembers a key for two hours and answers a repetition with the ticket of the first time: with a
/// key, and only with one, the host may repeat the request.
fn create(call: &Call, draft: Draft) -> Result<wire::Ticket, Failure> {
    let mut request = call.http("api").post("/api/v2/tickets")?.json(&Envelope { ticket: draft });
    if let Some(key) = call.idempotency_key().filter(|key| key.chars().count() <= KEY_CHARS_MAX) {
        request = request.header("Idempotency-Key", key).idempotent();
    }
    let response = request.send()?.error_for(faults::failure)?;
    if response.header("x-idempotency-lookup") == Some("hit") {
        info!("this ticket had been opened by an earlier try");
    }
    Ok(response.json::<TicketAnswer>()?.ticket)
}
