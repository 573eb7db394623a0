//! The promises
