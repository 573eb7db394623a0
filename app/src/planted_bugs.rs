//! Wiring of the bugs that the checker must catch; compiled only with the feature `planted-bugs`.

use std::sync::Arc;

use colloquy_chat_command::{
    planted_bugs::PublishBeforeCommit, write_store::postgres::PostgresWriteStore,
};
use colloquy_event_log::EventLog;

/// The store, publishing before it commits if that bug is chosen.
pub fn into_store(store: PostgresWriteStore, log: &Arc<dyn EventLog>) -> PostgresWriteStore {
    match PublishBeforeCommit::chosen(Arc::clone(log)) {
        Some(bug) => store.publishing_before_commit(bug),
        None => store,
    }
}
