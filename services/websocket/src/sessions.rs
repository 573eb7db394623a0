//! How many sessions each customer has open on this node.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use colloquy_contracts::CustomerId;

/// Open sessions, counted by customer.
#[derive(Debug, Default)]
pub struct Sessions(Mutex<HashMap<CustomerId, usize>>);

impl Sessions {
    /// Counts one more, unless there are `limit` already.
    #[must_use]
    pub fn begin(&self, customer: CustomerId, limit: usize) -> bool {
        let mut sessions = self.lock();
        let open = sessions.get(&customer).copied().unwrap_or_default();
        if open >= limit {
            return false;
        }
        sessions.insert(customer, open + 1);
        true
    }

    /// Counts one less.
    pub fn end(&self, customer: CustomerId) {
        let mut sessions = self.lock();
        match sessions.get_mut(&customer) {
            Some(open) if *open > 1 => *open -= 1,
            _ => {
                sessions.remove(&customer);
            }
        }
    }

    /// How many customers have a session here.
    #[must_use]
    pub fn customers(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CustomerId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stomp_limits_a_customer_has_so_many_sessions_and_no_more() {
        let sessions = Sessions::default();
        let alice = CustomerId(1);
        assert!(sessions.begin(alice, 2));
        assert!(sessions.begin(alice, 2));
        assert!(!sessions.begin(alice, 2));
        assert!(sessions.begin(CustomerId(2), 2));

        sessions.end(alice);
        assert!(sessions.begin(alice, 2));
        for customer in [alice, alice, CustomerId(2)] {
            sessions.end(customer);
        }
        assert_eq!(sessions.customers(), 0);
    }
}
