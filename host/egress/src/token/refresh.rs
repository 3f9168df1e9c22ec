//! Answers for the life of a refresh token, also across hosts and across the death of one: who may use it, and that the
//! one that comes after it is durable before anything is done with the access token that came along.
//!
//! The order of steps is the whole point. Read; if somebody else renewed, take theirs. Take the lease by compare and
//! set. Ask. Write what came, by compare and set. Only then hand out the access token. A host that dies holding the
//! lease leaves the old refresh token in place, and the next one tries it, at once where it can see that the holder is
//! gone, else when the lease has run out: systems that
//! rotate give the old one some grace for just that. One that gives none, and answered a host that died before it could
//! write, has lost the consent; no order of steps can help there.

use std::sync::Arc;
use std::time::Duration;

use jackfield_core::grant::EndpointGrant;
use jackfield_core::manifest::{OAuth2, TokenGrant};
use jackfield_core::port::Expect;
use tokio::time::{Instant, sleep};
use zeroize::Zeroizing;

use super::desk::{Desk, Ended, Renewal};
use super::fault::Refusal;
use super::form::{Secrets, With};
use super::record::{Lease, NotPut, Record, Shelf};
use super::{Ask, Fault, Fresh, holder};
use crate::clock;
use crate::credential;
use crate::random;
use crate::state::State;
use crate::vault::{SecretValue, Why};

/// How often somebody else's lease is looked at, from and up to.
const LOOK_MIN: Duration = Duration::from_millis(50);
const LOOK_MAX: Duration = Duration::from_millis(400);

/// How often a new refresh token is offered to a store that does not take it, and the first wait in between, which
/// doubles.
const KEEP_TRIES: u32 = 6;
const KEEP_WAIT: Duration = Duration::from_millis(50);

/// A stored access token that ends sooner is not worth using.
const REST_MIN: Duration = Duration::from_secs(1);

/// A refresh token that the store has not taken yet.
pub(super) struct Unsaved {
    record: Record,
    spent: Zeroizing<String>,
}

/// What became of writing a record.
enum Kept {
    Ours,
    /// Somebody else's is newer.
    Theirs(Box<Record>),
}

impl Desk {
    /// Where refresh tokens are kept.
    ///
    /// # Errors
    /// `Denied` where the configuration has no place for them.
    pub(super) fn shelf(&self, ask: &Ask) -> Result<Shelf, Fault> {
        self.open_shelf(&ask.endpoint)
    }

    /// Whether refresh tokens can be kept.
    ///
    /// # Errors
    /// As for every use of one.
    pub(crate) fn keeps(&self, endpoint: &EndpointGrant) -> Result<(), Fault> {
        self.open_shelf(endpoint).map(drop)
    }

    fn open_shelf(&self, endpoint: &EndpointGrant) -> Result<Shelf, Fault> {
        let (Some(store), Some(sealer)) = (self.store.clone(), self.vault.sealer()) else {
            return Err(Fault::Denied(
                format!(
                    "connection `{}` uses a refresh token, which is kept sealed: \
                     configure a store and `[vault]` with a master key",
                    endpoint.connection()
                )
                .into(),
            ));
        };
        Ok(Shelf { store, sealer })
    }

    /// A token from the stored refresh token, or by whoever else has renewed it.
    pub(super) async fn refresh(
        &self,
        renewal: &Renewal<'_>,
        oauth2: &OAuth2,
        secrets: Secrets,
    ) -> Result<Fresh, Fault> {
        let ask = renewal.ask;
        let shelf = self.shelf(ask)?;
        // Before anything else: one that came and could not be written is the only one that is good.
        if let Some(unsaved) = self.take_unsaved(ask) {
            return self.keep(&shelf, ask, oauth2, unsaved, Expect::Any).await;
        }
        let configured = self.configured(ask, oauth2).await?;
        let mut watched: Option<(u64, Instant)> = None;
        let (record, revision) = loop {
            let found = shelf.load(ask).await?;
            let expect = found.as_ref().map_or(Expect::Absent, |(_, revision)| Expect::Revision(*revision));
            // Of what is replaced, nothing that was remembered holds any more.
            let mut before = None;
            let mut record = match found {
                Some((record, revision)) if record.is_of(oauth2, configured.as_deref()) => {
                    before = Some(revision);
                    record
                }
                // The operator put something else in its place.
                Some((before, _)) => {
                    let mut record = self.first(ask, oauth2, configured.as_deref())?;
                    record.succeed(before);
                    record
                }
                None => self.first(ask, oauth2, configured.as_deref())?,
            };
            self.learn(ask, "refresh", &record.refresh);
            if let Some(fresh) = self.stored(renewal, oauth2, &record) {
                return fresh;
            }
            if let Some(remembered) = renewal.remembered.filter(|known| known.of.is_same(&secrets, before)) {
                return Err(remembered.fault.clone());
            }
            if let Some(words) = &record.refused {
                let of = Refusal { secrets: secrets.0, revision: before };
                return Err(self.refused_before(ask, words, Some(Arc::new(of))));
            }
            let now_ms = clock::now_ms();
            let mut is_held = false;
            if let Some(lease) = record.lease.as_ref().filter(|lease| !holder::is_gone(&lease.holder)) {
                // Hosts share the calendar only, so that a lease ends by it. What is left of one is measured from when it
                // was first seen, by the clock that nobody sets.
                let seen = watched.filter(|(fence, _)| *fence == lease.fence);
                let left = Duration::from_millis(lease.until_ms.saturating_sub(now_ms));
                let (_, end) = *watched.insert(seen.unwrap_or((lease.fence, later(Instant::now(), left))));
                is_held = Instant::now() < end;
            }
            if is_held {
                self.wait_for_lease(renewal).await?;
                continue;
            }
            record.fence += 1;
            // The token request, and time to write down what it gave.
            let held = renewal.connection.token_timeout().mul_f64(1.5);
            record.lease = Some(Lease {
                holder: holder::name().map_err(Fault::unavailable)?,
                fence: record.fence,
                until_ms: now_ms + u64::try_from(held.as_millis()).unwrap_or(u64::MAX / 2),
            });
            match shelf.put(ask, &record, expect).await {
                Ok(revision) => break (record, revision),
                Err(NotPut::Conflict) if Instant::now() < renewal.deadline => {}
                Err(NotPut::Conflict) => return Err(Fault::unavailable("too many hosts renew this token at once")),
                Err(NotPut::Fault(fault)) => return Err(fault),
            }
        };
        self.use_lease(&shelf, renewal, oauth2, secrets, record, revision).await
    }

