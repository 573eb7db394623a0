//! HTTP between services: a request goes to one endpoint of the callee, signed, and its answer is whole or an error.
//!
//! Start at [`HttpTransport::send`]. [`ServiceClient`](crate::ServiceClient) asks questions over it, the gateway forwards
//! requests.

use std::{error::Error, future::Future, io, time::Duration};

use bytes::Bytes;
use colloquy_chassis::{Failure, Kind, ServiceName};
use colloquy_credentials::{identity::Caller, internal_token::InternalSigner};
use http::{Method, Request, Response, Uri, uri::Authority};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Body;
use hyper_util::{
    client::legacy::{self, Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioIo, TokioTimer},
};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tower::{timeout::Timeout, util::BoxCloneSyncService};

use crate::endpoint_pool::{Attempt, EndpointPool};

/// A call without a whole answer by then has failed, whatever its policy (promise P6: never a hang over 5 s).
pub const CALL_TIMEOUT: Duration = Duration::from_millis(4800);
/// From the look-up of a name to the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// Shorter than a service keeps an idle connection, so that a request rarely meets one that is just being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer; the longest, a room list, has room here for two thousand rooms of 500 members.
const ANSWER_LIMIT: usize = 32 * 1024 * 1024;

/// What a transport does for its user beyond sending a request once.
#[derive(Clone, Copy, Debug)]
pub struct CallPolicy {
    /// One endpoint has this long; at most [`CALL_TIMEOUT`].
    pub attempt_timeout: Duration,
    /// A caller that gives up after this long met an endpoint that failed; `None` if callers give up for reasons of
    /// their own.
    pub given_up_after: Option<Duration>,
    /// Whether a `GET` that one endpoint failed goes to the next one. Everything else does so only if nothing was sent.
    pub repeats_gets: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// Not reachable, gone amid its answer, or not in time: the client may try again.
    #[error("the service cannot be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The answer is no HTTP, or over 32 MiB.
    #[error("the service's answer cannot be read")]
    Unreadable(#[source] Box<dyn Error + Send + Sync>),
    /// The service refused our credential: nothing the client could mend (decision 24). The gateway says so; to a
    /// [`ServiceClient`](crate::ServiceClient) it is a refusal like others.
    #[error("the service refused our credential")]
    CredentialRefused,
}

impl Failure for TransportError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unreachable(_) | Self::CredentialRefused => Kind::Unavailable,
            Self::Unreadable(_) => Kind::Unreadable,
        }
    }
}

impl TransportError {
    fn of(error: Box<dyn Error + Send + Sync>) -> Self {
        match is_unreadable(error.as_ref()) {
            true => Self::Unreadable(error),
            false => Self::Unreachable(error),
        }
    }

    /// Without a connection nothing was sent: certain, so that another endpoint may be asked, whatever the request does.
    fn is_unsent(&self) -> bool {
        let Self::Unreachable(error) = self else {
            return false;
        };
        error
            .downcast_ref::<legacy::Error>()
            .is_some_and(legacy::Error::is_connect)
    }
}

/// Whether an error is about the bytes that were received, and not about a connection that ended.
fn is_unreadable(error: &(dyn Error + 'static)) -> bool {
    // The decoder of chunks reports a bad chunk as a bad input.
    let is_bad_input = |error: &io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput
        )
    };
    error.downcast_ref().is_some_and(hyper::Error::is_parse)
        || error.downcast_ref().is_some_and(is_bad_input)
        || error.is::<LengthLimitError>()
        || error.source().is_some_and(is_unreadable)
}

/// An address of an endpoint that is no `http://host:port`.
#[derive(Debug, thiserror::Error)]
#[error("{service} cannot be called at {address:?}: an address is http://host:port")]
pub struct BadAddress {
    service: ServiceName,
    address: String,
}

type Connector = BoxCloneSyncService<Uri, TokioIo<TcpStream>, Box<dyn Error + Send + Sync>>;

/// Calls one service, on any of its endpoints.
pub struct HttpTransport {
    callee: ServiceName,
    endpoints: EndpointPool<Authority>,
    signer: InternalSigner,
    client: Client<Connector, Full<Bytes>>,
    policy: CallPolicy,
}

/// An attempt without an outcome yet. Its drop is the caller giving up.
struct InFlight<'a> {
    endpoints: &'a EndpointPool<Authority>,
    attempt: Attempt,
    /// When giving up begins to mean that the endpoint failed.
    suspicious_at: Option<Instant>,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        if self.suspicious_at.is_some_and(|at| at <= now) {
            self.endpoints.failed(self.attempt, now);
        }
    }
}

