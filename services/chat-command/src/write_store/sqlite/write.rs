//! Writes the plan: one statement a table.

use colloquy_contracts::events::Participant;
use sqlx::SqliteConnection;

use super::{super::plan::Plan, damages::checksum_of, load::json};

/// All tables but the outbox.
pub(super) async fn all(connection: &mut SqliteConnection, plan: &Plan) -> Result<(), sqlx::Error> {
    rooms(connection, plan).await?;
    messages(connection, plan).await?;
    markers(connection, plan).await?;
    idempotency_records(connection, plan).await
}

async fn rooms(connection: &mut SqliteConnection, plan: &Plan) -> Result<(), sqlx::Error> {
    let rooms = plan.rooms();
    if rooms.is_empty() {
        return Ok(());
    }
    let rows = json(rooms.iter().map(|room| {
        (
            room.room_id,
            &room.room_name,
            room.created_by,
            room.created_at.millis(),
        )
    }));
    sqlx::query(
        "INSERT INTO rooms (room_id, room_name, created_by, created_at)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1)",
    )
    .bind(rows)
    .execute(&mut *connection)
    .await?;
    let rows = json(rooms.iter().flat_map(|room| {
        let joined = |member: &Participant| (room.room_id, member.id, member.joined_at.millis());
        room.participants.iter().map(joined)
    }));
    sqlx::query(
        "INSERT INTO room_participants (room_id, customer_id, joined_at)
         SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1)",
    )
    .bind(rows)
    .execute(connection)
    .await?;
    Ok(())
}

async fn messages(connection: &mut SqliteConnection, plan: &Plan) -> Result<(), sqlx::Error> {
    let messages = plan.messages();
    if messages.is_empty() {
        return Ok(());
    }
    let rows = json(messages.iter().map(|message| {
        (
            message.message_id,
            message.room_id,
            message.seq,
            message.sender_id,
            &message.sender_full_name,
            &message.content,
            message.sent_at.millis(),
            checksum_of(message),
        )
    }));
    sqlx::query(
        "INSERT INTO messages (message_id, room_id, seq, customer_id, sender_full_name, content, sent_at, checksum)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
         FROM json_each(?1)",
    )
    .bind(rows)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "UPDATE rooms SET last_seq = written.value ->> 1 FROM json_each(?1) AS written
         WHERE room_id = written.value ->> 0",
    )
    .bind(json(
        plan.last_messages()
            .iter()
            .map(|(room, last)| (room, last.seq)),
    ))
    .execute(connection)
    .await?;
    Ok(())
}

async fn markers(connection: &mut SqliteConnection, plan: &Plan) -> Result<(), sqlx::Error> {
    let markers = plan.markers();
    if markers.is_empty() {
        return Ok(());
    }
    let rows = json(
        markers
            .iter()
            .map(|((room, customer), message)| (room, customer, message)),
    );
    sqlx::query(
        "UPDATE room_participants SET last_read_message_id = moved.value ->> 2 FROM json_each(?1) AS moved
         WHERE room_id = moved.value ->> 0 AND customer_id = moved.value ->> 1",
    )
    .bind(rows)
    .execute(connection)
    .await?;
    Ok(())
}

async fn idempotency_records(
    connection: &mut SqliteConnection,
    plan: &Plan,
) -> Result<(), sqlx::Error> {
    if plan.idempotency_records.is_empty() {
        return Ok(());
    }
    let rows = json(plan.idempotency_records.iter().map(|(scope, record)| {
        (
            scope.customer,
            scope.route,
            &scope.key,
            &record.fingerprint,
            record.recorded_json(),
            record.at.millis(),
        )
    }));
    sqlx::query(
        "INSERT INTO idempotency (customer_id, route, key, fingerprint, recorded, used_at)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5
         FROM json_each(?1)",
    )
    .bind(rows)
    .execute(connection)
    .await?;
    Ok(())
}
