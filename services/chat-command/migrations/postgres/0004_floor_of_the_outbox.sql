-- The outbox has no row with an id below the floor, and never will, while the server runs that was started then.
ALTER TABLE relay_lease
    ADD COLUMN floor        bigint NOT NULL DEFAULT 0,
    ADD COLUMN floor_server timestamptz;
