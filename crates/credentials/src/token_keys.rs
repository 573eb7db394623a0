//! The public session keys, and what a token that one of them signed must be like (S09, S10).
//!
//! Whatever is not exactly what auth makes is refused: a header with anything but `alg`, `typ` and `kid` (so `crit`,
//! `jku`, `x5u`, `jwk` and the like never come into play), a time that is no whole number, a claim that occurs twice.
//! `exp`, `iat`, `iss` and `aud` are required; `nbf` is optional, and obeyed where it is; all without leeway (decision
//! 24). `iat` alone refuses nothing, since clocks of machines differ; but no token lives longer than its kind does.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use colloquy_chassis::Clock;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::Instant;

use crate::{
    keys::{KeyError, KeyFolder},
    public_key::{Jwk, PublicKey},
    session_algorithm::{Algorithms, SessionAlgorithm},
    session_keys::is_kid,
    session_token::{AUDIENCE, ISSUER, LIFETIME_SECONDS},
};

/// A longer token is no token of ours.
const MAX_LENGTH: usize = 4096;
/// Tokens with an unknown kid make us read the folder again no more often than this.
const RELOAD_INTERVAL: Duration = Duration::from_secs(1);

/// What a token is for. One that was made for something else is refused: both its type and its audience differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Opens everything that its customer may do.
    Session,
    /// Tells a device on which a login succeeded (decision 30), and opens nothing.
    Device,
}

impl Purpose {
    /// The `aud` claim.
    #[must_use]
    pub const fn audience(self) -> &'static str {
        match self {
            Self::Session => AUDIENCE,
            Self::Device => "colloquy-devices",
        }
    }

    /// The `typ` of the header.
    #[must_use]
    pub const fn typ(self) -> &'static str {
        match self {
            Self::Session => "JWT",
            Self::Device => "device+jwt",
        }
    }

    /// The longest time from `iat` to `exp`.
    #[must_use]
    pub const fn lifetime_seconds(self) -> i64 {
        match self {
            Self::Session => LIFETIME_SECONDS,
            Self::Device => 30 * 24 * 60 * 60,
        }
    }

    fn admits(self, typ: Option<&str>) -> bool {
        typ == Some(self.typ()) || (typ.is_none() && self == Self::Session)
    }
}

/// The public session keys of a folder. A key that comes into the folder is found when the first token names it; one
/// that leaves the folder is forgotten then, or when the process ends.
pub struct TokenKeys {
    folder: KeyFolder,
    algorithms: Algorithms,
    clock: Arc<dyn Clock>,
    table: RwLock<KeyTable>,
    changes: AtomicU64,
}

struct KeyTable {
    keys: HashMap<String, Arc<PublicKey>>,
    reloaded_at: Option<Instant>,
}

/// The public keys as RFC 7517 has them.
#[derive(Debug, Serialize)]
pub struct Jwks {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    typ: Option<String>,
    kid: String,
}

#[derive(Deserialize)]
struct Registered {
    iss: String,
    aud: String,
    iat: i64,
    exp: i64,
    nbf: Option<i64>,
}

impl TokenKeys {
    /// Every public session key of the folder.
    ///
    /// # Errors
    /// There is none that fits an algorithm, or one of them is no RSA or Ed25519 key, or a weak one.
    pub fn load(
        folder: &KeyFolder,
        algorithms: &Algorithms,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyError> {
        let keys = read(folder)?;
        let fits = |key: &Arc<PublicKey>| algorithms.believed().any(|one| key.fits(one));
        if !keys.values().any(fits) {
            return Err(KeyError::Unfit(algorithms.signing()));
        }
        let reloaded_at = None;
        Ok(Self {
            folder: folder.clone(),
            algorithms: algorithms.clone(),
            clock,
            table: RwLock::new(KeyTable { keys, reloaded_at }),
            changes: AtomicU64::new(0),
        })
    }

    /// The claims of a token for that purpose, if the token is ours, whole, begun and not expired.
    #[must_use]
    pub fn claims<C: DeserializeOwned>(&self, token: &str, purpose: Purpose) -> Option<C> {
        if token.len() > MAX_LENGTH {
            return None;
        }
        let (message, signature) = token.rsplit_once('.')?;
        let (header, payload) = message.split_once('.')?;
        let header: Header = part(header)?;
        let algorithm: SessionAlgorithm = header.alg.parse().ok()?;
        let believed = self.algorithms.believed().any(|one| one == algorithm)
            && purpose.admits(header.typ.as_deref());
        if !believed || !self.key(&header.kid)?.signed(message, signature, algorithm) {
            return None;
        }
        let registered: Registered = part(payload)?;
        self.counts(&registered, purpose).then(|| part(payload))?
    }

    /// The keys that verify what is made now, and what was made before.
    #[must_use]
    pub fn jwks(&self) -> Jwks {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        let mut keys: Vec<Jwk> = table
            .keys
            .iter()
            .filter_map(|(kid, key)| {
                let mut fitting = self.algorithms.believed().filter(|one| key.fits(*one));
                let first = fitting.next()?;
                let alone = fitting.all(|other| other == first).then_some(first);
                Some(key.jwk(kid.clone(), alone))
            })
            .collect();
        keys.sort_by(|a, b| a.kid().cmp(b.kid()));
        Jwks { keys }
    }

    /// How often the keys have changed: what was verified before the last change may be believed no more.
    pub(crate) fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    fn counts(&self, claims: &Registered, purpose: Purpose) -> bool {
        let now = self.clock.now().seconds();
        let lives = claims.exp.checked_sub(claims.iat);
        claims.iss == ISSUER
            && claims.aud == purpose.audience()
            && claims.iat >= 0
            && lives.is_some_and(|seconds| (1..=purpose.lifetime_seconds()).contains(&seconds))
            && now < claims.exp
            && claims.nbf.is_none_or(|not_before| not_before <= now)
    }

    fn key(&self, kid: &str) -> Option<Arc<PublicKey>> {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = table.keys.get(kid) {
            return Some(Arc::clone(key));
        }
        drop(table);
        if !is_kid(kid) {
            return None;
        }
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let lately = |at: Instant| at.elapsed() < RELOAD_INTERVAL;
        if !table.reloaded_at.is_some_and(lately) {
            table.reloaded_at = Some(Instant::now());
            match read(&self.folder) {
                Ok(keys) => {
                    let has_changed = table.keys != keys;
                    table.keys = keys;
                    self.changes.fetch_add(has_changed.into(), Ordering::SeqCst);
                }
                Err(error) => {
                    tracing::warn!(%error, "the session keys could not be reloaded");
                }
            }
        }
        table.keys.get(kid).map(Arc::clone)
    }
}

fn read(folder: &KeyFolder) -> Result<HashMap<String, Arc<PublicKey>>, KeyError> {
    let pems = folder.session_public()?.into_iter();
    pems.map(|(kid, pem)| {
        let key = PublicKey::from_pem(&kid, &pem)?;
        Ok((kid, Arc::new(key)))
    })
    .collect()
}

fn part<T: DeserializeOwned>(encoded: &str) -> Option<T> {
    let json = URL_SAFE_NO_PAD.decode(encoded).ok()?;
    serde_json::from_slice(&json).ok()
}
