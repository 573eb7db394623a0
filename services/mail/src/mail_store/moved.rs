//! The rows that an all-in-one system takes with it when it becomes a cluster (ADR 029).

use colloquy_sql::moving::{Moved, Rows};

/// Mails that wait, still sealed; each is due now.
pub const MOVED: Moved = Moved {
    is_used: "SELECT EXISTS (SELECT FROM mail_queue)",
    rows: &[Rows {
        from:
            "SELECT json_object('id', id, 'recipient', recipient, 'subject', subject, 'body', body,
                   'expires_at', expires_at, 'tries', tries)
               FROM mail_queue",
        into: "INSERT INTO mail_queue (id, recipient, subject, body, expires_at, due_at, tries)
               SELECT id, recipient, subject, body, expires_at, now(), tries
               FROM json_populate_recordset(NULL::mail_queue, $1::json)",
    }],
    then: &[],
};
