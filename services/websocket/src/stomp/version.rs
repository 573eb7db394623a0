//! The versions of STOMP, and how one of them is chosen.

/// A version of STOMP, the later the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// STOMP 1.0.
    V10,
    /// STOMP 1.1.
    V11,
    /// STOMP 1.2.
    V12,
}

impl Version {
    /// All versions, the lowest first.
    pub const ALL: [Self; 3] = [Self::V10, Self::V11, Self::V12];

    /// As it is written in `accept-version` and `version`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V10 => "1.0",
            Self::V11 => "1.1",
            Self::V12 => "1.2",
        }
    }

    /// As it is written in `Sec-WebSocket-Protocol`.
    #[must_use]
    pub const fn sub_protocol(self) -> &'static str {
        match self {
            Self::V10 => "v10.stomp",
            Self::V11 => "v11.stomp",
            Self::V12 => "v12.stomp",
        }
    }

    /// The highest version of a CONNECT frame's `accept-version`, or nothing if none of its versions is known.
    ///
    /// A client that does not send the header speaks 1.0 (STOMP 1.2, "Protocol Negotiation").
    #[must_use]
    pub fn negotiate(accept_version: Option<&str>) -> Option<Self> {
        let Some(accepted) = accept_version else {
            return Some(Self::V10);
        };
        highest(accepted, Self::as_str)
    }

    /// The highest version among the sub-protocols of a handshake, whatever their order.
    ///
    /// Takes the values of all its `Sec-WebSocket-Protocol` headers; each may be a list.
    #[must_use]
    pub fn of_sub_protocols<'a>(header_values: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        header_values
            .into_iter()
            .filter_map(|offered| highest(offered, Self::sub_protocol))
            .max()
    }
}

fn highest(list: &str, name: fn(Version) -> &'static str) -> Option<Version> {
    list.split(',')
        .filter_map(|item| {
            Version::ALL
                .into_iter()
                .find(|version| name(*version) == item.trim())
        })
        .max()
}
