//! Where a service answers: in this process or at an address. A port, so that both ways to run share one gateway.

mod http;
mod in_process;

use std::{error::Error, future::Future, io, time::Duration};

use async_trait::async_trait;
use axum::{
    body::{Body, Bytes, to_bytes},
    response::Response,
};
use colloquy_chassis::{Failure, Kind};
use colloquy_credentials::identity::Identity;
use http_body_util::LengthLimitError;
use tokio::time::{Instant, timeout_at};

pub use self::{http::HttpUpstream, in_process::InProcess};

/// A request as it crosses: the service's own path, allowed headers, the whole body (at most 256 KiB).
pub type UpstreamRequest = ::http::Request<Bytes>;

/// A service whose whole answer is not there by then is unavailable (promise P6: never a hang over 5 s).
const ANSWER_TIMEOUT: Duration = Duration::from_millis(4800);
/// No answer of a service is larger: the longest, a room list, has room here for two thousand rooms of 500 members.
const ANSWER_LIMIT: usize = 32 * 1024 * 1024;

/// Why a service did not answer.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// Not reachable, gone amid its answer, or not in time: the client may try again.
    #[error("the service cannot be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// It answered with something that is no HTTP, or with far too much of it.
    #[error("the service's answer cannot be read")]
    Unreadable(#[source] Box<dyn Error + Send + Sync>),
    /// It refused our credential: nothing the client could mend (decision 24).
    #[error("the service refused the gateway's credential")]
    Refused,
}

impl Failure for UpstreamError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unreachable(_) | Self::Refused => Kind::Unavailable,
            Self::Unreadable(_) => Kind::Unreadable,
        }
    }
}

impl UpstreamError {
    /// What became of an answer that failed on its way.
    fn of(error: impl Error + Send + Sync + 'static) -> Self {
        if is_unreadable(&error) {
            Self::Unreadable(error.into())
        } else {
            Self::Unreachable(error.into())
        }
    }
}

/// Whether what lies beneath is about what was received, and not about a connection that ended.
fn is_unreadable(error: &(dyn Error + 'static)) -> bool {
    let mut beneath = Some(error);
    while let Some(error) = beneath {
        // The decoder of chunks tells its troubles as those of an input.
        let is_input = |error: &io::Error| {
            matches!(
                error.kind(),
                io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
            )
        };
        if error
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_parse)
            || error.downcast_ref::<io::Error>().is_some_and(is_input)
            || error.is::<LengthLimitError>()
        {
            return true;
        }
        beneath = error.source();
    }
    false
}

/// The whole of an answer, so that a client is told nothing before all of it is there.
async fn whole(
    answer: impl Future<Output = Result<Response, UpstreamError>>,
    deadline: Instant,
) -> Result<Response, UpstreamError> {
    let whole = async {
        let (parts, body) = answer.await?.into_parts();
        let body = to_bytes(body, ANSWER_LIMIT)
            .await
            .map_err(UpstreamError::of)?;
        Ok(Response::from_parts(parts, Body::from(body)))
    };
    timeout_at(deadline, whole)
        .await
        .unwrap_or_else(|late| Err(UpstreamError::Unreachable(late.into())))
}

/// One service, behind all of its instances.
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
    ) -> Result<Response, UpstreamError>;
}
