//! `interaction.log`: a conversation, written down as a completed task of the person it was held with.

use jackfield_sdk::prelude::*;

use crate::{
    create::{self, Created},
    custom_fields,
    id::RecordId,
    person,
    settings::Settings,
    soql::Row,
    wire::{self, Draft},
};

/// What every org calls a task that is done.
const DONE: &str = "Completed";
/// People who write to a bot have called, not been called.
const CALL_TYPE: &str = "Inbound";

pub(crate) fn run(call: &Call, input: InteractionLogInput) -> Result<Interaction, Failure> {
    let settings = Settings::of(call)?;
    let related = input.related_id.as_deref().map(|id| RecordId::given(id, "/related_id")).transpose()?;
    let who = who(call, &input)?;
    if who.id.is_lead() && related.is_some() {
        let sentence = "A lead cannot be linked with an opportunity or a case before it is converted.";
        return Err(Failure::invalid("/related_id", sentence));
    }
    let at = when(call, &input)?;

    let draft = draft(call, &input, &who.id, related.as_ref(), at)?;
    let created = create::once(call, &draft, |task: &wire::Task| &task.id, is_same(&input, &who))?;
    Ok(told(call, &settings, created, who, at, input))
}

/// Whether it was written down.
pub(crate) fn settle(call: &Call, input: InteractionLogInput) -> Result<Settled<Interaction>, Failure> {
    let settings = Settings::of(call)?;
    let (who, at) = (who(call, &input)?, when(call, &input)?);
    let found = create::settled(call, |task: &wire::Task| &task.id, is_same(&input, &who))?;
    Ok(found.map(|created| told(call, &settings, created, who, at, input)))
}

/// Whether a task is the one that this input asks for.
fn is_same(input: &InteractionLogInput, who: &Who) -> impl Fn(&wire::Task) -> bool {
    |task| {
        let their_id = task.who_id.as_deref().and_then(RecordId::parse);
        task.subject.as_deref() == Some(input.subject.as_str()) && their_id.is_none_or(|id| id == who.id)
    }
}

/// With whom it was held.
struct Who {
    id: RecordId,
    name: Option<String>,
}

impl Who {
    fn contact(row: &Row<wire::Contact>) -> Result<Self, Failure> {
        Ok(Who { id: wire::id(&row.record.id)?, name: row.record.name.clone() })
    }

    fn lead(row: &Row<wire::Lead>) -> Result<Self, Failure> {
        Ok(Who { id: wire::id(&row.record.id)?, name: row.record.name.clone() })
    }
}

/// By the id that was given; else the contact, else the lead, with the address or the number.
fn who(call: &Call, input: &InteractionLogInput) -> Result<Who, Failure> {
    if let Some(id) = &input.contact_id {
        // Salesforce itself refuses an id that is nobody's.
        return Ok(Who { id: RecordId::given(id, "/contact_id")?, name: None });
    }
    if let Some(email) = &input.email {
        if let Some(contact) = person::by_email::<wire::Contact>(call, email)? {
            return Who::contact(&contact);
        }
        let lead = person::by_email::<wire::Lead>(call, email)?;
        return Who::lead(&lead.ok_or_else(Failure::not_found)?);
    }
    let Some(phone) = &input.phone else {
        return Err(Failure::invalid("/email", "Please say with whom it was: by e-mail address or phone number."));
    };
    if let Some(contact) = person::by_phone::<wire::Contact>(call, phone)? {
        return Who::contact(&contact);
    }
    let lead = person::by_phone::<wire::Lead>(call, phone)?;
    Who::lead(&lead.ok_or_else(Failure::not_found)?)
}

fn when(call: &Call, input: &InteractionLogInput) -> Result<Instant, Failure> {
    let Some(at) = &input.at else { return Ok(call.now()) };
    let unreadable = || Failure::invalid("/at", "Please give a time such as 2026-01-25T09:30:00Z.");
    Instant::parse(at.as_str()).ok_or_else(unreadable)
}

fn draft(
    call: &Call,
    input: &InteractionLogInput,
    who: &RecordId,
    related: Option<&RecordId>,
    at: Instant,
) -> Result<Draft, Failure> {
    let standard = call.standard();
    // The day as the bot's time has it, in whichever zone that was.
    let day = input.at.as_ref().map_or_else(|| at.date().into(), |at| Date::new(at.as_str()));
    let mut draft = Draft::default()
        .set("Subject", input.subject.as_str())
        .set("WhoId", who.as_str())
        .set_if("WhatId", related.map(RecordId::as_str))
        .set("Status", standard.default_text("task_status").unwrap_or_else(|| DONE.to_owned()))
        .set_if("Priority", standard.default_text("task_priority"))
        .set("ActivityDate", day.as_str())
        .set("Description", description(input, at));
    draft = match input.channel {
        InteractionChannel::Phone => draft
            .set("TaskSubtype", "Call")
            .set("CallType", standard.default_text("call_type").unwrap_or_else(|| CALL_TYPE.to_owned()))
            .set_if("CallDurationInSeconds", input.duration_minutes.map(|minutes| minutes.saturating_mul(60)))
            .set_if("CallDisposition", input.outcome.clone()),
        InteractionChannel::Email => draft.set("TaskSubtype", "Email"),
        // A plain task, for which the field need not be sent.
        InteractionChannel::Chat
        | InteractionChannel::Sms
        | InteractionChannel::Meeting
        | InteractionChannel::Other => draft,
    };
    let known = [("channel", Some(input.channel.code())), ("conversation_id", input.conversation_id.as_deref())];
    Ok(draft.with(custom_fields::write_new::<wire::Task>(call, &Fields::default(), &known)?))
}

/// What colleagues read. A task has a day and no time, and only a call has a length.
fn description(input: &InteractionLogInput, at: Instant) -> String {
    let facts = [
        Some(("Channel", input.channel.text().to_owned())),
        Some(("Time", at.to_string())),
        input.duration_minutes.map(|minutes| ("Minutes", minutes.to_string())),
        input.outcome.clone().map(|outcome| ("Outcome", outcome)),
        input.conversation_id.clone().map(|id| ("Conversation", id)),
    ];
    let facts = facts.into_iter().flatten().map(|(label, value)| format!("{label}: {value}")).collect::<Vec<_>>();
    let summary = input.summary.iter().cloned();
    summary.chain([facts.join("\n")]).collect::<Vec<_>>().join("\n\n")
}

fn told(
    call: &Call,
    settings: &Settings,
    created: Created<wire::Task>,
    who: Who,
    at: Instant,
    input: InteractionLogInput,
) -> Interaction {
    let Created { id, row } = created;
    let task = row.as_ref().map(|row| &row.record);
    Interaction {
        url: settings.page(&id),
        id: id.as_str().to_owned(),
        channel: input.channel,
        subject: input.subject,
        summary: input.summary,
        at: Some(at.into()),
        duration_minutes: input.duration_minutes,
        contact_id: Some(who.id.as_str().to_owned()),
        contact_name: task.and_then(|task| wire::name(task.who.as_ref())).or(who.name),
        owner: task.and_then(|task| wire::name(task.owner.as_ref())),
        created_at: task.and_then(|task| wire::timestamp(task.created_date.as_ref())),
        vendor: row.as_ref().map(|row| row.custom(call)).unwrap_or_default(),
    }
}
