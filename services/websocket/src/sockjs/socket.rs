//! SockJS frames in WebSocket messages.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use hyper::upgrade::Upgraded;
use tokio_tungstenite::tungstenite::Message;

use super::{
    Segments, SockJs,
    frame::{self, Messages},
    session_of,
};
use crate::{
    Websocket,
    close_reason::CloseReason,
    connection::{
        self, Client, Socket,
        transport::{Gone, Lost, Outgoing, Transport},
    },
    upgrade::upgrade,
};

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

async fn serve(websocket: Arc<Websocket>, upgraded: Upgraded, client: Client) {
    let socket = Socket::new(upgraded, &websocket.settings, &client.queue).await;
    let mut framed = FramedSocket(socket);
    if framed.put(frame::OPEN).await.is_ok() && framed.flush().await.is_ok() {
        connection::serve(websocket, framed, client).await;
    }
}

impl FramedSocket {
    async fn put(&mut self, frame: impl Into<String>) -> Result<(), Gone> {
        self.0.put(Message::Text(frame.into().into())).await
    }
}

impl Transport for FramedSocket {
    const KEEPS_ALIVE: bool = true;
    const ENDS_UNATTENDED: bool = false;

    fn is_writable(&self) -> bool {
        true
    }

    fn owes_answer(&self) -> bool {
        self.0.owes_answer()
    }

    async fn next(&mut self, wanted: bool) -> Result<Option<Bytes>, Lost> {
        match self.0.next(wanted).await? {
            Some(octets) if !octets.is_empty() => frame::decode(&octets)
                .map(Some)
                .map_err(|_| Lost::Wrong(CloseReason::BrokenFraming)),
            nothing => Ok(nothing),
        }
    }

    async fn feed(&mut self, outgoing: Outgoing) -> Result<(), Gone> {
        match outgoing {
            Outgoing::Frame(message) => self.0.put(framed(message)).await,
            Outgoing::KeepAlive => self.put(frame::HEART_BEAT).await,
            Outgoing::Ping => self.0.feed(Outgoing::Ping).await,
        }
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        self.0.flush().await
    }

    async fn close(self, last: Option<Message>, reason: CloseReason) {
        let close = Message::text(frame::close(reason));
        let last = last.map(framed).into_iter().chain([close]);
        self.0.end(last, reason).await;
    }

    async fn farewell(self) {
        self.0.farewell().await;
    }
}

/// A message alone in its `a[…]` frame.
fn framed(message: Message) -> Message {
    let mut messages = Messages::default();
    messages.push(&String::from_utf8_lossy(&message.into_data()));
    Message::text(messages.take().unwrap_or_default())
}
