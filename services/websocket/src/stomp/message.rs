//! MESSAGE frames: written once for a message, finished for each distinct subscription id.

use bytes::{Bytes, BytesMut};

/// All of a MESSAGE frame but its `subscription` and `ack`. Cheap to finish, so that a fan-out to thousands of sessions
/// encodes the body once and builds one frame for each distinct id.
#[derive(Clone, Debug)]
pub struct MessageTemplate {
    before_subscription: String,
    after_subscription: String,
    body: Bytes,
}

impl MessageTemplate {
    /// A message with a JSON body.
    ///
    /// `destination` is the one that the clients subscribed. It and `message_id` must have nothing in them that some
    /// version escapes, because the template serves sessions of all versions; the server's own never do.
    #[must_use]
    pub fn new(destination: &str, message_id: &str, body: Bytes) -> Self {
        let octets = body.len();
        Self {
            before_subscription: format!(
                "MESSAGE\ndestination:{destination}\ncontent-type:application/json\nsubscription:"
            ),
            after_subscription: format!("\nmessage-id:{message_id}\ncontent-length:{octets}\n"),
            body,
        }
    }

    /// The frame for one subscription. `subscription` and `ack` are written as they are: escape them for the session's
    /// version when they are made ([`escape`](super::escape::escape)).
    #[must_use]
    pub fn encode(&self, subscription: &str, ack: Option<&str>) -> Bytes {
        let ack_header = ack.map_or([""; 3], |ack| ["ack:", ack, "\n"]);
        let head = [
            self.before_subscription.as_str(),
            subscription,
            self.after_subscription.as_str(),
        ];
        let parts = || {
            head.into_iter()
                .chain(ack_header)
                .map(str::as_bytes)
                .chain([b"\n".as_slice(), &self.body, b"\0"])
        };
        let mut frame = BytesMut::with_capacity(parts().map(<[u8]>::len).sum());
        parts().for_each(|part| frame.extend_from_slice(part));
        frame.freeze()
    }
}
