//! A signing key of the bench's own, and sessions signed with it.

use std::{path::Path, rc::Rc};

use anyhow::Result;
use colloquy_chassis::{Clock as _, SystemClock};
use colloquy_contracts::SessionNumber;
use colloquy_credentials::{
    keys::KeyFolder,
    session_token::{AUDIENCE, Claims, ISSUER, LIFETIME_SECONDS},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use tempfile::TempDir;

/// Signs sessions that a server with this folder's public key accepts.
pub struct Tokens {
    folder: TempDir,
    header: Header,
    key: EncodingKey,
}

impl Tokens {
    /// Makes a key.
    ///
    /// # Errors
    /// The key cannot be made or written.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("colloquy-bench-")
            .tempdir()?;
        let keys = KeyFolder::new(folder.path());
        keys.complete("bench")?;
        let (kid, pem) = keys.session_private()?;
        Ok(Self {
            folder,
            header: Header {
                kid: Some(kid),
                ..Header::new(Algorithm::RS256)
            },
            key: EncodingKey::from_rsa_pem(&pem)?,
        })
    }

    /// Where the keys are.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A session of a customer.
    ///
    /// # Errors
    /// It cannot be signed.
    pub fn sign(&self, customer: usize) -> Result<Rc<str>> {
        let now = SystemClock.now().seconds();
        let claims = Claims {
            sub: format!("user{customer}"),
            customer_id: customer.to_string(),
            full_name: format!("Customer Number {customer}"),
            roles: vec!["ROLE_USER".into()],
            iat: now,
            session_number: SessionNumber(1),
            exp: now + LIFETIME_SECONDS,
            jti: format!("b9d1c1f0-0000-4000-8000-{customer:012}"),
            iss: ISSUER.into(),
            aud: AUDIENCE.into(),
        };
        Ok(jsonwebtoken::encode(&self.header, &claims, &self.key)?.into())
    }
}
