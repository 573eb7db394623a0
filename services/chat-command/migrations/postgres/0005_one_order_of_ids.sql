-- Rooms and messages draw their ids from one sequence, so that either's id says which is newer (decision 39).
ALTER SEQUENCE message_ids RENAME TO ids;
SELECT setval('ids', greatest((SELECT last_value FROM ids), (SELECT last_value FROM room_ids)));
DROP SEQUENCE room_ids;

-- When the room's last message was sent; the next is never older. NULL: not written in since this column was added.
ALTER TABLE rooms ADD COLUMN last_sent_at timestamptz;
