//! The service itself: what the routes call, and in process whoever needs it.

use std::sync::Arc;

use colloquy_chassis::{Clock, identity::Caller};
use colloquy_contracts::CustomerId;
use colloquy_sql::StoreError;

use crate::{
    CustomerStore, HashingPool,
    customer_store::Customer,
    domain::{PasswordRule, SearchBudget, Spent},
};

/// The role of everybody so far.
pub(crate) const ROLE_USER: &str = "ROLE_USER";

/// Customer management. In process it answers as [`colloquy_service_api::CredentialCheck`] and as
/// [`colloquy_service_api::CustomerDirectory`]; over HTTP through [`crate::router`].
pub struct Customers {
    pub(crate) store: Arc<dyn CustomerStore>,
    pub(crate) hashing: HashingPool,
    pub(crate) passwords: PasswordRule,
    searches: SearchBudget,
    clock: Arc<dyn Clock>,
}

impl Customers {
    /// The service on this store, for people who choose passwords by this rule.
    #[must_use]
    pub fn new(
        store: Arc<dyn CustomerStore>,
        hashing: HashingPool,
        passwords: PasswordRule,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        Arc::new(Self {
            store,
            hashing,
            passwords,
            searches: SearchBudget::default(),
            clock,
        })
    }

    pub(crate) async fn by_id(&self, id: CustomerId) -> Result<Option<Customer>, StoreError> {
        Ok(self.store.by_ids(&[id]).await?.pop())
    }

    /// Takes one of the caller's searches, if there is one left.
    pub(crate) fn take_search(&self, caller: &Caller) -> Result<(), Spent> {
        self.searches.take(caller.customer_id, self.clock.now())
    }
}
