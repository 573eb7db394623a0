//! A copy of the revocation log, for those who let sessions in (decision 23).
//!
//! It is as old as the last question that was answered: a reader that may have missed something for more than 2 s denies
//! (invariant 12).

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use colloquy_chassis::{
    Clock, Failure, Kind, Tasks,
    backoff::Backoff,
    clock::ClockReadings,
    figures::{self, Figures},
    readiness::Gate,
};
use colloquy_contracts::{CustomerId, SessionNumber, Timestamp};
use colloquy_credentials::{identity::SessionId, session_verifier::Session};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use crate::revocations::{BEGINNING, Ended, Reading, Revocation, RevocationFeed, Revocations};

/// A copy that is older than this decides nothing.
pub const GOOD_FOR: Duration = Duration::from_secs(2);
/// A question that is not answered by then is asked again, of the next instance. The copy is good for the time that the
/// answer before took, for this, and for the time that the next answer takes, some 0.5 s each.
const READ_TIMEOUT: Duration = Duration::from_millis(800);
/// How often entries that no token can match any more are dropped.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(60);

/// The copy is too old to tell.
#[derive(Debug, thiserror::Error)]
#[error("the list of revoked sessions is too old")]
pub struct Stale;

impl Failure for Stale {
    fn kind(&self) -> Kind {
        Kind::Unavailable
    }
}

/// What is known of revoked sessions. Cheap to clone; all clones are one list.
#[derive(Clone, Debug)]
pub struct RevocationList {
    revoked: Arc<RwLock<RevokedSessions>>,
    changes: Arc<watch::Sender<()>>,
}

/// What identifies a session where nothing else of its token is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionKey {
    /// The customer.
    pub customer: CustomerId,
    /// The session.
    pub id: SessionId,
    /// The number of the password that the session began with.
    pub number: SessionNumber,
}

impl From<&Session> for SessionKey {
    fn from(session: &Session) -> Self {
        Self {
            customer: session.caller.customer_id,
            id: session.caller.session_id,
            number: session.number,
        }
    }
}

#[derive(Debug)]
struct RevokedSessions {
    sessions: HashMap<SessionId, Timestamp>,
    earlier: HashMap<CustomerId, Vec<Earlier>>,
    position: i64,
    as_of: Option<Instant>,
}

#[derive(Debug)]
struct Earlier {
    before: SessionNumber,
    except: Option<SessionId>,
    expires_at: Timestamp,
}

impl Default for RevocationList {
    /// A list that has read nothing yet, and so decides nothing.
    fn default() -> Self {
        Self {
            revoked: Arc::new(RwLock::new(RevokedSessions {
                sessions: HashMap::new(),
                earlier: HashMap::new(),
                position: BEGINNING,
                as_of: None,
            })),
            changes: Arc::new(watch::Sender::new(())),
        }
    }
}

impl RevocationList {
    /// A list that follows the feed. `gate` opens once the whole log was read.
    #[must_use]
    pub fn follow(
        feed: Arc<dyn RevocationFeed>,
        clock: Arc<dyn Clock>,
        gate: Gate,
        tasks: &Tasks,
    ) -> Self {
        let list = Self::default();
        let (following, stop) = (list.clone(), tasks.clone());
        tasks.spawn_vital("revocations", async move {
            tokio::select! {
                () = stop.stopping() => {}
                () = following.read_on(feed.as_ref(), &gate) => {}
                () = following.tidy(clock.as_ref()) => {}
            }
        });
        list
    }

    /// Whether a verified token is revoked.
    ///
    /// # Errors
    /// The copy is more than 2 s old and decides nothing.
    pub fn is_revoked(&self, session: &Session) -> Result<bool, Stale> {
        let revoked = self.read();
        let as_of = revoked.as_of.ok_or(Stale)?;
        if as_of.elapsed() > GOOD_FOR {
            return Err(Stale);
        }
        Ok(revoked.lists(SessionKey::from(session)))
    }

