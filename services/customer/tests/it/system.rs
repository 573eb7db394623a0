//! The service with every service it calls, and clients that call it as they do through the gateway.

use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use colloquy_chassis::{
    Lifecycle, ServiceName, client_address::CLIENT_ADDRESS, clock::ManualClock,
};
use colloquy_contracts::{CustomerId, Timestamp};
use colloquy_credentials::identity::{Caller, Identity, SessionId};
use colloquy_customer::{
    Credentials, CustomerStore, Customers, Dependencies, HashingPool, HashingQueue, PasswordRule,
    ResetTicket, Settings, customer_store::SqlCustomerStore, router,
};
use colloquy_expiring_store::{EmbeddedExpiringStore, ExpiringStore};
use colloquy_service_api::{
    CredentialCheck as _, credential_check::Credential, mailer::Mail, session_ending::EndSessions,
};
use colloquy_sql::sqlite::SqliteDatabase;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{sync::mpsc::UnboundedReceiver, time::timeout};
use tower::ServiceExt as _;

use crate::{
    dependencies::{Codes, Post, Rooms, Sessions},
    parts::sqlite_database,
};

/// The session that user1 calls with.
pub const SESSION: SessionId = SessionId::from_bits(7);
/// A test that waits for longer will wait for ever.
const TEST_TIMEOUT: Duration = Duration::from_secs(20);

/// Holds whatever a test does at once.
const QUEUE: HashingQueue = HashingQueue {
    capacity: 200,
    max_wait: Duration::MAX,
};

/// What tests do not change.
pub const SETTINGS: Settings = Settings {
    passwords: PasswordRule { min: 8, max: 128 },
    secure_cookie: false,
    reset_without_ticket: true,
    code_requests_per_hour: 1000,
    confirms_per_hour: 1000,
    sign_ups_per_hour: 1000,
    searches_per_minute: 30,
    phone_searches_per_day: 200,
};

/// Customer management with the demo accounts, and handles on everything around it.
pub struct System {
    file: Option<(TempDir, SqliteDatabase)>,
    lifecycle: Lifecycle,
    pub clock: Arc<ManualClock>,
    pub credentials: Arc<Credentials>,
    pub customers: Arc<Customers>,
    pub confirmations: Arc<dyn ExpiringStore>,
    pub codes: Arc<Codes>,
    pub post: Arc<Post>,
    pub sessions: Arc<Sessions>,
    pub rooms: Arc<Rooms>,
    mails: UnboundedReceiver<Mail>,
    endings: UnboundedReceiver<EndSessions>,
}

impl System {
    pub async fn start() -> Self {
        Self::with(SETTINGS).await
    }

    pub async fn with(settings: Settings) -> Self {
        let lifecycle = Lifecycle::default();
        let confirmations = Arc::new(EmbeddedExpiringStore::start(&lifecycle.tasks()));
        Self::build(settings, confirmations, lifecycle).await
    }

    pub async fn build(
        settings: Settings,
        confirmations: Arc<dyn ExpiringStore>,
        lifecycle: Lifecycle,
    ) -> Self {
        let (folder, database) = sqlite_database().await;
        let store = SqlCustomerStore::open(database.clone()).await.unwrap();
        let system = Self::on(Arc::new(store), settings, confirmations, lifecycle).await;
        Self {
            file: Some((folder, database)),
            ..system
        }
    }

