//! Where a service answers: in this process or at addresses. A port, so that both ways to run share one gateway.

mod http;
mod in_process;

use async_trait::async_trait;
use axum::{body::Bytes, response::Response};
use colloquy_credentials::identity::Identity;
use colloquy_service_api::{CallPolicy, TransportError, http_transport::CALL_TIMEOUT};

pub use self::in_process::InProcess;

/// A request as a service gets it: the service's own path, allowed headers, the whole body (at most 256 KiB).
pub type UpstreamRequest = ::http::Request<Bytes>;

/// A request is sent at most once, and its sender may hang up whenever it likes.
pub const FORWARD: CallPolicy = CallPolicy {
    attempt_timeout: CALL_TIMEOUT,
    given_up_after: None,
    repeats_gets: false,
};

/// One service, behind all of its endpoints.
#[async_trait]
pub trait Upstream: Send + Sync + 'static {
    /// Carries a request to the service under an identity. It is sent at most once. The answer is whole, and there within
    /// 4.8 s.
    ///
    /// # Errors
    /// The service did not answer.
    async fn call(
        &self,
        request: UpstreamRequest,
        identity: Identity,
    ) -> Result<Response, TransportError>;
}
