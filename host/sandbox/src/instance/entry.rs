//! The contract's functions, one type each, with the values that go in and come out.

use std::time::Instant;

use jackfield_core::failure::{Failure, FailureKind, FieldError};
use jackfield_core::settle::Settlement;
use wasmtime::Store;
use wasmtime::component::Instance;

use super::{Entry, HostState, Invocation};
use crate::capability::cut;
use crate::world::v1::jackfield::connector::types;
use crate::world::{Exports, v1};

/// Bounds of what a failure may carry: it goes into replies and logs.
const FIELD_ERRORS_MAX: usize = 64;
const SENTENCE_BYTES_MAX: usize = 1 << 10;
const DETAIL_BYTES_MAX: usize = 4 << 10;

/// A webhook delivery whose signature has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The host's id for it.
    pub id: String,
    /// Lower-case names; repeated headers stay repeated.
    pub headers: Vec<(String, String)>,
    /// The raw bytes that were verified.
    pub body: Vec<u8>,
    /// Milliseconds since the Unix epoch, UTC.
    pub received_ms: u64,
}

/// A fact from a business system, as the connector tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The same fact has the same id, however often it is delivered.
    pub id: String,
    /// Such as `order.updated`.
    pub kind: String,
    /// Such as `order/1001`; events of one subject stay in order.
    pub subject: String,
    /// Milliseconds since the Unix epoch, UTC.
    pub time_ms: u64,
    /// JSON text.
    pub data: String,
}

/// Changes since a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// In the order in which they happened.
    pub events: Vec<Event>,
    /// For the next `poll`; opaque.
    pub cursor: String,
    /// There is more to fetch right now.
    pub more: bool,
}

type Called<T> = wasmtime::Result<Result<T, Failure>>;

/// `handle`
pub(super) struct Handle;

impl Entry for Handle {
    type Answer = String;

    async fn call(
        self,
        exports: &Exports,
        instance: &Instance,
        store: &mut Store<HostState>,
        invocation: &Invocation,
    ) -> Called<String> {
        type Returns = (Result<String, types::Failure>,);
        let function = instance.get_typed_func::<(v1::Call<'_>,), Returns>(&mut *store, &exports.handle)?;
        let (answer,) = function.call_async(store, (lowered(invocation),)).await?;
        Ok(answer.map_err(lifted))
    }

    fn bytes(answer: &String) -> usize {
        answer.len()
    }
}

/// `settle`
pub(super) struct Settle;

impl Entry for Settle {
    type Answer = Settlement;

    async fn call(
        self,
        exports: &Exports,
        instance: &Instance,
        store: &mut Store<HostState>,
        invocation: &Invocation,
    ) -> Called<Settlement> {
        type Returns = (Result<types::Settlement, types::Failure>,);
        let Some(settle) = &exports.settle else { return Ok(Ok(Settlement::Unknown)) };
        let function = instance.get_typed_func::<(v1::Call<'_>,), Returns>(&mut *store, settle)?;
        let (answer,) = function.call_async(store, (lowered(invocation),)).await?;
        let settlement = |told: types::Settlement| match told {
            types::Settlement::Applied(output) => Settlement::Applied(output),
            types::Settlement::NotApplied => Settlement::NotApplied,
            types::Settlement::Unknown => Settlement::Unknown,
        };
        Ok(answer.map(settlement).map_err(lifted))
    }

    fn bytes(answer: &Settlement) -> usize {
        match answer {
            Settlement::Applied(output) => output.len(),
            Settlement::NotApplied | Settlement::Unknown => 0,
        }
    }
}

/// `receive`
pub(super) struct Receive(pub(super) Delivery);

impl Entry for Receive {
    type Answer = Vec<Event>;

    async fn call(
        self,
        exports: &Exports,
        instance: &Instance,
        store: &mut Store<HostState>,
        invocation: &Invocation,
    ) -> Called<Vec<Event>> {
        type Returns = (Result<Vec<types::Event>, types::Failure>,);
        let function = instance.get_typed_func::<(v1::Delivery<'_>,), Returns>(&mut *store, &exports.receive)?;
        let headers: Vec<(&str, &str)> = self.0.headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        let lowered = v1::Delivery {
            id: &self.0.id,
            headers: &headers,
            body: &self.0.body,
            settings: &invocation.call.settings,
            received_ms: self.0.received_ms,
            remaining_ms: remaining_ms(invocation),
        };
        let (answer,) = function.call_async(store, (lowered,)).await?;
        Ok(answer.map(events).map_err(lifted))
    }

    fn bytes(answer: &Vec<Event>) -> usize {
        answer.iter().map(event_bytes).sum()
    }
}

/// `poll`
pub(super) struct Poll(pub(super) Option<String>);

impl Entry for Poll {
    type Answer = Page;

