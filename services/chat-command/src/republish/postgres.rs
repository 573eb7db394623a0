//! The rows of the write store, page by page in the order of their keys, as the events that announced them. Ids begin at 1: a
//! page "after 0" is the first one.

use std::collections::HashMap;

use colloquy_contracts::{
    CustomerId, MessageId, RoomId, Seq, Timestamp,
    events::{ChatMessageSent, ChatRoomCreated, Participant, ReadMarkerUpdated, WriteEvent},
};
use colloquy_sql::{StoreError, postgres::bounded};
use sqlx::PgPool;

/// Rooms with up to 500 members each.
const ROOMS: i64 = 100;
/// Messages of up to 64 KiB each.
const ROWS: i64 = 500;

/// The events that the rows of the write store stand for. Cheap to clone.
#[derive(Clone, Debug)]
pub struct StoredEvents(PgPool);

/// A page of events, and the key behind which the next one begins; none when there is nothing more.
pub type Page<K> = Option<(Vec<WriteEvent>, K)>;

impl StoredEvents {
    /// The events of this database.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self(pool)
    }

    /// Events of new rooms, by room.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn rooms_after(&self, after: Option<RoomId>) -> Result<Page<RoomId>, StoreError> {
        let rooms = self.rooms(after.map_or(0, |room| room.0));
        let (rooms, mut participants) = bounded(&self.0, rooms).await??;
        let Some(last) = rooms.last().map(|row| RoomId(row.0)) else {
            return Ok(None);
        };
        let events = rooms.into_iter().map(|(id, room_name, created_by, at)| {
            WriteEvent::RoomCreated(ChatRoomCreated {
                room_id: RoomId(id),
                room_name,
                created_by: CustomerId(created_by),
                created_at: Timestamp::from_millis(at),
                participants: participants.remove(&id).unwrap_or_default(),
            })
        });
        Ok(Some((events.collect(), last)))
    }

    /// Events of messages, by room and seq.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn messages_after(
        &self,
        after: Option<(RoomId, Seq)>,
    ) -> Result<Page<(RoomId, Seq)>, StoreError> {
        let (room, seq) = after.map_or((0, 0), |(room, seq)| (room.0, seq.0));
        type Row = (i64, i64, i64, i64, String, String, i64, Option<String>);
        let rows = sqlx::query_as::<_, Row>(
            "SELECT message_id, room_id, seq, customer_id, sender_full_name, content,
                    (extract(epoch FROM sent_at) * 1000)::bigint, client_key
             FROM messages WHERE (room_id, seq) > ($1, $2) ORDER BY room_id, seq LIMIT $3",
        )
        .bind(room)
        .bind(seq)
        .bind(ROWS)
        .fetch_all(&self.0);
        let rows = bounded(&self.0, rows).await??;
        let last = rows.last().map(|row| (RoomId(row.1), Seq(row.2)));
        let events =
            rows.into_iter()
                .map(|(id, room, seq, sender, name, content, at, client_key)| {
                    WriteEvent::MessageSent(ChatMessageSent {
                        message_id: MessageId(id),
                        room_id: RoomId(room),
                        sender_id: CustomerId(sender),
                        sender_full_name: name,
                        content,
                        sent_at: Timestamp::from_millis(at),
                        seq: Seq(seq),
                        client_key,
                    })
                });
        Ok(last.map(|last| (events.collect(), last)))
    }

    /// Events of read markers at their last position, by room and customer.
    ///
    /// # Errors
    /// The store is unavailable.
    pub async fn markers_after(
        &self,
        after: Option<(RoomId, CustomerId)>,
    ) -> Result<Page<(RoomId, CustomerId)>, StoreError> {
        let (room, customer) = after.map_or((0, 0), |(room, customer)| (room.0, customer.0));
        let rows = sqlx::query_as::<_, (i64, i64, i64)>(
            "SELECT room_id, customer_id, last_read_message_id FROM room_participants
             WHERE (room_id, customer_id) > ($1, $2) AND last_read_message_id IS NOT NULL
             ORDER BY room_id, customer_id LIMIT $3",
        )
        .bind(room)
        .bind(customer)
        .bind(ROWS)
        .fetch_all(&self.0);
        let rows = bounded(&self.0, rows).await??;
        let last = rows.last().map(|row| (RoomId(row.0), CustomerId(row.1)));
        let events = rows.into_iter().map(|(room, customer, message)| {
            WriteEvent::ReadMarkerUpdated(ReadMarkerUpdated {
                room_id: RoomId(room),
                customer_id: CustomerId(customer),
                last_read_message_id: MessageId(message),
            })
        });
        Ok(last.map(|last| (events.collect(), last)))
    }

    /// A page of rooms, and their members.
    async fn rooms(
        &self,
        after: i64,
    ) -> Result<(Vec<RoomRow>, HashMap<i64, Vec<Participant>>), sqlx::Error> {
        let rooms: Vec<RoomRow> = sqlx::query_as(
            "SELECT room_id, room_name, created_by, (extract(epoch FROM created_at) * 1000)::bigint
             FROM rooms WHERE room_id > $1 ORDER BY room_id LIMIT $2",
        )
        .bind(after)
        .bind(ROOMS)
        .fetch_all(&self.0)
        .await?;
        let ids: Vec<i64> = rooms.iter().map(|row| row.0).collect();
        let rows: Vec<(i64, i64, String, i64)> = sqlx::query_as(
            "SELECT room_id, customer_id, full_name, (extract(epoch FROM joined_at) * 1000)::bigint
             FROM room_participants WHERE room_id = ANY($1) ORDER BY room_id, customer_id",
        )
        .bind(&ids)
        .fetch_all(&self.0)
        .await?;
        let mut participants = HashMap::<i64, Vec<Participant>>::new();
        for (room, customer, full_name, at) in rows {
            participants.entry(room).or_default().push(Participant {
                id: CustomerId(customer),
                full_name,
                joined_at: Timestamp::from_millis(at),
            });
        }
        Ok((rooms, participants))
    }
}

type RoomRow = (i64, String, i64, i64);
