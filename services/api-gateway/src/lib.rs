//! The API gateway: the one door for HTTP. It knows who calls, which service answers, and nothing else: no domain
//! type is named here, no body is parsed.
//!
//! A request is admitted in this order; each step may end it. What does not depend on the path is wrapped around all
//! routes of the process, so that it comes first:
//!
//! ```text
//! wrapped around   request id → host (421)
//! gateway          origin (403) → path (403, 400) → prefix (404) → identity: cookie, revocations (401, 503)
//!                  → client address → body: size, time, JSON (413, 400, 415)
//! upstream         allowed headers, own identity → the whole answer in time (503, 502) → allowed headers
//! wrapped around   security headers, request id
//! ```

mod admission;
mod answers;
pub mod documents;
pub mod forward;
pub mod gateway;
pub mod route_path;
pub mod upstream;

pub use gateway::{Gateway, router};
pub use upstream::{InProcess, Upstream};
