//! Who is online and who is typing: what is pushed to clients (contract §5), and the keys that hold it for a time (§7).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{CustomerId, RoomId};

/// How the keys of [`online_sessions`] begin.
pub const ONLINE_SESSIONS: &str = "online_sessions:";
/// How the keys of [`typing`] begin.
pub const TYPING: &str = "typing:";

/// Body of `/topic/onlineStatus/roomId/{roomId}`, and what the read side answers for each participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OnlineStatus {
    /// The customer.
    pub customer_id: CustomerId,
    /// Whether they have a session anywhere.
    pub online: bool,
}

/// Body of `/topic/typing/roomId/{roomId}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TypingStatus {
    /// The room that is typed in.
    pub room_id: RoomId,
    /// Whether they are typing.
    pub typing: bool,
    /// The customer.
    pub customer_id: CustomerId,
}

/// The set that a customer is in while they are online.
#[must_use]
pub fn online_sessions(customer: CustomerId) -> String {
    format!("{ONLINE_SESSIONS}{customer}")
}

/// The key that exists while a customer is online.
#[must_use]
pub fn online_user(customer: CustomerId) -> String {
    format!("online_user:{customer}")
}

/// The set that a member is in while they are typing in a room.
#[must_use]
pub fn typing(room: RoomId, customer: CustomerId) -> String {
    format!("{TYPING}{room}:{customer}")
}
