//! `GET /onlineStatus/roomId/{roomId}`: which members of a room are online, computed from the sessions that live now.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{Answer, ApiError, extract::PathIds};
use colloquy_contracts::{
    CustomerId, Envelope, RoomId,
    openapi::{Forbidden, Invalid},
    presence::{self, OnlineStatus},
};
use colloquy_credentials::identity::Caller;
use colloquy_expiring_store::ExpiringStoreError;
use futures_util::future::try_join_all;

use crate::ChatQuery;

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
    let room = service.store.room(room).await?;
    let participants = room.map_or_else(Vec::new, |room| room.participant_ids);
    // All at once: the store takes them as one batch.
    let statuses = participants
        .into_iter()
        .map(|customer| service.online_status(customer));
    let statuses = try_join_all(statuses).await?;
    Ok(Answer("Who is online in the room.", statuses))
}

impl ChatQuery {
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
