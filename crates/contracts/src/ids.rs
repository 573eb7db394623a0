//! Identifiers: 64-bit integers, JSON numbers on the wire, kept below 2^53 so that every client can hold them.

use std::{fmt, num::ParseIntError, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
        )]
        #[serde(transparent)]
        #[schema(format = Int64, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
        pub struct $name(pub i64);

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
    /// Somebody with an account.
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
