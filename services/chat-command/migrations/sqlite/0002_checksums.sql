-- Of what a message was when it was written. NULL: by a release without checksums.
ALTER TABLE messages ADD COLUMN checksum INTEGER;
