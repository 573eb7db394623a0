-- Whose sessions have yet to be ended because the password has changed (decision 23). AUTOINCREMENT: whoever forgets an
-- ending never forgets another's.
CREATE TABLE session_endings (
    ending_id      INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id    INTEGER NOT NULL,
    except_session TEXT,
    changed_at     INTEGER NOT NULL
) STRICT;

-- When each budget was used. A budget goes by a hash: it may be a mail address's, and nobody's need be known here.
CREATE TABLE budgets (
    budget  BLOB PRIMARY KEY,
    uses    TEXT NOT NULL,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX budgets_by_end ON budgets (ends_at);
