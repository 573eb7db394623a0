-- What colloquy-rate-limit counts: the usage of each limit, until when it matters, and the account that it is a limit of, if
-- it is of one. Keys and owners are digests. All limits begin anew.
CREATE TABLE customer_rate_limits (
    limit_key TEXT PRIMARY KEY,
    usage     TEXT NOT NULL,
    ends_at   BIGINT NOT NULL,
    owner     TEXT
) WITH (fillfactor = 70);
CREATE INDEX customer_rate_limits_by_end ON customer_rate_limits (ends_at);
DROP TABLE budgets;
