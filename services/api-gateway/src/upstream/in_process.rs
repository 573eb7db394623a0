//! A service in this process: its router is called, and the identity is passed as the typed value that it is.

use async_trait::async_trait;
use axum::{Router, body::Body, response::Response};
use colloquy_credentials::identity::Identity;
use colloquy_service_api::{
    TransportError,
    http_transport::{CALL_TIMEOUT, whole},
};
use tokio::time::Instant;
use tower::ServiceExt as _;

use super::{Upstream, UpstreamRequest};

/// A service's own router.
#[derive(Clone)]
pub struct InProcess(pub Router);

#[async_trait]
impl Upstream for InProcess {
    async fn call(
        &self,
        request: UpstreamRequest,
        identity: Identity,
    ) -> Result<Response, TransportError> {
        let mut request = request.map(Body::from);
        request.extensions_mut().insert(identity);
        let answer = async {
            let Ok(response) = self.0.clone().oneshot(request).await;
            Ok(response)
        };
        let answer = whole(answer, Instant::now() + CALL_TIMEOUT).await?;
        Ok(answer.map(Body::from))
    }
}
