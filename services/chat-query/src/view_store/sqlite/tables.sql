CREATE TABLE IF NOT EXISTS rooms (
    room_id    INTEGER PRIMARY KEY,
    version    INTEGER NOT NULL,
    last_seq   INTEGER,
    state      TEXT    NOT NULL, -- RoomState as JSON
    checksum   INTEGER           -- NULL: of a release without checksums
);

CREATE TABLE IF NOT EXISTS members (
    customer_id INTEGER NOT NULL,
    room_id     INTEGER NOT NULL,
    PRIMARY KEY (customer_id, room_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS messages (
    message_id       INTEGER PRIMARY KEY,
    room_id          INTEGER NOT NULL,
    sender_id        INTEGER NOT NULL,
    sender_full_name TEXT    NOT NULL,
    content          TEXT    NOT NULL,
    sent_at          INTEGER NOT NULL,
    seq              INTEGER NOT NULL,
    client_key       TEXT,
    checksum         INTEGER,
    UNIQUE (room_id, seq),
    UNIQUE (room_id, message_id) -- history; as a constraint its index is renamed with its table
);

CREATE TABLE IF NOT EXISTS read_markers (
    room_id              INTEGER NOT NULL,
    customer_id          INTEGER NOT NULL,
    last_read_message_id INTEGER NOT NULL,
    PRIMARY KEY (room_id, customer_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS parked_events (
    topic       TEXT    NOT NULL,
    "partition" INTEGER NOT NULL,
    "offset"    INTEGER NOT NULL,
    key         TEXT    NOT NULL,
    event_id    TEXT    NOT NULL,
    payload     BLOB    NOT NULL,
    reason      TEXT    NOT NULL,
    parked_at   INTEGER NOT NULL DEFAULT 0,
    tries       INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (topic, "partition", "offset")
) WITHOUT ROWID;
