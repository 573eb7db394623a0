//! The questions services ask each other: one trait each, implemented by the service itself in process and by the
//! HTTP client beside the trait between processes.

#![deny(missing_docs)]

pub mod call;
pub mod credential_check;
pub mod customer_directory;
pub mod endpoint_pool;
pub mod http_transport;
pub mod mailer;
pub mod membership_check;
pub mod one_time_codes;
pub mod revocation_list;
pub mod revocations;
pub mod room_membership;
pub mod rooms_of_customer;
pub mod session_ending;

pub use call::{CallError, ServiceClient};
pub use credential_check::{Account, CredentialCheck};
pub use customer_directory::CustomerDirectory;
pub use http_transport::{CallPolicy, HttpTransport, TransportError};
pub use mailer::Mailer;
pub use membership_check::MembershipCheck;
pub use one_time_codes::OneTimeCodes;
pub use revocation_list::RevocationList;
pub use revocations::RevocationFeed;
pub use room_membership::RoomMembership;
pub use rooms_of_customer::RoomsOfCustomer;
pub use session_ending::SessionEnding;
