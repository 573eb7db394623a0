-- Auth's tables in chat_db. The last number lies in a row and not in a sequence: whoever takes the next one holds the
-- row until it commits, so numbers have no gaps and become visible in order.
CREATE TABLE revocation_log (
    only_row    BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    last_number BIGINT NOT NULL
);
INSERT INTO revocation_log (last_number) VALUES (0);

CREATE TABLE revocations (
    number         BIGINT PRIMARY KEY,
    customer_id    BIGINT NOT NULL,
    session_id     TEXT UNIQUE,
    issued_before  BIGINT,
    except_session TEXT,
    expires_at     BIGINT NOT NULL,
    CHECK ((session_id IS NULL) <> (issued_before IS NULL))
);
CREATE INDEX revocations_by_expiry ON revocations (expires_at);

CREATE TABLE revocation_readers (
    reader   TEXT PRIMARY KEY,
    passed   BIGINT NOT NULL,
    heard_at TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 50);
