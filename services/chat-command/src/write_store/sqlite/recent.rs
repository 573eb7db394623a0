//! The newest messages of a customer's rooms.

use colloquy_contracts::{CustomerId, MessageId, RoomId, Seq, Timestamp};
use colloquy_sql::StoreError;
use sqlx::SqlitePool;

use super::super::{RECENT, RecentMessage};

pub(super) async fn messages(
    readers: &SqlitePool,
    customer: CustomerId,
    limit: u32,
) -> Result<Vec<RecentMessage>, StoreError> {
    let rows: Vec<(i64, i64, i64, i64, String, i64)> = sqlx::query_as(
        "SELECT message_id, room_id, seq, customer_id, sender_full_name, sent_at
         FROM (SELECT * FROM messages ORDER BY message_id DESC LIMIT ?1) AS m
         WHERE EXISTS (SELECT 1 FROM room_participants AS p WHERE p.room_id = m.room_id AND p.customer_id = ?2)
         ORDER BY message_id DESC LIMIT ?3",
    )
    .bind(RECENT)
    .bind(customer.0)
    .bind(limit)
    .fetch_all(readers)
    .await?;
    let message = |(id, room, seq, sender, name, at)| RecentMessage {
        message_id: MessageId(id),
        room_id: RoomId(room),
        seq: Seq(seq),
        sender_id: CustomerId(sender),
        sender_full_name: name,
        sent_at: Timestamp::from_millis(at),
        // The outbox is the log.
        is_in_log: true,
    };
    Ok(rows.into_iter().map(message).collect())
}
