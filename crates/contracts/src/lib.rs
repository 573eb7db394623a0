//! The words that every service speaks: identifiers, instants, events, views, topics, destinations, the envelope, and
//! how answers are documented.
//!
//! Data only. There is no I/O here, nothing asynchronous and no rule that needs a store; those live in the services.

#![deny(missing_docs)]

pub mod destinations;
pub mod envelope;
pub mod events;
pub mod ids;
pub mod openapi;
pub mod presence;
pub mod timestamp;
pub mod topics;
pub mod views;

pub use destinations::{Destination, DestinationError};
pub use envelope::Envelope;
pub use ids::{CustomerId, MessageId, RoomId, Seq, SessionNumber};
pub use timestamp::Timestamp;
pub use topics::{Topic, Writer};
