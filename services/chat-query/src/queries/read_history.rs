//! `GET /message/roomId/{roomId}` and `GET /message/roomId/{roomId}/index/{indexMessageId}`: a page of a room's messages,
//! newest first, and on from there to older ones.
//!
//! Both take `?limit` (1–100, else 400; 20 without it), `?afterSeq=N` (only what is newer than seq N; still the newest
//! first, so a client that missed more than a page goes on with `index` until it meets what it has), and `?minSeq=N`
//! (decision 12; 0 or less asks for nothing). A member of a room that is not projected yet gets an empty list.

use std::sync::Arc;

use axum::extract::State;
use colloquy_chassis::{
    Answer, ApiError, Kind,
    extract::{Params, PathIds},
};
use colloquy_contracts::{
    Envelope, MessageId, RoomId, Seq,
    openapi::{Forbidden, Invalid},
    views::MessageDocument,
};
use colloquy_credentials::identity::Caller;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{ChatQuery, view_store::Page};

const LIMITS: std::ops::RangeInclusive<u32> = 1..=100;
const LIMIT: u32 = 20;

/// The query of a history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// How many messages at most; 20 without it.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
    /// Only what is newer than this seq; still the newest first.
    #[param(value_type = Option<i64>)]
    after_seq: Option<Seq>,
    /// Waits up to 2 s until the view has come so far, and is 503 if it has not; 0 or less asks for nothing.
    #[param(value_type = Option<i64>)]
    min_seq: Option<Seq>,
}

/// The latest messages of a room
#[utoipa::path(
    get,
    path = "/message/roomId/{roomId}",
    operation_id = "readHistory",
    params(("roomId" = RoomId, Path), HistoryQuery),
    responses(
        (status = 200, description = "The newest comes first; an empty list when there is none.", body = Envelope<Vec<MessageDocument>>),
        Invalid,
        Forbidden,
    )
)]
pub async fn latest(
    State(service): State<Arc<ChatQuery>>,
    caller: Caller,
    PathIds(room): PathIds<RoomId>,
    Params(query): Params<HistoryQuery>,
) -> Result<Answer<Vec<MessageDocument>>, ApiError> {
    answer(&service, &caller, room, None, &query).await
}

/// Older messages of a room
#[utoipa::path(
    get,
    path = "/message/roomId/{roomId}/index/{indexMessageId}",
    operation_id = "readHistoryBefore",
    params(("roomId" = RoomId, Path),
        ("indexMessageId" = i64, Path, description = "Messages below this id."), HistoryQuery),
    responses(
        (status = 200, description = "The newest comes first; an empty list when there is none.", body = Envelope<Vec<MessageDocument>>),
        Invalid,
        Forbidden,
    )
)]
pub async fn older(
    State(service): State<Arc<ChatQuery>>,
    caller: Caller,
    PathIds((room, index)): PathIds<(RoomId, MessageId)>,
    Params(query): Params<HistoryQuery>,
) -> Result<Answer<Vec<MessageDocument>>, ApiError> {
    answer(&service, &caller, room, Some(index), &query).await
}

async fn answer(
    service: &ChatQuery,
    caller: &Caller,
    room: RoomId,
    before: Option<MessageId>,
    query: &HistoryQuery,
) -> Result<Answer<Vec<MessageDocument>>, ApiError> {
    let limit = query.limit.unwrap_or(LIMIT);
    if !LIMITS.contains(&limit) {
        return Err(ApiError::new(Kind::Invalid, "limit must be 1 to 100."));
    }
    service.membership.check(room, caller.customer_id).await?;
    if let Some(seq) = query.min_seq {
        service.wait_for(room, seq).await?;
    }
    let page = Page {
        before,
        after_seq: query.after_seq,
        limit,
    };
    let messages = service.store.history(room, page).await?;
    Ok(Answer("Messages, newest first.", messages))
}