impl HttpTransport {
    /// A transport to `callee` at these addresses, each `http://host:port`.
    ///
    /// # Errors
    /// One of them is no such address, or there is none.
    pub fn new(
        callee: ServiceName,
        addresses: &[String],
        signer: InternalSigner,
        policy: CallPolicy,
    ) -> Result<Self, BadAddress> {
        let bad = |address: &str| BadAddress {
            service: callee,
            address: address.to_owned(),
        };
        let authority = |address: &String| {
            let uri: Option<Uri> = address.parse().ok();
            uri.filter(|uri| uri.scheme_str() == Some("http"))
                .and_then(|uri| uri.into_parts().authority)
                .ok_or_else(|| bad(address))
        };
        let endpoints: Vec<_> = addresses.iter().map(authority).collect::<Result<_, _>>()?;
        if endpoints.is_empty() {
            return Err(bad(""));
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build(Connector::new(Timeout::new(connector, CONNECT_TIMEOUT)));
        Ok(Self {
            callee,
            endpoints: EndpointPool::new(callee, endpoints),
            signer,
            client,
            policy,
        })
    }

    /// The service at the other end.
    #[must_use]
    pub fn callee(&self) -> ServiceName {
        self.callee
    }

    /// Sends a request, of whose URI the path and the query count, on behalf of `caller`. The answer is whole.
    ///
    /// # Errors
    /// No endpoint answered, or not in time.
    pub async fn send(
        &self,
        request: Request<Bytes>,
        caller: Option<&Caller>,
    ) -> Result<Response<Bytes>, TransportError> {
        let deadline = Instant::now() + CALL_TIMEOUT;
        let repeats = self.policy.repeats_gets && request.method() == Method::GET;
        let mut last = None;
        for attempt in self.endpoints.attempts(Instant::now()) {
            match self.try_endpoint(attempt, &request, caller, deadline).await {
                Err(error) if repeats || error.is_unsent() => last = Some(error),
                outcome => return outcome,
            }
        }
        Err(last.expect("there is an endpoint, and each that was passed over left its error"))
    }

    async fn try_endpoint(
        &self,
        attempt: Attempt,
        request: &Request<Bytes>,
        caller: Option<&Caller>,
        deadline: Instant,
    ) -> Result<Response<Bytes>, TransportError> {
        let began = Instant::now();
        let mut in_flight = InFlight {
            endpoints: &self.endpoints,
            attempt,
            suspicious_at: self.policy.given_up_after.map(|after| began + after),
        };
        let answer = async {
            let request = self.addressed(request, self.endpoints.endpoint(attempt), caller);
            let response = self.client.request(request).await;
            response.map_err(|error| TransportError::of(error.into()))
        };
        let outcome = whole(answer, deadline.min(began + self.policy.attempt_timeout)).await;
        in_flight.suspicious_at = None;
        match &outcome {
            Err(TransportError::Unreachable(_)) => self.endpoints.failed(attempt, Instant::now()),
            _ => self.endpoints.succeeded(attempt),
        }
        outcome
    }

    fn addressed(
        &self,
        request: &Request<Bytes>,
        endpoint: &Authority,
        caller: Option<&Caller>,
    ) -> Request<Full<Bytes>> {
        let mut addressed = request.clone().map(Full::new);
        let path = request.uri().path_and_query().cloned();
        let uri = Uri::builder()
            .scheme("http")
            .authority(endpoint.clone())
            .path_and_query(path.map_or("/".into(), |path| path.to_string()));
        *addressed.uri_mut() = uri
            .build()
            .expect("an authority and a path that were parsed make a URI");
        let credential = self.signer.headers(self.callee, caller);
        addressed.headers_mut().extend(credential);
        addressed
    }
}

/// The whole of an answer, so that nothing of it goes on before all of it is there.
///
/// # Errors
/// It is not there by the deadline, cannot be read, or is over 32 MiB.
pub async fn whole<B>(
    answer: impl Future<Output = Result<Response<B>, TransportError>>,
    deadline: Instant,
) -> Result<Response<Bytes>, TransportError>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
{
    let whole = async {
        let (parts, body) = answer.await?.into_parts();
        let body = Limited::new(body, ANSWER_LIMIT).collect().await;
        let body = body.map_err(TransportError::of)?.to_bytes();
        Ok(Response::from_parts(parts, body))
    };
    timeout_at(deadline, whole)
        .await
        .unwrap_or_else(|late| Err(TransportError::Unreachable(late.into())))
}
