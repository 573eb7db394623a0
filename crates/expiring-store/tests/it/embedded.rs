//! The embedded adapter.

use std::sync::Arc;

use colloquy_chassis::Lifecycle;
use colloquy_expiring_store::{EmbeddedExpiringStore, ExpiringStore, expiring_store_conformance};

fn fresh() -> (Lifecycle, Arc<dyn ExpiringStore>) {
    let lifecycle = Lifecycle::default();
    let store = EmbeddedExpiringStore::start(&lifecycle.tasks());
    (lifecycle, Arc::new(store))
}

expiring_store_conformance!(fresh());
