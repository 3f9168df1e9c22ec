//! `return_desk.return.arrange`: the story of a return across three systems, step by step, and what is told when one of
//! them does not come off.
//!
//! Two rules make it honest. Before the return is in the shop, a step that fails is the failure of the whole: nothing
//! was done. From then on nothing is, because a failure would make the bot try again what was done already.

use jackfield_sdk::{intents, prelude::*};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    asks::{
        interaction,
        ticket::{self, Case},
    },
    attempt::{Attempt, NO_ROUTE, NOBODY, NOT_AFTER_UNKNOWN, TURNED_OFF},
    customer::Customer,
    deadline::Deadline,
    faults, items,
    report::{Arranged, Step, Steps},
    settings::Settings,
    standing::Standing,
};

/// Arranges the return of an order as a whole: finds the order, asks the shop to take back some or all of its items, opens
/// a ticket for the staff and writes the conversation into the CRM. Unless the user is already verified, the e-mail
/// address, phone number or postal code that was used for the order is needed. The answer says which of these steps were
/// done; do not ask again when its outcome is unknown.
#[derive(Clone, Debug, Default, Deserialize, Intent)]
#[serde(deny_unknown_fields)]
#[intent(
    name = "return_desk.return.arrange",
    effect = "create",
    output = Arranged,
    title = "Arrange a return",
    input_schema = include_str!("../../schemas/arrange.input.json"),
    output_schema = include_str!("../../schemas/arrange.output.json"),
    template = include_str!("../../templates/arrange.txt")
)]
pub(crate) struct ReturnArrangeInput {
    pub(crate) order_number: String,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) postal_code: Option<String>,
    /// All that can go back where none are named.
    pub(crate) items: Option<Vec<Item>>,
    pub(crate) reason: ReturnReason,
    pub(crate) resolution: Option<ReturnResolution>,
    pub(crate) note: Option<String>,
    pub(crate) summary: Option<String>,
    #[serde(default = "chat")]
    pub(crate) channel: InteractionChannel,
    pub(crate) conversation_id: Option<String>,
}

/// One item to send back: named by its SKU or its title.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Item {
    pub(crate) sku: Option<String>,
    pub(crate) title: Option<String>,
    #[serde(default = "one")]
    pub(crate) quantity: u32,
    /// The reason of the whole where it has none of its own.
    pub(crate) reason: Option<ReturnReason>,
    pub(crate) note: Option<String>,
}

const fn chat() -> InteractionChannel {
    InteractionChannel::Chat
}

const fn one() -> u32 {
    1
}

pub(crate) fn run(call: &Call, input: ReturnArrangeInput) -> Result<Arranged, Failure> {
    let desk = Desk { deadline: Deadline::of(call), settings: Settings::of(call)? };
    let mut steps = Steps::default();

    let order = find(call, &input)?;
    steps.note(Step::OrderStatus, &Attempt::Done(&order), |order| &order.id);
    let items = items::wanted(&input, &order)?;
    let customer = Customer::of(call, &input, &order);

    let asked = desk.take(Step::ReturnStart, || Ok(start(&input, &items)));
    steps.note(Step::ReturnStart, &asked, |made| &made.id);
    let standing = Standing::of(asked, input.items.is_some())?;
    let case = Case { input: &input, order: &order, items: &items, standing: &standing, customer: &customer };

    let opened = match standing {
        // Somebody has to look first: a ticket about a return that is not there would only mislead.
        Standing::Unknown => Attempt::Skipped(NOT_AFTER_UNKNOWN),
        _ => desk.take(Step::TicketCreate, || Ok(ticket::input(&desk.settings, &case))),
    };
    steps.note(Step::TicketCreate, &opened, |ticket| &ticket.id);
    if matches!(standing, Standing::LeftToStaff) {
        was_handed_over(&opened, input.items.is_some())?;
    }

    let logged = match (&standing, &opened) {
        (Standing::Unknown, _) | (Standing::LeftToStaff, Attempt::Unknown) => Attempt::Skipped(NOT_AFTER_UNKNOWN),
        _ => desk.take(Step::InteractionLog, || interaction::input(&desk.settings, &case, &opened).ok_or(NOBODY)),
    };
    steps.note(Step::InteractionLog, &logged, |interaction: &Interaction| &interaction.id);

    Ok(steps.report(&order, standing, opened))
}

/// Finds the order, which the shop's connector shows only to who proves that it is theirs. Without this there is no
/// return, so a shop that is not there is the end.
fn find(call: &Call, input: &ReturnArrangeInput) -> Result<Order, Failure> {
    let (email, phone, postal_code) = (input.email.as_deref(), input.phone.as_deref(), input.postal_code.as_deref());
    // Before anything is asked: who gives no proof is told so by the desk itself, whatever the shop would say.
    Ownership::from(call, email, phone, postal_code)?;
    let asked = intents::call(&OrderStatusInput {
        order_number: input.order_number.clone(),
        email: input.email.clone(),
        phone: input.phone.clone(),
        postal_code: input.postal_code.clone(),
    });
    asked.map_err(|failure| faults::outward(failure, input.items.is_some()))
}

/// The shop asks for the proof once more, and compares it itself.
fn start(input: &ReturnArrangeInput, items: &[ReturnItemInput]) -> ReturnStartInput {
    ReturnStartInput {
        order_number: input.order_number.clone(),
        email: input.email.clone(),
        phone: input.phone.clone(),
        postal_code: input.postal_code.clone(),
        items: items.to_vec(),
        resolution: input.resolution,
        note: input.note.clone(),
    }
}

/// Where the return is left to staff, the ticket is all there is: without it nothing was done, and the call has failed.
fn was_handed_over(opened: &Attempt<Ticket>, names_items: bool) -> Result<(), Failure> {
    match opened {
        Attempt::Done(_) | Attempt::Existed(_) | Attempt::Unknown => Ok(()),
        Attempt::Refused(failure) => Err(faults::outward(failure.clone(), names_items)),
        Attempt::Skipped(_) => Err(Failure::unsupported().detail("neither a return nor a ticket can be made here")),
    }
}

/// What every step is taken with.
struct Desk {
    settings: Settings,
    deadline: Deadline,
}

impl Desk {
    /// Asks another connector to write something, where the step is to be taken and there is time for it; `input` may
    /// know a reason to skip it.
    ///
    /// The host gives each inner intent an idempotency key of its own, made of the call's: repeated, each step is
    /// done once.
    fn take<I>(&self, step: Step, input: impl FnOnce() -> Result<I, &'static str>) -> Attempt<I::Output>
    where
        I: Intent + Serialize,
        I::Output: DeserializeOwned,
    {
        if !self.settings.takes(step) {
            return Attempt::Skipped(TURNED_OFF);
        }
        let input = match input() {
            Ok(input) => input,
            Err(why) => return Attempt::Skipped(why),
        };
        if !self.deadline.has_time_for_a_write() {
            return Attempt::Refused(Failure::timeout().detail(format!("too late to begin `{}`", I::NAME)));
        }
        let attempt = Attempt::of(intents::call(&input));
        match &attempt {
            Attempt::Refused(failure) => warn!("a step was refused"; step = I::NAME, kind = failure.kind.code()),
            Attempt::Unknown => warn!("nobody knows whether a step was done"; step = I::NAME),
            Attempt::Skipped(NO_ROUTE) => warn!("a step has no connection that does it"; step = I::NAME),
            Attempt::Done(_) | Attempt::Existed(_) | Attempt::Skipped(_) => {}
        }
        attempt
    }
}
