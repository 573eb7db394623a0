//! Publishes all that was ever written once more, for a log that was wiped (republishing, decision 14; fault F11).
//!
//! Published rows leave the outbox, so events are made anew from rooms, messages and markers, under the ids that they had.
//! They are marked as replayed, so the push side skips them and the read side announces nothing for them. Of a marker
//! only its last position is known. All-in-one the outbox is the log and keeps every row: nothing of this is needed there.

pub mod postgres;

use colloquy_contracts::events::WriteEvent;
use colloquy_event_log::{EventLog, NewEvent, append_with_retry};
use colloquy_sql::StoreError;

use self::postgres::{Page, StoredEvents};

/// The number of events that were published again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Republished {
    /// Events of new rooms.
    pub rooms: u64,
    /// Events of messages.
    pub messages: u64,
    /// Events of read markers.
    pub markers: u64,
}

/// Appends everything that is written, each room's messages in the order of their seq, and answers when it is durable.
/// Harmless to repeat, and while commands are carried out: the relay publishes their events.
///
/// # Errors
/// The write store is unavailable. What was published stays in the log.
pub async fn republish(
    stored: &StoredEvents,
    log: &dyn EventLog,
) -> Result<Republished, StoreError> {
    Ok(Republished {
        rooms: all(log, async |after| stored.rooms_after(after).await).await?,
        messages: all(log, async |after| stored.messages_after(after).await).await?,
        markers: all(log, async |after| stored.markers_after(after).await).await?,
    })
}

/// Appends page after page, and answers how many events they were.
async fn all<K>(
    log: &dyn EventLog,
    page_after: impl AsyncFn(Option<K>) -> Result<Page<K>, StoreError>,
) -> Result<u64, StoreError> {
    let (mut count, mut after) = (0, None);
    while let Some((events, last)) = page_after(after).await? {
        count += append(log, &events).await;
        after = Some(last);
    }
    Ok(count)
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
