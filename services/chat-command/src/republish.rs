//! Telling once more all that was ever written, for a log that was wiped (decision 14, F11).
//!
//! Published rows leave the outbox, so events are made anew from rooms, messages and markers, under the ids that they had.
//! They are marked as replayed, so the push side skips them and the read side announces nothing for them. Of a marker
//! only where it is now is known. All-in-one the outbox is the log and keeps every row: nothing of this is needed there.

pub mod postgres;

use colloquy_contracts::events::WriteEvent;
use colloquy_event_log::{EventLog, NewEvent, append_with_retry};
use colloquy_sql::StoreError;

use self::postgres::StoredEvents;

/// How much was told again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Republished {
    /// Rooms that began.
    pub rooms: u64,
    /// Messages.
    pub messages: u64,
    /// Read markers.
    pub markers: u64,
}

/// Appends everything that is written, each room's messages in the order of their seq, and answers when it is durable.
/// Harmless to repeat, and while others write: what they write is told in its turn.
///
/// # Errors
/// The write store is away. What was told stays told.
pub async fn republish(
    written: &StoredEvents,
    log: &dyn EventLog,
) -> Result<Republished, StoreError> {
    let mut told = Republished::default();
    let mut rooms = None;
    while let Some((events, last)) = written.rooms_after(rooms).await? {
        told.rooms += append(log, &events).await;
        rooms = Some(last);
    }
    let mut messages = None;
    while let Some((events, last)) = written.messages_after(messages).await? {
        told.messages += append(log, &events).await;
        messages = Some(last);
    }
    let mut markers = None;
    while let Some((events, last)) = written.markers_after(markers).await? {
        told.markers += append(log, &events).await;
        markers = Some(last);
    }
    Ok(told)
}

/// Answers how many, once all are durable, however long the log is away.
async fn append(log: &dyn EventLog, events: &[WriteEvent]) -> u64 {
    let replayed = |event| NewEvent {
        replayed: true,
        ..NewEvent::from(event)
    };
    append_with_retry(log, events.iter().map(replayed).collect()).await;
    events.len() as u64
}
