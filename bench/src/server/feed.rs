//! What both servers publish: the same messages at the same instants, as the line `RATE COUNT` on standard input orders.

use std::{io, thread, time::Duration};

use anyhow::{Context as _, Result};
use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Seq, Timestamp,
    events::{ChatMessageSent, WriteEvent},
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// Octets of text in a message.
pub const CONTENT_OCTETS: usize = 200;
/// The rate of messages that are all due now.
pub const AT_ONCE: u64 = u64::MAX;

/// Obeys until standard input ends: then the bench is gone, and the server ends too.
///
/// # Errors
/// A line makes no sense.
pub async fn obey(rooms: usize, mut publish: impl AsyncFnMut(&WriteEvent)) -> Result<()> {
    let mut lines = lines();
    let mut messages = (0_i64..).map(|number| message(number, rooms));
    while let Some(line) = lines.recv().await {
        let line = line?;
        let (rate, count) = parse(&line).with_context(|| format!("not an order: {line:?}"))?;
        let start = Instant::now();
        for (number, event) in (0..count).zip(&mut messages) {
            // Open loop: each is due at its own instant, however long the last one took.
            sleep_until(start + due(number, rate)).await;
            publish(&event).await;
        }
    }
    Ok(())
}

/// When message `number` is due.
#[must_use]
pub fn due(number: u64, rate: u64) -> Duration {
    Duration::from_nanos(number.saturating_mul(1_000_000_000) / rate.max(1))
}

/// Standard input, read by a thread of its own because reading it blocks.
fn lines() -> mpsc::Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel(1);
    thread::spawn(move || {
        for line in io::stdin().lines() {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn parse(line: &str) -> Option<(u64, u64)> {
    let (rate, count) = line.split_once(' ')?;
    Some((rate.parse().ok()?, count.parse().ok()?))
}

/// The rooms take turns.
fn message(number: i64, rooms: usize) -> WriteEvent {
    let rooms = i64::try_from(rooms).unwrap_or(i64::MAX).max(1);
    WriteEvent::MessageSent(ChatMessageSent {
        message_id: MessageId(number + 1),
        room_id: RoomId(number % rooms + 1),
        sender_id: CustomerId(1),
        sender_full_name: "Vũ Thanh Hải".into(),
        content: "x".repeat(CONTENT_OCTETS),
        sent_at: Timestamp::from_millis(1_700_000_000_000 + number),
        seq: Seq(number / rooms + 1),
        client_key: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_take_turns_among_the_rooms_and_count_up_in_each() {
        let places: Vec<_> = (0..5)
            .map(|number| match message(number, 2) {
                WriteEvent::MessageSent(message) => (message.room_id.0, message.seq.0),
                other => panic!("not a message: {other:?}"),
            })
            .collect();
        assert_eq!(places, [(1, 1), (2, 1), (1, 2), (2, 2), (1, 3)]);
    }

    #[test]
    fn a_message_is_due_by_its_number_alone() {
        assert_eq!(due(0, 200), Duration::ZERO);
        assert_eq!(due(1, 200), Duration::from_millis(5));
        assert_eq!(due(3_000, 200), Duration::from_secs(15));
        assert_eq!(due(3_000, AT_ONCE), Duration::ZERO);
    }

    #[test]
    fn an_order_is_a_rate_and_a_count() {
        assert_eq!(parse("200 1000"), Some((200, 1000)));
        for nonsense in ["", "200", "a 1", "1 b", "1 2 3"] {
            assert_eq!(parse(nonsense), None, "{nonsense}");
        }
    }
}
