//! The rows that an all-in-one system takes with it when it becomes a cluster (ADR 029).

use colloquy_sql::moving::{Moved, Rows};

/// Sessions that have ended, under their numbers, and what was counted of logins.
pub const MOVED: Moved = Moved {
    is_used: "SELECT EXISTS (SELECT FROM revocation_log WHERE last_number > 0)",
    rows: &[
        Rows {
            from: "SELECT json_object('number', number, 'customer_id', customer_id, 'session_id', session_id,
                       'ended_before', ended_before, 'except_session', except_session, 'expires_at', expires_at)
                   FROM revocations ORDER BY number",
            into: "INSERT INTO revocations (number, customer_id, session_id, ended_before, except_session, expires_at)
                   SELECT number, customer_id, session_id, ended_before, except_session, expires_at
                   FROM json_populate_recordset(NULL::revocations, $1::json)",
        },
        Rows {
            from: "SELECT json_object('last_number', last_number) FROM revocation_log",
            into: "UPDATE revocation_log SET last_number = moved.last_number
                   FROM json_to_recordset($1::json) AS moved (last_number bigint)",
        },
        Rows {
            from: "SELECT json_object('limit_key', limit_key, 'usage', usage, 'ends_at', ends_at, 'owner', owner)
                   FROM auth_rate_limits",
            into: "INSERT INTO auth_rate_limits
                   SELECT * FROM json_populate_recordset(NULL::auth_rate_limits, $1::json)
                   ON CONFLICT (limit_key) DO NOTHING",
        },
        Rows {
            from: "SELECT json_object('place', place, 'known_until', known_until) FROM known_places",
            into: "INSERT INTO known_places SELECT * FROM json_populate_recordset(NULL::known_places, $1::json)
                   ON CONFLICT (place) DO NOTHING",
        },
    ],
    then: &[],
};
