-- What was told when a room began can be told again, word for word. Of earlier rooms the names are not known here.
ALTER TABLE room_participants ADD COLUMN full_name text NOT NULL DEFAULT '';
