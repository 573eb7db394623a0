//! A STOMP client as plain as the wire.

use std::net::SocketAddr;

use colloquy_contracts::CustomerId;
use futures_util::{SinkExt as _, StreamExt as _};
use http::{HeaderName, HeaderValue, Response, header};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _},
};

use super::{SOON, narrow_connection, token};

/// A client behind its upgrade.
pub struct Client(pub WebSocketStream<TcpStream>);

impl Client {
    /// Upgrades with these headers.
    pub async fn upgrade(
        address: SocketAddr,
        headers: &[(HeaderName, &str)],
    ) -> Result<(Self, Response<Option<Vec<u8>>>), Error> {
        Self::over(TcpStream::connect(address).await?, headers).await
    }

    async fn over(
        stream: TcpStream,
        headers: &[(HeaderName, &str)],
    ) -> Result<(Self, Response<Option<Vec<u8>>>), Error> {
        let address = stream.peer_addr()?;
        let mut request = format!("ws://{address}/ws/chat").into_client_request()?;
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            request.headers_mut().append(name, value);
        }
        let (socket, response) = client_async(request, stream).await?;
        Ok((Self(socket), response))
    }

    /// Upgrades without any identity.
    pub async fn anonymous(address: SocketAddr) -> Self {
        Self::upgrade(address, &[]).await.unwrap().0
    }

    /// Upgrades with a cookie, and sends nothing yet.
    pub async fn with_cookie(address: SocketAddr, token: &str) -> Self {
        let cookie = format!("theme=dark; jwt_token={token}");
        Self::upgrade(address, &[(header::COOKIE, &cookie)])
            .await
            .unwrap()
            .0
    }

    /// A client that has read CONNECTED.
    pub async fn connected(address: SocketAddr, customer: CustomerId) -> Self {
        let client = Self::with_cookie(address, &token(customer, 3600)).await;
        client.connect().await
    }

    /// The same where the kernel takes little that the client does not read.
    pub async fn narrow(address: SocketAddr, customer: CustomerId) -> Self {
        let cookie = format!("jwt_token={}", token(customer, 3600));
        let stream = narrow_connection(address).await;
        let (client, _) = Self::over(stream, &[(header::COOKIE, &cookie)])
            .await
            .unwrap();
        client.connect().await
    }

    async fn connect(mut self) -> Self {
        self.say("CONNECT\naccept-version:1.2\nhost:x\n\n\0").await;
        let connected = self.frame().await;
        assert!(connected.starts_with("CONNECTED\n"), "{connected}");
        self
    }

    /// Sends one text message.
    pub async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// Subscribes, and waits until it has taken effect.
    pub async fn subscribe(&mut self, id: &str, destination: &str) {
        self.say(&format!(
            "SUBSCRIBE\nid:{id}\ndestination:{destination}\nreceipt:sub-{id}\n\n\0"
        ))
        .await;
        assert_eq!(
            self.frame().await,
            format!("RECEIPT\nreceipt-id:sub-{id}\n\n")
        );
    }

    /// The next STOMP frame, without its NUL.
    pub async fn frame(&mut self) -> String {
        match self.message().await {
            Message::Text(text) => text.strip_suffix('\0').unwrap().to_owned(),
            other => panic!("expected a frame: {other:?}"),
        }
    }

    /// The body of the next frame, which is a MESSAGE, as JSON.
    pub async fn body(&mut self) -> serde_json::Value {
        let frame = self.frame().await;
        assert!(frame.starts_with("MESSAGE\n"), "{frame}");
        let (_, body) = frame.split_once("\n\n").unwrap();
        serde_json::from_str(body).unwrap()
    }

    /// The `seq` of the next message.
    pub async fn seq(&mut self) -> i64 {
        self.body().await["seq"].as_i64().unwrap()
    }

    /// The next WebSocket message that is not a PING or a heart-beat.
    pub async fn message(&mut self) -> Message {
        loop {
            let message = timeout(SOON, self.0.next())
                .await
                .expect("nothing comes")
                .expect("the connection ended")
                .unwrap();
            let sign_of_life = message.is_ping() || message.is_pong();
            if !sign_of_life && message.to_text().is_ok_and(|text| text != "\n") {
                return message;
            }
        }
    }

    /// Reads to the end: the code and the reason of the Close frame, which nothing but messages may precede.
    pub async fn closed(&mut self) -> (u16, String) {
        loop {
            if let Message::Close(frame) = self.message().await {
                let frame = frame.expect("a Close frame has a code");
                return (frame.code.into(), frame.reason.to_string());
            }
        }
    }

    /// Waits, without reading, until the server has let go of the socket: it then resets a client that still writes.
    pub async fn cut(&mut self) {
        let trying = async {
            while self.0.get_mut().write_all(b"\n").await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        timeout(SOON, trying).await.expect("the socket stays open");
    }

    /// The message of the ERROR that comes next, and the code of the Close behind it.
    pub async fn error(&mut self) -> (String, u16) {
        let frame = self.frame().await;
        assert!(frame.starts_with("ERROR\n"), "{frame}");
        let message = frame.lines().find_map(|line| line.strip_prefix("message:"));
        let message = message.expect("an ERROR has a message").to_owned();
        (message, self.closed().await.0)
    }
}
