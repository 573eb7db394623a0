//! Membership of rooms as the views know it: a yes is final, a no is not (decision 11).

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use colloquy_chassis::ServiceName;
use colloquy_contracts::{CustomerId, RoomId, views::ChatRoomView};
use colloquy_service_api::{CallError, RoomMembership, RoomsOfCustomer};

use crate::view_store::{ViewStore, ViewStoreError};

/// A view that is slower counts as unavailable, so that the caller has time left to ask for the truth.
const VIEW_TIMEOUT: Duration = Duration::from_millis(800);

/// Membership as the views know it.
pub struct ViewMembership(pub Arc<dyn ViewStore>);

impl ViewMembership {
    async fn in_time<T>(
        answer: impl Future<Output = Result<T, ViewStoreError>>,
    ) -> Result<T, CallError> {
        let unavailable = |cause| CallError::Unavailable(ServiceName::ChatQuery, Some(cause));
        match tokio::time::timeout(VIEW_TIMEOUT, answer).await {
            Ok(answer) => answer.map_err(|error| unavailable(error.into())),
            Err(elapsed) => Err(unavailable(elapsed.into())),
        }
    }
}

#[async_trait]
impl RoomMembership for ViewMembership {
    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, CallError> {
        Self::in_time(self.0.is_member(room, customer)).await
    }
}

#[async_trait]
impl RoomsOfCustomer for ViewMembership {
    async fn rooms_of(&self, customer: CustomerId) -> Result<Vec<ChatRoomView>, CallError> {
        Self::in_time(self.0.rooms_of(customer)).await
    }
}
