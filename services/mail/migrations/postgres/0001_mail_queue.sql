-- Mails that wait to be sent, in chat_db. A row goes when its mail has gone. due_at is by the database's clock: it is
-- also how long whoever claimed the mail may take before another instance does. expires_at is the sender's instant.
CREATE TABLE mail_queue (
    id         TEXT PRIMARY KEY,
    recipient  TEXT NOT NULL,
    subject    TEXT NOT NULL,
    body       TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    due_at     TIMESTAMPTZ NOT NULL,
    tries      BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX mail_queue_by_due ON mail_queue (due_at);
CREATE INDEX mail_queue_by_expiry ON mail_queue (expires_at);
