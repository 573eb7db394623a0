//! A directory of a few people, which can be down.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use colloquy_chassis::ServiceName;
use colloquy_contracts::CustomerId;
use colloquy_service_api::{CallError, CustomerDirectory};

/// Knows the customers 1 to 600 by `Directory {id}`.
#[derive(Default)]
pub struct Directory {
    pub down: AtomicBool,
    pub asked: AtomicUsize,
}

#[async_trait]
impl CustomerDirectory for Directory {
    async fn full_names(
        &self,
        ids: &[CustomerId],
    ) -> Result<HashMap<CustomerId, String>, CallError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.down.load(Ordering::SeqCst) {
            return Err(CallError::Unavailable(ServiceName::Customer, None));
        }
        let known = ids.iter().filter(|id| (1..=600).contains(&id.0));
        Ok(known.map(|id| (*id, format!("Directory {id}"))).collect())
    }
}
