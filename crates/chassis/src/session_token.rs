//! The JWT that customers hold (contract §3 auth): RS256 alone, `exp`, `iss` and `aud` required, no leeway.

use std::{collections::HashMap, sync::Arc};

use colloquy_contracts::{CustomerId, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use moka::sync::Cache;
use serde::{Deserialize, Serialize};

use crate::{
    Clock,
    cookies::cookie,
    identity::Caller,
    keys::{KeyError, KeyFolder},
};

/// The cookie, and the CONNECT header, that carry the token.
pub const JWT_TOKEN: &str = "jwt_token";
/// The `iss` claim.
pub const ISSUER: &str = "colloquy";
/// The `aud` claim.
pub const AUDIENCE: &str = "colloquy-clients";
/// How long a token lives.
pub const LIFETIME_SECONDS: i64 = 24 * 60 * 60;
/// The `Set-Cookie` that takes the cookie away again.
pub const CLEARED_COOKIE: &str = "jwt_token=; HttpOnly; Path=/; Max-Age=0; SameSite=Lax";

/// The claims of a session token. `customer_id` is a string, as clients of the seed's system expect.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// The username.
    pub sub: String,
    /// The customer id as text.
    pub customer_id: String,
    /// The full name when the token was made.
    pub full_name: String,
    /// Always `["ROLE_USER"]` so far.
    pub roles: Vec<String>,
    /// Seconds since the epoch.
    pub iat: i64,
    /// `iat` to the millisecond, so that a login right after a password change is not taken for one before it.
    pub issued_at_millis: i64,
    /// Seconds since the epoch; from this second on the token is refused.
    pub exp: i64,
    /// The session: a [`SessionId`](crate::identity::SessionId).
    pub jti: String,
    /// [`ISSUER`].
    pub iss: String,
    /// [`AUDIENCE`].
    pub aud: String,
}

/// A verified token.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whose it is.
    pub caller: Caller,
    /// When the login that made it began.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Verifies session tokens with public keys only; what was verified once is kept until it expires (performance.md §2).
#[derive(Clone)]
pub struct SessionVerifier {
    keys: Arc<HashMap<String, DecodingKey>>,
    verified: Cache<String, Session>,
    clock: Arc<dyn Clock>,
}

/// Verified tokens kept; one takes about 1 KiB.
const CACHED: u64 = 50_000;
/// A longer token is no token of ours.
const MAX_LENGTH: usize = 4096;

impl SessionVerifier {
    /// A verifier with every public session key of the folder.
    ///
    /// # Errors
    /// No key, or one that is no RSA key.
    pub fn load(keys: &KeyFolder, clock: Arc<dyn Clock>) -> Result<Self, KeyError> {
        let keys = keys
            .session_public()?
            .into_iter()
            .map(|(kid, pem)| match DecodingKey::from_rsa_pem(&pem) {
                Ok(key) => Ok((kid, key)),
                Err(_) => Err(KeyError::Malformed(kid.into())),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            keys: Arc::new(keys),
            verified: Cache::new(CACHED),
            clock,
        })
    }

    /// The session of a token, if the token is ours, whole and not expired.
    #[must_use]
    pub fn verify(&self, token: &str) -> Option<Session> {
        if token.len() > MAX_LENGTH {
            return None;
        }
        if let Some(session) = self.verified.get(token) {
            return self.unexpired(session);
        }
        let session = self.unexpired(self.decode(token)?)?;
        self.verified.insert(token.to_owned(), session.clone());
        Some(session)
    }

    fn unexpired(&self, session: Session) -> Option<Session> {
        (self.clock.now() < session.expires_at).then_some(session)
    }

    fn decode(&self, token: &str) -> Option<Session> {
        let key = self.keys.get(&decode_header(token).ok()?.kid?)?;
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let claims = decode::<Claims>(token, key, &validation).ok()?.claims;
        let caller = Caller {
            customer_id: claims.customer_id.parse().ok()?,
            full_name: claims.full_name,
            session_id: claims.jti.parse().ok()?,
        };
        Some(Session {
            caller,
            issued_at: Timestamp::from_millis(claims.issued_at_millis),
            expires_at: Timestamp::from_millis(claims.exp.checked_mul(1000)?),
        })
    }
}

/// The `jwt_token` cookie of a request, if it carries one.
#[must_use]
pub fn token_cookie(headers: &http::HeaderMap) -> Option<&str> {
    cookie(headers, JWT_TOKEN)
}

impl Session {
    /// Whose session this is.
    #[must_use]
    pub fn customer_id(&self) -> CustomerId {
        self.caller.customer_id
    }
}
