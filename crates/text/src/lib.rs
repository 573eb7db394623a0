//! What a text says, however it is typed: whether it shows anything, whether it is one line, and which spellings of a
//! username, a mail address or a password are the same (decision 37).
//!
//! Services that must agree on it stand on this crate: an account is found in customer management, its failed logins
//! are counted in auth, its codes are kept in otp and its mails sent by mail under one spelling. There is no I/O here.

#![deny(missing_docs)]

mod canonical;
pub mod characters;
mod mail_address;
mod password;
mod username;

pub use characters::{is_one_line, shows_something, trimmed};
pub use mail_address::{ascii_domain, mail_key, mailable};
pub use password::opaque;
pub use username::{is_of_usernames, mixes_scripts, username_key, username_reading};
