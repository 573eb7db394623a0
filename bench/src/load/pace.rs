//! Sends at fixed instants, whatever the answers are (no coordinated omission).

use std::{thread, time::Instant};

use tokio::sync::mpsc;

use crate::server::feed::due;

/// The numbers of so many messages, each with the instant at which it is due, when it is.
///
/// They come from a thread of their own: a timer of tokio's is up to a millisecond late, and that would count as the
/// server's time.
#[must_use]
pub fn at(rate: u64, count: u64) -> mpsc::UnboundedReceiver<(u64, Instant)> {
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::spawn(move || {
        let start = Instant::now();
        for number in 0..count {
            let due_at = start + due(number, rate);
            thread::sleep(due_at.saturating_duration_since(Instant::now()));
            if sender.send((number, due_at)).is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn no_message_comes_before_it_is_due_and_all_come() {
        let mut numbers = at(1000, 20);
        let mut seen = Vec::new();
        while let Some((number, due_at)) = numbers.recv().await {
            assert!(Instant::now() >= due_at);
            seen.push(number);
        }
        assert_eq!(seen, (0..20).collect::<Vec<_>>());
    }
}
