//! What the projector takes in: events that keep every rule of their shape.

pub use colloquy_event_log::write_event::{Broken, read};
