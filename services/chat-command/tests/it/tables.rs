//! What other tools find in `chat_db` (contract §7), as the migrations write it.

use crate::databases::Database;

const MIGRATION: &str = include_str!("../../migrations/postgres/0001_write_side.sql");

/// The tables of the contract that are the write side's, each with its columns.
const TABLES: [(&str, &[&str]); 3] = [
    (
        "rooms",
        &["room_id", "room_name", "created_by", "created_at"],
    ),
    (
        "room_participants",
        &[
            "id",
            "room_id",
            "customer_id",
            "joined_at",
            "last_read_message_id",
        ],
    ),
    (
        "messages",
        &[
            "message_id",
            "room_id",
            "customer_id",
            "content",
            "sent_at",
            "seq",
            "sender_full_name",
        ],
    ),
];

/// The lines of a table's definition.
fn definition(table: &str) -> Vec<&'static str> {
    let head = format!("CREATE TABLE {table} (\n");
    let (_, rest) = MIGRATION.split_once(&head).expect("the table is made");
    let (lines, _) = rest.split_once("\n)").expect("the definition ends");
    lines.lines().map(str::trim).collect()
}

#[test]
fn contract_7_the_migration_makes_the_tables_of_the_contract() {
    for (table, columns) in TABLES {
        let lines = definition(table);
        let names: Vec<_> = lines
            .iter()
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        for column in columns {
            assert!(names.contains(column), "{table}.{column}: {names:?}");
        }
    }
    let participants = definition("room_participants");
    assert!(participants.contains(&"UNIQUE (room_id, customer_id)"));
    let marker = "last_read_message_id bigint,";
    assert!(
        participants.contains(&marker),
        "no member has a marker at first"
    );
    assert!(definition("messages").contains(&"UNIQUE (room_id, seq)"));
}

#[tokio::test]
async fn contract_7_postgres_has_the_tables_of_the_contract() {
    let database = Database::fresh().await;
    for (table, columns) in TABLES {
        let there: Vec<String> = sqlx::query_scalar(
            "SELECT column_name::text FROM information_schema.columns WHERE table_name = $1",
        )
        .bind(table)
        .fetch_all(&database.pool)
        .await
        .unwrap();
        for column in columns {
            assert!(
                there.iter().any(|name| name == column),
                "{table}.{column}: {there:?}"
            );
        }
    }
}
