-- What colloquy-rate-limit counts: the usage of each limit, until when it matters, and the account that it is a limit of, if
-- it is of one. Keys and owners are digests. All limits begin anew.
CREATE TABLE auth_rate_limits (
    limit_key TEXT PRIMARY KEY,
    usage     TEXT NOT NULL,
    ends_at   INTEGER NOT NULL,
    owner     TEXT
) STRICT;
CREATE INDEX auth_rate_limits_by_end ON auth_rate_limits (ends_at);
CREATE INDEX auth_rate_limits_by_owner ON auth_rate_limits (owner);
DROP TABLE guess_budgets;
