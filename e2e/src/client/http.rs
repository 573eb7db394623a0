//! The REST calls of the contract: typed, for tests that trust the answer, and raw, for tests of the answer.

use std::net::{IpAddr, Ipv4Addr};

use anyhow::{Context as _, Result, ensure};
use reqwest::{
    Method, RequestBuilder,
    header::{self, HeaderMap},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// The header that makes a repeated command harmless.
pub const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// A client with at most one session. The cookie is kept by hand, so that tests can forge it.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    token: Option<String>,
}

/// An HTTP answer as it came.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; a JSON string of the text when it was no JSON.
    pub body: Value,
}

/// Why a call brought nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The system answered, and the answer was no.
    #[error("refused with {}: {}", .0.status, .0.body)]
    Refused(Box<Answer>),
    /// No answer, or half of one: the command may or may not have been carried out.
    #[error("outcome unknown")]
    Unknown(#[from] reqwest::Error),
    /// A success whose data is not what the contract says.
    #[error("a success that breaks the contract: {0}")]
    Malformed(String),
}

/// What `POST /command/message` answers.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sent {
    /// The new message.
    pub message_id: i64,
    /// Its room.
    pub room_id: i64,
    /// Its place in the room.
    pub seq: i64,
    /// When it was recorded.
    pub sent_at: String,
}

/// A message of history, or pushed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Message {
    /// The message.
    pub message_id: i64,
    /// Its room.
    pub room_id: i64,
    /// Who sent it.
    pub sender_id: i64,
    /// The sender's name.
    pub sender_full_name: String,
    /// The text.
    pub content: String,
    /// When it was recorded.
    pub sent_at: String,
    /// Its place in the room.
    pub seq: i64,
    /// What its sender knows it by.
    pub client_key: Option<String>,
}

/// A room as its members see it; whole, as JSON, where a test looks closer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RoomView {
    /// The room.
    pub room_id: i64,
    /// Its name.
    pub room_name: String,
    /// The members of the room.
    pub participant_ids: Vec<i64>,
    /// Unread or not, by customer id as text.
    pub unread_status: std::collections::BTreeMap<String, bool>,
    /// The newest message.
    pub last_message: Option<LastMessage>,
    /// Created or last written in.
    pub updated_at: String,
}

/// The newest message of a [`RoomView`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastMessage {
    /// The message.
    pub message_id: i64,
    /// Who sent it.
    pub sender_id: i64,
    /// The text.
    pub content: String,
    /// When it was recorded.
    pub sent_at: String,
    /// Its place in the room.
    pub seq: i64,
}

impl Answer {
    /// Keeps the body as JSON where it is JSON.
    #[must_use]
    pub fn new(status: u16, headers: HeaderMap, body: &[u8]) -> Self {
        let body = serde_json::from_slice(body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()));
        Self {
            status,
            headers,
            body,
        }
    }

    /// A header's text; `None` when it is absent or no text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The `data` of the envelope; null when there is none.
    #[must_use]
    pub fn data(&self) -> &Value {
        &self.body["data"]
    }

    /// The value of the `Set-Cookie` that sets `jwt_token`.
    #[must_use]
    pub fn session_cookie(&self) -> Option<&str> {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .find(|value| value.starts_with("jwt_token="))
    }

    pub(super) fn parsed<T: DeserializeOwned>(self) -> Result<T, CallError> {
        if self.status != 200 {
            return Err(CallError::Refused(Box::new(self)));
        }
        T::deserialize(self.data())
            .map_err(|error| CallError::Malformed(format!("{error} in {}", self.body)))
    }
}

