//! Whoever queues frames for many lets others go on now and then.

/// Frames queued before other tasks get a turn: the connections that write them share our threads.
const FRAMES: usize = 2_000;

/// How many frames were queued in this turn.
#[derive(Debug, Default)]
pub(crate) struct Turn(usize);

impl Turn {
    /// So many more were; if those are enough others get a turn.
    pub async fn queued(&mut self, frames: usize) {
        self.0 += frames;
        if self.0 >= FRAMES {
            self.0 = 0;
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn others_go_on_once_many_frames_are_queued_and_not_before() {
        let order = Mutex::new(Vec::new());
        let said = |word| order.lock().unwrap().push(word);
        let queueing = async {
            let mut turn = Turn::default();
            for word in ["few", "enough", "few again"] {
                turn.queued(FRAMES / 2).await;
                said(word);
            }
        };
        tokio::join!(queueing, async { said("others") });
        let expected = ["few", "others", "enough", "few again"];
        assert_eq!(*order.lock().unwrap(), expected);
    }
}
