//! A service at addresses. Make its transport with the policy [`FORWARD`](super::FORWARD).

use async_trait::async_trait;
use axum::{body::Body, response::Response};
use colloquy_credentials::{identity::Identity, internal_token::CREDENTIAL_REFUSED};
use colloquy_service_api::{HttpTransport, TransportError};

use super::{Upstream, UpstreamRequest};

#[async_trait]
impl Upstream for HttpTransport {
    async fn call(
        &self,
        request: UpstreamRequest,
        identity: Identity,
    ) -> Result<Response, TransportError> {
        let answer = self.send(request, identity.caller.as_ref()).await?;
        if answer.headers().contains_key(CREDENTIAL_REFUSED) {
            return Err(TransportError::CredentialRefused);
        }
        Ok(answer.map(Body::from))
    }
}
