-- AUTOINCREMENT: the id of a deleted account is never given to another.
CREATE TABLE customers (
    customer_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    username       TEXT NOT NULL UNIQUE,
    username_lower TEXT NOT NULL UNIQUE,
    password       TEXT NOT NULL,
    full_name      TEXT NOT NULL,
    email          TEXT NOT NULL UNIQUE,
    email_lower    TEXT NOT NULL UNIQUE,
    phone_number   TEXT UNIQUE,
    avatar_color   TEXT NOT NULL,
    roles          TEXT NOT NULL
) STRICT;
