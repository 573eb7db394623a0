//! The customers whose sessions on this node subscribe to destinations of their own.

use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use colloquy_contracts::CustomerId;

/// For each customer, how many subscriptions there are; and how many were ever begun.
#[derive(Debug, Default)]
pub struct Customers {
    subscriptions: RwLock<HashMap<CustomerId, usize>>,
    arrivals: AtomicU64,
}

impl Customers {
    /// How many subscriptions were ever begun, by all customers. That one was not there stays true until this number changes: it
    /// counts a customer's second one too, because the first may be to something else.
    #[must_use]
    pub fn arrivals(&self) -> u64 {
        self.arrivals.load(Ordering::Acquire)
    }

    /// Whether one of these customers has a subscription.
    #[must_use]
    pub fn have_any(&self, customers: &[CustomerId]) -> bool {
        let subscriptions = self
            .subscriptions
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        customers
            .iter()
            .any(|customer| subscriptions.contains_key(customer))
    }

    /// One subscription more. It must be in the registry by now: a reader that learns of the arrival looks there.
    pub(in crate::fanout) fn begin(&self, customer: CustomerId) {
        let mut subscriptions = self.write();
        let count = subscriptions.entry(customer).or_default();
        *count += 1;
        self.arrivals.fetch_add(1, Ordering::Release);
    }

    /// One subscription fewer.
    pub(in crate::fanout) fn end(&self, customer: CustomerId) {
        let mut subscriptions = self.write();
        if let Some(count) = subscriptions.get_mut(&customer) {
            *count -= 1;
            if *count == 0 {
                subscriptions.remove(&customer);
            }
        }
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<CustomerId, usize>> {
        self.subscriptions
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: CustomerId = CustomerId(1);

    #[test]
    fn a_customer_is_there_from_the_first_subscription_to_the_end_of_the_last() {
        let customers = Customers::default();
        assert!(!customers.have_any(&[ALICE]));
        for arrivals in [1, 2] {
            customers.begin(ALICE);
            assert!(customers.have_any(&[CustomerId(2), ALICE]));
            assert_eq!(customers.arrivals(), arrivals);
        }
        customers.end(ALICE);
        assert!(customers.have_any(&[ALICE]));
        customers.end(ALICE);
        customers.end(ALICE);
        assert!(!customers.have_any(&[ALICE]));
        customers.begin(ALICE);
        assert_eq!(customers.arrivals(), 3);
    }
}
