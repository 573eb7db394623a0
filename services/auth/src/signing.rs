//! Signing session tokens: RS256 with the newest private key of the folder (contract §3 auth).

use std::sync::Arc;

use colloquy_chassis::{
    identity::SessionId,
    keys::{KeyError, KeyFolder},
    session_token::{AUDIENCE, Claims, ISSUER, LIFETIME_SECONDS},
};
use colloquy_contracts::Timestamp;
use colloquy_service_api::Account;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};

/// Where session ids come from.
pub trait SessionIds: Send + Sync + 'static {
    /// An id that no session had before, and that nobody can guess.
    fn next(&self) -> SessionId;
}

/// Random ids.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomSessionIds;

impl SessionIds for RandomSessionIds {
    fn next(&self) -> SessionId {
        SessionId::random()
    }
}

/// Signs session tokens. Cheap to clone.
#[derive(Clone)]
pub struct SessionSigner {
    header: Header,
    key: Arc<EncodingKey>,
    ids: Arc<dyn SessionIds>,
}

impl SessionSigner {
    /// The signer with the newest private session key of the folder and random session ids.
    ///
    /// # Errors
    /// There is no key, or it is no RSA key.
    pub fn load(keys: &KeyFolder) -> Result<Self, KeyError> {
        let (kid, pem) = keys.session_private()?;
        let Ok(key) = EncodingKey::from_rsa_pem(&pem) else {
            return Err(KeyError::Malformed(kid.into()));
        };
        Ok(Self {
            header: Header {
                kid: Some(kid),
                ..Header::new(Algorithm::RS256)
            },
            key: Arc::new(key),
            ids: Arc::new(RandomSessionIds),
        })
    }

    /// The same signer with session ids from elsewhere.
    #[must_use]
    pub fn with_session_ids(self, ids: Arc<dyn SessionIds>) -> Self {
        Self { ids, ..self }
    }

    /// A token of a new session whose login began at that instant.
    ///
    /// # Errors
    /// The cryptographic library refused to sign.
    pub(crate) fn sign(
        &self,
        account: Account,
        now: Timestamp,
    ) -> jsonwebtoken::errors::Result<String> {
        let claims = Claims {
            sub: account.username,
            customer_id: account.customer_id.to_string(),
            full_name: account.full_name,
            roles: account.roles,
            iat: now.seconds(),
            issued_at_millis: now.millis(),
            exp: now.seconds() + LIFETIME_SECONDS,
            jti: self.ids.next().to_string(),
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
        };
        encode(&self.header, &claims, &self.key)
    }
}