impl Client {
    /// A client of the system at `url`, without a session.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn new(url: &str) -> Result<Self> {
        Ok(Self {
            http: reqwest::Client::builder().no_proxy().build()?,
            url: url.to_owned(),
            token: None,
        })
    }

    /// The same client on another address of this machine (`127.0.0.2` and so on), without a session.
    ///
    /// # Errors
    /// The HTTP client cannot be built.
    pub fn on(&self, address: Ipv4Addr) -> Result<Self> {
        Ok(Self {
            http: reqwest::Client::builder()
                .no_proxy()
                .local_address(IpAddr::V4(address))
                .build()?,
            url: self.url.clone(),
            token: None,
        })
    }

    /// The same client with this in its cookie, whatever it is.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// What the cookie holds.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The system's address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Logs in, and gives the client with the session.
    ///
    /// # Errors
    /// The login was refused, or there was no answer.
    pub async fn login(&self, username: &str, password: &str) -> Result<Self> {
        let body = json!({"username": username, "password": password});
        let answer = self.post("/auth/login", &body).await?;
        ensure!(answer.status == 200, "login of {username}: {answer:?}");
        let cookie = answer.session_cookie().context("a login sets a cookie")?;
        let pair = cookie.split(';').next().unwrap_or_default();
        let token = pair.strip_prefix("jwt_token=").unwrap_or_default();
        Ok(self.with_token(token))
    }

    /// Creates a room with these customers and the caller.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn create_room(&self, name: &str, with: &[i64]) -> Result<i64, CallError> {
        let body = json!({"roomName": name, "targetCustomerIds": with});
        self.post("/command/room", &body).await?.parsed()
    }

    /// [`Client::create_room`] under a key, so that it may be tried again.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn create_room_once(
        &self,
        name: &str,
        with: &[i64],
        key: &str,
    ) -> Result<i64, CallError> {
        let body = json!({"roomName": name, "targetCustomerIds": with});
        let request = self.request(Method::POST, "/command/room").json(&body);
        self.fetch(request.header(IDEMPOTENCY_KEY, key))
            .await?
            .parsed()
    }

    /// Moves the caller's read marker to a message, under a key.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn mark_read(&self, room: i64, message: i64, key: &str) -> Result<(), CallError> {
        let body = json!({"roomId": room, "messageId": message});
        let request = self.request(Method::POST, "/command/read").json(&body);
        self.fetch(request.header(IDEMPOTENCY_KEY, key))
            .await?
            .parsed()
    }

    /// Sends a message, under a key when one is given.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn send(
        &self,
        room: i64,
        content: &str,
        key: Option<&str>,
    ) -> Result<Sent, CallError> {
        self.send_raw(room, content, key).await?.parsed()
    }

    /// [`Client::send`] for those who look at the answer itself.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn send_raw(
        &self,
        room: i64,
        content: &str,
        key: Option<&str>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self
            .request(Method::POST, "/command/message")
            .json(&json!({"roomId": room, "content": content}));
        if let Some(key) = key {
            request = request.header(IDEMPOTENCY_KEY, key);
        }
        self.fetch(request).await
    }

    /// The caller's rooms, newest first.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn rooms(&self) -> Result<Vec<RoomView>, CallError> {
        self.get("/query/rooms").await?.parsed()
    }

    /// The latest 20 messages, newest first.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn history(&self, room: i64) -> Result<Vec<Message>, CallError> {
        let path = format!("/query/message/roomId/{room}");
        self.get(&path).await?.parsed()
    }

    /// The latest 20 messages of a view that has at least this seq.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn history_from(&self, room: i64, min_seq: i64) -> Result<Vec<Message>, CallError> {
        let path = format!("/query/message/roomId/{room}?minSeq={min_seq}");
        self.get(&path).await?.parsed()
    }

    /// The 20 messages before a message, newest first.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn history_before(&self, room: i64, message: i64) -> Result<Vec<Message>, CallError> {
        let path = format!("/query/message/roomId/{room}/index/{message}");
        self.get(&path).await?.parsed()
    }

    /// The messages before a message, or the latest, newest first; up to 100 at a time, which is ours.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn history_page(
        &self,
        room: i64,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<Message>, CallError> {
        let index = before.map_or_else(String::new, |message| format!("/index/{message}"));
        let path = format!("/query/message/roomId/{room}{index}?limit={limit}");
        self.get(&path).await?.parsed()
    }

    /// Every message of the room, oldest first, page by page.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn whole_history(&self, room: i64) -> Result<Vec<Message>, CallError> {
        let mut page = self.history(room).await?;
        let mut all = Vec::new();
        while let Some(oldest) = page.last().map(|message| message.message_id) {
            all.append(&mut page);
            page = self.history_before(room, oldest).await?;
        }
        all.reverse();
        Ok(all)
    }

    /// `GET path`.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn get(&self, path: &str) -> Result<Answer, reqwest::Error> {
        self.fetch(self.request(Method::GET, path)).await
    }

    /// `POST path` with a JSON body.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, reqwest::Error> {
        self.fetch(self.request(Method::POST, path).json(body))
            .await
    }

    /// A request to be completed by the caller, with the cookie already on it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.token {
            Some(token) => request.header(header::COOKIE, format!("jwt_token={token}")),
            None => request,
        }
    }

    /// Sends a request of [`Client::request`].
    ///
    /// # Errors
    /// There was no answer.
    pub async fn fetch(&self, request: RequestBuilder) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await?;
        Ok(Answer::new(status, headers, &body))
    }
}
