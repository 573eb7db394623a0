//! `GET /onlineStatus/roomId/{roomId}`: who of a room is online, computed from the sessions that live now.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, Failure, Kind, extract::PathIds};
use colloquy_contracts::{
    CustomerId, Envelope, RoomId,
    openapi::{Forbidden, Invalid},
    presence::{self, OnlineStatus},
};
use colloquy_credentials::identity::Caller;
use colloquy_expiring_store::ExpiringStoreError;

use crate::{ChatQuery, view_store::ViewStoreError};

/// Why nobody can tell who is online.
#[derive(Debug, thiserror::Error)]
pub enum OnlineStatusError {
    /// Who is in the room cannot be read.
    #[error(transparent)]
    Views(#[from] ViewStoreError),
    /// Who has sessions cannot be read.
    #[error("who is online is not known")]
    Presence(#[from] ExpiringStoreError),
}

impl Failure for OnlineStatusError {
    fn kind(&self) -> Kind {
        match self {
            Self::Views(error) => error.kind(),
            Self::Presence(error) => error.kind(),
        }
    }
}

/// Who in a room is online
#[utoipa::path(
    get,
    path = "/onlineStatus/roomId/{roomId}",
    operation_id = "listOnlineStatus",
    params(("roomId" = RoomId, Path)),
    responses(
        (status = 200, description = "One status for each participant.", body = Envelope<Vec<OnlineStatus>>),
        Invalid,
        Forbidden,
    )
)]
pub async fn handle(
    State(service): State<Arc<ChatQuery>>,
    caller: Caller,
    PathIds(room): PathIds<RoomId>,
) -> Result<Answer<Vec<OnlineStatus>>, ApiError> {
    service.membership.check(room, caller.customer_id).await?;
    let statuses = service.online_statuses(room).await?;
    Ok(Answer("Who is online in the room.", statuses))
}

impl ChatQuery {
    /// One status for each participant, ascending; none for a room that is not projected yet.
    async fn online_statuses(&self, room: RoomId) -> Result<Vec<OnlineStatus>, OnlineStatusError> {
        let room = self.store.room(room).await?;
        let participants = room.map_or_else(Vec::new, |room| room.participant_ids);
        // All at once: the store takes them as one batch.
        let statuses = participants
            .into_iter()
            .map(|customer| self.online_status(customer));
        Ok(futures_util::future::try_join_all(statuses).await?)
    }

    async fn online_status(
        &self,
        customer_id: CustomerId,
    ) -> Result<OnlineStatus, ExpiringStoreError> {
        let sessions = presence::online_sessions(customer_id);
        let online = !self.expiring_store.members(&sessions).await?.is_empty();
        Ok(OnlineStatus {
            customer_id,
            online,
        })
    }
}
