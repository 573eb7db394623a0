//! Watches: one stream of notices a process, read by each watch at its own pace.

use tokio::sync::broadcast;

use super::Notice;

/// Notices buffered for a slow watch; one that falls further behind receives [`Notice::Missed`] in their place.
const CAPACITY: usize = 4096;

/// Sends notices to all watches of this process. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Notices(broadcast::Sender<Notice>);

impl Default for Notices {
    fn default() -> Self {
        Self(broadcast::Sender::new(CAPACITY))
    }
}

impl Notices {
    pub(super) fn send(&self, notice: Notice) {
        // An error says that there is no watch at present, which is none.
        let _ = self.0.send(notice);
    }

    pub(super) fn watch(&self) -> Watch {
        Watch {
            received: self.0.subscribe(),
            _keeps_open: self.0.clone(),
        }
    }
}

/// A watch on a store, until it is dropped.
#[derive(Debug)]
pub struct Watch {
    received: broadcast::Receiver<Notice>,
    /// A watch waits, it never ends.
    _keeps_open: broadcast::Sender<Notice>,
}

impl Watch {
    /// The next notice; waits until there is one. Cancel-safe.
    pub async fn next(&mut self) -> Notice {
        self.received.recv().await.unwrap_or(Notice::Missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_watch_that_is_read_too_slowly_learns_that_it_missed_notices() {
        let notices = Notices::default();
        let mut watch = notices.watch();
        let expired = |key: usize| Notice::Expired {
            key: key.to_string(),
        };
        for key in 0..=CAPACITY {
            notices.send(expired(key));
        }
        assert_eq!(watch.next().await, Notice::Missed);
        assert_eq!(watch.next().await, expired(1));
    }
}
