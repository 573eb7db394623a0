//! A page of a room's messages.

use colloquy_contracts::{RoomId, views::MessageDocument};
use sqlx::SqlitePool;

use super::rows;
use crate::view_store::{Page, Result};

/// What a page of history asks: the room, the id that all are below, the seq that all are above (0 for every message), and how
/// many at most.
///
/// Both ends are ids, which one index has in order, because ids grow with the seq. So only the answered messages are read.
pub const PAGE: &str = "
    SELECT message_id, room_id, sender_id, sender_full_name, content, sent_at, seq, client_key, checksum
    FROM messages
    WHERE room_id = ?1 AND message_id < ?2 AND message_id > ifnull(
        (SELECT message_id FROM messages WHERE room_id = ?1 AND seq <= ?3 ORDER BY seq DESC LIMIT 1), 0)
    ORDER BY message_id DESC LIMIT ?4";

pub async fn read(pool: &SqlitePool, room: RoomId, page: Page) -> Result<Vec<MessageDocument>> {
    let rows = sqlx::query(PAGE)
        .bind(room.0)
        .bind(page.before.map_or(i64::MAX, |id| id.0))
        .bind(page.after_seq.map_or(0, |seq| seq.0))
        .bind(page.limit)
        .fetch_all(pool)
        .await?;
    rows.iter().map(rows::message).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use colloquy_contracts::{MessageId, Seq};
    use sqlx::sqlite::SqlitePoolOptions;

    use super::*;

    /// How many messages each of these pages of a room of so many has, and how many instructions it took.
    async fn cost(messages: i64, pages: &[Page]) -> Vec<(usize, usize)> {
        let pool = SqlitePoolOptions::new().max_connections(1);
        let pool = pool.connect("sqlite::memory:").await.unwrap();
        let mut connection = pool.acquire().await.unwrap();
        super::super::make_tables(&mut connection, "")
            .await
            .unwrap();
        sqlx::query(
            "WITH RECURSIVE numbers (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < ?1)
             INSERT INTO messages SELECT 2 * n, 7, 1, 'Creator', 'hello', n, n, NULL, NULL FROM numbers",
        )
        .bind(messages)
        .execute(&mut *connection)
        .await
        .unwrap();
        let steps = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&steps);
        let mut handle = connection.lock_handle().await.unwrap();
        handle.set_progress_handler(1, move || {
            counted.fetch_add(1, Ordering::SeqCst);
            true
        });
        drop(handle);
        drop(connection);
        let mut costs = Vec::new();
        for &page in pages {
            steps.store(0, Ordering::SeqCst);
            let read = read(&pool, RoomId(7), page).await.unwrap();
            costs.push((read.len(), steps.load(Ordering::SeqCst)));
        }
        costs
    }

    #[tokio::test]
    async fn contract_3_a_page_of_what_was_missed_costs_the_same_in_a_room_of_any_length() {
        let page = |before, after_seq| Page {
            before,
            after_seq,
            limit: 20,
        };
        let of = |messages: i64| {
            let all_but = |missed| Some(Seq(messages - missed));
            [
                page(None, None),
                page(None, all_but(60)),
                page(None, all_but(5)),
                page(None, all_but(0)),
                page(Some(MessageId(2 * messages - 40)), all_but(25)),
            ]
        };
        let short = cost(100, &of(100)).await;
        let answered: Vec<_> = short.iter().map(|(answered, _)| *answered).collect();
        assert_eq!(answered, [20, 20, 5, 0, 4]);
        assert!(short.iter().all(|(_, steps)| *steps > 0), "{short:?}");
        assert_eq!(cost(20_000, &of(20_000)).await, short);
    }
}
