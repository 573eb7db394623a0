//! The service itself: what its routes work with.

use std::sync::Arc;

use colloquy_chassis::Clock;
use colloquy_service_api::CredentialCheck;
use tokio::sync::Notify;

use crate::{SessionSigner, SessionStore};

/// What a deployment may choose.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whether the cookie is sent over TLS only. Off only where browsers reach the system without TLS.
    pub secure_cookie: bool,
}

/// Auth. In process it answers as [`colloquy_service_api::RevocationFeed`]; over HTTP through [`crate::router`].
pub struct Auth {
    pub(crate) credentials: Arc<dyn CredentialCheck>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) signer: SessionSigner,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    /// Something was revoked here.
    pub(crate) revoked: Notify,
    /// A reader has come further.
    pub(crate) passed: Notify,
}

impl Auth {
    /// The service: asks `credentials`, keeps what ended in `sessions` and signs with `signer`.
    #[must_use]
    pub fn new(
        credentials: Arc<dyn CredentialCheck>,
        sessions: Arc<dyn SessionStore>,
        signer: SessionSigner,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Arc<Self> {
        Arc::new(Self {
            credentials,
            sessions,
            signer,
            clock,
            settings,
            revoked: Notify::new(),
            passed: Notify::new(),
        })
    }
}
