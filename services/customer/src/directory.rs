//! What are these people called, and do they exist?

use std::collections::HashMap;

use async_trait::async_trait;
use colloquy_contracts::CustomerId;
use colloquy_service_api::{CallError, CustomerDirectory};

use crate::{Customers, credential::unavailable};

#[async_trait]
impl CustomerDirectory for Customers {
    async fn full_names(
        &self,
        ids: &[CustomerId],
    ) -> Result<HashMap<CustomerId, String>, CallError> {
        let customers = self.store.by_ids(ids).await.map_err(unavailable)?;
        Ok(customers
            .into_iter()
            .map(|customer| (customer.customer_id, customer.full_name))
            .collect())
    }
}
