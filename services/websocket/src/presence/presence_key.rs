//! The states of a customer that are published, and the keys of the store under which they are (contract §7).

use colloquy_contracts::{CustomerId, RoomId, presence};

/// A state that lasts while a set of the store has members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PresenceKey {
    /// The customer has a session.
    Online(CustomerId),
    /// The customer is typing in a room.
    Typing(RoomId, CustomerId),
}

impl PresenceKey {
    /// The key of the set.
    #[must_use]
    pub fn set_key(self) -> String {
        match self {
            Self::Online(customer) => presence::online_sessions(customer),
            Self::Typing(room, customer) => presence::typing(room, customer),
        }
    }

    /// The key that is there as long as the set, if there is one.
    #[must_use]
    pub fn marker_key(self) -> Option<String> {
        match self {
            Self::Online(customer) => Some(presence::online_user(customer)),
            Self::Typing(..) => None,
        }
    }

    /// The state of the set with this key.
    #[must_use]
    pub fn of_set(key: &str) -> Option<Self> {
        if let Some(customer) = key.strip_prefix(presence::ONLINE_SESSIONS) {
            return customer.parse().ok().map(Self::Online);
        }
        let (room, customer) = key.strip_prefix(presence::TYPING)?.split_once(':')?;
        Some(Self::Typing(room.parse().ok()?, customer.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_7_presence_is_stored_under_the_names_of_the_contract() {
        let online = PresenceKey::Online(CustomerId(7));
        assert_eq!(online.set_key(), "online_sessions:7");
        assert_eq!(online.marker_key().as_deref(), Some("online_user:7"));
        let typing = PresenceKey::Typing(RoomId(3), CustomerId(7));
        assert_eq!(typing.set_key(), "typing:3:7");
        assert_eq!(typing.marker_key(), None);
        for key in [online, typing] {
            assert_eq!(PresenceKey::of_set(&key.set_key()), Some(key));
        }
        for other in [
            "",
            "online_sessions:x",
            "online_user:7",
            "typing:3",
            "typing:3:",
        ] {
            assert_eq!(PresenceKey::of_set(other), None, "{other}");
        }
    }
}
