//! The services that customer management calls, in process: they do what their traits promise, or are down when a test says
//! so.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
};

use async_trait::async_trait;
use colloquy_chassis::{Clock, ServiceName};
use colloquy_contracts::{CustomerId, RoomId, Timestamp, views::ChatRoomView};
use colloquy_service_api::{
    CallError, Mailer, OneTimeCodes, RoomsOfCustomer, SessionEnding,
    mailer::Mail,
    one_time_codes::{Asking, IssuedCode, OneTimeCode, Requester, Typed},
    session_ending::EndSessions,
};
use tokio::sync::{Notify, mpsc};

const LIFE_MILLIS: i64 = 300_000;
const TRIES: u32 = 5;

/// Whether a service answers, refuses for now, or lets callers wait.
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

    /// Resolves after a call, also after one that came before.
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

/// Codes 100001, 100002 …, that live 300 s; each requester has five tries.
pub struct Codes {
    pub health: Health,
    clock: Arc<dyn Clock>,
    made: AtomicU32,
    compared: AtomicU32,
    live: Mutex<HashMap<String, Live>>,
}

struct Live {
    code: IssuedCode,
    askers: Vec<Asking>,
    tries: HashMap<String, u32>,
}

impl Live {
    fn has_tries(&self, requester: &Requester) -> bool {
        self.tries
            .get(&requester.0)
            .is_none_or(|tries| *tries < TRIES)
    }

    fn is_shared(&self, asking: &Asking) -> bool {
        let is_another = |asker: &Asking| !asking.names().any(|name| is_named(asker, name));
        self.askers.iter().any(is_another)
    }
}

fn is_named(asker: &Asking, name: &str) -> bool {
    asker.names().any(|one| one == name)
}

impl Codes {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            health: Health::default(),
            clock,
            made: AtomicU32::new(100_000),
            compared: AtomicU32::new(0),
            live: Mutex::default(),
        }
    }

    /// How many codes were ever made.
    pub fn made(&self) -> u32 {
        self.made.load(SeqCst) - 100_000
    }

    /// How many tries came here.
    pub fn compared(&self) -> u32 {
        self.compared.load(SeqCst)
    }

    fn new_code(&self, email: &str, asking: &Asking) -> IssuedCode {
        let number = self.made.fetch_add(1, SeqCst) + 1;
        let code = IssuedCode {
            otp_code: OneTimeCode(number.to_string()),
            status_message: "New code.".to_owned(),
            expires_at: Timestamp::from_millis(self.clock.now().millis() + LIFE_MILLIS),
            already_issued: false,
            shared: false,
        };
        let live = Live {
            code: code.clone(),
            askers: vec![asking.clone()],
            tries: HashMap::new(),
        };
        self.live.lock().unwrap().insert(email.to_lowercase(), live);
        code
    }

    fn reuse(&self, email: &str, asking: &Asking) -> Option<IssuedCode> {
        let mut live = self.live.lock().unwrap();
        let live = live.get_mut(&email.to_lowercase())?;
        let (has_tries, shared) = (live.has_tries(&asking.requester), live.is_shared(asking));
        if self.clock.now() >= live.code.expires_at || !(has_tries || shared) {
            return None;
        }
        if !has_tries {
            live.tries.remove(&asking.requester.0);
        }
        if asking.again || !has_tries {
            live.askers.push(asking.clone());
        }
        Some(IssuedCode {
            already_issued: has_tries,
            shared,
            ..live.code.clone()
        })
    }
}

#[async_trait]
impl OneTimeCodes for Codes {
    async fn generate(&self, email: &str, asking: &Asking) -> Result<IssuedCode, CallError> {
        self.health.check(ServiceName::Otp).await?;
        let reused = self.reuse(email, asking);
        Ok(reused.unwrap_or_else(|| self.new_code(email, asking)))
    }

    async fn resend(&self, email: &str, asking: &Asking) -> Result<IssuedCode, CallError> {
        self.health.check(ServiceName::Otp).await?;
        Ok(self.new_code(email, asking))
    }

    async fn validate(&self, email: &str, typed: &Typed) -> Result<bool, CallError> {
        self.health.check(ServiceName::Otp).await?;
        self.compared.fetch_add(1, SeqCst);
        let mut all = self.live.lock().unwrap();
        let Some(live) = all.get_mut(&email.to_lowercase()) else {
            return Ok(false);
        };
        let requester = &typed.requester.0;
        let has_tries = live.has_tries(&typed.requester);
        *live.tries.entry(requester.clone()).or_default() += 1;
        let is_asker = live.askers.iter().any(|asker| is_named(asker, requester));
        let is_alive = self.clock.now() < live.code.expires_at;
        let fits = is_alive && has_tries && live.code.otp_code == typed.otp_code;
        if !fits || (typed.only_asker && !is_asker) {
            return Ok(false);
        }
        all.remove(&email.to_lowercase());
        Ok(true)
    }
}

/// A mailer that hands what it takes to the test.
pub struct Post {
    pub health: Health,
    sent: mpsc::UnboundedSender<Mail>,
}

/// Sessions whose end is handed to the test.
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

/// All rooms, by the ids of their members.
#[derive(Default)]
pub struct Rooms {
    pub health: Health,
    pub members: Mutex<Vec<Vec<i64>>>,
}

#[async_trait]
impl RoomsOfCustomer for Rooms {
    async fn rooms_of(&self, customer: CustomerId) -> Result<Vec<ChatRoomView>, CallError> {
        self.health.check(ServiceName::ChatQuery).await?;
        let members = self.members.lock().unwrap();
        let rooms = members.iter().filter(|room| room.contains(&customer.0));
        Ok(rooms.map(|members| room_of(members)).collect())
    }
}

fn room_of(members: &[i64]) -> ChatRoomView {
    let members: Vec<CustomerId> = members.iter().copied().map(CustomerId).collect();
    ChatRoomView {
        room_id: RoomId(1),
        room_name: "Room".to_owned(),
        created_by: members[0],
        participant_ids: members,
        unread_status: BTreeMap::new(),
        last_message: None,
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
    }
}
