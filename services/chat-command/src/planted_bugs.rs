//! Bugs on purpose, to prove that the checker of `faults` catches them. Compiled only with the feature `planted-bugs`
//! and chosen by the environment variable `COLLOQUY_PLANTED_BUG`; nothing of this is in a normal build.

use std::{fmt, sync::Arc, time::Duration};

use colloquy_event_log::{EventLog, NewEvent};

use crate::outbox::Unpublished;

fn chosen(bug: &str) -> bool {
    std::env::var("COLLOQUY_PLANTED_BUG").is_ok_and(|chosen| chosen == bug)
}

/// `publish-before-commit`: a kill between the two leaves an event of something that never happened.
#[derive(Clone)]
pub(crate) struct PublishBeforeCommit(Arc<dyn EventLog>);

/// Makes such a kill likely to hit.
const GAP: Duration = Duration::from_millis(30);

impl PublishBeforeCommit {
    pub(crate) fn chosen(log: Arc<dyn EventLog>) -> Option<Self> {
        chosen("publish-before-commit").then_some(Self(log))
    }

    pub(crate) async fn publish(&self, events: &[NewEvent]) {
        if self.0.append(events).await.is_ok() {
            tokio::time::sleep(GAP).await;
        }
    }
}

impl fmt::Debug for PublishBeforeCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PublishBeforeCommit")
    }
}

/// `relay-polls-by-id`: remembers the last id and misses a lower one that is committed later.
#[derive(Debug, Default)]
pub(crate) struct PollsById {
    last: i64,
}

impl PollsById {
    pub(crate) fn without_lower(&mut self, mut rows: Vec<Unpublished>) -> Vec<Unpublished> {
        if chosen("relay-polls-by-id") {
            rows.retain(|row| row.id > self.last);
            self.last = rows.last().map_or(self.last, |row| row.id);
        }
        rows
    }
}
