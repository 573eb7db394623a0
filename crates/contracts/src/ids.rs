//! Identifiers: 64-bit integers, JSON numbers on the wire, kept below 2^53 so that every client can hold them.

use std::{fmt, num::ParseIntError, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema,
        )]
        #[serde(transparent)]
        #[schema(format = Int64, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
        pub struct $name(pub i64);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_i64(WholeNumber).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id! {
    /// A person with an account.
    CustomerId
}
id! {
    /// A chat room.
    RoomId
}
id! {
    /// A message, unique over all rooms. Within a room, ids grow with `seq`.
    MessageId
}
id! {
    /// A message's place in its room: 1, 2, 3 … without a gap.
    Seq
}

/// The number of a session: that of the password it was begun with. A change of the password raises the account's number
/// and ends the sessions with smaller ones (decision 39), whatever any clock said when they began.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(transparent)]
#[schema(format = Int64, minimum = 1)]
pub struct SessionNumber(pub i64);

/// A whole number, also in the spelling `7.0`: to JSON that is the same number, and some clients know no other.
struct WholeNumber;

/// Beyond it floating point has no longer a value for every whole number.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl de::Visitor<'_> for WholeNumber {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of 64 bits")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::invalid_value(de::Unexpected::Unsigned(number), &self))
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number below 2^53 is an i64"
    )]
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<i64, E> {
        if number.fract() == 0.0 && number.abs() < EXACT {
            return Ok(number as i64);
        }
        Err(E::invalid_type(de::Unexpected::Float(number), &self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_3_documents_an_id_is_a_whole_number_however_it_is_spelled() {
        for (text, id) in [
            ("7", Some(7)),
            ("7.0", Some(7)),
            ("7e2", Some(700)),
            ("4333145986819790.0", Some(4_333_145_986_819_790)),
            ("-1", Some(-1)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("1e300", None),
            ("9007199254740992.0", None),
            ("7.5", None),
            ("\"7\"", None),
            ("null", None),
        ] {
            assert_eq!(serde_json::from_str(text).ok(), id.map(RoomId), "{text}");
        }
    }

    #[test]
    fn contract_6_an_id_is_written_as_a_number_and_as_the_key_of_a_map() {
        assert_eq!(serde_json::to_string(&RoomId(7)).unwrap(), "7");
        let map = std::collections::BTreeMap::from([(CustomerId(7), true)]);
        let text = serde_json::to_string(&map).unwrap();
        assert_eq!(text, "{\"7\":true}");
        let read: std::collections::BTreeMap<CustomerId, bool> =
            serde_json::from_str(&text).unwrap();
        assert_eq!(read, map);
    }
}
