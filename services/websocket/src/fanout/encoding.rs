//! One message in as many frames as there are variants: subscribers whose frames are the same share one.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use colloquy_contracts::Destination;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::stomp::MessageTemplate;

/// What distinguishes one subscriber's MESSAGE frames from another's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FrameVariant {
    /// The subscription's id, escaped for the version of its session.
    pub subscription: Arc<str>,
    /// Whether the client acknowledges.
    pub acknowledged: bool,
}

/// Encodes one message, each variant once. A message without subscribers is not encoded at all.
pub(super) struct Encoding<'a, I> {
    destination: Destination,
    body: &'a Bytes,
    /// Makes the `message-id`.
    next_id: I,
    template: Option<(MessageTemplate, String)>,
    frames: HashMap<FrameVariant, Message>,
}

impl<'a, I: Fn() -> String> Encoding<'a, I> {
    pub fn new(destination: Destination, body: &'a Bytes, next_id: I) -> Self {
        Self {
            destination,
            body,
            next_id,
            template: None,
            frames: HashMap::new(),
        }
    }

    pub fn frame(&mut self, variant: &FrameVariant) -> Message {
        if let Some(frame) = self.frames.get(variant) {
            return frame.clone();
        }
        let (template, message_id) = self.template.get_or_insert_with(|| {
            let message_id = (self.next_id)();
            let destination = self.destination.to_string();
            let template = MessageTemplate::new(&destination, &message_id, self.body.clone());
            (template, message_id)
        });
        let ack = variant.acknowledged.then_some(message_id.as_str());
        let frame = websocket_message(template.encode(&variant.subscription, ack));
        self.frames.insert(variant.clone(), frame.clone());
        frame
    }
}

/// A STOMP frame as a WebSocket message: text when it is text (stomp.md W4). Checked once, shared by all subscribers.
#[must_use]
pub fn websocket_message(frame: Bytes) -> Message {
    Utf8Bytes::try_from(frame.clone()).map_or_else(|_| Message::Binary(frame), Message::Text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stomp_w4_text_goes_out_as_text_and_anything_else_as_binary() {
        assert!(websocket_message(Bytes::from_static("Vũ".as_bytes())).is_text());
        assert!(websocket_message(Bytes::from_static(b"\xff")).is_binary());
    }
}
