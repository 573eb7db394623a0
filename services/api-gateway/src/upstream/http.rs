//! A service at an address, or at several: calls go round, and move on to the next while nothing was sent.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{
    body::{Body, Bytes},
    response::Response,
};
use colloquy_chassis::{
    ServiceName,
    identity::Identity,
    internal_token::{CREDENTIAL_REFUSED, InternalSigner},
};
use http::{Request, Uri, uri::Authority};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};

use super::{Crossing, Upstream, UpstreamError};

const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// Shorter than a service keeps an idle connection, so that a request rarely meets one that is just being closed.
const IDLE: Duration = Duration::from_secs(5);

/// A service over HTTP.
pub struct HttpUpstream {
    service: ServiceName,
    instances: Vec<Authority>,
    next: AtomicUsize,
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
            instances,
            next: AtomicUsize::new(0),
            signer,
            client,
        }))
    }

    fn address(
        &self,
        crossing: &Crossing,
        instance: &Authority,
        identity: &Identity,
    ) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(crossing.body().clone()));
        *request.method_mut() = crossing.method().clone();
        let path = crossing.uri().path_and_query().cloned();
        let uri = Uri::builder()
            .scheme("http")
            .authority(instance.clone())
            .path_and_query(path.map_or("/".into(), |path| path.to_string()));
        *request.uri_mut() = uri
            .build()
            .expect("an authority and a path that were parsed make a URI");
        *request.headers_mut() = crossing.headers().clone();
        request
            .headers_mut()
            .extend(self.signer.headers(self.service, identity.caller.as_ref()));
        request
    }
}

#[async_trait]
impl Upstream for HttpUpstream {
    async fn call(
        &self,
        crossing: Crossing,
        identity: Identity,
    ) -> Result<Response, UpstreamError> {
        let mut last = None;
        for _ in 0..self.instances.len() {
            let instance =
                &self.instances[self.next.fetch_add(1, Ordering::Relaxed) % self.instances.len()];
            match self
                .client
                .request(self.address(&crossing, instance, &identity))
                .await
            {
                Ok(response) => {
                    if response.headers().contains_key(CREDENTIAL_REFUSED) {
                        return Err(UpstreamError::Refused);
                    }
                    return Ok(response.map(Body::new));
                }
                Err(error) if error.is_connect() => last = Some(error),
                Err(error) => return Err(UpstreamError::of(error)),
            }
        }
        let error = last
            .expect("there is at least one instance, and each that was passed over left its error");
        Err(UpstreamError::Unreachable(error.into()))
    }
}
