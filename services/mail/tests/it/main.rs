//! The service over its router, its store and its transports.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where it stopped"
)]

mod delivery;
mod dev_mail;
mod expiry;
mod hanging_postgres;
mod letters;
mod logs;
mod mail_store;
mod parts;
mod scripted_server;
mod send_mail;
mod smtp;
mod tls;
