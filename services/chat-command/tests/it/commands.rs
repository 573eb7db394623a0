//! The three commands, a module a URL.

mod message;
mod read;
mod room;
