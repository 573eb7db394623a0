//! Whether a customer may use a room, as membership (decision 11) is decided: a yes of the read side is final, a no is
//! asked again at the write side, and if neither side answers the check is neither a yes nor a no.

use std::{borrow::Cow, sync::Arc, time::Duration};

use colloquy_chassis::{Failure, Kind, backoff::Backoff};
use colloquy_contracts::{CustomerId, RoomId};
use moka::sync::Cache;

use crate::{CallError, RoomMembership};

/// How long to try before giving up with "temporarily unavailable".
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);
/// The view's share of it: the truth needs the rest.
const VIEW_TIMEOUT: Duration = Duration::from_millis(700);
/// Pairs remembered. Membership never ends in this contract, so a yes never goes stale.
const REMEMBERED: u64 = 200_000;

/// Decides membership. Cheap to clone.
#[derive(Clone)]
pub struct MembershipCheck {
    view: Arc<dyn RoomMembership>,
    truth: Arc<dyn RoomMembership>,
    members: Cache<(RoomId, CustomerId), ()>,
}

/// The refusal of a caller who is not in a room, or when there is no such room: the same for every call.
pub const NOT_A_MEMBER: &str = "You are not a member of this room.";

/// Why a room may not be used.
#[derive(Debug, thiserror::Error)]
pub enum MembershipError {
    /// Not in the room, or there is no such room: outsiders cannot tell which.
    #[error("not a member of this room")]
    NotAMember,
    /// Neither side answered in time. Never cached, never shown as a refusal.
    #[error("membership could not be decided")]
    Undecided(#[source] CallError),
}

impl Failure for MembershipError {
    fn kind(&self) -> Kind {
        match self {
            Self::NotAMember => Kind::Forbidden,
            Self::Undecided(_) => Kind::Unavailable,
        }
    }

    fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::NotAMember => NOT_A_MEMBER,
            Self::Undecided(_) => self.kind().message(),
        })
    }
}

impl MembershipCheck {
    /// Asks `view` first and `truth` when that says no.
    #[must_use]
    pub fn new(view: Arc<dyn RoomMembership>, truth: Arc<dyn RoomMembership>) -> Self {
        Self {
            view,
            truth,
            members: Cache::new(REMEMBERED),
        }
    }

    /// `Ok` for members.
    ///
    /// # Errors
    /// Not a member, or undecided after 2 s.
    pub async fn check(&self, room: RoomId, customer: CustomerId) -> Result<(), MembershipError> {
        if self.members.contains_key(&(room, customer)) {
            return Ok(());
        }
        let mut backoff = Backoff::default();
        let deadline = tokio::time::Instant::now() + CHECK_TIMEOUT;
        let undecided = loop {
            match tokio::time::timeout_at(deadline, self.ask(room, customer)).await {
                Ok(Ok(true)) => {
                    self.members.insert((room, customer), ());
                    return Ok(());
                }
                Ok(Ok(false)) => return Err(MembershipError::NotAMember),
                Ok(Err(error)) if tokio::time::Instant::now() < deadline => {
                    tracing::debug!(%error, "membership undecided, trying again");
                    let _ = tokio::time::timeout_at(deadline, backoff.wait()).await;
                }
                Ok(Err(error)) => break error,
                Err(_) => {
                    break CallError::Unavailable(colloquy_chassis::ServiceName::ChatCommand, None);
                }
            }
        };
        Err(MembershipError::Undecided(undecided))
    }

    /// A view that is down or hangs is no reason to refuse: the truth decides.
    async fn ask(&self, room: RoomId, customer: CustomerId) -> Result<bool, CallError> {
        let view = tokio::time::timeout(VIEW_TIMEOUT, self.view.is_member(room, customer)).await;
        if matches!(view, Ok(Ok(true))) {
            return Ok(true);
        }
        self.truth.is_member(room, customer).await
    }
}
