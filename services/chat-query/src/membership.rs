//! Who is in which room, as far as the views know: a yes is final, a no is not (decision 11).

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_chassis::ServiceName;
use colloquy_contracts::{CustomerId, RoomId};
use colloquy_service_api::{CallError, RoomMembership};

use crate::view_store::ViewStore;

/// Membership as the views show it.
pub struct ViewMembership(pub Arc<dyn ViewStore>);

#[async_trait]
impl RoomMembership for ViewMembership {
    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, CallError> {
        self.0
            .is_member(room, customer)
            .await
            .map_err(|error| CallError::Unavailable(ServiceName::ChatQuery, Some(error.into())))
    }
}
