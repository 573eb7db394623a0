//! A page that speaks SockJS over plain HTTP, one request after the other.

use std::sync::atomic::{AtomicU32, Ordering};

use colloquy_contracts::CustomerId;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use reqwest::{Client, RequestBuilder, Response, Url};
use tokio::{io::AsyncWriteExt as _, net::TcpStream, time::timeout};

use crate::harness::{Node, SOON, narrow_connection, token};

pub const CONNECT: &str = "CONNECT\naccept-version:1.2\nhost:x\n\n\0";
pub const ROOM: &str = "/topic/message/roomId/1";

/// One SockJS session of a client.
pub struct Browser {
    http: Client,
    base: String,
    pub headers: HeaderMap,
}

impl Browser {
    /// A client without any identity, at a session of its own.
    pub fn anonymous(node: &Node) -> Self {
        static SESSIONS: AtomicU32 = AtomicU32::new(0);
        let session = SESSIONS.fetch_add(1, Ordering::Relaxed);
        Self {
            http: Client::new(),
            base: format!(
                "http://{}/ws/chat-sockjs/000/session{session}",
                node.address
            ),
            headers: HeaderMap::new(),
        }
    }

    /// The same with a cookie of that customer.
    pub fn of(node: &Node, customer: CustomerId) -> Self {
        Self::anonymous(node).with_token(&token(customer, 3600))
    }

    /// The same session with that cookie from now on.
    pub fn with_token(self, token: &str) -> Self {
        self.with(header::COOKIE, &format!("theme=dark; jwt_token={token}"))
    }

    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.insert(name, value);
        self
    }

    /// Another client, which knows the session's address.
    pub fn other(&self) -> Self {
        Self {
            http: Client::new(),
            base: self.base.clone(),
            headers: HeaderMap::new(),
        }
    }

    pub fn request(&self, method: Method, transport: &str) -> RequestBuilder {
        let url = format!("{}/{transport}", self.base);
        self.http.request(method, url).headers(self.headers.clone())
    }

    /// One poll: its status and its frame.
    pub async fn poll(&self) -> (u16, String) {
        let polling = async {
            let response = self.request(Method::POST, "xhr").send().await.unwrap();
            (response.status().as_u16(), response.text().await.unwrap())
        };
        timeout(SOON, polling).await.expect("the poll hangs")
    }

    /// One poll that brings a frame.
    pub async fn frame(&self) -> String {
        let (status, body) = self.poll().await;
        assert_eq!(status, 200, "{body}");
        body.strip_suffix('\n')
            .expect("a frame is a line")
            .to_owned()
    }

    /// The messages of the next poll that brings some.
    pub async fn messages(&self) -> Vec<String> {
        loop {
            if let Some(messages) = messages(&self.frame().await) {
                return messages;
            }
        }
    }

    /// Sends a body as it is.
    pub async fn send_raw(&self, body: impl Into<reqwest::Body>) -> (u16, String) {
        let request = self.request(Method::POST, "xhr_send").body(body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Sends STOMP frames, one a message.
    pub async fn say(&self, frames: &[&str]) {
        let body = serde_json::to_string(frames).unwrap();
        assert_eq!(self.send_raw(body).await, (204, String::new()));
    }

    /// Opens the session and its STOMP session, by polls.
    pub async fn connect(&self) {
        assert_eq!(self.frame().await, "o");
        self.say(&[CONNECT]).await;
        let connected = self.messages().await;
        assert!(connected[0].starts_with("CONNECTED\n"), "{connected:?}");
    }

    /// Subscribes, and says what confirms it; the RECEIPT is left to be read.
    pub async fn ask_for(&self, destination: &str) {
        let frame = format!("SUBSCRIBE\nid:0\ndestination:{destination}\nreceipt:subscribed\n\n\0");
        self.say(&[&frame]).await;
    }

    /// Subscribes, and waits by polls until it has taken effect.
    pub async fn subscribe(&self, destination: &str) {
        self.ask_for(destination).await;
        assert_eq!(
            self.messages().await,
            ["RECEIPT\nreceipt-id:subscribed\n\n\0"]
        );
    }

    /// A client that has subscribed to the room, by polls.
    pub async fn in_room(node: &Node, customer: CustomerId) -> Self {
        let browser = Self::of(node, customer);
        browser.connect().await;
        browser.subscribe(ROOM).await;
        browser
    }

    pub async fn stream(&self, transport: &str) -> Stream {
        let method = match transport {
            "eventsource" => Method::GET,
            _ => Method::POST,
        };
        let response = self.request(method, transport).send().await.unwrap();
        assert_eq!(response.status(), 200);
        Stream {
            response,
            read: Vec::new(),
        }
    }

    /// An answer that the client does not read, of which its kernel takes little.
    pub async fn unread(&self, transport: &str) -> TcpStream {
        let url = Url::parse(&format!("{}/{transport}", self.base)).unwrap();
        let address = url.socket_addrs(|| None).unwrap()[0];
        let cookie = self.headers[header::COOKIE].to_str().unwrap();
        let request = format!(
            "POST {} HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\ncontent-length: 0\r\n\r\n",
            url.path()
        );
        let mut stream = narrow_connection(address).await;
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// A streaming answer that has brought its prelude.
    pub async fn streaming(&self) -> Stream {
        let mut stream = self.stream("xhr_streaming").await;
        assert_eq!(stream.line().await.unwrap(), "h".repeat(2048));
        stream
    }
}

/// An answer that goes on.
pub struct Stream {
    pub response: Response,
    read: Vec<u8>,
}

impl Stream {
    /// The next line without its end; nothing if the answer has ended.
    pub async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.read.iter().position(|octet| *octet == b'\n') {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                return Some(String::from_utf8(line[..end].to_vec()).unwrap());
            }
            let chunk = timeout(SOON, self.response.chunk()).await;
            match chunk.expect("nothing comes").unwrap() {
                Some(chunk) => self.read.extend_from_slice(&chunk),
                None => {
                    assert!(self.read.is_empty(), "the answer ends within a line");
                    return None;
                }
            }
        }
    }

    /// The next frame but heart-beats.
    pub async fn frame(&mut self) -> String {
        loop {
            let line = self.line().await.expect("the answer has ended");
            if line != "h" && line != r#"a["\n"]"# {
                return line;
            }
        }
    }

    /// The next messages.
    pub async fn messages(&mut self) -> Vec<String> {
        let frame = self.frame().await;
        messages(&frame).unwrap_or_else(|| panic!("expected messages: {frame}"))
    }
}

/// The messages of an `a` frame that are no heart-beats of STOMP; nothing if there are none.
pub fn messages(frame: &str) -> Option<Vec<String>> {
    let array = frame.strip_prefix('a')?;
    let mut messages: Vec<String> = serde_json::from_str(array).unwrap();
    messages.retain(|message| message != "\n");
    (!messages.is_empty()).then_some(messages)
}

/// The `seq` of a MESSAGE.
pub fn seq(message: &str) -> i64 {
    assert!(message.starts_with("MESSAGE\n"), "{message}");
    let (_, body) = message.split_once("\n\n").unwrap();
    let body: serde_json::Value = serde_json::from_str(body.trim_end_matches('\0')).unwrap();
    body["seq"].as_i64().unwrap()
}
