//! Writes the plan. Instants travel as milliseconds and are exact in `timestamptz`.

use sqlx::PgConnection;

use super::super::plan::{LockSet, Plan};

/// All tables, the outbox included.
pub(super) async fn all(
    connection: &mut PgConnection,
    locks: &LockSet,
    plan: &Plan,
) -> Result<(), sqlx::Error> {
    rooms(connection, plan).await?;
    markers(connection, plan).await?;
    messages_events_and_records(connection, plan).await?;
    release_unused(connection, locks, plan).await
}

async fn rooms(connection: &mut PgConnection, plan: &Plan) -> Result<(), sqlx::Error> {
    let rooms = plan.rooms();
    if rooms.is_empty() {
        return Ok(());
    }
    let members = || {
        rooms.iter().flat_map(|room| {
            let of_room = move |member| (*room, member);
            room.participants.iter().map(of_room)
        })
    };
    sqlx::query(
        "INSERT INTO rooms (room_id, room_name, created_by, created_at)
         SELECT room_id, room_name, created_by, 'epoch'::timestamptz + created_at * interval '1 millisecond'
         FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::bigint[])
              AS begun (room_id, room_name, created_by, created_at)",
    )
    .bind(column(&rooms, |room| room.room_id.0))
    .bind(column(&rooms, |room| room.room_name.as_str()))
    .bind(column(&rooms, |room| room.created_by.0))
    .bind(column(&rooms, |room| room.created_at.millis()))
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO room_participants (room_id, customer_id, full_name, joined_at)
         SELECT room_id, customer_id, full_name, 'epoch'::timestamptz + joined_at * interval '1 millisecond'
         FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[])
              AS joined (room_id, customer_id, full_name, joined_at)",
    )
    .bind(column(members(), |(room, _)| room.room_id.0))
    .bind(column(members(), |(_, member)| member.id.0))
    .bind(column(members(), |(_, member)| member.full_name.as_str()))
    .bind(column(members(), |(_, member)| member.joined_at.millis()))
    .execute(connection)
    .await?;
    Ok(())
}

async fn markers(connection: &mut PgConnection, plan: &Plan) -> Result<(), sqlx::Error> {
    let markers = plan.markers();
    if markers.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE room_participants AS p SET last_read_message_id = moved.message_id
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS moved (room_id, customer_id, message_id)
         WHERE p.room_id = moved.room_id AND p.customer_id = moved.customer_id",
    )
    .bind(column(&markers, |((room, _), _)| room.0))
    .bind(column(&markers, |((_, customer), _)| customer.0))
    .bind(column(&markers, |(_, message)| message.0))
    .execute(connection)
    .await?;
    Ok(())
}

/// Outbox ids follow the order of the batch, and a room's batches follow one another under its lock. A claimed key may be
/// missing when the sweep took its row after it was found: then it is written anew.
const MESSAGES_EVENTS_AND_RECORDS: &str = "
     WITH written AS (
         INSERT INTO messages (message_id, room_id, seq, customer_id, sender_full_name, content, sent_at, client_key)
         SELECT message_id, room_id, seq, customer_id, sender_full_name, content,
                'epoch'::timestamptz + sent_at * interval '1 millisecond', client_key
         FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bigint[], $8::text[])
              AS sent (message_id, room_id, seq, customer_id, sender_full_name, content, sent_at, client_key)),
     announced AS (
         INSERT INTO outbox (topic, room_id, event_id, payload, traceparent)
         SELECT topic, room_id, event_id, payload, traceparent
         FROM unnest($9::text[], $10::bigint[], $11::text[], $12::bytea[], $13::text[])
              WITH ORDINALITY AS event (topic, room_id, event_id, payload, traceparent, place)
         ORDER BY place),
     recorded AS (
         INSERT INTO idempotency (customer_id, route, key, fingerprint, recorded, used_at)
         SELECT customer_id, route, key, fingerprint, recorded, 'epoch'::timestamptz + used_at * interval '1 millisecond'
         FROM unnest($14::bigint[], $15::text[], $16::text[], $17::text[], $18::text[], $19::bigint[])
              AS used (customer_id, route, key, fingerprint, recorded, used_at)
         ON CONFLICT (customer_id, route, key) DO UPDATE
         SET fingerprint = excluded.fingerprint, recorded = excluded.recorded, used_at = excluded.used_at)
     UPDATE rooms SET last_seq = last.seq, last_sent_at = 'epoch'::timestamptz + last.sent_at * interval '1 millisecond'
     FROM unnest($20::bigint[], $21::bigint[], $22::bigint[]) AS last (room_id, seq, sent_at)
     WHERE rooms.room_id = last.room_id";

/// What nearly every batch writes, in one question.
async fn messages_events_and_records(
    connection: &mut PgConnection,
    plan: &Plan,
) -> Result<(), sqlx::Error> {
    let (messages, last) = (plan.messages(), plan.last_messages());
    let (events, records) = (plan.outgoing(), &plan.idempotency_records);
    if events.is_empty() && records.is_empty() {
        return Ok(());
    }
    sqlx::query(MESSAGES_EVENTS_AND_RECORDS)
        .bind(column(&messages, |message| message.message_id.0))
        .bind(column(&messages, |message| message.room_id.0))
        .bind(column(&messages, |message| message.seq.0))
        .bind(column(&messages, |message| message.sender_id.0))
        .bind(column(&messages, |message| {
            message.sender_full_name.as_str()
        }))
        .bind(column(&messages, |message| message.content.as_str()))
        .bind(column(&messages, |message| message.sent_at.millis()))
        .bind(column(&messages, |message| message.client_key.as_deref()))
        .bind(column(&events, |event| event.topic.name()))
        .bind(column(&events, |event| event.room_id.0))
        .bind(column(&events, |event| event.event_id.as_str()))
        .bind(column(&events, |event| event.payload.as_ref()))
        .bind(column(&events, |event| {
            event.traceparent.map(|trace| trace.to_string())
        }))
        .bind(column(records, |(scope, _)| scope.customer.0))
        .bind(column(records, |(scope, _)| scope.route))
        .bind(column(records, |(scope, _)| scope.key.as_str()))
        .bind(column(records, |(_, record)| record.fingerprint.as_str()))
        .bind(column(records, |(_, record)| record.recorded_json()))
        .bind(column(records, |(_, record)| record.at.millis()))
        .bind(column(&last, |(room, _)| room.0))
        .bind(column(&last, |(_, message)| message.seq.0))
        .bind(column(&last, |(_, message)| message.sent_at.millis()))
        .execute(connection)
        .await?;
    Ok(())
}

/// The keys of refused commands are not kept (decision 2).
async fn release_unused(
    connection: &mut PgConnection,
    locks: &LockSet,
    plan: &Plan,
) -> Result<(), sqlx::Error> {
    if locks.keys.is_empty() || plan.answers.iter().all(Result::is_ok) {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM idempotency AS i
         USING unnest($1::bigint[], $2::text[], $3::text[]) AS claimed (customer_id, route, key)
         WHERE i.customer_id = claimed.customer_id AND i.route = claimed.route AND i.key = claimed.key
           AND i.recorded IS NULL",
    )
    .bind(column(&locks.keys, |scope| scope.customer.0))
    .bind(column(&locks.keys, |scope| scope.route))
    .bind(column(&locks.keys, |scope| scope.key.as_str()))
    .execute(connection)
    .await?;
    Ok(())
}

/// The cells of a column, as a statement takes them.
pub(super) fn column<R, T>(rows: impl IntoIterator<Item = R>, cell: impl Fn(R) -> T) -> Vec<T> {
    rows.into_iter().map(cell).collect()
}
