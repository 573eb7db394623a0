//! The rows that an all-in-one system takes with it when it becomes a cluster (ADR 029).
//!
//! Rooms and messages are read from the log, which holds what SQLite's tables do not: the names that members had when
//! the room began, and what a sender knows a message by.

use colloquy_sql::moving::{Moved, Rows};

/// Rooms, members with their read markers, messages and idempotency keys, under their ids and seqs.
pub const MOVED: Moved = Moved {
    is_used: "SELECT EXISTS (SELECT FROM rooms)",
    rows: &[
        Rows {
            from: "SELECT CAST(payload AS TEXT) FROM outbox WHERE topic = 'chat-room-created' ORDER BY id",
            into: r#"WITH begun AS (
                         SELECT * FROM json_to_recordset($1::json) AS r ("roomId" bigint, "roomName" text,
                             "createdBy" bigint, "createdAt" timestamptz, participants json)),
                     room AS (
                         INSERT INTO rooms (room_id, room_name, created_by, created_at)
                         SELECT "roomId", "roomName", "createdBy", "createdAt" FROM begun RETURNING room_id)
                     INSERT INTO room_participants (room_id, customer_id, full_name, joined_at)
                     SELECT "roomId", member.id, member."fullName", member."joinedAt"
                     FROM begun, json_to_recordset(participants) AS member (id bigint, "fullName" text,
                         "joinedAt" timestamptz)"#,
        },
        Rows {
            from: "SELECT CAST(payload AS TEXT) FROM outbox WHERE topic = 'chat-message-sent' ORDER BY id",
            into: r#"INSERT INTO messages (message_id, room_id, seq, customer_id, sender_full_name, content, sent_at,
                         client_key)
                     SELECT "messageId", "roomId", seq, "senderId", "senderFullName", content, "sentAt", "clientKey"
                     FROM json_to_recordset($1::json) AS m ("messageId" bigint, "roomId" bigint, seq bigint,
                         "senderId" bigint, "senderFullName" text, content text, "sentAt" timestamptz,
                         "clientKey" text)"#,
        },
        Rows {
            from: "SELECT json_object('room_id', room_id, 'customer_id', customer_id, 'last', last_read_message_id)
                   FROM room_participants WHERE last_read_message_id IS NOT NULL",
            into: "UPDATE room_participants AS p SET last_read_message_id = marker.last
                   FROM json_to_recordset($1::json) AS marker (room_id bigint, customer_id bigint, last bigint)
                   WHERE p.room_id = marker.room_id AND p.customer_id = marker.customer_id",
        },
        Rows {
            from: "SELECT json_object('room_id', room_id, 'last_seq', last_seq) FROM rooms",
            into: "UPDATE rooms SET last_seq = room.last_seq, last_sent_at = (
                       SELECT sent_at FROM messages WHERE room_id = room.room_id AND seq = room.last_seq)
                   FROM json_to_recordset($1::json) AS room (room_id bigint, last_seq bigint)
                   WHERE rooms.room_id = room.room_id",
        },
        Rows {
            from: "SELECT json_object('customer_id', customer_id, 'route', route, 'key', key, 'fingerprint', fingerprint,
                       'recorded', recorded, 'used_at', used_at)
                   FROM idempotency",
            into: "INSERT INTO idempotency (customer_id, route, key, fingerprint, recorded, used_at)
                   SELECT customer_id, route, key, fingerprint, recorded,
                       'epoch'::timestamptz + used_at * interval '1 millisecond'
                   FROM json_to_recordset($1::json) AS used (customer_id bigint, route text, key text, fingerprint text,
                       recorded text, used_at bigint)",
        },
    ],
    then: &["SELECT setval('ids', greatest((SELECT coalesce(max(room_id), 0) FROM rooms),
                 (SELECT coalesce(max(message_id), 0) FROM messages), 1))"],
};
