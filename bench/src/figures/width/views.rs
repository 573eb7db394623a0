//! Would the projector be faster if it stored the partitions of a batch side by side? What a batch of events takes in
//! MongoDB, in one piece as it is, and in as many at once as it has partitions.

use std::process;

use anyhow::{Context as _, Result};
use colloquy_chat_query::{
    MongoViewStore, ViewStore as _, room_state::RoomState, view_store::ViewWrite,
};
use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Seq, Timestamp,
    events::ChatMessageSent,
    views::{LastMessage, MessageDocument},
};
use futures_util::future::try_join_all;
use tokio::time::Instant;

use crate::{cli::Width, measure::Spread, server::feed::CONTENT_OCTETS};

/// `event_log.partitions` by default.
const PARTITIONS: i64 = 6;
/// Events of a batch, and the rooms that they are of: under load as many as the projector takes at once, and of a system with
/// little to do.
const BATCHES: [(i64, i64); 3] = [(480, 60), (60, 30), (6, 6)];

/// One size of a batch.
#[derive(Debug)]
pub struct Row {
    /// Events.
    pub events: i64,
    /// Milliseconds in one piece.
    pub whole: Spread,
    /// Milliseconds in one piece a partition, all at once.
    pub split: Spread,
    /// Whole by split, pair by pair.
    pub ratio: Spread,
}

/// Messages that were numbered so far, over all rooms.
struct Numbers(i64);

/// Measures each size of a batch.
///
/// # Errors
/// MongoDB fails.
pub async fn measure(options: &Width, url: &str) -> Result<Vec<Row>> {
    let database = format!("bench_width_{}", process::id());
    let store = MongoViewStore::new(url.to_owned(), &database).await?;
    store.prepare().await?;
    let (mut rows, mut numbers) = (Vec::new(), Numbers(0));
    for (events, rooms) in BATCHES {
        let mut pairs = Vec::new();
        // The first pair opens connections and makes the rooms.
        for number in 0..=options.pairs {
            let mut pair = [0.0; 2];
            for (pieces, millis) in [1, PARTITIONS].into_iter().zip(&mut pair) {
                *millis = batch(&store, &mut numbers, (events, rooms), pieces).await?;
            }
            if number > 0 {
                pairs.push(pair);
            }
        }
        let spread = |of: fn(&[f64; 2]) -> f64| {
            Spread::of(pairs.iter().map(of)).context("at least one pair is needed")
        };
        rows.push(Row {
            events,
            whole: spread(|pair| pair[0])?,
            split: spread(|pair| pair[1])?,
            ratio: spread(|pair| pair[0] / pair[1])?,
        });
    }
    Ok(rows)
}

/// Milliseconds for a batch in so many pieces at once.
async fn batch(
    store: &MongoViewStore,
    numbers: &mut Numbers,
    (events, rooms): (i64, i64),
    pieces: i64,
) -> Result<f64> {
    let first = numbers.0;
    numbers.0 += events;
    let begun = Instant::now();
    let piece = |piece: i64| async move {
        let is_its = move |number: &i64| number % rooms % pieces == piece;
        let messages: Vec<_> = (first..first + events)
            .filter(is_its)
            .map(|number| message(number, number % rooms))
            .collect();
        save(store, messages).await
    };
    try_join_all((0..pieces).map(piece)).await?;
    Ok(begun.elapsed().as_secs_f64() * 1e3)
}

/// As the projector does: the rooms are loaded, and stored behind the messages.
async fn save(store: &MongoViewStore, messages: Vec<MessageDocument>) -> Result<()> {
    let mut rooms: Vec<_> = messages.iter().map(|message| message.room_id).collect();
    rooms.sort_unstable();
    rooms.dedup();
    let mut stored = store.load_rooms(&rooms).await?;
    let rooms = rooms.into_iter().map(|id| {
        let room = stored.remove(&id);
        let mut room = room.unwrap_or_else(|| RoomState::unknown(id));
        let newest = messages.iter().rfind(|message| message.room_id == id);
        room.last_message = newest.map(last);
        room
    });
    let write = ViewWrite {
        rooms: rooms.collect(),
        messages,
        ..ViewWrite::default()
    };
    store.save(&write).await?;
    Ok(())
}

fn message(number: i64, room: i64) -> MessageDocument {
    ChatMessageSent {
        message_id: MessageId(number + 1),
        room_id: RoomId(room + 1),
        sender_id: CustomerId(1),
        sender_full_name: "Vũ Thanh Hải".into(),
        content: "x".repeat(CONTENT_OCTETS),
        sent_at: Timestamp::from_millis(1_700_000_000_000 + number),
        // A seq only has to be another one.
        seq: Seq(number + 1),
        client_key: None,
    }
}

fn last(message: &MessageDocument) -> LastMessage {
    LastMessage {
        message_id: message.message_id,
        sender_id: message.sender_id,
        content: message.content.clone(),
        sent_at: message.sent_at,
        seq: message.seq,
    }
}
