//! The service itself: what its routes work with.

use std::sync::Arc;

use colloquy_chassis::Clock;
use colloquy_service_api::CredentialCheck;

use crate::SessionSigner;

/// What a deployment may choose.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whether the cookie is sent over TLS only. Off only where browsers reach the system without TLS.
    pub secure_cookie: bool,
}

/// Auth.
pub struct Auth {
    pub(crate) credentials: Arc<dyn CredentialCheck>,
    pub(crate) signer: SessionSigner,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
}

impl Auth {
    /// The service: asks `credentials` and signs with `signer`.
    #[must_use]
    pub fn new(
        credentials: Arc<dyn CredentialCheck>,
        signer: SessionSigner,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Arc<Self> {
        Arc::new(Self {
            credentials,
            signer,
            clock,
            settings,
        })
    }
}
