//! The newest messages of a customer's rooms, and which of their events wait in the outbox.

use colloquy_contracts::{CustomerId, MessageId, RoomId, Seq, Timestamp};
use colloquy_sql::{StoreError, postgres::bounded};
use sqlx::PgPool;

use super::super::{RECENT, RecentMessage};

/// The oldest events of the outbox among which those of messages are looked for.
const WAITING: i64 = 10_000;

pub(super) async fn messages(
    pool: &PgPool,
    customer: CustomerId,
    limit: u32,
) -> Result<Vec<RecentMessage>, StoreError> {
    // One statement sees one state: a message's event is in the outbox, or it has left it.
    let query = sqlx::query_as(
        "WITH waiting AS MATERIALIZED (
             SELECT event_id FROM outbox
             WHERE id >= coalesce((SELECT floor FROM relay_lease WHERE floor_of = outbox_place()), 0)
             ORDER BY id LIMIT $4)
         SELECT message_id, room_id, seq, customer_id, sender_full_name,
             (extract(epoch FROM sent_at) * 1000)::bigint,
             (SELECT count(*) < $4 FROM waiting)
                 AND 'message:' || message_id NOT IN (SELECT event_id FROM waiting)
         FROM (SELECT * FROM messages ORDER BY message_id DESC LIMIT $1) AS m
         WHERE EXISTS (SELECT FROM room_participants AS p WHERE p.room_id = m.room_id AND p.customer_id = $2)
         ORDER BY message_id DESC LIMIT $3",
    )
    .bind(RECENT)
    .bind(customer.0)
    .bind(i64::from(limit))
    .bind(WAITING)
    .fetch_all(pool);
    let rows: Vec<(i64, i64, i64, i64, String, i64, bool)> = bounded(pool, query).await??;
    let message = |(id, room, seq, sender, name, at, is_in_log)| RecentMessage {
        message_id: MessageId(id),
        room_id: RoomId(room),
        seq: Seq(seq),
        sender_id: CustomerId(sender),
        sender_full_name: name,
        sent_at: Timestamp::from_millis(at),
        is_in_log,
    };
    Ok(rows.into_iter().map(message).collect())
}
