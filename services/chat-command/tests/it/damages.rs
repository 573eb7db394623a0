//! What the disk has made of `write.db` is found, and stops only the room that it is in (F38).

use colloquy_chat_command::{
    domain::{MessageContent, RoomName},
    write_store::{
        Command, NewMessage, NewRoom, RecordError, Recorded, SqliteWriteStore, Submission,
        WriteStore as _, sqlite::damages,
    },
};
use colloquy_contracts::{CustomerId, RoomId, Timestamp};

use crate::sqlite::File;

const MEMBER: CustomerId = CustomerId(1);

async fn record(store: &SqliteWriteStore, command: Command) -> Result<Recorded, RecordError> {
    let submission = Submission {
        command,
        key: None,
        at: Timestamp::from_millis(1_700_000_000_000),
        trace: None,
    };
    let mut answers = store.record(&[submission]).await?;
    Ok(answers.remove(0).unwrap().recorded)
}

async fn send(store: &SqliteWriteStore, room_id: RoomId) -> Result<Recorded, RecordError> {
    let message = NewMessage {
        room_id,
        sender_id: MEMBER,
        sender_full_name: "Đặng Ánh".into(),
        content: MessageContent::parse("\"hello\" \\ 👋".into(), 100).unwrap(),
    };
    record(store, Command::SendMessage(message)).await
}

/// Two rooms with a message each.
async fn two_rooms(store: &SqliteWriteStore) -> [RoomId; 2] {
    let mut rooms = [RoomId(0); 2];
    for room in &mut rooms {
        let new = NewRoom {
            name: RoomName::parse("Room".into()).unwrap(),
            created_by: MEMBER,
            members: vec![(MEMBER, "One".into())],
        };
        let Ok(Recorded::Room { room_id }) = record(store, Command::CreateRoom(new)).await else {
            panic!("a room");
        };
        send(store, room_id).await.unwrap();
        *room = room_id;
    }
    rooms
}

#[tokio::test]
async fn b28_a_room_whose_last_seq_was_damaged_is_refused_alone() {
    let file = File::fresh();
    let store = file.store().await;
    let [one, other] = two_rooms(&store).await;
    let database = file.database().await;
    assert_eq!(damages(&database).await.unwrap(), [""; 0]);
    sqlx::query("UPDATE rooms SET last_seq = 5 WHERE room_id = ?1")
        .bind(one.0)
        .execute(&database.writer)
        .await
        .unwrap();
    let refused = send(&store, one).await;
    assert!(
        matches!(refused, Err(RecordError::Rejected(_))),
        "{refused:?}"
    );
    send(&store, other).await.unwrap();
    let found = format!("room {one} has 1 messages up to seq 1, and its last seq is 5");
    assert_eq!(damages(&database).await.unwrap(), [found]);
}

#[tokio::test]
async fn b28_a_damaged_message_is_found_in_every_column_and_its_room_refused() {
    for damage in [
        "content = 'other'",
        "content = CAST(x'ff' AS TEXT)",
        "sender_full_name = 'Other'",
        "customer_id = 2",
        "sent_at = sent_at + 1",
        "checksum = checksum + 1",
    ] {
        let file = File::fresh();
        let store = file.store().await;
        let [one, other] = two_rooms(&store).await;
        let database = file.database().await;
        let spoil = format!("UPDATE messages SET {damage} WHERE room_id = {one}");
        sqlx::query(sqlx::AssertSqlSafe(spoil))
            .execute(&database.writer)
            .await
            .unwrap();
        let found = damages(&database).await.unwrap();
        assert_eq!(found.len(), 1, "{damage}: {found:?}");
        assert!(
            found[0].ends_with(&format!("of room {one} (seq 1) is damaged")),
            "{found:?}"
        );
        // The next message takes its instant from the last one.
        let refused = send(&store, one).await;
        assert!(
            matches!(refused, Err(RecordError::Rejected(_))),
            "{damage}: {refused:?}"
        );
        send(&store, other).await.unwrap();
    }
}

#[tokio::test]
async fn b28_messages_of_a_release_without_checksums_are_taken_as_they_are() {
    let file = File::fresh();
    let store = file.store().await;
    two_rooms(&store).await;
    let database = file.database().await;
    sqlx::raw_sql("ALTER TABLE messages DROP COLUMN checksum")
        .execute(&database.writer)
        .await
        .unwrap();
    let opened_since = file.database().await;
    assert_eq!(damages(&opened_since).await.unwrap(), [""; 0]);
}
