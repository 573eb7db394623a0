//! The servers that are measured, each a process of its own: this binary again, with another command.

pub mod broadcaster;
pub mod empty_handler;
pub mod feed;
pub mod live_log;
pub mod process;
pub mod push;
pub mod tokens;

pub use process::{Kind, ServerProcess};
pub use tokens::Tokens;
