//! Those whom customer management asks, in process: they do what their traits promise, or are down when a test says so.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
};

use async_trait::async_trait;
use colloquy_chassis::{Clock, ServiceName};
use colloquy_contracts::Timestamp;
use colloquy_service_api::{
    CallError, Mailer, OneTimeCodes, SessionEnding,
    mailer::Mail,
    one_time_codes::{IssuedCode, OneTimeCode},
    session_ending::EndSessions,
};
use tokio::sync::{Notify, mpsc};

const LIFE_MILLIS: i64 = 300_000;
const TRIES: u32 = 5;

/// Whether somebody answers, refuses for now, or lets callers wait.
#[derive(Default)]
pub struct Health {
    down: AtomicBool,
    hanging: AtomicBool,
    back: Notify,
    called: Notify,
}

impl Health {
    pub fn set_down(&self, down: bool) {
        self.down.store(down, SeqCst);
    }

    pub fn set_hanging(&self, hanging: bool) {
        self.hanging.store(hanging, SeqCst);
        if !hanging {
            self.back.notify_waiters();
        }
    }

    /// Resolves when somebody has called, also before.
    pub async fn called(&self) {
        self.called.notified().await;
    }

    async fn check(&self, service: ServiceName) -> Result<(), CallError> {
        self.called.notify_one();
        loop {
            let back = self.back.notified();
            if !self.hanging.load(SeqCst) {
                break;
            }
            back.await;
        }
        if self.down.load(SeqCst) {
            return Err(CallError::Unavailable(service, None));
        }
        Ok(())
    }
}

/// Codes 100001, 100002 …, that live 300 s and die of five wrong tries.
pub struct Codes {
    pub health: Health,
    clock: Arc<dyn Clock>,
    made: AtomicU32,
    live: Mutex<HashMap<String, (IssuedCode, u32)>>,
}

impl Codes {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            health: Health::default(),
            clock,
            made: AtomicU32::new(100_000),
            live: Mutex::default(),
        }
    }

    /// How many codes were ever made.
    pub fn made(&self) -> u32 {
        self.made.load(SeqCst) - 100_000
    }

    fn new_code(&self, email: &str) -> IssuedCode {
        let number = self.made.fetch_add(1, SeqCst) + 1;
        let code = IssuedCode {
            otp_code: OneTimeCode(number.to_string()),
            status_message: "New code.".to_owned(),
            expires_at: Timestamp::from_millis(self.clock.now().millis() + LIFE_MILLIS),
        };
        let mut live = self.live.lock().unwrap();
        live.insert(email.to_lowercase(), (code.clone(), TRIES));
        code
    }

    fn live(&self, email: &str) -> Option<IssuedCode> {
        let live = self.live.lock().unwrap();
        let (code, _) = live.get(&email.to_lowercase())?;
        (self.clock.now() < code.expires_at).then(|| code.clone())
    }
}

#[async_trait]
impl OneTimeCodes for Codes {
    async fn generate(&self, email: &str) -> Result<IssuedCode, CallError> {
        self.health.check(ServiceName::Otp).await?;
        Ok(self.live(email).unwrap_or_else(|| self.new_code(email)))
    }

    async fn resend(&self, email: &str) -> Result<IssuedCode, CallError> {
        self.health.check(ServiceName::Otp).await?;
        Ok(self.new_code(email))
    }

    async fn validate(&self, email: &str, code: &OneTimeCode) -> Result<bool, CallError> {
        self.health.check(ServiceName::Otp).await?;
        let Some(right) = self.live(email) else {
            return Ok(false);
        };
        let email = email.to_lowercase();
        let mut live = self.live.lock().unwrap();
        let Some((_, tries)) = live.get_mut(&email) else {
            return Ok(false);
        };
        *tries -= 1;
        let fits = right.otp_code == *code;
        if fits || *tries == 0 {
            live.remove(&email);
        }
        Ok(fits)
    }
}

/// A mailer that hands what it takes to the test.
pub struct Post {
    pub health: Health,
    sent: mpsc::UnboundedSender<Mail>,
}

/// Sessions whose end is told to the test.
pub struct Sessions {
    pub ready: Health,
    pub ending: Health,
    ended: mpsc::UnboundedSender<EndSessions>,
}

impl Post {
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Mail>) {
        let (sent, mails) = mpsc::unbounded_channel();
        let health = Health::default();
        (Self { health, sent }, mails)
    }
}

impl Sessions {
    pub fn new() -> (Self, mpsc::UnboundedReceiver<EndSessions>) {
        let (ended, endings) = mpsc::unbounded_channel();
        let [ready, ending] = [(); 2].map(|()| Health::default());
        let sessions = Self {
            ready,
            ending,
            ended,
        };
        (sessions, endings)
    }
}

#[async_trait]
impl Mailer for Post {
    async fn send(&self, mail: &Mail) -> Result<(), CallError> {
        self.health.check(ServiceName::Mail).await?;
        self.sent.send(mail.clone()).unwrap();
        Ok(())
    }
}

#[async_trait]
impl SessionEnding for Sessions {
    async fn end_earlier(&self, ending: &EndSessions) -> Result<(), CallError> {
        self.ending.check(ServiceName::Auth).await?;
        self.ended.send(ending.clone()).unwrap();
        Ok(())
    }

    async fn ready(&self) -> Result<(), CallError> {
        self.ready.check(ServiceName::Auth).await
    }
}
