//! The service itself: what the routes call, and in process whoever needs it.

use std::sync::Arc;

use crate::{CustomerStore, HashingPool};

/// Customer management. In process it answers as [`colloquy_service_api::CredentialCheck`] and as
/// [`colloquy_service_api::CustomerDirectory`]; over HTTP through [`crate::router`].
pub struct Customers {
    pub(crate) store: Arc<dyn CustomerStore>,
    pub(crate) hashing: HashingPool,
}

impl Customers {
    /// The service on this store.
    #[must_use]
    pub fn new(store: Arc<dyn CustomerStore>, hashing: HashingPool) -> Arc<Self> {
        Arc::new(Self { store, hashing })
    }
}
