//! A client that was admitted, before its connection is served.

use std::sync::Arc;

use colloquy_chassis::{ApiError, Kind};
use colloquy_credentials::session_verifier::Session as Token;
use http::{Extensions, HeaderMap};

use crate::{Websocket, addresses::AddressPermit, send_queue::SendQueue};

/// What an admitted client has, whatever its transport.
pub(crate) struct Client {
    /// What is to be written to it.
    pub queue: Arc<SendQueue>,
    /// The verified token of its cookie, if there was one.
    pub cookie: Option<Box<Token>>,
    /// Its connection among those of its address.
    pub(super) permit: AddressPermit,
}

impl Client {
    /// Admits the client that sent a request with these extensions and headers.
    ///
    /// # Errors
    /// This node does not follow the log, or the client's address has as many connections as it may have.
    pub fn admit(
        websocket: &Websocket,
        cookie: Option<Box<Token>>,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Result<Self, ApiError> {
        if !websocket.is_following() {
            return Err(not_ready());
        }
        Ok(Self {
            permit: websocket.addresses.admit(extensions, headers)?,
            queue: Arc::new(SendQueue::new(websocket.settings.queue_bytes)),
            cookie,
        })
    }
}

/// The node cannot take a client now.
pub(crate) fn not_ready() -> ApiError {
    ApiError::new(Kind::Unavailable, "Not ready yet. Please try again.")
}
