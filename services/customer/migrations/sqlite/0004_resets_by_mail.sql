-- Whether the change was a reset by mail, of which account and from which address: auth lifts its waits (decision 30).
ALTER TABLE session_endings ADD COLUMN reset_name TEXT;
ALTER TABLE session_endings ADD COLUMN reset_from TEXT;
