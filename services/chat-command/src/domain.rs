//! The rules of the write side, without any store: a value of these types keeps its rule.

mod idempotency_key;
mod members;
mod message_content;
mod room_name;

pub use idempotency_key::{IdempotencyKey, IdempotencyKeyError, LONGEST_KEY};
pub use members::{MAX_MEMBERS, Members, MembersError};
pub use message_content::{MessageContent, MessageContentError};
pub use room_name::{MAX_NAME, RoomName, RoomNameError};