    /// The token request itself, by whoever holds the lease.
    async fn use_lease(
        &self,
        shelf: &Shelf,
        renewal: &Renewal<'_>,
        oauth2: &OAuth2,
        secrets: Secrets,
        mut record: Record,
        revision: u64,
    ) -> Result<Fresh, Fault> {
        let ask = renewal.ask;
        let spent = record.refresh.clone();
        // All tries together, so that the lease is over only after the last of them.
        let deadline = renewal.deadline.min(Instant::now() + renewal.connection.token_timeout());
        let asked = self.request(ask, renewal.connection, oauth2, secrets, With::Refresh(&spent), deadline).await;
        record.lease = None;
        let (ended, secrets) = match asked {
            Ok(answered) => {
                self.granted(ask, oauth2, &answered.issued);
                let lifetime = answered.issued.lifetime.or(oauth2.lifetime_s.map(|s| Duration::from_secs(s.into())));
                let ends = lifetime.map(|lifetime| lifetime.saturating_sub(answered.born.elapsed()));
                let ends = ends.and_then(|left| u64::try_from(left.as_millis()).ok());
                record.ends_ms = ends.map(|left_ms| clock::now_ms().saturating_add(left_ms));
                record.access = Some(answered.issued.access);
                if let Some(refresh) = answered.issued.refresh {
                    record.refresh = refresh;
                }
                let unsaved = Unsaved { record, spent };
                return self.keep(shelf, ask, oauth2, unsaved, Expect::Revision(revision)).await;
            }
            Err(ended) => ended,
        };
        match ended {
            Ended::Fault(fault) => {
                // Should this fail, the lease runs out by itself.
                let _ = shelf.put(ask, &record, Expect::Revision(revision)).await;
                Err(fault)
            }
            Ended::Refused(refused) => {
                // For good, and for every host, only what is said of the refresh token itself.
                if !refused.of_client() && refused.code != "invalid_scope" {
                    record.refused = Some(refused.words.clone());
                    record.access = None;
                }
                let revision = match shelf.put(ask, &record, Expect::Revision(revision)).await {
                    Ok(revision) => revision,
                    Err(_) => revision,
                };
                Err(self.refusal(ask, oauth2, &refused, secrets, Some(revision)))
            }
        }
    }

    /// Writes what came and only then hands out the access token.
    async fn keep(
        &self,
        shelf: &Shelf,
        ask: &Ask,
        oauth2: &OAuth2,
        unsaved: Unsaved,
        expect: Expect,
    ) -> Result<Fresh, Fault> {
        let rotated = unsaved.record.refresh != unsaved.spent;
        match self.write(shelf, ask, &unsaved, expect).await {
            Ok(Kept::Ours) => self.of_record(ask, oauth2, &unsaved.record),
            Ok(Kept::Theirs(record)) => self.of_record(ask, oauth2, &record),
            // Nothing of value is lost with the process where the refresh token stayed the same.
            Err(_) if !rotated => self.of_record(ask, oauth2, &unsaved.record),
            Err(fault) => {
                tracing::error!(
                    event = "token.unsaved",
                    connection = ask.endpoint.connection(),
                    "a new refresh token cannot be written; it is kept in memory and offered again"
                );
                self.put_unsaved(ask, unsaved);
                Err(fault)
            }
        }
    }

