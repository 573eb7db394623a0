-- Mails that wait to be sent. A row goes when its mail has gone. due_at counts milliseconds since the store was opened:
-- no change of the machine's clock moves it, and opening sets it to 0. expires_at is the sender's instant.
CREATE TABLE mail_queue (
    id         TEXT PRIMARY KEY,
    recipient  TEXT NOT NULL,
    subject    TEXT NOT NULL,
    body       TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    tries      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX mail_queue_by_due ON mail_queue (due_at);
CREATE INDEX mail_queue_by_expiry ON mail_queue (expires_at);