    async fn call(
        self,
        exports: &Exports,
        instance: &Instance,
        store: &mut Store<HostState>,
        invocation: &Invocation,
    ) -> Called<Page> {
        type Returns = (Result<types::Page, types::Failure>,);
        let function = instance.get_typed_func::<(v1::PollRequest<'_>,), Returns>(&mut *store, &exports.poll)?;
        let lowered = v1::PollRequest {
            id: &invocation.context.call_id,
            settings: &invocation.call.settings,
            cursor: self.0.as_deref(),
            now_ms: invocation.call.now_ms,
            remaining_ms: remaining_ms(invocation),
        };
        let (answer,) = function.call_async(store, (lowered,)).await?;
        let page = |p: types::Page| Page { events: events(p.events), cursor: p.cursor, more: p.more };
        Ok(answer.map(page).map_err(lifted))
    }

    fn bytes(answer: &Page) -> usize {
        answer.cursor.len() + answer.events.iter().map(event_bytes).sum::<usize>()
    }
}

/// `describe`
pub(super) struct Describe;

impl Entry for Describe {
    type Answer = String;

    async fn call(
        self,
        exports: &Exports,
        instance: &Instance,
        store: &mut Store<HostState>,
        _: &Invocation,
    ) -> Called<String> {
        let function = instance.get_typed_func::<(), (String,)>(&mut *store, &exports.describe)?;
        let (answer,) = function.call_async(store, ()).await?;
        Ok(Ok(answer))
    }

    fn bytes(answer: &String) -> usize {
        answer.len()
    }
}

/// The call as the guest is told it.
fn lowered(invocation: &Invocation) -> v1::Call<'_> {
    let call = &invocation.call;
    v1::Call {
        id: &invocation.context.call_id,
        intent: &call.intent,
        input: &call.input,
        settings: &call.settings,
        user: call.user.as_ref().map(|user| types::User {
            id: &user.id,
            email: user.email.as_deref(),
            phone: user.phone.as_deref(),
        }),
        locale: &call.locale,
        time_zone: &call.time_zone,
        now_ms: call.now_ms,
        remaining_ms: remaining_ms(invocation),
        idempotency_key: call.idempotency_key.as_deref(),
    }
}

/// What the guest may still take, as it is told when the call begins.
fn remaining_ms(invocation: &Invocation) -> u32 {
    let remaining = invocation.context.deadline.saturating_duration_since(Instant::now());
    u32::try_from(remaining.as_millis()).unwrap_or(u32::MAX)
}

fn events(events: Vec<types::Event>) -> Vec<Event> {
    let event =
        |e: types::Event| Event { id: e.id, kind: e.kind, subject: e.subject, time_ms: e.time_ms, data: e.data };
    events.into_iter().map(event).collect()
}

fn event_bytes(event: &Event) -> usize {
    size_of::<Event>() + event.id.len() + event.kind.len() + event.subject.len() + event.data.len()
}

/// The guest's failure in the host's words, bounded.
fn lifted(failure: types::Failure) -> Failure {
    use types::FailureKind as Wit;
    let short = |text: String| cut(&text, SENTENCE_BYTES_MAX).to_owned();
    let kind = match failure.kind {
        Wit::InvalidInput(errors) => FailureKind::InvalidInput {
            errors: errors
                .into_iter()
                .take(FIELD_ERRORS_MAX)
                .map(|e| FieldError { pointer: short(e.pointer), detail: short(e.detail) })
                .collect(),
        },
        Wit::NotFound => FailureKind::NotFound,
        Wit::Duplicate(existing_id) => FailureKind::Duplicate { existing_id: existing_id.map(short) },
        Wit::Denied => FailureKind::Denied,
        Wit::ReauthRequired => FailureKind::ReauthRequired,
        Wit::Conflict => FailureKind::Conflict,
        Wit::RateLimited(retry_after_ms) => FailureKind::RateLimited { retry_after_ms },
        Wit::Rejected(sentence) => FailureKind::Rejected { sentence: short(sentence) },
        Wit::Unavailable => FailureKind::Unavailable,
        Wit::Timeout => FailureKind::Timeout,
        Wit::Unsupported => FailureKind::Unsupported,
        Wit::Internal => FailureKind::Internal,
    };
    Failure { kind, detail: cut(&failure.detail, DETAIL_BYTES_MAX).to_owned() }
}
