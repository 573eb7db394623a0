//! The server's frames other than MESSAGE.

use bytes::Bytes;
use colloquy_contracts::CustomerId;

use super::{HeartBeat, Version, escape::escape};

/// What a client reads whose versions are all unknown here.
pub const UNSUPPORTED_VERSION: &str = "unsupported protocol version";

/// CONNECTED, which is never escaped. `offer` is the server's; 1.0 has no heart-beats.
#[must_use]
pub fn connected(version: Version, offer: HeartBeat, user: CustomerId) -> Bytes {
    let offer = match version {
        Version::V10 => HeartBeat::default(),
        Version::V11 | Version::V12 => offer.raised_to_floor(),
    };
    let HeartBeat { outgoing, incoming } = offer;
    Draft::new("CONNECTED")
        .header("version", version.as_str())
        .header("heart-beat", &format!("{outgoing},{incoming}"))
        .header("user-name", &user.to_string())
        .end("")
}

/// RECEIPT for a frame that took effect.
#[must_use]
pub fn receipt(version: Version, receipt_id: &str) -> Bytes {
    Draft::new("RECEIPT")
        .header("receipt-id", &escape(version, receipt_id))
        .end("")
}

/// ERROR with a short fixed text, in the `message` header and the body, and what else its headers say. Before CONNECT
/// the version is 1.0: nothing the client sent was unescaped, so nothing is escaped.
#[must_use]
pub fn error<'a>(
    version: Version,
    message: &str,
    headers: impl IntoIterator<Item = (&'static str, &'a str)>,
) -> Bytes {
    let draft = error_draft(version, message);
    headers
        .into_iter()
        .fold(draft, |draft, (name, value)| {
            draft.header(name, &escape(version, value))
        })
        .end_counted(message)
}

/// ERROR for a client with which no version is common; it tells those that are known.
#[must_use]
pub fn unsupported_version() -> Bytes {
    error_draft(Version::V10, UNSUPPORTED_VERSION)
        .header("version", &Version::ALL.map(Version::as_str).join(","))
        .end_counted(UNSUPPORTED_VERSION)
}

fn error_draft(version: Version, message: &str) -> Draft {
    Draft::new("ERROR")
        .header("message", &escape(version, message))
        .header("content-type", "text/plain")
}

struct Draft(String);

impl Draft {
    fn new(command: &str) -> Self {
        Self(format!("{command}\n"))
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        for part in [name, ":", value, "\n"] {
            self.0.push_str(part);
        }
        self
    }

    fn end_counted(self, body: &str) -> Bytes {
        self.header("content-length", &body.len().to_string())
            .end(body)
    }

    fn end(mut self, body: &str) -> Bytes {
        self.0.push('\n');
        self.0.push_str(body);
        self.0.push('\0');
        self.0.into()
    }
}
