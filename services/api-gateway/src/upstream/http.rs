//! A service at an address, or at several: calls go round those that answer, and move on to the next while nothing was sent.

use std::{error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    body::{Body, Bytes},
    response::Response,
};
use colloquy_chassis::ServiceName;
use colloquy_credentials::{
    identity::Identity,
    internal_token::{CREDENTIAL_REFUSED, InternalSigner},
};
use colloquy_service_api::endpoint_pool::{Attempt, EndpointPool};
use http::{Request, Uri, uri::Authority};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{self, Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::time::Instant;

use super::{ANSWER_TIMEOUT, Upstream, UpstreamError, UpstreamRequest, whole};

const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// Shorter than a service keeps an idle connection, so that a request rarely meets one that is just being closed.
const IDLE: Duration = Duration::from_secs(5);

/// A service over HTTP.
pub struct HttpUpstream {
    service: ServiceName,
    instances: EndpointPool<Authority>,
    signer: InternalSigner,
    client: Client<HttpConnector, Full<Bytes>>,
}

/// An instance's address that is no `http://host:port`.
#[derive(Debug, thiserror::Error)]
#[error("{service} cannot be called at {address}: an address is http://host:port")]
pub struct BadAddress {
    service: ServiceName,
    address: String,
}

impl HttpUpstream {
    /// The service at these addresses, each `http://host:port`.
    ///
    /// # Errors
    /// One of them is no such address, or there is none.
    pub fn new(
        service: ServiceName,
        addresses: &[String],
        signer: InternalSigner,
    ) -> Result<Arc<Self>, BadAddress> {
        let authority = |address: &String| {
            address
                .parse::<Uri>()
                .ok()
                .filter(|uri| uri.scheme_str() == Some("http"))
                .and_then(|uri| uri.authority().cloned())
                .ok_or_else(|| BadAddress {
                    service,
                    address: address.clone(),
                })
        };
        let instances: Vec<_> = addresses.iter().map(authority).collect::<Result<_, _>>()?;
        if instances.is_empty() {
            return Err(BadAddress {
                service,
                address: "no address".to_owned(),
            });
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .retry_canceled_requests(true)
            .build(connector);
        Ok(Arc::new(Self {
            service,
            instances: EndpointPool::new(service, instances),
            signer,
            client,
        }))
    }

    /// Sends a request to the instance whose turn it is, and remembers how that one is.
    async fn send(
        &self,
        request: Request<Full<Bytes>>,
        attempt: Attempt,
        deadline: Instant,
    ) -> Result<Response, UpstreamError> {
        let answer = async {
            let response = self.client.request(request).await;
            let response = response.map_err(UpstreamError::of)?;
            if response.headers().contains_key(CREDENTIAL_REFUSED) {
                return Err(UpstreamError::Refused);
            }
            Ok(response.map(Body::new))
        };
        let outcome = whole(answer, deadline).await;
        match outcome {
            Err(UpstreamError::Unreachable(_)) => self.instances.failed(attempt, Instant::now()),
            _ => self.instances.succeeded(attempt),
        }
        outcome
    }

    fn address(
        &self,
        request: &UpstreamRequest,
        instance: &Authority,
        identity: &Identity,
    ) -> Request<Full<Bytes>> {
        let mut addressed = Request::new(Full::new(request.body().clone()));
        *addressed.method_mut() = request.method().clone();
        let path = request.uri().path_and_query().cloned();
        let uri = Uri::builder()
            .scheme("http")
            .authority(instance.clone())
            .path_and_query(path.map_or("/".into(), |path| path.to_string()));
        *addressed.uri_mut() = uri
            .build()
            .expect("an authority and a path that were parsed make a URI");
        *addressed.headers_mut() = request.headers().clone();
        addressed
            .headers_mut()
            .extend(self.signer.headers(self.service, identity.caller.as_ref()));
        addressed
    }
}

#[async_trait]
impl Upstream for HttpUpstream {
    async fn call(
        &self,
        request: UpstreamRequest,
        identity: Identity,
    ) -> Result<Response, UpstreamError> {
        let began = Instant::now();
        let mut last = None;
        for attempt in self.instances.attempts(began) {
            let addressed = self.address(&request, self.instances.endpoint(attempt), &identity);
            match self.send(addressed, attempt, began + ANSWER_TIMEOUT).await {
                Err(UpstreamError::Unreachable(error)) if is_unsent(error.as_ref()) => {
                    last = Some(error);
                }
                outcome => return outcome,
            }
        }
        let error = last
            .expect("there is at least one instance, and each that was passed over left its error");
        Err(UpstreamError::Unreachable(error))
    }
}

/// Without a connection nothing was sent: certain, so that another instance may be asked, whatever the request does.
fn is_unsent(error: &(dyn Error + 'static)) -> bool {
    error
        .downcast_ref::<legacy::Error>()
        .is_some_and(legacy::Error::is_connect)
}
