-- The number of the password, greater after each change: sessions carry the one they began with, and end with a smaller
-- one (decision 39). Sessions of before count as 0. An ending that is left over is of those.
ALTER TABLE customers ADD COLUMN session_number BIGINT NOT NULL DEFAULT 1;
ALTER TABLE session_endings ADD COLUMN ended_before BIGINT NOT NULL DEFAULT 1;