    async fn write(&self, shelf: &Shelf, ask: &Ask, unsaved: &Unsaved, expect: Expect) -> Result<Kept, Fault> {
        // Without a condition, what is there has to be looked at first.
        let mut expect = Some(expect).filter(|expect| *expect != Expect::Any);
        let mut wait = KEEP_WAIT;
        let mut last = Fault::unavailable("the token store changes too often");
        for _ in 0..KEEP_TRIES {
            let condition = match expect {
                Some(condition) => condition,
                None => match shelf.load(ask).await {
                    Ok(None) => Expect::Absent,
                    Ok(Some((record, _))) if record.is_same(&unsaved.record) => return Ok(Kept::Ours),
                    // Whoever took the lease after us has the token that we have spent: ours takes its place.
                    Ok(Some((record, revision))) if record.refresh == unsaved.spent => Expect::Revision(revision),
                    Ok(Some((record, _))) => return Ok(Kept::Theirs(Box::new(record))),
                    Err(fault) => {
                        last = fault;
                        sleep(wait).await;
                        wait *= 2;
                        continue;
                    }
                },
            };
            match shelf.put(ask, &unsaved.record, condition).await {
                Ok(_) => return Ok(Kept::Ours),
                Err(NotPut::Conflict) => {}
                Err(NotPut::Fault(fault)) => {
                    last = fault;
                    sleep(wait).await;
                    wait *= 2;
                }
            }
            // What is there now has to be looked at: also a step that failed may have been done.
            expect = None;
        }
        Err(last)
    }

    /// The stored access token, where it is another one than the caller's and still good.
    fn stored(&self, renewal: &Renewal<'_>, oauth2: &OAuth2, record: &Record) -> Option<Result<Fresh, Fault>> {
        let access = record.access.as_ref()?;
        let rest_ms = u128::from(record.ends_ms.unwrap_or(u64::MAX).saturating_sub(clock::now_ms()));
        if rest_ms < REST_MIN.as_millis() {
            return None;
        }
        let header = credential::sensitive(&Zeroizing::new([&oauth2.prefix, access.as_str()].concat()))?;
        if renewal.known.as_ref() == Some(&header) {
            return None;
        }
        Some(self.of_record(renewal.ask, oauth2, record))
    }

    fn of_record(&self, ask: &Ask, oauth2: &OAuth2, record: &Record) -> Result<Fresh, Fault> {
        let access = record.access.as_ref().ok_or_else(|| Fault::unavailable("the token was renewed elsewhere"))?;
        let lifetime = record.ends_ms.map(|ends| Duration::from_millis(ends.saturating_sub(clock::now_ms())));
        let header = self.fresh(ask, oauth2, access, None, Instant::now())?.header;
        self.learn(ask, "refresh", &record.refresh);
        Ok(Fresh { header, born: Instant::now(), lifetime })
    }

    /// The secret that holds the first refresh token, where the configuration has one.
    pub(super) async fn configured(&self, ask: &Ask, oauth2: &OAuth2) -> Result<Option<Arc<SecretValue>>, Fault> {
        let TokenGrant::RefreshToken { secret: Some(name), .. } = &oauth2.grant else { return Ok(None) };
        // A configured token is one person's consent. It never stands in for another's.
        if ask.user.is_some() {
            return Ok(None);
        }
        match self.vault.read(ask.endpoint.connection(), name).await {
            Ok(value) => Ok(Some(value)),
            Err(problem) if problem.why == Why::Unconfigured => Ok(None),
            // It may have been taken away once it had served; without a record, `first` says what is missing.
            Err(problem) => {
                let kept = self.shelf(ask)?.load(ask).await?;
                if kept.is_some() { Ok(None) } else { Err(Fault::missing(problem.brief())) }
            }
        }
    }

    pub(super) fn first(&self, ask: &Ask, oauth2: &OAuth2, configured: Option<&SecretValue>) -> Result<Record, Fault> {
        let connection = ask.endpoint.connection();
        let Some(value) = configured else {
            let whose = ask.user.as_ref().map(|_| " of this user").unwrap_or_default();
            let sentence =
                format!("connection `{connection}` waits for consent{whose}: run `jackfield connect {connection}`");
            return Err(Fault::Refused { state: State::Pending, sentence: sentence.into(), of: None });
        };
        Record::new(oauth2, Zeroizing::new(value.expose().to_owned()), Some(value))
    }

    pub(super) fn refused_before(&self, ask: &Ask, words: &str, of: Option<Arc<Refusal>>) -> Fault {
        let connection = ask.endpoint.connection();
        let sentence = format!(
            "the token endpoint of connection `{connection}` refused the refresh token: run `jackfield connect`, \
             or replace the secret; it said {words}"
        );
        Fault::Refused { state: State::ReauthRequired, sentence: sentence.into(), of }
    }

    async fn wait_for_lease(&self, renewal: &Renewal<'_>) -> Result<(), Fault> {
        if Instant::now() >= renewal.deadline {
            return Err(Fault::unavailable("another host is renewing the token and does not come to an end"));
        }
        let wait = LOOK_MIN + (LOOK_MAX - LOOK_MIN).mul_f64(random::fraction());
        sleep(wait).await;
        Ok(())
    }
}

/// An instant after this while; a while too long to be counted ends with the renewal's own deadline.
fn later(now: Instant, left: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(24 * 60 * 60);
    now + left.min(FAR)
}
