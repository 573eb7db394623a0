//! The service itself: what its routes work with.

use std::sync::{Arc, atomic::AtomicI64};

use colloquy_chassis::Clock;
use colloquy_credentials::token_keys::TokenKeys;
use colloquy_service_api::CredentialCheck;
use tokio::sync::{Notify, Semaphore};

use crate::{GuessLimits, GuessStore, SessionSigner, SessionStore, tries::WAITING};

/// What a deployment may choose.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whether cookies are sent over TLS only. Off only where browsers reach the system without TLS.
    pub secure_cookie: bool,
    /// How many tries may fail.
    pub guesses: GuessLimits,
}

impl Settings {
    /// What this adds to the attributes of a cookie.
    pub(crate) fn secure(&self) -> &'static str {
        if self.secure_cookie { "; Secure" } else { "" }
    }
}

/// What auth stands on.
pub struct Foundation {
    /// Who checks credentials.
    pub credentials: Arc<dyn CredentialCheck>,
    /// Where the sessions are kept that have ended.
    pub sessions: Arc<dyn SessionStore>,
    /// Where failed tries are counted.
    pub guesses: Arc<dyn GuessStore>,
    /// Signs tokens.
    pub signer: SessionSigner,
    /// Verifies what the signer signs and signed: of the same folder.
    pub keys: TokenKeys,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Auth. In process it answers as [`colloquy_service_api::RevocationFeed`] and as
/// [`colloquy_service_api::SessionEnding`]; over HTTP through [`crate::router`].
pub struct Auth {
    pub(crate) credentials: Arc<dyn CredentialCheck>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) guesses: Arc<dyn GuessStore>,
    pub(crate) signer: SessionSigner,
    pub(crate) keys: TokenKeys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Settings,
    /// The latest instant by which a token may have been signed, in milliseconds since 1970: a clock may have been ahead.
    pub(crate) latest: AtomicI64,
    /// A reader has come further.
    pub(crate) passed: Notify,
    /// A try has ended here.
    pub(crate) settled: Notify,
    /// Tries that wait for others to end.
    pub(crate) waiting: Semaphore,
}

impl Auth {
    /// The service.
    #[must_use]
    pub fn new(foundation: Foundation, settings: Settings) -> Arc<Self> {
        Arc::new(Self {
            credentials: foundation.credentials,
            sessions: foundation.sessions,
            guesses: foundation.guesses,
            signer: foundation.signer,
            keys: foundation.keys,
            clock: foundation.clock,
            settings,
            latest: AtomicI64::new(i64::MIN),
            passed: Notify::new(),
            settled: Notify::new(),
            waiting: Semaphore::new(WAITING),
        })
    }
}
