//! Verifies the JWT that customers hold: RS256, or what a setting names. [`TokenKeys`] says what is refused.

use std::sync::Arc;

use colloquy_chassis::Clock;
use colloquy_contracts::{CustomerId, SessionNumber, Timestamp};
use http::HeaderMap;
use moka::sync::Cache;

use crate::{
    cookies::cookies,
    identity::{Caller, SessionId},
    keys::{KeyError, KeyFolder},
    session_algorithm::Algorithms,
    session_token::{Claims, JWT_TOKEN},
    token_keys::{Purpose, TokenKeys},
};

/// So many [`JWT_TOKEN`] cookies of a request are looked at: each costs a signature to verify.
pub const MAX_SESSIONS: usize = 8;

/// A verified token.
#[derive(Clone, Debug)]
pub struct Session {
    /// The customer and session that it identifies.
    pub caller: Caller,
    /// The number of the password that the session began with.
    pub number: SessionNumber,
    /// From this instant on the token is refused.
    pub expires_at: Timestamp,
}

/// Verifies session tokens with public keys only; what was verified once is believed until it expires or the keys change
/// (performance.md §2).
#[derive(Clone)]
pub struct SessionVerifier {
    keys: Arc<TokenKeys>,
    /// With the number of changes of the keys before.
    verified: Cache<String, (Session, u64)>,
    clock: Arc<dyn Clock>,
}

/// Verified tokens kept; one takes about 1 KiB.
const CACHED: u64 = 50_000;

impl SessionVerifier {
    /// A verifier with every public session key of the folder, also with those that come into it later.
    ///
    /// # Errors
    /// As [`TokenKeys::load`].
    pub fn load(
        keys: &KeyFolder,
        algorithms: &Algorithms,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, KeyError> {
        let keys = TokenKeys::load(keys, algorithms, Arc::clone(&clock))?;
        Ok(Self {
            keys: Arc::new(keys),
            verified: Cache::new(CACHED),
            clock,
        })
    }

    /// The session of a token, if the token is ours, whole and not expired.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Session> {
        let changes = self.keys.changes();
        if let Some((session, before)) = self.verified.get(token)
            && before == changes
        {
            return (self.clock.now() < session.expires_at).then_some(session);
        }
        let claims = self.keys.claims(token, Purpose::Session)?;
        let session = Session::from_claims(claims)?;
        self.verified
            .insert(token.to_owned(), (session.clone(), changes));
        Some(session)
    }

    /// The sessions of the first [`MAX_SESSIONS`] `jwt_token` cookies of a request that [`SessionVerifier::verify`]
    /// knows; the others count as little as any other cookie.
    pub fn sessions<'a>(&'a self, headers: &'a HeaderMap) -> impl Iterator<Item = Session> + 'a {
        let tokens = cookies(headers, JWT_TOKEN).take(MAX_SESSIONS);
        tokens.filter_map(|token| self.verify(str::from_utf8(token).ok()?))
    }
}

impl Session {
    /// Ids must be written as auth writes them: whatever else reads as the same id is not ours.
    fn from_claims(claims: Claims) -> Option<Self> {
        let customer_id: CustomerId = claims.customer_id.parse().ok()?;
        let session_id: SessionId = claims.jti.parse().ok()?;
        let as_written = customer_id.0 > 0
            && customer_id.to_string() == claims.customer_id
            && session_id.to_string() == claims.jti;
        as_written.then_some(Self {
            caller: Caller {
                customer_id,
                full_name: claims.full_name,
                session_id,
            },
            number: claims.session_number,
            expires_at: Timestamp::from_millis(claims.exp.checked_mul(1000)?),
        })
    }

    /// Whose session this is.
    #[must_use]
    pub fn customer_id(&self) -> CustomerId {
        self.caller.customer_id
    }
}
