//! The three commands, one a file: request, error, handler.

pub mod create_room;
pub mod idempotency;
pub mod mark_read;
pub mod send_message;