    /// Whether a session is on the list, however old the list is: for sessions that were let in long ago.
    #[must_use]
    pub fn lists(&self, session: SessionKey) -> bool {
        self.read().lists(session)
    }

    /// Shows operators how old this copy is, whenever they ask: since the last question that was answered, or since it
    /// began to ask.
    pub fn show(&self, figures: &Figures) {
        const AGE: &str = "colloquy_revocations_age_seconds";
        figures::gauges(&[(
            AGE,
            "Age of what this process knows of ended sessions; beyond 2 s it lets no session in.",
        )]);
        let (list, began) = (self.clone(), Instant::now());
        figures.look_up(move || {
            let as_of = list.read().as_of.unwrap_or(began);
            metrics::gauge!(AGE).set(as_of.elapsed().as_secs_f64());
        });
    }

    /// Wakes whenever something was added.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Takes in what was read by a question that was asked at `asked_at`.
    pub fn apply(&self, read: &Revocations, asked_at: Instant) {
        let news = !read.revocations.is_empty();
        let mut revoked = self.write();
        for revocation in &read.revocations {
            revoked.add(revocation);
        }
        // A log that is shorter than it was is another one, as after restoring a backup: read it from its beginning.
        let is_shorter = read.up_to < revoked.position;
        revoked.position = if is_shorter { BEGINNING } else { read.up_to };
        if read.is_end && !is_shorter {
            revoked.as_of = Some(asked_at);
        }
        drop(revoked);
        if news {
            self.changes.send_replace(());
        }
    }

    async fn read_on(&self, feed: &dyn RevocationFeed, gate: &Gate) {
        let reader = SessionId::random().to_string();
        let mut backoff = Backoff::default();
        let mut is_well = true;
        loop {
            let reading = Reading {
                after: self.read().position,
                reader: reader.clone(),
            };
            let asked_at = Instant::now();
            match timeout(READ_TIMEOUT, feed.read(&reading)).await {
                Ok(Ok(read)) => {
                    let is_end = read.is_end;
                    self.apply(&read, asked_at);
                    if is_end {
                        gate.open();
                    }
                    if !is_well {
                        tracing::info!("revoked sessions are known again");
                    }
                    is_well = true;
                    backoff.reset();
                }
                outcome => {
                    if is_well {
                        let error = outcome.ok().and_then(Result::err);
                        tracing::warn!(
                            ?error,
                            "revoked sessions cannot be read; soon no session will be accepted"
                        );
                    }
                    is_well = false;
                    backoff.wait().await;
                }
            }
        }
    }

    /// As long as the log itself keeps entries, the copy does (decision 39).
    async fn tidy(&self, clock: &dyn Clock) {
        let mut readings = ClockReadings::default();
        loop {
            tokio::time::sleep(CLEANUP_INTERVAL).await;
            readings = readings.with(clock.now(), CLEANUP_INTERVAL);
            if let Some(over_age) = readings.over_age() {
                self.write().drop_expired(over_age);
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, RevokedSessions> {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, RevokedSessions> {
        self.revoked.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl RevokedSessions {
    fn lists(&self, session: SessionKey) -> bool {
        self.sessions.contains_key(&session.id)
            || self.earlier.get(&session.customer).is_some_and(|all| {
                all.iter().any(|earlier| {
                    session.number < earlier.before && earlier.except != Some(session.id)
                })
            })
    }

    fn add(&mut self, revocation: &Revocation) {
        let expires_at = revocation.expires_at;
        match revocation.ended {
            Ended::Session { session_id } => {
                self.sessions.insert(session_id, expires_at);
            }
            Ended::EarlierSessions { before, except } => {
                let earlier = Earlier {
                    before,
                    except,
                    expires_at,
                };
                let all = self.earlier.entry(revocation.customer_id).or_default();
                all.push(earlier);
            }
        }
    }

    fn drop_expired(&mut self, over_age: Timestamp) {
        self.sessions.retain(|_, expires_at| over_age < *expires_at);
        self.earlier.retain(|_, all| {
            all.retain(|earlier| over_age < earlier.expires_at);
            !all.is_empty()
        });
    }
}
