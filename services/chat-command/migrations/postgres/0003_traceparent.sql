-- The place in its trace of the request that led to the event, as the record's header will carry it.
ALTER TABLE outbox ADD COLUMN traceparent text;
