-- Instants are milliseconds since 1970-01-01T00:00:00Z. The outbox beside these tables belongs to the event log.

CREATE TABLE rooms (
    room_id    INTEGER PRIMARY KEY,
    room_name  TEXT    NOT NULL,
    created_by INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_seq   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE room_participants (
    room_id              INTEGER NOT NULL REFERENCES rooms (room_id),
    customer_id          INTEGER NOT NULL,
    joined_at            INTEGER NOT NULL,
    last_read_message_id INTEGER,
    PRIMARY KEY (room_id, customer_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE messages (
    message_id       INTEGER PRIMARY KEY,
    room_id          INTEGER NOT NULL REFERENCES rooms (room_id),
    seq              INTEGER NOT NULL,
    customer_id      INTEGER NOT NULL,
    sender_full_name TEXT    NOT NULL,
    content          TEXT    NOT NULL,
    sent_at          INTEGER NOT NULL,
    UNIQUE (room_id, seq)
) STRICT;

CREATE TABLE idempotency (
    customer_id INTEGER NOT NULL,
    route       TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    recorded    TEXT    NOT NULL,
    used_at     INTEGER NOT NULL,
    PRIMARY KEY (customer_id, route, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (used_at);
