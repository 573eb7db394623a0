//! What this node has announced of who is online, so that no state is announced twice.

use colloquy_contracts::CustomerId;

use crate::fanout::recent::Recent;

/// The last states told. Of somebody who is forgotten a state may be told again; nothing is lost.
#[derive(Debug, Default)]
pub(super) struct Told {
    online: Recent<CustomerId, Option<bool>>,
}

impl Told {
    /// Notes whether somebody is online, and says whether that is news.
    pub(super) fn online(&mut self, customer: CustomerId, online: bool) -> bool {
        self.online.of(customer).replace(online) != Some(online)
    }

    /// Whether somebody is known to be online.
    pub(super) fn is_online(&mut self, customer: CustomerId) -> bool {
        *self.online.of(customer) == Some(true)
    }
}
