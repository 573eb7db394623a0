//! Where a service answers: in this process or at an address. A port, so that both ways to run share one gateway.

mod http;
mod in_process;

use async_trait::async_trait;
use axum::{body::Bytes, response::Response};
use colloquy_chassis::{Failure, Kind, identity::Identity};

pub use self::{http::HttpUpstream, in_process::InProcess};

/// A request as it crosses: the service's own path, allowed headers, the whole body (at most 256 KiB).
pub type Crossing = ::http::Request<Bytes>;

/// Why a service did not answer.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// Not reachable, or not in time: the client may try again.
    #[error("the service cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// It refused our credential: nothing the client could mend (decision 24).
    #[error("the service refused the gateway's credential")]
    Refused,
}

impl Failure for UpstreamError {
    fn kind(&self) -> Kind {
        Kind::Unavailable
    }
}

/// One service, behind all of its instances.
#[async_trait]
pub trait Upstream: Send + Sync + 'static {
    /// Carries a request to the service under an identity. It is sent at most once.
    ///
    /// # Errors
    /// The service did not answer.
    async fn call(&self, request: Crossing, identity: Identity) -> Result<Response, UpstreamError>;
}
