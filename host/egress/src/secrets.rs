//! Use of secrets by name, for guests: the vault does it, the audit log is told. Whether the name is granted has been
//! decided by the caller.

use std::borrow::Cow;

use jackfield_core::audit::Event;
use jackfield_core::call::CallContext;
use jackfield_core::port::{self, BoxFuture, HmacAlgorithm};
use zeroize::Zeroizing;

use crate::Egress;
use crate::ledger::Subject;

impl port::Secrets for Egress {
    fn hmac<'a>(
        &'a self,
        context: &'a CallContext,
        name: &'a str,
        algorithm: HmacAlgorithm,
        message: &'a [u8],
    ) -> BoxFuture<'a, Result<Vec<u8>, String>> {
        Box::pin(async move {
            self.ledger.ready().map_err(|error| error.to_string())?;
            let outcome = self.vault.hmac(&context.connection, name, algorithm, message).await;
            self.note_use(context, name, "hmac", outcome.is_ok());
            outcome
        })
    }

    fn reveal<'a>(
        &'a self,
        context: &'a CallContext,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Zeroizing<String>, String>> {
        Box::pin(async move {
            self.ledger.ready().map_err(|error| error.to_string())?;
            let outcome = self.vault.reveal(&context.connection, name).await;
            self.note_use(context, name, "reveal", outcome.is_ok());
            outcome
        })
    }

    fn scrub<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.vault.scrub(text)
    }
}

impl Egress {
    fn note_use(&self, context: &CallContext, name: &str, how: &str, ok: bool) {
        let event = Event::SecretUsed { secret: name.to_owned(), how: how.to_owned() };
        let subject =
            Subject { tenant: &context.tenant, connection: &context.connection, slot: &"".into(), user: None };
        self.ledger.note(event, &subject, Some(&context.call_id), if ok { "ok" } else { "failed" });
    }
}
