-- Whose sessions have yet to be ended because the password has changed (decision 23).
CREATE TABLE session_endings (
    ending_id      BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id    BIGINT NOT NULL,
    except_session TEXT,
    changed_at     BIGINT NOT NULL
);

-- When each budget was used. A budget goes by a hash: it may be a mail address's, and nobody's need be known here.
CREATE TABLE budgets (
    budget  BYTEA PRIMARY KEY,
    uses    TEXT NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX budgets_by_end ON budgets (ends_at);
