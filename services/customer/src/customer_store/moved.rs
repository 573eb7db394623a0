//! The rows that an all-in-one system takes with it when it becomes a cluster (ADR 029).

use colloquy_sql::moving::{Moved, Rows};

/// Accounts under their ids, with their passwords, and sessions that have yet to be ended.
pub const MOVED: Moved = Moved {
    is_used: "SELECT EXISTS (SELECT FROM customers)",
    rows: &[
        Rows {
            from: "SELECT json_object('customer_id', customer_id, 'username', username, 'username_lower', username_lower,
                       'password', password, 'full_name', full_name, 'email', email, 'email_lower', email_lower,
                       'phone_number', phone_number, 'avatar_color', avatar_color, 'roles', roles,
                       'session_number', session_number)
                   FROM customers ORDER BY customer_id",
            // What is derived is derived again by the first start.
            into: "INSERT INTO customers (customer_id, username, username_lower, password, full_name, email, email_lower,
                       phone_number, avatar_color, roles, session_number)
                   SELECT customer_id, username, username_lower, password, full_name, email, email_lower, phone_number,
                       avatar_color, roles, session_number
                   FROM json_populate_recordset(NULL::customers, $1::json)",
        },
        Rows {
            from: "SELECT json_object('customer_id', customer_id, 'except_session', except_session, 'changed_at', changed_at,
                       'reset_name', reset_name, 'reset_from', reset_from, 'ended_before', ended_before)
                   FROM session_endings ORDER BY ending_id",
            into: "INSERT INTO session_endings (customer_id, except_session, changed_at, reset_name, reset_from, ended_before)
                   SELECT customer_id, except_session, changed_at, reset_name, reset_from, ended_before
                   FROM json_populate_recordset(NULL::session_endings, $1::json)",
        },
        Rows {
            from: "SELECT json_object('limit_key', limit_key, 'usage', usage, 'ends_at', ends_at, 'owner', owner)
                   FROM customer_rate_limits",
            into: "INSERT INTO customer_rate_limits
                   SELECT * FROM json_populate_recordset(NULL::customer_rate_limits, $1::json)",
        },
        // No number is given twice, though its account be gone.
        Rows {
            from: "SELECT json_object('last', seq) FROM sqlite_sequence WHERE name = 'customers'",
            into: "SELECT setval(pg_get_serial_sequence('customers', 'customer_id'), last)
                   FROM json_to_recordset($1::json) AS numbers (last bigint)",
        },
    ],
    then: &[],
};
