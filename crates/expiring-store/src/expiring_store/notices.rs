//! One stream of notices, told to every watch of this process.

use async_trait::async_trait;
use tokio::sync::broadcast::{self, error::RecvError};

use super::{Notice, Watch};

/// Notices kept for a watch that is read slowly; one that falls further behind is told that it missed some.
const KEPT: usize = 4096;

/// Where notices are told. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Notices(broadcast::Sender<Notice>);

impl Default for Notices {
    fn default() -> Self {
        Self(broadcast::Sender::new(KEPT))
    }
}

impl Notices {
    pub(super) fn tell(&self, notice: Notice) {
        // Nobody watching is no error.
        let _ = self.0.send(notice);
    }

    pub(super) fn watch(&self, prefix: &str) -> Box<dyn Watch> {
        Box::new(Filtered {
            prefix: prefix.to_owned(),
            received: self.0.subscribe(),
            source: self.clone(),
        })
    }
}

struct Filtered {
    prefix: String,
    received: broadcast::Receiver<Notice>,
    /// Keeps the stream open: a watch waits, it never ends.
    source: Notices,
}

#[async_trait]
impl Watch for Filtered {
    async fn next(&mut self) -> Notice {
        loop {
            match self.received.recv().await {
                Ok(notice) if concerns(&notice, &self.prefix) => return notice,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return Notice::Missed,
                Err(RecvError::Closed) => self.received = self.source.0.subscribe(),
            }
        }
    }
}

fn concerns(notice: &Notice, prefix: &str) -> bool {
    match notice {
        Notice::Published { channel, .. } => channel.starts_with(prefix),
        Notice::Occupied { set: key } | Notice::Emptied { set: key } | Notice::Expired { key } => {
            key.starts_with(prefix)
        }
        Notice::Missed => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_watch_that_is_read_too_slowly_is_told_that_it_missed_some() {
        let notices = Notices::default();
        let mut watch = notices.watch("");
        let expired = |key: usize| Notice::Expired {
            key: key.to_string(),
        };
        for key in 0..=KEPT {
            notices.tell(expired(key));
        }
        assert_eq!(watch.next().await, Notice::Missed);
        assert_eq!(watch.next().await, expired(1));
    }
}
