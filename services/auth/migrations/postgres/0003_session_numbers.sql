-- Sessions end by number, not by when they began (decision 39). What ended by an instant now ends all sessions of before
-- they were numbered, which count as 0.
UPDATE revocations SET issued_before = 1 WHERE issued_before IS NOT NULL;
ALTER TABLE revocations RENAME COLUMN issued_before TO ended_before;
