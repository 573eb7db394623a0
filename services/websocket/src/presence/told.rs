//! What this node has told of somebody, so that a state that was told is not told again.

use std::collections::HashSet;

use colloquy_contracts::{CustomerId, RoomId};

use crate::fanout::recent::Recent;

/// The last states told. Of somebody who is forgotten a state may be told again; nothing is lost.
#[derive(Debug, Default)]
pub(super) struct Told {
    online: Recent<CustomerId, Option<bool>>,
    typing: HashSet<(RoomId, CustomerId)>,
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

    /// Notes whether somebody is typing, and says whether that is news. Nobody is at first.
    pub(super) fn typing(&mut self, room: RoomId, customer: CustomerId, typing: bool) -> bool {
        if typing {
            self.typing.insert((room, customer))
        } else {
            self.typing.remove(&(room, customer))
        }
    }

    /// Everybody who is typing, as far as was told.
    pub(super) fn all_typing(&self) -> Vec<(RoomId, CustomerId)> {
        self.typing.iter().copied().collect()
    }
}
