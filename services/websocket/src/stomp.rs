//! The STOMP 1.0, 1.1 and 1.2 codec: octets to client frames, server frames to octets.
//!
//! It is pure: no I/O, no clock, and no panic on any input. What a frame means, and whether it is allowed now, is the
//! session's affair; so are the timers.

pub mod decode_error;
pub mod decoder;
pub mod encoder;
pub mod escape;
pub mod frame;
pub mod heart_beat;
pub mod limits;
pub mod message;
pub mod version;

mod head;
mod input;

pub use decode_error::DecodeError;
pub use decoder::{Decoder, Event};
pub use frame::{ClientCommand, Frame, Headers};
pub use heart_beat::{HeartBeat, HeartBeatError, Intervals};
pub use limits::Limits;
pub use message::MessageTemplate;
pub use version::Version;
