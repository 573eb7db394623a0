//! Is this the password of that account?

use async_trait::async_trait;
use colloquy_chassis::ServiceName;
use colloquy_service_api::{Account, CallError, CredentialCheck, credential_check::Credential};

use crate::{Customers, password::Password};

#[async_trait]
impl CredentialCheck for Customers {
    async fn check(&self, credential: &Credential) -> Result<Option<Account>, CallError> {
        let (customer, hash) = self
            .store
            .by_username(&credential.username)
            .await
            .map_err(unavailable)?
            .unzip();
        let fits = self
            .hashing
            .verify(Password::new(&credential.password), hash)
            .await
            .map_err(unavailable)?;
        Ok(customer.filter(|_| fits).map(|customer| Account {
            customer_id: customer.customer_id,
            username: customer.username,
            full_name: customer.full_name,
            roles: customer.roles,
        }))
    }
}

/// The words that a client of the HTTP form would use for the same failure.
pub(crate) fn unavailable(cause: impl std::error::Error + Send + Sync + 'static) -> CallError {
    CallError::Unavailable(ServiceName::Customer, Some(Box::new(cause)))
}
