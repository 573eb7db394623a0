//! An outbox whose relay can be made to sleep at the worst moment: with events in its hands, before it publishes them.

use std::time::Duration;

use async_trait::async_trait;
use colloquy_chat_command::outbox::{Backlog, Lease, Outbox, PostgresOutbox, Unpublished};
use colloquy_contracts::RoomId;
use colloquy_sql::StoreError;
use tokio::sync::watch;
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Awake,
    FallsAsleepOnEvents,
    Asleep,
}

pub struct Pausable {
    outbox: PostgresOutbox,
    state: watch::Sender<State>,
}

impl Pausable {
    pub fn new(outbox: PostgresOutbox) -> Self {
        Self {
            outbox,
            state: watch::Sender::new(State::Awake),
        }
    }

    /// From the next events it takes, the relay sleeps until [`Pausable::resume`].
    pub async fn pause_with_events_in_hand(&self) {
        self.state.send_replace(State::FallsAsleepOnEvents);
    }

    /// Waits until it sleeps.
    pub async fn holds_events(&self) {
        let mut state = self.state.subscribe();
        let asleep = state.wait_for(|state| *state == State::Asleep);
        let in_time = tokio::time::timeout(Duration::from_secs(20), asleep).await;
        in_time.expect("the relay takes the events").unwrap();
    }

    pub fn resume(&self) {
        self.state.send_replace(State::Awake);
    }

    async fn awake(&self) {
        let mut state = self.state.subscribe();
        state
            .wait_for(|state| *state != State::Asleep)
            .await
            .unwrap();
    }
}

#[async_trait]
impl Outbox for Pausable {
    async fn renew_lease(&self, holder: Uuid, ttl: Duration) -> Result<Option<Lease>, StoreError> {
        self.awake().await;
        self.outbox.renew_lease(holder, ttl).await
    }

    async fn release_lease(&self, lease: Lease) -> Result<(), StoreError> {
        self.outbox.release_lease(lease).await
    }

    async fn unpublished(
        &self,
        lease: Lease,
        published: &[i64],
        limit: u32,
        without: &[RoomId],
    ) -> Result<Option<Vec<Unpublished>>, StoreError> {
        self.awake().await;
        let waiting = self.outbox.unpublished(lease, published, limit, without);
        let waiting = waiting.await?;
        if waiting.as_ref().is_some_and(|waiting| !waiting.is_empty()) {
            self.state.send_if_modified(|state| {
                let falls = *state == State::FallsAsleepOnEvents;
                if falls {
                    *state = State::Asleep;
                }
                falls
            });
            self.awake().await;
        }
        Ok(waiting)
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.outbox.backlog().await
    }

    async fn notified(&self) {
        self.outbox.notified().await;
    }
}
