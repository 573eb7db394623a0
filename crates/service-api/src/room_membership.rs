//! Is this customer in that room? Chat command knows the truth; chat query knows what it has projected so far.

use async_trait::async_trait;
use colloquy_chassis::ServiceName;
use colloquy_contracts::{CustomerId, RoomId};

use crate::{CallError, ServiceClient};

/// Where chat command answers.
pub const TRUTH_PATH: &str = "/internal/member/roomId/{room_id}/customerId/{customer_id}";
/// Where chat query answers.
pub const VIEW_PATH: &str = "/internal/valid/roomId/{room_id}/customerId/{customer_id}";

/// Knows who is in which room.
#[async_trait]
pub trait RoomMembership: Send + Sync + 'static {
    /// Whether the customer is in the room; `false` also for a room that is not known here.
    ///
    /// # Errors
    /// The answer could not be had. That is never a no.
    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, CallError>;
}

#[async_trait]
impl RoomMembership for ServiceClient {
    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, CallError> {
        let pattern = if self.callee() == ServiceName::ChatCommand {
            TRUTH_PATH
        } else {
            VIEW_PATH
        };
        let path = pattern
            .replace("{room_id}", &room.to_string())
            .replace("{customer_id}", &customer.to_string());
        Ok(self.get(&path).await?.unwrap_or(false))
    }
}
