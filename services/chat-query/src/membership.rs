//! Who is in which room, as far as the views know: a yes is final, a no is not (decision 11).

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use colloquy_chassis::ServiceName;
use colloquy_contracts::{CustomerId, RoomId};
use colloquy_service_api::{CallError, RoomMembership};

use crate::view_store::ViewStore;

/// A view that is slower is passed over, so that whoever asked has time left to ask for the truth.
const PATIENCE: Duration = Duration::from_millis(800);

/// Membership as the views show it.
pub struct ViewMembership(pub Arc<dyn ViewStore>);

#[async_trait]
impl RoomMembership for ViewMembership {
    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, CallError> {
        let unavailable = |cause| CallError::Unavailable(ServiceName::ChatQuery, Some(cause));
        match tokio::time::timeout(PATIENCE, self.0.is_member(room, customer)).await {
            Ok(answer) => answer.map_err(|error| unavailable(error.into())),
            Err(elapsed) => Err(unavailable(elapsed.into())),
        }
    }
}
