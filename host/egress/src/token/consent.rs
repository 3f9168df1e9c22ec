//! What becomes of somebody's consent: the code is exchanged, and what it gave is kept sealed, in the place of whatever
//! was there before.

use jackfield_core::audit::Event;
use jackfield_core::manifest::TokenGrant;
use jackfield_core::port::Expect;
use tokio::time::Instant;

use super::desk::{Desk, Ended};
use super::form::With;
use super::record::{NotPut, Record};
use super::{Ask, Fault};
use crate::client::Connection;

impl Desk {
    /// Exchanges the code of a consent and keeps the refresh token.
    pub(crate) async fn redeem(
        &self,
        ask: &Ask,
        connection: &Connection,
        with: With<'_>,
        deadline: Instant,
    ) -> Result<(), Fault> {
        let oauth2 = ask.oauth2().map_err(Fault::of_sending)?;
        let oauth2 = oauth2.ok_or_else(|| Fault::Denied("the endpoint has no token endpoint".into()))?;
        // Before the code is spent: it is good for one try.
        let shelf = self.shelf(ask)?;
        let secrets = self.secrets(ask).await?;
        // What the operator has configured is older than this consent, also when it cannot be read.
        let configured = self.configured(ask, &oauth2).await.unwrap_or_default();
        let answered = match self.request(ask, connection, &oauth2, secrets, with, deadline).await {
            Ok(answered) => answered,
            Err((Ended::Fault(fault), _)) => return Err(fault),
            Err((Ended::Refused(refused), secrets)) => {
                return Err(self.refusal(ask, &oauth2, &refused, secrets, None));
            }
        };
        let name = ask.endpoint.connection();
        let Some(refresh) = answered.issued.refresh.clone() else {
            return Err(Fault::missing(format!(
                "the token endpoint of connection `{name}` gives no refresh token; many ask for the scope \
                 `offline_access` or the parameter `access_type=offline`"
            )));
        };
        // The access token that came along is left out: the first call renews, and so shows that renewing works.
        let record = Record::new(&oauth2, refresh, configured.as_deref())?;
        self.take_unsaved(ask);
        match shelf.put(ask, &record, Expect::Any).await {
            Ok(_) => {}
            Err(NotPut::Fault(fault)) => return Err(fault),
            // Not without a condition.
            Err(NotPut::Conflict) => return Err(Fault::unavailable("the token store changes too often")),
        }
        self.granted(ask, &oauth2, &answered.issued);
        self.consented(ask);
        let event = Event::SecretChanged { secret: ask.endpoint.slot.to_string(), how: "connect".to_owned() };
        self.note(event, ask, "ok");
        Ok(())
    }

    /// Whether a refresh token is there to begin with; what is missing becomes the connection's state.
    pub(crate) async fn look(&self, ask: &Ask) -> Result<(), Fault> {
        let Some(oauth2) = ask.oauth2().map_err(Fault::of_sending)? else { return Ok(()) };
        if !matches!(oauth2.grant, TokenGrant::RefreshToken { .. }) {
            return Ok(());
        }
        let shelf = self.shelf(ask)?;
        let outcome = match self.configured(ask, &oauth2).await {
            Ok(configured) => match shelf.load(ask).await {
                Ok(Some((record, _))) if record.is_of(&oauth2, configured.as_deref()) => {
                    record.refused.map_or(Ok(()), |words| Err(self.refused_before(ask, &words, None)))
                }
                Ok(_) => self.first(ask, &oauth2, configured.as_deref()).map(drop),
                Err(fault) => Err(fault),
            },
            Err(fault) => Err(fault),
        };
        self.followed(ask, outcome)
    }
}
