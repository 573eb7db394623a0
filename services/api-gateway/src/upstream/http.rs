//! A service at an address, or at several: calls go round those that answer, and move on to the next while nothing was sent.

use std::{error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::{
    body::{Body, Bytes},
    response::Response,
};
use colloquy_chassis::{
    ServiceName,
    rotation::{Rotation, Turn},
};
use colloquy_credentials::{
    identity::Identity,
    internal_token::{CREDENTIAL_REFUSED, InternalSigner},
};
use http::{Request, Uri, uri::Authority};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{self, Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use tokio::time::Instant;

use super::{ANSWER_TIMEOUT, Crossing, Upstream, UpstreamError, whole};

const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// Shorter than a service keeps an idle connection, so that a request rarely meets one that is just being closed.
const IDLE: Duration = Duration::from_secs(5);

/// A service over HTTP.
pub struct HttpUpstream {
    service: ServiceName,
    instances: Rotation<Authority>,
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
            instances: Rotation::new(service, instances),
            signer,
            client,
        }))
    }

    /// Sends a request to the instance whose turn it is, and remembers how that one is.
    async fn send(
        &self,
        request: Request<Full<Bytes>>,
        turn: Turn,
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
            Err(UpstreamError::Unreachable(_)) => self.instances.failed(turn, Instant::now()),
            _ => self.instances.answered(turn),
        }
        outcome
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
        let began = Instant::now();
        let mut last = None;
        for turn in self.instances.turns(began) {
            let request = self.address(&crossing, self.instances.instance(turn), &identity);
            match self.send(request, turn, began + ANSWER_TIMEOUT).await {
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
