//! Signing tokens with the private session key: RS256, or what a setting names (contract §3 auth).

use std::sync::Arc;

use colloquy_contracts::Timestamp;
use colloquy_credentials::{
    identity::SessionId,
    keys::{KeyError, KeyFolder},
    session_algorithm::SessionAlgorithm,
    session_token::{Claims, ISSUER, LIFETIME_SECONDS},
    token_keys::Purpose,
};
use colloquy_service_api::Account;
use jsonwebtoken::{EncodingKey, Header, encode};
use serde::Serialize;

/// The source of session ids.
pub trait SessionIds: Send + Sync + 'static {
    /// An id that no session had before, and that cannot be guessed.
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

/// Signs session tokens, and those of devices. Cheap to clone.
#[derive(Clone)]
pub struct SessionSigner {
    kid: String,
    algorithm: SessionAlgorithm,
    key: Arc<EncodingKey>,
    ids: Arc<dyn SessionIds>,
}

impl SessionSigner {
    /// The signer with the session key of the folder that signs, and with random session ids.
    ///
    /// # Errors
    /// There is no such key, or it is of another kind than the algorithm needs.
    pub fn load(keys: &KeyFolder, algorithm: SessionAlgorithm) -> Result<Self, KeyError> {
        let (kid, pem) = keys.session_private()?;
        let key = match algorithm {
            SessionAlgorithm::Rs256 | SessionAlgorithm::Ps256 => EncodingKey::from_rsa_pem(&pem),
            SessionAlgorithm::EdDsa => EncodingKey::from_ed_pem(&pem),
        };
        Ok(Self {
            kid,
            algorithm,
            key: Arc::new(key.map_err(|_| KeyError::Unfit(algorithm))?),
            ids: Arc::new(RandomSessionIds),
        })
    }

    /// The same signer with another source of session ids.
    #[must_use]
    pub fn with_session_ids(self, ids: Arc<dyn SessionIds>) -> Self {
        Self { ids, ..self }
    }

    /// A token of a new session that begins at that instant.
    ///
    /// # Errors
    /// The cryptographic library refused to sign.
    pub(crate) fn sign_session(
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
            session_number: account.session_number,
            exp: now.seconds() + LIFETIME_SECONDS,
            jti: self.next_id().to_string(),
            iss: ISSUER.to_owned(),
            aud: Purpose::Session.audience().to_owned(),
        };
        self.sign(Purpose::Session, &claims)
    }

    /// A token for that purpose.
    ///
    /// # Errors
    /// The cryptographic library refused to sign.
    pub(crate) fn sign(
        &self,
        purpose: Purpose,
        claims: &impl Serialize,
    ) -> jsonwebtoken::errors::Result<String> {
        let header = Header {
            typ: Some(purpose.typ().to_owned()),
            kid: Some(self.kid.clone()),
            ..Header::new(self.algorithm.algorithm())
        };
        encode(&header, claims, &self.key)
    }

    /// An id that no session and no device had before.
    pub(crate) fn next_id(&self) -> SessionId {
        self.ids.next()
    }
}
