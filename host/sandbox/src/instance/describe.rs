//! `describe` at packaging time, when there is no connection: a grant of nothing, and ports with nothing behind them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use jackfield_core::budget::Limits;
use jackfield_core::call::{Call, CallContext, WriteGate, WriteOutcome};
use jackfield_core::failure::{Failure, FailureKind};
use jackfield_core::grant::{ConnectionGrant, Grant, Granted, NetworkPolicy, OutboundRequest, Subject};
use jackfield_core::manifest::{Access, Manifest};
use jackfield_core::port::{
    Answered, BoxFuture, Cache, Egress, GuestLog, HmacAlgorithm, Intents, LogLevel, Secrets, SendError, TooLarge,
    UpstreamResponse,
};
use zeroize::Zeroizing;

use super::{Ended, Guest, Invocation, Ports, entry};
use crate::trap::Fault;

/// Nobody waits longer for a list, whatever the limits say.
const DESCRIBE_MAX: Duration = Duration::from_secs(60);

const WHY: &str = "nothing can be reached from `describe`";

/// The least that is a manifest: no endpoint, no secret, no call.
const MANIFEST: &str = r#"
id = "describe"
version = "0.0.0"
title = "describe"
vendor_api = "none"
intents = ["describe.self"]
"#;

impl Guest {
    /// Runs `describe` with nothing in reach.
    ///
    /// # Errors
    /// When it does not answer within the limits.
    pub(crate) async fn describe(&self, limits: &Limits) -> Result<String, Ended> {
        let grant = grant_of_nothing().map_err(|detail| Ended::Fault(Fault::Internal { detail }))?;
        let ports = Arc::new(Ports {
            egress: Arc::new(Nothing),
            secrets: Arc::new(Nothing),
            cache: Arc::new(Nothing),
            intents: Arc::new(Nothing),
            log: Arc::new(Nothing),
        });
        let invocation = Invocation {
            call: Call {
                intent: "describe".to_owned(),
                input: "null".to_owned(),
                settings: "{}".into(),
                user: None,
                locale: "en".to_owned(),
                time_zone: "UTC".to_owned(),
                now_ms: 0,
                idempotency_key: None,
            },
            context: CallContext {
                call_id: "describe".into(),
                connection: "describe".into(),
                tenant: "".into(),
                deadline: Instant::now() + limits.wall().min(DESCRIBE_MAX),
                user: None,
                traceparent: None,
                ancestors: Arc::new([]),
                gate: WriteGate::default(),
            },
            grant: Arc::new(grant),
            limits: Arc::new(limits.clone()),
            permit: None,
        };
        self.run(&ports, invocation, entry::Describe).await.result
    }
}

fn grant_of_nothing() -> Result<Grant, String> {
    let manifest = Manifest::parse(MANIFEST).map_err(|e| e.to_string())?;
    let connection = ConnectionGrant {
        name: "describe",
        tenant: "",
        subject: Subject::Connection,
        place: "describe",
        settings: &serde_json::Value::Null,
        access: Access::Read,
        auth: &BTreeMap::new(),
        secrets: &BTreeMap::new(),
        network: NetworkPolicy::default(),
    };
    Grant::resolve(&manifest, &connection).map_err(|e| e.to_string())
}

/// The grant lets nothing through, so that most of this is never reached; what is reached forgets.
struct Nothing;

impl Egress for Nothing {
    fn send<'a>(
        &'a self,
        _: Granted<OutboundRequest>,
        _: &'a CallContext,
    ) -> BoxFuture<'a, Result<UpstreamResponse, SendError>> {
        Box::pin(async { Err(SendError::Denied(WHY.to_owned())) })
    }
}

impl Secrets for Nothing {
    fn hmac<'a>(
        &'a self,
        _: &'a CallContext,
        _: &'a str,
        _: HmacAlgorithm,
        _: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(async { Err(WHY.to_owned()) })
    }

    fn reveal<'a>(&'a self, _: &'a CallContext, _: &'a str) -> BoxFuture<'a, Result<Zeroizing<String>, String>> {
        Box::pin(async { Err(WHY.to_owned()) })
    }

    fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        Cow::Borrowed(text)
    }
}

impl Cache for Nothing {
    fn get(&self, _: &str, _: &str) -> Option<Bytes> {
        None
    }

    fn put(&self, _: &str, _: &str, _: Bytes, _: u32) -> Result<(), TooLarge> {
        Ok(())
    }

    fn delete(&self, _: &str, _: &str) {}
}

impl Intents for Nothing {
    fn call<'a>(&'a self, _: &'a CallContext, _: &'a Call, _: String, _: String) -> BoxFuture<'a, Answered> {
        Box::pin(async {
            let result = Err(Failure::new(FailureKind::Denied, WHY));
            Answered { result, write_outcome: WriteOutcome::None }
        })
    }
}

impl GuestLog for Nothing {
    fn write(&self, _: &CallContext, level: LogLevel, message: &str, _: &[(String, String)]) {
        tracing::debug!(?level, message, "`describe` wrote to its log");
    }
}
