//! A connector that asks another: the same tenant, the same user, the same deadline; bounded in depth and without
//! cycles. That the intent is granted was checked by the sandbox.

use std::sync::{Arc, Weak};
use std::time::Duration;

use jackfield_core::call::{Call, CallContext, WriteOutcome};
use jackfield_core::failure::{Failure, FailureKind};
use jackfield_core::port::{Answered, BoxFuture, Intents};
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::admission::{self, Context};
use crate::app::App;
use crate::dispatch;
use crate::dispatch::fresh::Wake;
use crate::error::{Code, Problem};

/// What a connector that asks keeps of its time, to say what came of it.
const RESERVE: Duration = Duration::from_millis(500);

/// Calls above the innermost one.
const DEPTH_MAX: usize = 4;

/// Leads a guest's own calls back into the host.
pub struct Orchestrator {
    app: Weak<App>,
}

impl Orchestrator {
    /// For the app that holds it.
    pub fn new(app: Weak<App>) -> Orchestrator {
        Orchestrator { app }
    }
}

impl Intents for Orchestrator {
    fn call<'a>(
        &'a self,
        parent: &'a CallContext,
        caller: &'a Call,
        intent: String,
        input: String,
    ) -> BoxFuture<'a, Answered> {
        Box::pin(async move {
            let mut write_outcome = WriteOutcome::None;
            let result = self.ask(parent, caller, intent, input, &mut write_outcome).await;
            Answered { result, write_outcome }
        })
    }
}

impl Orchestrator {
    async fn ask(
        &self,
        parent: &CallContext,
        caller: &Call,
        intent: String,
        input: String,
        write_outcome: &mut WriteOutcome,
    ) -> Result<String, Failure> {
        let app = self.app.upgrade().ok_or_else(|| internal("the host is going down"))?;
        let routes = app.registry.routes();
        let name = routes
            .route(&parent.tenant, &intent, None)
            .map_err(|e| Failure::new(FailureKind::Unsupported, format!("`{intent}`: {e}")))?;
        let connection = app.registry.connection(name).cloned().ok_or_else(|| internal("the route leads nowhere"))?;
        let compiled = connection.intents.get(&intent).cloned().ok_or_else(|| internal("the route leads nowhere"))?;

        let here = format!("{}/{}", parent.connection, caller.intent);
        let next = format!("{}/{intent}", connection.name);
        let ancestors: Arc<[String]> = parent.ancestors.iter().cloned().chain([here]).collect();
        if ancestors.contains(&next) {
            return Err(internal(format!("`{next}` calls itself by way of {}", ancestors.join(" -> "))));
        }
        if ancestors.len() > DEPTH_MAX {
            return Err(internal(format!("more than {DEPTH_MAX} intents deep: {}", ancestors.join(" -> "))));
        }

        let context = Context {
            user: caller.user.clone(),
            locale: caller.locale.clone(),
            time_zone: TimeZone::get(&caller.time_zone).unwrap_or(TimeZone::UTC),
            ..Context::default()
        };
        let mut input: Value =
            serde_json::from_str(&input).map_err(|e| internal(format!("the input of `{intent}` is not JSON: {e}")))?;
        admission::sound(&compiled, &connection, &context, &mut input).map_err(failure)?;
        let call = Call {
            intent,
            input: input.to_string(),
            settings: connection.settings.clone(),
            // Another object is written, so the key of the outer write must not stand for it.
            idempotency_key: caller.idempotency_key.as_ref().map(|key| format!("{key}/{next}")),
            ..caller.clone()
        };
        // Whoever asks by way of another connector takes a place as well: the bound is the system's, not the caller's.
        let _place = admission::enter(&connection).map_err(failure)?;
        let context = CallContext {
            connection: connection.name.clone(),
            ancestors,
            deadline: parent.deadline.checked_sub(RESERVE).unwrap_or(parent.deadline),
            ..parent.clone()
        };
        let wake = Wake::new(&app, &connection, &compiled, &input);
        let (output, usage) = match dispatch::execute(&app, &connection, call, context).await {
            Ok(done) => done,
            Err(problem) => {
                *write_outcome = problem.outcome;
                wake.failed(problem.outcome);
                return Err(failure(problem));
            }
        };
        *write_outcome = usage.write_outcome;
        let value: Value =
            serde_json::from_str(&output).map_err(|e| internal(format!("the output of `{next}` is not JSON: {e}")))?;
        wake.done(compiled.tagger.of_write(&input, Some(&value)));
        if !compiled.output.accepts(&value) {
            return Err(internal(format!("the output of `{next}` breaks its schema")));
        }
        Ok(output)
    }
}

fn internal(detail: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Internal, detail)
}

/// What the outer connector is told of an inner problem.
fn failure(problem: Problem) -> Failure {
    let kind = match problem.code {
        Code::InvalidInput => FailureKind::InvalidInput { errors: problem.errors },
        Code::NotFound => FailureKind::NotFound,
        Code::Duplicate => FailureKind::Duplicate { existing_id: problem.existing_id.map(Into::into) },
        Code::Denied => FailureKind::Denied,
        Code::ReauthRequired => FailureKind::ReauthRequired,
        Code::Conflict => FailureKind::Conflict,
        Code::RateLimited => FailureKind::RateLimited { retry_after_ms: problem.retry_after_ms },
        Code::Rejected => FailureKind::Rejected { sentence: problem.text.map(String::from).unwrap_or_default() },
        Code::Unavailable | Code::Overloaded => FailureKind::Unavailable,
        Code::Timeout => FailureKind::Timeout,
        Code::Unsupported | Code::UnknownIntent => FailureKind::Unsupported,
        _ => FailureKind::Internal,
    };
    Failure::new(kind, problem.detail)
}
