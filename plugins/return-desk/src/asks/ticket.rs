//! What `ticket.create` is asked: a ticket from which staff see the return, the order, what the customer wants, and
//! what is left to do. It is all that makes up for a step that nobody can undo.

use jackfield_sdk::prelude::*;

use crate::{
    customer::Customer,
    intents::return_desk_return_arrange::ReturnArrangeInput,
    settings::Settings,
    standing::Standing,
    words::{cut, line, quoted},
};

/// Bounds of the catalogue for one line and for a text, in characters.
const LINE_CHARS_MAX: usize = 200;
const TEXT_CHARS_MAX: usize = 10_000;

/// What is known when the ticket is opened.
pub(crate) struct Case<'a> {
    pub(crate) input: &'a ReturnArrangeInput,
    pub(crate) order: &'a Order,
    pub(crate) items: &'a [ReturnItemInput],
    pub(crate) standing: &'a Standing,
    pub(crate) customer: &'a Customer,
}

pub(crate) fn input(settings: &Settings, case: &Case<'_>) -> TicketCreateInput {
    TicketCreateInput {
        subject: subject(settings, case),
        description: description(case),
        requester_name: case.customer.name.clone(),
        requester_email: case.customer.email.clone(),
        kind: Some(TicketType::Request),
        team: settings.ticket_team.clone(),
        channel: Some(case.input.channel.text().to_owned()),
        conversation_id: case.input.conversation_id.clone(),
        ..TicketCreateInput::default()
    }
}

/// The operator's words, with the numbers in them.
pub(crate) fn subject(settings: &Settings, case: &Case<'_>) -> String {
    let number = case.standing.number().unwrap_or_default();
    let subject = settings.ticket_subject.replace("{order}", &case.order.number).replace("{return}", number);
    cut(&line(&subject), LINE_CHARS_MAX)
}

/// What staff need comes first, what may be long last: the end is what a bound cuts off.
fn description(case: &Case<'_>) -> String {
    let Case { input, order, items, standing, .. } = case;
    let facts = [
        format!("Return: {}", line(&standing.in_words())),
        format!("Order: #{}, id {}, {}", order.number, order.id, order_state(order)),
        format!("To do: {}", standing.open()),
    ];
    let wish = input.resolution.map(|resolution| {
        format!("The customer would like {}. Nothing of the kind has been done or promised.", resolution.text())
    });
    let named = items.iter().map(|item| item_line(order, item));
    let items = format!("Items:\n{}", named.collect::<Vec<_>>().join("\n"));
    let said = |title: &str, text: &Option<String>| text.as_ref().map(|text| format!("{title}:\n{}", quoted(text)));
    let parts = [
        Some(facts.join("\n")),
        wish,
        Some(items),
        said("The customer's words", &input.note),
        said("Summary of the conversation", &input.summary),
    ];
    cut(&parts.into_iter().flatten().collect::<Vec<_>>().join("\n\n"), TEXT_CHARS_MAX)
}

fn order_state(order: &Order) -> String {
    line(order.status_text.as_deref().unwrap_or(order.status.text()))
}

/// `- 2 × Blue shirt (SH-1), too small: "..."`, with what the order knows of the item beside what was said.
fn item_line(order: &Order, item: &ReturnItemInput) -> String {
    let is_it = |known: &&LineItem| item.sku.is_some() && known.sku == item.sku;
    let known = || order.line_items.iter().find(is_it).map(|known| known.title.as_str());
    let name = match (item.title.as_deref().or_else(known), item.sku.as_deref()) {
        (Some(title), Some(sku)) => format!("{} ({})", line(title), line(sku)),
        (Some(name), None) | (None, Some(name)) => line(name),
        (None, None) => "an item".to_owned(),
    };
    let note = item.note.as_deref().map(|note| format!(": \"{}\"", line(note))).unwrap_or_default();
    format!("- {} × {name}, {}{note}", item.quantity, item.reason.text())
}
