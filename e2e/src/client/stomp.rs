//! STOMP over WebSocket (contract §5) as a careful client speaks it: every subscription awaits its receipt.

use std::{collections::VecDeque, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::header::{COOKIE, HeaderName, HeaderValue, SEC_WEBSOCKET_PROTOCOL};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout_at},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _, protocol::CloseFrame},
};

use super::frame::{Decoder, Frame};
use crate::harness::DEADLINE;

/// The path of the contract.
pub const PATH: &str = "/ws/chat";

/// What the upgrade request carries.
#[derive(Clone, Debug, Default)]
pub struct Handshake<'a> {
    /// The value of the `jwt_token` cookie.
    pub cookie: Option<&'a str>,
    /// `Sec-WebSocket-Protocol`.
    pub protocols: Option<&'a str>,
    /// Anything else.
    pub headers: Vec<(&'a str, &'a str)>,
}

/// A connection. Frames that arrive while another one is awaited are kept in their order.
#[derive(Debug)]
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    protocol: Option<String>,
    decoder: Decoder,
    pending: VecDeque<Frame>,
    closed: Option<Closed>,
    subscriptions: u32,
    receipts: u32,
}

/// How the server ended the connection; code 1006 when it did not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The close code.
    pub code: u16,
    /// The reason.
    pub reason: String,
}

