-- The write side's tables in chat_db. Customers belong to another service, so nothing here refers to its tables.

-- Ids are drawn one by one under a room's lock, so that within a room they grow with seq: a cache would break that.
CREATE SEQUENCE room_ids CACHE 1;
CREATE SEQUENCE message_ids CACHE 1;

CREATE TABLE rooms (
    room_id    bigint      PRIMARY KEY,
    room_name  text        NOT NULL,
    created_by bigint      NOT NULL,
    created_at timestamptz NOT NULL,
    last_seq   bigint      NOT NULL DEFAULT 0
) WITH (fillfactor = 70);

CREATE TABLE room_participants (
    id                   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    room_id              bigint      NOT NULL REFERENCES rooms (room_id),
    customer_id          bigint      NOT NULL,
    joined_at            timestamptz NOT NULL,
    last_read_message_id bigint,
    UNIQUE (room_id, customer_id)
) WITH (fillfactor = 90);

-- No foreign key to rooms: whoever inserts holds the room's lock, and the check would cost more than the insert.
CREATE TABLE messages (
    message_id       bigint      PRIMARY KEY,
    room_id          bigint      NOT NULL,
    seq              bigint      NOT NULL,
    customer_id      bigint      NOT NULL,
    sender_full_name text        NOT NULL,
    content          text        NOT NULL,
    sent_at          timestamptz NOT NULL,
    UNIQUE (room_id, seq)
);

-- A row exists while its event is unpublished; publishing deletes it. So the table stays small and is swept often.
CREATE TABLE outbox (
    id          bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic       text        NOT NULL,
    room_id     bigint      NOT NULL,
    event_id    text        NOT NULL,
    payload     bytea       NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

CREATE TABLE idempotency (
    customer_id bigint      NOT NULL,
    route       text        NOT NULL,
    key         text        NOT NULL,
    fingerprint text,
    recorded    text,
    used_at     timestamptz NOT NULL,
    PRIMARY KEY (customer_id, route, key)
) WITH (fillfactor = 80);

CREATE INDEX idempotency_by_age ON idempotency (used_at);

-- At most one row: the relay that may publish.
CREATE TABLE relay_lease (
    id         smallint    PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    holder     uuid        NOT NULL,
    epoch      bigint      NOT NULL,
    expires_at timestamptz NOT NULL
);
