//! What is shown of a customer, and under which keys the store holds it (contract §7).

use colloquy_contracts::{CustomerId, RoomId, presence};

/// Something that is so while a set of the store is occupied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sign {
    /// Somebody has a session.
    Online(CustomerId),
    /// Somebody is typing in a room.
    Typing(RoomId, CustomerId),
}

impl Sign {
    /// The set's key.
    #[must_use]
    pub fn key(self) -> String {
        match self {
            Self::Online(customer) => presence::online_sessions(customer),
            Self::Typing(room, customer) => presence::typing(room, customer),
        }
    }

    /// The key that stands for the set, if it has one.
    #[must_use]
    pub fn standing_key(self) -> Option<String> {
        match self {
            Self::Online(customer) => Some(presence::online_user(customer)),
            Self::Typing(..) => None,
        }
    }

    /// What the set with this key says.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
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
    fn contract_7_signs_are_held_under_the_names_of_the_contract() {
        let online = Sign::Online(CustomerId(7));
        assert_eq!(online.key(), "online_sessions:7");
        assert_eq!(online.standing_key().as_deref(), Some("online_user:7"));
        let typing = Sign::Typing(RoomId(3), CustomerId(7));
        assert_eq!(typing.key(), "typing:3:7");
        assert_eq!(typing.standing_key(), None);
        for sign in [online, typing] {
            assert_eq!(Sign::of_key(&sign.key()), Some(sign));
        }
        for key in [
            "",
            "online_sessions:x",
            "online_user:7",
            "typing:3",
            "typing:3:",
        ] {
            assert_eq!(Sign::of_key(key), None, "{key}");
        }
    }
}
