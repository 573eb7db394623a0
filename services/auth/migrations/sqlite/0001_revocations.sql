-- The last number outlives the rows, which are swept.
CREATE TABLE revocation_log (
    only_row    INTEGER PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
    last_number INTEGER NOT NULL
) STRICT;
INSERT INTO revocation_log (last_number) VALUES (0);

CREATE TABLE revocations (
    number         INTEGER PRIMARY KEY,
    customer_id    INTEGER NOT NULL,
    session_id     TEXT UNIQUE,
    issued_before  INTEGER,
    except_session TEXT,
    expires_at     INTEGER NOT NULL,
    CHECK ((session_id IS NULL) <> (issued_before IS NULL))
) STRICT;
CREATE INDEX revocations_by_expiry ON revocations (expires_at);
