//! The service itself: what its routes work with.

use std::sync::{Arc, atomic::AtomicI64};

use colloquy_chassis::Clock;
use colloquy_credentials::token_keys::TokenKeys;
use colloquy_rate_limit::RateLimitStore;
use colloquy_service_api::CredentialCheck;
use tokio::sync::{Notify, Semaphore};

use crate::{
    LoginLimits, LoginThrottleStore, SessionSigner, SessionStore, login_attempts::MAX_WAITING,
};

/// What a deployment may choose.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whether cookies are sent over TLS only. Off only where browsers reach the system without TLS.
    pub secure_cookie: bool,
    /// How many logins may fail.
    pub logins: LoginLimits,
}

impl Settings {
    /// What this adds to the attributes of a cookie.
    pub(crate) fn secure(&self) -> &'static str {
        if self.secure_cookie { "; Secure" } else { "" }
    }
}

/// What auth depends on.
pub struct Dependencies {
    /// Checks credentials.
    pub credentials: Arc<dyn CredentialCheck>,
    /// Where ended sessions are recorded.
    pub sessions: Arc<dyn SessionStore>,
    /// Where failed logins are counted.
    pub throttle: Arc<dyn LoginThrottleStore>,
    /// Signs tokens.
    pub signer: SessionSigner,
    /// Verifies what the signer signs and signed: of the same folder.
    pub keys: TokenKeys,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
}

/// Auth. In process it answers as [`colloquy_service_api::RevocationFeed`] and as
/// [`colloquy_service_api::SessionEnding`]; over HTTP through [`crate::router`].
pub struct Auth {
    pub(crate) credentials: Arc<dyn CredentialCheck>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) throttle: Arc<dyn LoginThrottleStore>,
    pub(crate) limits: Arc<dyn RateLimitStore>,
    pub(crate) signer: SessionSigner,
    pub(crate) keys: TokenKeys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    /// The latest instant by which a token may have been signed, in milliseconds since 1970: a clock may have been ahead.
    pub(crate) latest: AtomicI64,
    /// A reader has read further.
    pub(crate) passed: Notify,
    /// An attempt to log in has ended at this instance.
    pub(crate) settled: Notify,
    /// Attempts that wait for others to end.
    pub(crate) waiting: Semaphore,
}

impl Auth {
    /// The service.
    #[must_use]
    pub fn new(dependencies: Dependencies, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            credentials: dependencies.credentials,
            sessions: dependencies.sessions,
            limits: dependencies.throttle.rate_limits(),
            throttle: dependencies.throttle,
            signer: dependencies.signer,
            keys: dependencies.keys,
            clock: dependencies.clock,
            settings,
            latest: AtomicI64::new(i64::MIN),
            passed: Notify::new(),
            settled: Notify::new(),
            waiting: Semaphore::new(MAX_WAITING),
        })
    }
}
