//! Answers for whether a connection would work: the operator's question, before a user's call asks it. Nothing here
//! changes anything at the business system.

use std::sync::Arc;
use std::time::Duration;

use jackfield_core::call::{CallContext, User, WriteGate};
use jackfield_core::grant::EndpointGrant;
use jackfield_core::manifest::{Access, OAuth2, Scheme, SignatureAlgorithm, TokenGrant};
use jackfield_core::port::{SendError, UpstreamResponse};
use serde::Serialize;
use tokio::time::Instant;

use crate::Egress;
use crate::credential;
use crate::credential::sign::SigningKey;
use crate::state::State;
use crate::token::Ask;
use crate::traffic::Purpose;

/// What a test of an endpoint showed. It holds no secret value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// How the credential is doing after the test.
    pub state: State,
    /// Why it would not work; absent when it would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Status of the manifest's probe, where there is one and it was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probe_status: Option<u16>,
    /// Scopes that were asked for, or that the system named, and were not given.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing_scopes: Vec<String>,
}

/// Why a scheme cannot be served as the host is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unserved {
    /// The secret that is to blame, where one is.
    pub secret: Option<String>,
    /// What is missing or wrong; never a value.
    pub why: String,
}

/// The secrets that have to be private keys.
fn signing_keys(oauth2: &OAuth2) -> impl Iterator<Item = (&str, SignatureAlgorithm)> {
    let own = match &oauth2.grant {
        TokenGrant::JwtBearer { key, algorithm, .. } => Some((key.as_str(), *algorithm)),
        TokenGrant::Saml2Bearer { key, .. } => Some((key.as_str(), SignatureAlgorithm::RS256)),
        TokenGrant::ClientCredentials | TokenGrant::RefreshToken { .. } | TokenGrant::Password { .. } => None,
    };
    own.into_iter().chain(oauth2.client_key.as_deref().map(|key| (key, oauth2.client_algorithm)))
}

impl Egress {
    /// Whether an endpoint's scheme can be served as this host is configured; opens no socket.
    ///
    /// # Errors
    /// What is missing, for `jackfield check`.
    pub fn check(&self, endpoint: &Arc<EndpointGrant>) -> Result<(), Unserved> {
        let Scheme::OAuth2(oauth2) = &endpoint.scheme else { return Ok(()) };
        for (name, algorithm) in signing_keys(oauth2) {
            // One that is not there has had its complaint; one elsewhere is looked at when it is asked for.
            let Some(key) = self.vault.read_local(endpoint.connection(), name) else { continue };
            SigningKey::parse(key.expose(), algorithm).map_err(|why| Unserved {
                secret: Some(name.to_owned()),
                why: format!("secret `{name}` of connection `{}`: {why}", endpoint.connection()),
            })?;
        }
        if !matches!(oauth2.grant, TokenGrant::RefreshToken { .. }) {
            return Ok(());
        }
        let kept = self.credentials.tokens.desk().keeps(endpoint);
        kept.map_err(|fault| Unserved { secret: None, why: fault.error().to_string() })
    }

    /// Brings a connection's state in step with its endpoints, after the start and after each change of the
    /// configuration: looks whether the consent that they need is stored, and forgets schemes that are gone.
    pub async fn prepare(&self, connection: &str, endpoints: &[Arc<EndpointGrant>]) {
        self.states.retain_slots(connection, |slot| endpoints.iter().any(|endpoint| &*endpoint.slot == slot));
        for endpoint in endpoints {
            // A user's own is looked at with the user's first call.
            if let Ok(ask) = Ask::new(endpoint, None, None) {
                // What is wrong stands in the state.
                let _ = self.credentials.tokens.desk().look(&ask).await;
            }
        }
    }

    /// Gets the endpoint's credential and sends its probe, where the manifest has one.
    pub async fn test(&self, endpoint: &Arc<EndpointGrant>, user: Option<&Arc<User>>, timeout: Duration) -> Report {
        let context = context("test", endpoint, user.cloned(), timeout);
        let outcome = self.try_out(endpoint, &context).await.map_err(|error| crate::scrubbed(&self.vault, error));
        let mut report = Report::default();
        match outcome {
            Ok(None) => {}
            Ok(Some(answer)) => {
                report.probe_status = Some(answer.status);
                if !(200..400).contains(&answer.status) {
                    report.problem = Some(format!("the probe is answered with {}", answer.status));
                }
            }
            Err(error) => report.problem = Some(error.to_string()),
        }
        if let Ok(ask) = Ask::of(endpoint, &context) {
            let status = self.states.of(&ask.subject());
            report.state = status.state;
            report.missing_scopes = status.missing_scopes;
        }
        report
    }

    /// Sends an endpoint's probe to see how the system is doing: the way of every request, but once, without waiting for
    /// the vendor's budget, and counted apart. Nothing where the manifest names none that only reads.
    ///
    /// # Errors
    /// Why there was no answer; [`SendError::Unavailable`] also while the breaker is open, and then nothing was sent.
    pub async fn probe(&self, endpoint: &Arc<EndpointGrant>, timeout: Duration) -> Option<Result<u16, SendError>> {
        // One that is not granted has been complained of by the operator's own test.
        let granted = EndpointGrant::probe(endpoint)?.ok().filter(|granted| granted.access() == Access::Read)?;
        let context = context("probe", endpoint, None, timeout);
        let answered = self.answer(granted, &context, Purpose::Probe).await;
        Some(answered.map(|answer| answer.status).map_err(|error| crate::scrubbed(&self.vault, error)))
    }

    async fn try_out(
        &self,
        endpoint: &Arc<EndpointGrant>,
        context: &CallContext,
    ) -> Result<Option<UpstreamResponse>, SendError> {
        if let Some(probe) = EndpointGrant::probe(endpoint) {
            let granted = probe.map_err(|refusal| SendError::Denied(format!("the probe: {refusal}")))?;
            return self.answer(granted, context, Purpose::Call).await.map(Some);
        }
        if let Scheme::OAuth2(_) = &endpoint.scheme {
            let ask = Ask::of(endpoint, context)?;
            let connection = self.connection(endpoint.connection())?;
            let deadline = Instant::from_std(context.deadline);
            self.credentials.tokens.get(&ask, &connection, deadline).await?;
            return Ok(None);
        }
        for name in endpoint.scheme.required_secrets() {
            credential::read(&self.vault, endpoint.connection(), name).await?;
        }
        Ok(None)
    }
}

/// For what the host asks of its own accord.
fn context(call_id: &str, endpoint: &EndpointGrant, user: Option<Arc<User>>, timeout: Duration) -> CallContext {
    CallContext {
        call_id: call_id.into(),
        connection: endpoint.connection().into(),
        tenant: endpoint.tenant().into(),
        user,
        deadline: std::time::Instant::now() + timeout,
        traceparent: None,
        ancestors: Arc::new([]),
        gate: WriteGate::default(),
    }
}
