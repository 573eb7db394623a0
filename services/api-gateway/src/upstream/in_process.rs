//! A service in this process: its router is called, identity is passed as the typed value that it is.

use async_trait::async_trait;
use axum::{Router, body::Body, response::Response};
use colloquy_chassis::identity::Identity;
use tower::ServiceExt as _;

use super::{Crossing, Upstream, UpstreamError};

/// A service's own router.
#[derive(Clone)]
pub struct InProcess(pub Router);

#[async_trait]
impl Upstream for InProcess {
    async fn call(&self, request: Crossing, identity: Identity) -> Result<Response, UpstreamError> {
        let mut request = request.map(Body::from);
        request.extensions_mut().insert(identity);
        let Ok(response) = self.0.clone().oneshot(request).await;
        Ok(response)
    }
}