    pub async fn on(
        store: Arc<dyn CustomerStore>,
        settings: Settings,
        confirmations: Arc<dyn ExpiringStore>,
        lifecycle: Lifecycle,
    ) -> Self {
        let clock = Arc::new(ManualClock::at(Timestamp::from_millis(1_700_000_000_000)));
        let hashing = HashingPool::start(NonZeroUsize::MIN, QUEUE).unwrap();
        let credentials = Credentials::new(store, hashing);
        let codes = Arc::new(Codes::new(clock.clone()));
        let ((post, mails), (sessions, endings)) = (Post::new(), Sessions::new());
        let (post, sessions) = (Arc::new(post), Arc::new(sessions));
        let rooms = Arc::new(Rooms::default());
        let dependencies = Dependencies {
            codes: codes.clone(),
            mailer: post.clone(),
            sessions: sessions.clone(),
            confirmations: confirmations.clone(),
            rooms: rooms.clone(),
            new_ticket: ResetTicket::random,
        };
        let customers = Customers::start(
            credentials.clone(),
            dependencies,
            settings,
            clock.clone(),
            &lifecycle.tasks(),
        );
        assert!(customers.seed_demo().await.unwrap());
        Self {
            file: None,
            lifecycle,
            clock,
            credentials,
            customers,
            confirmations,
            codes,
            post,
            sessions,
            rooms,
            mails,
            endings,
        }
    }

    /// Stops in order: what was begun is brought to its end.
    pub async fn stop(&mut self) {
        let signals = AtomicUsize::new(0);
        let signal = || {
            let first = signals.fetch_add(1, SeqCst) == 0;
            async move {
                if !first {
                    std::future::pending::<()>().await;
                }
            }
        };
        std::mem::take(&mut self.lifecycle)
            .run_until(signal)
            .await
            .unwrap();
    }

    /// Another process on the same store, after this one was killed.
    pub async fn restarted(self) -> Self {
        self.lifecycle.run_until(|| async {}).await.unwrap();
        drop(self.customers);
        let lifecycle = Lifecycle::default();
        let ((post, mails), (sessions, endings)) = (Post::new(), Sessions::new());
        let (post, sessions) = (Arc::new(post), Arc::new(sessions));
        let dependencies = Dependencies {
            codes: self.codes.clone(),
            mailer: post.clone(),
            sessions: sessions.clone(),
            confirmations: self.confirmations.clone(),
            rooms: self.rooms.clone(),
            new_ticket: ResetTicket::random,
        };
        let customers = Customers::start(
            self.credentials.clone(),
            dependencies,
            SETTINGS,
            self.clock.clone(),
            &lifecycle.tasks(),
        );
        Self {
            customers,
            post,
            sessions,
            mails,
            endings,
            lifecycle,
            ..self
        }
    }

    /// The embedded store's.
    pub fn database(&self) -> &SqliteDatabase {
        let (_, database) = self.file.as_ref().expect("the store is embedded");
        database
    }

    pub fn advance_seconds(&self, seconds: i64) {
        self.clock.advance_millis(seconds * 1000);
    }

    /// The next mail, whenever it comes.
    pub async fn mail(&mut self) -> Mail {
        let mail = timeout(TEST_TIMEOUT, self.mails.recv());
        mail.await.expect("a mail is sent").unwrap()
    }

    /// The code of the next mail.
    pub async fn mailed_code(&mut self) -> String {
        let mail = self.mail().await;
        let code = mail.body.split(|c: char| !c.is_ascii_digit());
        code.into_iter()
            .find(|word| word.len() == 6)
            .expect("the mail holds a code")
            .to_owned()
    }

    /// Whether the test has taken every mail that was sent.
    pub fn no_mail(&mut self) -> bool {
        self.mails.is_empty()
    }

    /// The next sessions that end, whenever they do.
    pub async fn ending(&mut self) -> EndSessions {
        let ending = timeout(TEST_TIMEOUT, self.endings.recv());
        ending.await.expect("sessions end").unwrap()
    }

    pub fn no_ending(&mut self) -> bool {
        self.endings.is_empty()
    }

    /// Whether this is the password of a demo account.
    pub async fn is_password(&self, username: &str, password: &str) -> bool {
        let credential = Credential {
            username: username.to_owned(),
            password: password.to_owned(),
        };
        let account = self.credentials.check(&credential).await.unwrap();
        account.is_some()
    }

