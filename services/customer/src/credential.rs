//! Is this the password of that account? This part needs no other service, so that auth can be started with it.

use std::{error::Error, sync::Arc};

use async_trait::async_trait;
use colloquy_chassis::{ServiceName, answer::chain};
use colloquy_contracts::CustomerId;
use colloquy_service_api::{Account, CallError, CredentialCheck, credential_check::Credential};

use crate::{
    CustomerStore, HashingPool,
    hashing::Comparison,
    password::{Password, PasswordHash},
};

/// Checks passwords. In process it answers as [`CredentialCheck`]; over HTTP through [`crate::router`].
pub struct Credentials {
    pub(crate) store: Arc<dyn CustomerStore>,
    pub(crate) hashing: HashingPool,
}

impl Credentials {
    /// Checks the passwords of this store.
    #[must_use]
    pub fn new(store: Arc<dyn CustomerStore>, hashing: HashingPool) -> Arc<Self> {
        Arc::new(Self { store, hashing })
    }

    /// Hashes a password that was right with the parameters of today (S01).
    async fn upgrade(
        &self,
        id: CustomerId,
        password: Password,
        outdated: &PasswordHash,
    ) -> Result<bool, Box<dyn Error + Send + Sync>> {
        let better = self.hashing.hash(password).await?;
        Ok(self.store.upgrade_hash(id, outdated, &better).await?)
    }
}

#[async_trait]
impl CredentialCheck for Credentials {
    async fn check(&self, credential: &Credential) -> Result<Option<Account>, CallError> {
        let (customer, hash) = self
            .store
            .by_username(&credential.username)
            .await
            .map_err(unavailable)?
            .unzip();
        let password = Password::new(&credential.password);
        let comparison = self
            .hashing
            .compare(password.clone(), hash.clone())
            .await
            .map_err(unavailable)?;
        if let Some((customer, hash)) = customer.as_ref().zip(hash)
            && comparison == Comparison::Outdated
            && let Err(error) = self.upgrade(customer.customer_id, password, &hash).await
        {
            let (id, error) = (customer.customer_id.0, chain(error.as_ref()));
            tracing::warn!(customer.id = id, %error, "an outdated password hash could not be replaced yet");
        }
        let is_right = comparison != Comparison::Different;
        Ok(customer.filter(|_| is_right).map(|customer| Account {
            customer_id: customer.customer_id,
            username: customer.username,
            full_name: customer.full_name,
            roles: customer.roles,
            session_number: customer.session_number,
        }))
    }
}

/// The error that a client of the HTTP form would report for the same failure.
pub(crate) fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> CallError {
    CallError::Unavailable(ServiceName::Customer, Some(Box::new(cause)))
}
