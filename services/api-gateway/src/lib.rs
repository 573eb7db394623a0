//! The API gateway: the one door for HTTP. It knows who calls, which service answers, and nothing else: no domain
//! type is named here, no body is parsed.
//!
//! ```text
//! origin → path → prefix → identity (cookie) → upstream
//! ```

mod admission;
pub mod forward;
pub mod gateway;
pub mod route_path;
pub mod upstream;

pub use gateway::{Gateway, router};
pub use upstream::{HttpUpstream, InProcess, Upstream, UpstreamError};