impl Socket {
    /// Opens the WebSocket and nothing more: no CONNECT is sent.
    ///
    /// # Errors
    /// The upgrade was refused; the error is tungstenite's and carries the answer.
    pub async fn open(url: &str, handshake: Handshake<'_>) -> Result<Self> {
        let address = url.replacen("http", "ws", 1);
        let mut request = format!("{address}{PATH}").into_client_request()?;
        let headers = request.headers_mut();
        if let Some(token) = handshake.cookie {
            headers.insert(COOKIE, HeaderValue::try_from(format!("jwt_token={token}"))?);
        }
        if let Some(protocols) = handshake.protocols {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_str(protocols)?);
        }
        for (name, value) in handshake.headers {
            headers.insert(HeaderName::try_from(name)?, HeaderValue::from_str(value)?);
        }
        let (stream, answer) = connect_async(request).await?;
        let protocol = answer.headers().get(SEC_WEBSOCKET_PROTOCOL);
        Ok(Self {
            protocol: protocol.map(|name| String::from_utf8_lossy(name.as_bytes()).into_owned()),
            stream,
            decoder: Decoder::default(),
            pending: VecDeque::new(),
            closed: None,
            subscriptions: 0,
            receipts: 0,
        })
    }

    /// Opens with that cookie and completes CONNECT as a 1.2 client.
    ///
    /// # Errors
    /// The server does not let it in.
    pub async fn connect(url: &str, token: &str) -> Result<Self> {
        let handshake = Handshake {
            cookie: Some(token),
            ..Handshake::default()
        };
        let mut socket = Self::open(url, handshake).await?;
        socket.log_in(&[]).await?;
        Ok(socket)
    }

    /// Sends a CONNECT of version 1.2 with these further headers, and awaits CONNECTED.
    ///
    /// # Errors
    /// Anything but CONNECTED came.
    pub async fn log_in(&mut self, headers: &[(&str, &str)]) -> Result<Frame> {
        let usual = [
            ("accept-version", "1.2"),
            ("host", "colloquy"),
            ("heart-beat", "0,0"),
        ];
        self.send(&Frame::new("CONNECT", &[&usual, headers].concat()))
            .await?;
        let frame = self.next().await?;
        ensure!(frame.command == "CONNECTED", "not let in: {frame:?}");
        Ok(frame)
    }

    /// The sub-protocol the server chose.
    #[must_use]
    pub fn protocol(&self) -> Option<&str> {
        self.protocol.as_deref()
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// The connection is gone.
    pub async fn send(&mut self, frame: &Frame) -> Result<()> {
        let text = String::from_utf8(frame.encode())?;
        Ok(self.stream.send(Message::text(text)).await?)
    }

    /// Sends a frame with a fresh receipt, and awaits the RECEIPT.
    ///
    /// # Errors
    /// An ERROR or the end of the connection came first.
    pub async fn send_for_receipt(&mut self, mut frame: Frame) -> Result<()> {
        self.receipts += 1;
        let receipt = format!("receipt-{}", self.receipts);
        frame.headers.push(("receipt".to_owned(), receipt.clone()));
        self.send(&frame).await?;
        self.next_where(|frame| {
            frame.command == "RECEIPT" && frame.header("receipt-id") == Some(&receipt)
        })
        .await?;
        Ok(())
    }

    /// Subscribes, awaits the receipt, and gives the subscription's id.
    ///
    /// # Errors
    /// The server refused.
    pub async fn subscribe(&mut self, destination: &str) -> Result<String> {
        let id = format!("sub-{}", self.subscriptions);
        self.subscriptions += 1;
        let headers = [("id", id.as_str()), ("destination", destination)];
        self.send_for_receipt(Frame::new("SUBSCRIBE", &headers))
            .await?;
        Ok(id)
    }

    /// Subscribes to the messages of a room.
    ///
    /// # Errors
    /// The server refused.
    pub async fn subscribe_room(&mut self, room: i64) -> Result<String> {
        self.subscribe(&format!("/topic/message/roomId/{room}"))
            .await
    }

    /// Ends a subscription and awaits the receipt.
    ///
    /// # Errors
    /// The server refused.
    pub async fn unsubscribe(&mut self, id: &str) -> Result<()> {
        self.send_for_receipt(Frame::new("UNSUBSCRIBE", &[("id", id)]))
            .await
    }

    /// The next frame of any kind.
    ///
    /// # Errors
    /// The connection ended, or nothing came within [`DEADLINE`].
    pub async fn next(&mut self) -> Result<Frame> {
        self.next_where(|_| true).await
    }

    /// [`Socket::next`] with a deadline of the caller's.
    ///
    /// # Errors
    /// As [`Socket::next`].
    pub async fn next_within(&mut self, within: Duration) -> Result<Frame> {
        self.next_where_within(|_| true, within).await
    }

    /// The next MESSAGE of a subscription.
    ///
    /// # Errors
    /// As [`Socket::next`]; also when an ERROR comes.
    pub async fn next_message(&mut self, subscription: &str) -> Result<Frame> {
        self.next_message_within(subscription, DEADLINE).await
    }

    /// [`Socket::next_message`] with a deadline of the caller's.
    ///
    /// # Errors
    /// As [`Socket::next_message`].
    pub async fn next_message_within(
        &mut self,
        subscription: &str,
        within: Duration,
    ) -> Result<Frame> {
        let wanted = |frame: &Frame| is_message_of(frame, subscription);
        self.next_where_within(wanted, within).await
    }

    /// The next frame that fits; the others are kept for later. An ERROR that does not fit ends the wait.
    ///
    /// # Errors
    /// As [`Socket::next`]; also when an ERROR comes.
    pub async fn next_where(&mut self, wanted: impl Fn(&Frame) -> bool) -> Result<Frame> {
        self.next_where_within(wanted, DEADLINE).await
    }

    /// Awaits an ERROR and the close behind it.
    ///
    /// # Errors
    /// Something else came, or something came after the ERROR.
    pub async fn expect_error(&mut self) -> Result<(Frame, Closed)> {
        let error = self.next_where(|frame| frame.command == "ERROR").await?;
        let closed = self.expect_close().await?;
        Ok((error, closed))
    }

    /// Awaits the end of the connection, with no further frame before it.
    ///
    /// # Errors
    /// A frame came, or nothing within [`DEADLINE`].
    pub async fn expect_close(&mut self) -> Result<Closed> {
        let end = Instant::now() + DEADLINE;
        while self.closed.is_none() {
            self.read(end).await?;
        }
        if let Some(frame) = self.pending.front() {
            bail!("expected the close, got {frame:?}");
        }
        self.closed
            .clone()
            .context("the close that was just received")
    }

    /// The messages of a subscription that have arrived and were not asked for yet.
    #[must_use]
    pub fn unread(&self, subscription: &str) -> usize {
        self.pending
            .iter()
            .filter(|frame| is_message_of(frame, subscription))
            .count()
    }

    async fn next_where_within(
        &mut self,
        wanted: impl Fn(&Frame) -> bool,
        within: Duration,
    ) -> Result<Frame> {
        let end = Instant::now() + within;
        let mut looked_at = 0;
        loop {
            while let Some(frame) = self.pending.get(looked_at) {
                if wanted(frame) {
                    return self
                        .pending
                        .remove(looked_at)
                        .context("a frame just received");
                }
                ensure!(frame.command != "ERROR", "refused: {frame:?}");
                looked_at += 1;
            }
            if let Some(closed) = &self.closed {
                bail!("the server closed: {closed:?}");
            }
            self.read(end).await?;
        }
    }

    async fn read(&mut self, end: Instant) -> Result<()> {
        let arrived = timeout_at(end, self.stream.next())
            .await
            .with_context(|| format!("nothing that fits came; kept: {:?}", self.pending))?;
        match arrived {
            Some(Ok(Message::Text(text))) => self.decoder.push(text.as_bytes()),
            Some(Ok(Message::Binary(octets))) => self.decoder.push(&octets),
            Some(Ok(Message::Close(close))) => self.closed = Some(closed(close)),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => {
                self.closed.get_or_insert_with(|| closed(None));
            }
        }
        while let Some(frame) = self.decoder.next_frame()? {
            self.pending.push_back(frame);
        }
        Ok(())
    }
}

fn is_message_of(frame: &Frame, subscription: &str) -> bool {
    frame.command == "MESSAGE" && frame.header("subscription") == Some(subscription)
}

fn closed(close: Option<CloseFrame>) -> Closed {
    match close {
        Some(close) => Closed {
            code: close.code.into(),
            reason: close.reason.to_string(),
        },
        None => Closed {
            code: 1006,
            reason: String::new(),
        },
    }
}
