//! What are these people called, and do they exist? Asked by chat command, answered by customer management.

use std::collections::HashMap;

use async_trait::async_trait;
use colloquy_contracts::CustomerId;

use crate::{CallError, ServiceClient};

/// Where the wire asks, with a JSON list of ids.
pub const PATH: &str = "/internal/directory";

/// Knows customers by their id.
#[async_trait]
pub trait CustomerDirectory: Send + Sync + 'static {
    /// The full names of those ids that exist; the others are absent.
    ///
    /// # Errors
    /// The answer could not be had.
    async fn full_names(
        &self,
        ids: &[CustomerId],
    ) -> Result<HashMap<CustomerId, String>, CallError>;
}

#[async_trait]
impl CustomerDirectory for ServiceClient {
    async fn full_names(
        &self,
        ids: &[CustomerId],
    ) -> Result<HashMap<CustomerId, String>, CallError> {
        Ok(self.post(PATH, &ids).await?.unwrap_or_default())
    }
}
