-- What is compared and searched is derived from what was typed, by rules that SQL does not know: the service fills the
-- columns when it starts. A row of a smaller version than the service's is derived again; 0 means: not yet.
ALTER TABLE customers
    ADD COLUMN username_key     TEXT COLLATE "C",
    ADD COLUMN username_reading TEXT COLLATE "C",
    ADD COLUMN email_key        TEXT COLLATE "C",
    ADD COLUMN derived_version  BIGINT NOT NULL DEFAULT 0;
-- Not unique: accounts from before there were keys may share one. A key that another account has is refused under a lock.
CREATE INDEX customers_by_username_key ON customers (username_key);
CREATE INDEX customers_by_username_reading ON customers (username_reading);
CREATE INDEX customers_by_email_key ON customers (email_key);
CREATE INDEX customers_by_derived_version ON customers (derived_version);
