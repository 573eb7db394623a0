//! SockJS frames in WebSocket messages, and raw.

use std::{net::SocketAddr, time::Duration};

use colloquy_websocket::Settings;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use super::browser::{CONNECT, ROOM, messages, seq};
use crate::harness::{
    ALICE, Node, SOON,
    client::Client,
    events::{long_message, message},
    eventually,
    memory_log::MemoryLog,
    token,
};

/// A client behind its upgrade.
struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn open(address: SocketAddr, path: &str) -> Self {
        let mut request = format!("ws://{address}/ws/chat-sockjs{path}")
            .into_client_request()
            .unwrap();
        let cookie = format!("jwt_token={}", token(ALICE, 60));
        let cookie = http::HeaderValue::from_str(&cookie).unwrap();
        request.headers_mut().insert("cookie", cookie);
        let stream = TcpStream::connect(address).await.unwrap();
        Self(client_async(request, stream).await.unwrap().0)
    }

    /// One that has read its `o`, and CONNECTED.
    async fn connected(address: SocketAddr) -> Self {
        let mut socket = Self::open(address, "/000/abc/websocket").await;
        assert_eq!(socket.text().await, "o");
        socket.say(&[CONNECT]).await;
        let connected = socket.text().await;
        assert!(connected.starts_with(r#"a["CONNECTED\n"#), "{connected}");
        socket
    }

    async fn send(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    async fn say(&mut self, frames: &[&str]) {
        self.send(&serde_json::to_string(frames).unwrap()).await;
    }

    async fn next(&mut self) -> Message {
        loop {
            let message = timeout(SOON, self.0.next()).await.expect("nothing comes");
            let message = message.expect("the socket ended").unwrap();
            if !message.is_ping() {
                return message;
            }
        }
    }

    async fn text(&mut self) -> String {
        match self.next().await {
            Message::Text(text) => text.to_string(),
            other => panic!("expected a frame: {other:?}"),
        }
    }

    /// The code and the reason of the Close frame that comes next.
    async fn closed(&mut self) -> (u16, String) {
        match self.next().await {
            Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
            other => panic!("expected the end: {other:?}"),
        }
    }
}

#[tokio::test]
async fn stomp_7_a_socket_carries_stomp_in_frames_of_sockjs() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut socket = Socket::connected(node.address).await;
    let subscribe = format!("SUBSCRIBE\nid:0\ndestination:{ROOM}\nreceipt:r\n\n\0");
    let (head, rest) = subscribe.split_at(12);
    socket.say(&[head, rest]).await;
    assert_eq!(
        socket.text().await,
        r#"a["RECEIPT\nreceipt-id:r\n\n\u0000"]"#
    );
    for number in 1..=3 {
        log.add(message(1, number)).await;
        let frame = socket.text().await;
        assert_eq!(seq(&messages(&frame).unwrap()[0]), number);
    }
    socket.send("").await;
    socket.send("[]").await;
    socket.say(&["DISCONNECT\n\n\0"]).await;
    assert_eq!(socket.text().await, r#"c[3000,"Go away!"]"#);
    assert_eq!(socket.closed().await.0, 1000);
    eventually(|| node.websocket.is_idle()).await;
}

#[tokio::test]
async fn stomp_7_a_frame_that_is_none_ends_the_socket() {
    let node = Node::start(&MemoryLog::default()).await;
    for broken in ["[\"a", "{}", "[1]", "\"a\"", CONNECT, "o"] {
        let mut socket = Socket::connected(node.address).await;
        socket.send(broken).await;
        assert_eq!(
            socket.text().await,
            r#"c[1002,"broken framing"]"#,
            "{broken:?}"
        );
        let (code, reason) = socket.closed().await;
        assert_eq!((code, reason.as_str()), (1002, "broken framing"));
    }
    eventually(|| node.websocket.is_idle()).await;
}

#[tokio::test]
async fn stomp_7_an_error_of_stomp_is_followed_by_a_close_frame() {
    let node = Node::start(&MemoryLog::default()).await;
    let mut socket = Socket::connected(node.address).await;
    socket
        .say(&["SUBSCRIBE\nid:0\ndestination:/nowhere\n\n\0"])
        .await;
    let error = socket.text().await;
    assert!(
        error.starts_with(r#"a["ERROR\nmessage:no such destination\n"#),
        "{error}"
    );
    assert_eq!(socket.text().await, r#"c[1002,""]"#);
    assert_eq!(socket.closed().await.0, 1002);
}

#[tokio::test]
async fn stomp_7_an_idle_socket_gets_heart_beats() {
    let settings = Settings {
        ping_after: Duration::from_millis(200),
        ..Settings::default()
    };
    let node = Node::with(&MemoryLog::default(), settings).await;
    let mut socket = Socket::connected(node.address).await;
    for _ in 0..4 {
        assert_eq!(socket.text().await, "h");
    }
}

#[tokio::test]
async fn stomp_7_raw_websocket_is_ws_chat() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut socket = Socket::open(node.address, "/websocket").await;
    socket.send(CONNECT).await;
    let connected = socket.text().await;
    assert!(
        connected.starts_with("CONNECTED\nversion:1.2\n"),
        "{connected}"
    );
    socket
        .send(&format!(
            "SUBSCRIBE\nid:0\ndestination:{ROOM}\nreceipt:r\n\n\0"
        ))
        .await;
    assert_eq!(socket.text().await, "RECEIPT\nreceipt-id:r\n\n\0");
    log.add(message(1, 1)).await;
    assert_eq!(seq(&socket.text().await), 1);
}

/// What is escaped takes the most: a character is 6 octets of JSON and then 7 of SockJS.
#[tokio::test]
async fn stomp_7_the_longest_message_that_may_be_set_reaches_a_client_that_reads() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut raw = Client::connected(node.address, ALICE).await;
    raw.subscribe("0", ROOM).await;
    let mut framed = Socket::connected(node.address).await;
    framed
        .say(&[&format!(
            "SUBSCRIBE\nid:0\ndestination:{ROOM}\nreceipt:r\n\n\0"
        )])
        .await;
    framed.text().await;

    for (seq, character) in [(1, "\u{1}"), (2, "\u{200c}"), (3, "👋")] {
        let content = character.repeat(65_536);
        log.add(long_message(1, seq, content.clone())).await;
        assert_eq!(raw.body().await["content"], content);
        let messages = messages(&framed.text().await).unwrap();
        let (_, body) = messages[0]
            .trim_end_matches('\0')
            .split_once("\n\n")
            .unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["content"], content);
    }
}
