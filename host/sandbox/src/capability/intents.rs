//! `intents`: a connector that asks another one. The grant lists which; the port bounds depth and refuses cycles.

use jackfield_core::failure::{Failure, FailureKind};

use crate::instance::HostState;
use crate::world::v1::jackfield::connector::intents::Host;
use crate::world::v1::jackfield::connector::types;

impl Host for HostState {
    async fn call(&mut self, intent: String, input: String) -> wasmtime::Result<Result<String, types::Failure>> {
        self.begin()?;
        if let Err(denial) = self.grant().check_intent(&intent) {
            let detail = self.denied(&denial);
            return Ok(Err(types::Failure { kind: types::FailureKind::Denied, detail }));
        }
        let limit = self.limits().upstream_requests_max;
        if self.tally.intents_asked >= limit {
            let detail = format!("the call has asked for its {limit} intents of others");
            return Ok(Err(types::Failure { kind: types::FailureKind::Internal, detail }));
        }
        self.tally.intents_asked += 1;
        let limit = self.limits().request_body_bytes_max;
        if input.len() > limit {
            let detail = format!("the input of {} bytes is over the bound of {limit}", input.len());
            return Ok(Err(types::Failure { kind: types::FailureKind::Internal, detail }));
        }
        self.waiting_for = Some("another connector");
        let invocation = self.invocation.clone();
        let answer = self.ports.intents.call(&invocation.context, &invocation.call, intent, input);
        let answer = self.meter.waiting(answer).await;
        self.waiting_for = None;
        // An earlier unknown stays unknown, whatever came after it.
        self.tally.write_outcome = self.tally.write_outcome.max(answer.write_outcome);
        Ok(answer.result.map_err(lowered))
    }
}

/// A failure as the guest sees it. Its detail is for the operator and stays with the host.
fn lowered(failure: Failure) -> types::Failure {
    use types::FailureKind as Wit;
    let kind = match failure.kind {
        FailureKind::InvalidInput { errors } => Wit::InvalidInput(
            errors.into_iter().map(|e| types::FieldError { pointer: e.pointer, detail: e.detail }).collect(),
        ),
        FailureKind::NotFound => Wit::NotFound,
        FailureKind::Duplicate { existing_id } => Wit::Duplicate(existing_id),
        FailureKind::Denied => Wit::Denied,
        FailureKind::ReauthRequired => Wit::ReauthRequired,
        FailureKind::Conflict => Wit::Conflict,
        FailureKind::RateLimited { retry_after_ms } => Wit::RateLimited(retry_after_ms),
        FailureKind::Rejected { sentence } => Wit::Rejected(sentence),
        FailureKind::Unavailable => Wit::Unavailable,
        FailureKind::Timeout => Wit::Timeout,
        FailureKind::Unsupported => Wit::Unsupported,
        FailureKind::Internal => Wit::Internal,
    };
    types::Failure { kind, detail: "the other connector failed; its reason is in the host's log".to_owned() }
}
