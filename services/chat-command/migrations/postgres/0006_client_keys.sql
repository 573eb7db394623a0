-- What a sender knows a message by before its call is answered; a topic that was wiped is republished with it.
ALTER TABLE messages ADD COLUMN client_key text;
