-- Which outbox this is: that of one start of one server. A restored table, or another server's, is another one.
CREATE FUNCTION outbox_place() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws(' ', extract(epoch FROM pg_postmaster_start_time()),
        (SELECT oid FROM pg_database WHERE datname = current_database()), 'outbox'::regclass::oid)
$$;

-- That outbox has no row with an id below the floor, and never will.
ALTER TABLE relay_lease
    ADD COLUMN floor    bigint NOT NULL DEFAULT 0,
    ADD COLUMN floor_of text;
