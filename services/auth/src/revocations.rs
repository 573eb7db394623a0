//! Ending sessions, and the feed by which gateways and WebSocket nodes learn of it (revocation, decision 23).

use std::{
    ops::ControlFlow,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use async_trait::async_trait;
use axum::extract::State;
use colloquy_chassis::{
    Answer, ApiError, Kind, ServiceName, Tasks, clock::ClockReadings, extract::Params,
};
use colloquy_contracts::{
    CustomerId, Envelope, Timestamp,
    openapi::{Forbidden, Invalid},
};
use colloquy_credentials::{identity::Identity, session_token::LIFETIME_SECONDS};
use colloquy_service_api::{
    CallError, RevocationFeed,
    revocations::{Ended, PATH, Reading, Revocations},
};
use colloquy_sql::{StoreError, sweeping::Sweeper};
use tokio::time::{Instant, timeout, timeout_at};

use crate::Auth;

/// A reader is answered after this long when there is no new entry: the rest of its own time-out is for the network.
const LONG_POLL_TIMEOUT: Duration = Duration::from_millis(500);
/// What readers report to other instances is found this soon while an end of sessions waits for them; what they report to
/// this instance, at once.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How long an end of sessions waits for readers. By then each has passed, or has a copy that is too old to accept a session.
const READERS_TIMEOUT: Duration = Duration::from_secs(2);
/// Entries outlive the tokens that they end by this, in seconds (the clock, decision 39).
const MARGIN_SECONDS: i64 = 48 * 60 * 60;
/// The longest name of a reader, in bytes; readers name themselves by UUIDs.
const MAX_READER_NAME: usize = 64;

impl Auth {
    /// Ends sessions of a customer. When this has returned no gateway and no WebSocket node accepts them.
    ///
    /// # Errors
    /// The store could not record it: the sessions go on.
    pub async fn end_sessions(
        &self,
        customer: CustomerId,
        ended: &Ended,
    ) -> Result<(), StoreError> {
        let latest = self.latest.load(Ordering::SeqCst);
        let signed_by = self.clock.now().millis().max(latest);
        let expires_at =
            Timestamp::from_millis(signed_by + (LIFETIME_SECONDS + MARGIN_SECONDS) * 1000);
        let number = self.sessions.revoke(customer, ended, expires_at).await?;
        let by = Instant::now() + READERS_TIMEOUT;
        self.until_denied(number, by).await;
        Ok(())
    }

    /// Deletes what is over-age from time to time, until the process stops.
    pub fn start_sweeping(self: &Arc<Self>, tasks: &Tasks) {
        let auth = Arc::clone(self);
        let sweeper = Sweeper::new(self.sessions.readings(), Arc::clone(&self.clock));
        sweeper.start("auth sweep", tasks, move |readings| {
            let auth = Arc::clone(&auth);
            async move {
                auth.sweep(readings).await;
                ControlFlow::Continue(())
            }
        });
    }

    async fn until_denied(&self, number: i64, by: Instant) {
        while Instant::now() < by {
            let passed = self.passed.notified();
            tokio::pin!(passed);
            passed.as_mut().enable();
            // If the store cannot answer, the time-out alone must do.
            let all_passed = self.sessions.all_readers_passed(number);
            if matches!(timeout_at(by, all_passed).await, Ok(Ok(true))) {
                return;
            }
            let _ = timeout_at((Instant::now() + POLL_INTERVAL).min(by), passed).await;
        }
    }

    async fn sweep(&self, readings: ClockReadings) {
        self.latest
            .fetch_max(readings.highest().millis(), Ordering::SeqCst);
        let Some(over_age) = readings.over_age() else {
            return;
        };
        if let Err(error) = self.sessions.sweep(over_age).await {
            tracing::warn!(%error, "expired revocations could not be removed");
        }
        if let Err(error) = self.limits.sweep(over_age).await {
            tracing::warn!(%error, "old failed logins could not be removed");
        }
        if let Err(error) = self.throttle.sweep(over_age).await {
            tracing::warn!(%error, "old places of logins could not be removed");
        }
    }

    async fn next_revocations(&self, reading: &Reading) -> Result<Revocations, StoreError> {
        let Reading { after, reader } = reading;
        let mut changes = self.sessions.changes();
        let read = self.sessions.reader_passed(reader, *after).await?;
        self.passed.notify_waiters();
        if read.up_to != *after {
            return Ok(read);
        }
        match timeout(LONG_POLL_TIMEOUT, changes.changed()).await {
            Ok(_) => self.sessions.read_after(*after).await,
            // A copy is as old as its question, and when that came there was no later entry.
            Err(_) => Ok(read),
        }
    }
}

#[async_trait]
impl RevocationFeed for Auth {
    async fn read(&self, reading: &Reading) -> Result<Revocations, CallError> {
        self.next_revocations(reading)
            .await
            .map_err(|error| CallError::Unavailable(ServiceName::Auth, Some(Box::new(error))))
    }
}

/// Which sessions have ended before their time
#[utoipa::path(
    get,
    path = PATH,
    operation_id = "readRevocations",
    params(Reading),
    responses(
        (status = 200, description = "The next entries: at once if there are any, otherwise an empty answer after 0.5 s.",
            body = Envelope<Revocations>),
        Invalid,
        Forbidden,
    )
)]
// What the gateway forwards for a customer comes from outside and is refused.
pub(crate) async fn read_revocations(
    State(auth): State<Arc<Auth>>,
    identity: Identity,
    Params(reading): Params<Reading>,
) -> Result<Answer<Revocations>, ApiError> {
    if identity.caller.is_some() {
        return Err(ApiError::new(Kind::Forbidden, "You may not do this."));
    }
    if reading.reader.len() > MAX_READER_NAME {
        return Err(ApiError::new(
            Kind::Invalid,
            "The reader's name is too long.",
        ));
    }
    let read = auth.next_revocations(&reading).await?;
    Ok(Answer("Revocations read.", read))
}
