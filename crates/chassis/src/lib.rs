//! What every service stands on: settings, telemetry, lifecycle, HTTP answers, the error table, the clock.
//!
//! Nothing here knows a domain. Whatever knows rooms, customers or messages lives in a service.

pub mod admin;
pub mod answer;
pub mod backoff;
mod carried_out;
pub mod client_address;
pub mod clock;
pub mod extract;
pub mod failure;
pub mod figures;
pub mod hosts;
pub mod http_server;
pub mod lifecycle;
pub mod origins;
pub mod readiness;
pub mod refusal;
pub mod request_id;
mod request_span;
pub mod router;
pub mod secret;
pub mod security_headers;
pub mod service_name;
pub mod spans;
pub mod store_address;
pub mod telemetry;
pub mod trace_context;

pub use answer::{Answer, ApiError};
pub use client_address::ClientAddress;
pub use clock::{Clock, SystemClock};
pub use failure::{Failure, Kind};
pub use lifecycle::{Lifecycle, Tasks};
pub use refusal::{Refusal, SettingNames};
pub use secret::Secret;
pub use service_name::ServiceName;
pub use store_address::{StoreAddress, TlsFiles};
