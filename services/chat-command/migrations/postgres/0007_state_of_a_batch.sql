-- All that a batch has to know, under its locks, in one round trip, as JSON arrays of its rows (NULL for none). It takes the
-- locks in the one order of decision 1: keys as they are given, which is sorted, then rooms by id; ids are drawn under the
-- locks, so that a later transaction draws higher ones in each of these rooms. Each statement of a volatile function sees what
-- was committed before it, not before the call.
CREATE FUNCTION batch_state(
    key_customers bigint[], key_routes text[], keys text[],
    room_ids bigint[],
    member_rooms bigint[], member_customers bigint[],
    marked_rooms bigint[], marked_messages bigint[],
    new_ids bigint,
    OUT used_keys json, OUT locked_rooms json, OUT found_members json, OUT found_messages json, OUT drawn_ids bigint[]
) LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    claimed bigint;
BEGIN
    -- Claims every key by a row of this transaction; a key that another one has claimed is waited for here.
    INSERT INTO idempotency (customer_id, route, key, used_at)
    SELECT asked.customer_id, asked.route, asked.key, now()
    FROM unnest(key_customers, key_routes, keys) AS asked (customer_id, route, key)
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS claimed = ROW_COUNT;

    IF claimed < cardinality(keys) THEN
        SELECT json_agg(json_build_array(asked.place - 1, i.fingerprint, i.recorded,
            (extract(epoch FROM i.used_at) * 1000)::bigint)) INTO used_keys
        FROM unnest(key_customers, key_routes, keys)
             WITH ORDINALITY AS asked (customer_id, route, key, place)
        JOIN idempotency AS i ON (i.customer_id, i.route, i.key) = (asked.customer_id, asked.route, asked.key)
        WHERE i.recorded IS NOT NULL;
    END IF;

    -- From here on no other transaction takes a seq or moves a marker in these rooms. Of a room without a message since the
    -- column was added, no other transaction knows more either.
    SELECT json_agg(json_build_array(room_id, last_seq, (extract(epoch FROM coalesce(last_sent_at, (
        SELECT sent_at FROM messages AS m WHERE m.room_id = r.room_id AND m.seq = r.last_seq))) * 1000)::bigint)) INTO locked_rooms
    FROM (SELECT room_id, last_seq, last_sent_at FROM rooms WHERE room_id = ANY (room_ids)
          ORDER BY room_id FOR UPDATE) AS r;

    SELECT json_agg(json_build_array(p.room_id, p.customer_id, p.last_read_message_id)) INTO found_members
    FROM unnest(member_rooms, member_customers) AS asked (room_id, customer_id)
    JOIN room_participants AS p USING (room_id, customer_id);

    IF cardinality(marked_messages) > 0 THEN
        SELECT json_agg(json_build_array(m.room_id, m.message_id)) INTO found_messages
        FROM unnest(marked_rooms, marked_messages) AS asked (room_id, message_id)
        JOIN messages AS m USING (room_id, message_id);
    END IF;

    drawn_ids := ARRAY (SELECT nextval('ids') FROM generate_series(1, new_ids));
END
$$;
