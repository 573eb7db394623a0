//! Starting the system, and waiting for it.

pub mod binary;
pub mod deadline;
pub mod instance;
pub mod mailbox;
pub mod mortal;
pub mod system;
pub mod watchdog;

pub use deadline::{DEADLINE, eventually, within};
pub use instance::{Instance, Options};
pub use mailbox::{Mailbox, Received};
pub use mortal::Mortal;
pub use system::System;