    /// How many limits the store counts.
    pub async fn limits(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM customer_rate_limits")
            .fetch_one(&self.database().readers)
            .await
            .unwrap()
    }

    /// What of the store's endings is left over.
    pub async fn endings_left(&self) -> usize {
        let store = SqlCustomerStore::open(self.database().clone())
            .await
            .unwrap();
        let later = Timestamp::from_millis(i64::MAX / 2);
        store.endings_due(later).await.unwrap().len()
    }
}

/// A person at a browser.
#[derive(Clone)]
pub struct Client {
    pub customer: Option<i64>,
    pub address: &'static str,
    pub agent: Option<&'static str>,
    pub cookie: Option<String>,
}

/// An answer with its headers, the request's id apart.
#[derive(Debug, PartialEq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

pub const BROWSER: Client = Client {
    customer: None,
    address: "192.0.2.1",
    agent: Some("Mozilla/5.0 (an)"),
    cookie: None,
};

pub const USER1: Client = Client {
    customer: Some(1),
    ..BROWSER
};

impl Client {
    pub fn with_cookie(&self, value: &str) -> Self {
        Self {
            cookie: Some(format!("theme=dark; reset_ticket={value}")),
            ..self.clone()
        }
    }

    /// With the cookie that an answer set.
    pub fn keeping(&self, answer: &Answer) -> Self {
        let (cookie, _) = answer.set_cookie().split_once(';').unwrap();
        Self {
            cookie: Some(cookie.to_owned()),
            ..self.clone()
        }
    }

    pub async fn post(&self, system: &System, path: &str, body: Value) -> Answer {
        self.send(system, Method::POST, path, body.to_string())
            .await
    }

    pub async fn get(&self, system: &System, path: &str) -> Answer {
        self.send(system, Method::GET, path, String::new()).await
    }

    async fn send(&self, system: &System, method: Method, path: &str, body: String) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/json")
            .header(CLIENT_ADDRESS, self.address);
        if let Some(agent) = self.agent {
            request = request.header(header::USER_AGENT, agent);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie.as_bytes());
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(Identity {
            service: ServiceName::ApiGateway,
            caller: self.customer.map(|id| Caller {
                customer_id: CustomerId(id),
                full_name: "An".to_owned(),
                session_id: SESSION,
            }),
        });
        let router = router(Arc::clone(&system.customers));
        let response = router.oneshot(request).await.unwrap();
        let (mut parts, body) = response.into_parts();
        parts.headers.remove("x-request-id").unwrap();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: serde_json::from_slice(&body).unwrap(),
        }
    }
}

impl Answer {
    /// The envelope of a success.
    #[track_caller]
    pub fn assert_done(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        assert_eq!(self.body["success"], true, "{}", self.body);
        self
    }

    /// The envelope of a refusal.
    #[track_caller]
    pub fn assert_refused(self, expected: u16) -> Self {
        assert_eq!(self.status.as_u16(), expected, "{}", self.body);
        assert_eq!(self.body["success"], false, "{}", self.body);
        assert_eq!(self.body["data"], Value::Null, "{}", self.body);
        let message = self.body["message"].as_str().unwrap_or_default();
        assert!(message.ends_with('.'), "{}", self.body);
        self
    }

    /// A refusal that says how many seconds to wait.
    #[track_caller]
    pub fn assert_wait(self, expected: u16, seconds: u32) -> Self {
        let answer = self.assert_refused(expected);
        assert_eq!(answer.headers["retry-after"], seconds.to_string());
        answer
    }

    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap()
    }

    /// The same for every client: without the cookie that tells one from another.
    pub fn without_cookie(mut self) -> Self {
        assert!(self.set_cookie().starts_with("reset_requester="));
        self.headers.remove("set-cookie");
        self
    }

    pub fn set_cookie(&self) -> &str {
        self.headers["set-cookie"].to_str().unwrap()
    }
}
