//! Membership of rooms, for callers in the same process.

use std::sync::Arc;

use async_trait::async_trait;
use colloquy_chassis::ServiceName;
use colloquy_contracts::{CustomerId, RoomId};
use colloquy_service_api::{CallError, RoomMembership};

use crate::write_store::WriteStore;

/// Answers from the write store (decision 11).
#[derive(Clone)]
pub struct Membership(Arc<dyn WriteStore>);

impl Membership {
    /// Answers from this store.
    #[must_use]
    pub fn new(store: Arc<dyn WriteStore>) -> Self {
        Self(store)
    }
}

#[async_trait]
impl RoomMembership for Membership {
    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, CallError> {
        self.0.is_member(room, customer).await.map_err(|error| {
            CallError::Unavailable(ServiceName::ChatCommand, Some(Box::new(error)))
        })
    }
}
