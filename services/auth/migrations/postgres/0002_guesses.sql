-- How many tries failed, and from where a login succeeded. Names and addresses are digests.
CREATE TABLE guess_budgets (
    budget       TEXT PRIMARY KEY,
    state        TEXT NOT NULL,
    forgotten_at BIGINT NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX guess_budgets_by_end ON guess_budgets (forgotten_at);

CREATE TABLE known_places (
    place       TEXT PRIMARY KEY,
    known_until BIGINT NOT NULL
);
CREATE INDEX known_places_by_end ON known_places (known_until);
