//! SockJS frames in WebSocket messages.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use colloquy_chassis::session_token::Session as Token;
use hyper::upgrade::Upgraded;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use super::{
    Segments, SockJs,
    frame::{self, Messages},
    session_of,
};
use crate::{
    Websocket,
    connection::{
        self, Closing, Socket,
        channel::{Channel, Gone, Lost, Outgoing},
    },
    server::upgrade,
};

/// How long a client may take to read what stands before the reason of a close.
const TELL: Duration = Duration::from_secs(5);

/// A WebSocket that carries SockJS frames.
struct FramedSocket(Socket);

/// `GET …/{server}/{session}/websocket`. The socket is the whole session: its address names nothing.
pub(super) async fn open(
    State(sockjs): State<SockJs>,
    segments: Segments,
    request: Request,
) -> Response {
    match session_of(segments) {
        Ok(_) => upgrade(&sockjs.websocket, request, serve),
        Err(error) => error.into_response(),
    }
}

async fn serve(websocket: Arc<Websocket>, upgraded: Upgraded, cookie: Option<Box<Token>>) {
    let socket = Socket::new(upgraded, websocket.settings.frame.frame).await;
    let mut framed = FramedSocket(socket);
    if framed.put(frame::OPEN).await.is_ok() && framed.flush().await.is_ok() {
        connection::serve(websocket, framed, cookie).await;
    }
}

impl FramedSocket {
    async fn put(&mut self, frame: impl Into<String>) -> Result<(), Gone> {
        self.0.put(Message::Text(frame.into().into())).await
    }
}

impl Channel for FramedSocket {
    const KEEPS_ALIVE: bool = true;
    const WRITES_SHOW_LIFE: bool = false;

    fn is_writable(&self) -> bool {
        true
    }

    async fn next(&mut self) -> Result<Bytes, Lost> {
        let octets = self.0.next().await?;
        if octets.is_empty() {
            return Ok(octets);
        }
        frame::decode(&octets).map_err(|_| Lost::Wrong(Closing::BrokenFraming))
    }

    async fn feed(&mut self, outgoing: Outgoing) -> Result<(), Gone> {
        match outgoing {
            Outgoing::Frame(message) => {
                let mut messages = Messages::default();
                messages.push(&String::from_utf8_lossy(&message.into_data()));
                self.put(messages.take().unwrap_or_default()).await
            }
            Outgoing::KeepAlive => self.put(frame::HEART_BEAT).await,
            Outgoing::Ping => self.0.feed(Outgoing::Ping).await,
        }
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        self.0.flush().await
    }

    async fn close(mut self, closing: Closing) {
        let reason = frame::close(frame::told(closing));
        if matches!(timeout(TELL, self.put(reason)).await, Ok(Ok(()))) {
            self.0.close(closing).await;
        }
    }

    async fn farewell(self) {
        self.0.farewell().await;
    }
}
