//! A new password and the revocation of the sessions that began with an earlier one: one durable step (revocation,
//! decision 23).
//!
//! The new hash and a note that sessions have yet to be ended are one transaction. The request delivers the note to auth
//! before it is answered; if that fails, or the process ends, the note stays and [`start`]'s task delivers it. However
//! late that is, no session ends that began with the new password: the note carries the password's number.

use std::{borrow::Cow, sync::Arc, time::Duration};

use colloquy_chassis::{Clock, Failure, Kind, Tasks, answer::chain};
use colloquy_service_api::{CallError, SessionEnding};
use colloquy_sql::StoreError;

use crate::{CustomerStore, Customers, customer_store::PasswordChange};

/// Between two looks for notes that are due.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Why a password was not replaced, or not with everything that belongs to it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplaceError {
    /// Sessions could not be ended now, so that nothing was changed.
    #[error("sessions cannot be ended now")]
    NotReady(#[source] CallError),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The password is replaced; the sessions end as soon as they can.
    #[error("the password is replaced, sessions have yet to be ended")]
    NotYetEnded(#[source] CallError),
}

impl ReplaceError {
    /// Whether the new password counts all the same.
    pub(crate) fn is_replaced(&self) -> bool {
        matches!(self, Self::NotYetEnded(_))
    }
}

impl Customers {
    /// Replaces a password and ends the customer's sessions; says whether the verified hash was still there, and does
    /// nothing if not.
    pub(crate) async fn replace_password(
        &self,
        change: &PasswordChange,
    ) -> Result<bool, ReplaceError> {
        let sessions = self.sessions.as_ref();
        sessions.ready().await.map_err(ReplaceError::NotReady)?;
        let noting = self.store.replace_password(change, self.clock.now());
        let Some((note, ending)) = noting.await? else {
            return Ok(false);
        };
        sessions
            .end_earlier(&ending)
            .await
            .map_err(ReplaceError::NotYetEnded)?;
        if let Err(error) = self.store.forget_ending(note).await {
            tracing::warn!(error = %chain(&error), "sessions that have ended will be ended again");
        }
        Ok(true)
    }
}

/// Starts the delivery of notes that their requests left over.
pub(crate) fn start(
    store: Arc<dyn CustomerStore>,
    sessions: Arc<dyn SessionEnding>,
    clock: Arc<dyn Clock>,
    tasks: &Tasks,
) {
    let stop = tasks.clone();
    tasks.spawn_vital("ending of sessions", async move {
        let mut ticks = tokio::time::interval(POLL_INTERVAL);
        loop {
            tokio::select! {
                () = stop.stopping() => return,
                _ = ticks.tick() => {}
            }
            if let Err(error) = deliver_due(&*store, &*sessions, &*clock).await {
                tracing::warn!(error = %chain(error.as_ref()), "sessions have yet to be ended");
            }
        }
    });
}

async fn deliver_due(
    store: &dyn CustomerStore,
    sessions: &dyn SessionEnding,
    clock: &dyn Clock,
) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    for (note, ending) in store.endings_due(clock.now()).await? {
        sessions.end_earlier(&ending).await?;
        store.forget_ending(note).await?;
        tracing::info!(
            customer.id = ending.customer_id.0,
            "the sessions of a customer were ended late"
        );
    }
    Ok(())
}

impl Failure for ReplaceError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotReady(error) | Self::NotYetEnded(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::NotReady(error) => error.message(),
            Self::Store(error) => error.message(),
            Self::NotYetEnded(_) => {
                "Your password has been changed. Other devices will be logged out as soon as possible.".into()
            }
        }
    }
}
