//! Nodes of the push side on real TCP, and clients of them.

pub mod client;
pub mod events;
pub mod ground;
pub mod memory_log;
pub mod plain_http;

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use colloquy_chassis::{
    Clock as _, Lifecycle, SystemClock, Tasks, http_server, readiness::Readiness, router::finish,
};
use colloquy_contracts::{CustomerId, RoomId, SessionNumber, Timestamp, views::ChatRoomView};
use colloquy_credentials::{
    identity::SessionId,
    keys::KeyFolder,
    session_algorithm::Algorithms,
    session_token::{AUDIENCE, Claims, ISSUER},
    session_verifier::SessionVerifier,
};
use colloquy_expiring_store::{
    EmbeddedExpiringStore, ExpiringStore, RedisExpiringStore, expiring_store::redis::RedisSettings,
};
use colloquy_service_api::{
    CallError, MembershipCheck, RevocationList, RoomMembership, RoomsOfCustomer,
    revocations::Revocations,
};
use colloquy_websocket::{Access, Dependencies, Settings, Websocket, router};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    runtime::Runtime,
    sync::Notify,
    time::Instant,
};

use memory_log::MemoryLog;

pub const ALICE: CustomerId = CustomerId(1);
pub const BOB: CustomerId = CustomerId(2);
pub const CAROL: CustomerId = CustomerId(3);
pub const OUTSIDER: CustomerId = CustomerId(99);
/// The page that may connect.
pub const PAGE: &str = "http://localhost:8080";

/// What the kernel keeps for a narrow connection, about.
pub const NARROW: u32 = 8 * 1024;

/// How long a test waits for what must happen.
pub const SOON: Duration = Duration::from_secs(10);

/// All but the outsider are in every room.
pub struct Rooms;

#[async_trait]
impl RoomMembership for Rooms {
    async fn is_member(&self, _: RoomId, customer: CustomerId) -> Result<bool, CallError> {
        Ok(customer != OUTSIDER)
    }
}

/// All but the outsider are in room 1; Alice is not in room 2, though nothing else knows that.
#[async_trait]
impl RoomsOfCustomer for Rooms {
    async fn rooms_of(&self, customer: CustomerId) -> Result<Vec<ChatRoomView>, CallError> {
        let rooms = [room(1, &[ALICE, BOB, CAROL]), room(2, &[BOB, CAROL])];
        let is_theirs = |room: &ChatRoomView| room.participant_ids.contains(&customer);
        Ok(rooms.into_iter().filter(is_theirs).collect())
    }
}

/// A room of these.
pub fn room(id: i64, participants: &[CustomerId]) -> ChatRoomView {
    ChatRoomView {
        room_id: RoomId(id),
        room_name: format!("Room {id}"),
        participant_ids: participants.to_vec(),
        unread_status: Default::default(),
        last_message: None,
        created_by: ALICE,
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
    }
}

/// What several nodes stand on.
#[derive(Clone)]
pub struct Ground {
    pub log: MemoryLog,
    pub store: Store,
    pub rooms: Arc<dyn RoomsOfCustomer>,
    pub settings: Settings,
}

/// Where presence and typing are held.
#[derive(Clone)]
pub enum Store {
    /// In this process, for all nodes.
    Shared(Arc<dyn ExpiringStore>),
    /// In Redis: each node has connections of its own.
    Redis(RedisSettings),
}

impl Store {
    /// As a node uses it.
    pub fn open(self, tasks: &Tasks) -> Arc<dyn ExpiringStore> {
        match self {
            Self::Shared(store) => store,
            Self::Redis(settings) => Arc::new(RedisExpiringStore::start(settings, tasks).unwrap()),
        }
    }
}

/// One node of the push side.
pub struct Node {
    pub address: SocketAddr,
    pub websocket: Arc<Websocket>,
    pub lifecycle: Lifecycle,
    pub readiness: Readiness,
    pub revocations: RevocationList,
}

impl Node {
    /// A node that follows the log.
    pub async fn start(log: &MemoryLog) -> Self {
        Self::with(log, Settings::default()).await
    }

    /// The same with other settings.
    pub async fn with(log: &MemoryLog, settings: Settings) -> Self {
        let node = Self::unready(log, settings).await;
        eventually(|| node.readiness.waiting_for().is_empty()).await;
        node
    }

    /// The same where the kernel takes little that a client does not read.
    pub async fn narrow(log: &MemoryLog, settings: Settings) -> Self {
        let (lifecycle, ground) = alone(log, settings);
        Self::narrowly(lifecycle, ground).await
    }

    /// The same beside others.
    pub async fn narrow_on(ground: &Ground) -> Self {
        Self::narrowly(Lifecycle::default(), ground.clone()).await
    }

    async fn narrowly(lifecycle: Lifecycle, ground: Ground) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        // Connections inherit it. The kernel doubles it.
        socket.set_send_buffer_size(NARROW).unwrap();
        socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let node = Self::begin(lifecycle, ground, socket.listen(128).unwrap());
        eventually(|| node.readiness.waiting_for().is_empty()).await;
        node
    }

    /// A node that listens, but may not follow the log yet.
    pub async fn unready(log: &MemoryLog, settings: Settings) -> Self {
        let (lifecycle, ground) = alone(log, settings);
        Self::begin(lifecycle, ground, listener().await)
    }

    /// A node beside others.
    pub async fn on(ground: &Ground) -> Self {
        let node = Self::begin(Lifecycle::default(), ground.clone(), listener().await);
        eventually(|| node.readiness.waiting_for().is_empty()).await;
        node
    }

    /// Tells the node to stop, and answers when it has.
    pub async fn stop(self) {
        let signal = Notify::new();
        signal.notify_one();
        let stopped = self.lifecycle.run_until(|| signal.notified()).await;
        stopped.unwrap();
    }

    fn begin(lifecycle: Lifecycle, ground: Ground, listener: TcpListener) -> Self {
        let readiness = Readiness::default();
        let tasks = lifecycle.tasks();
        let revocations = RevocationList::default();
        revocations.apply(&nothing_new(), later());
        let access = Access {
            revocations: revocations.clone(),
            verifier: SessionVerifier::load(keys(), &Algorithms::default(), Arc::new(SystemClock))
                .unwrap(),
            membership: MembershipCheck::new(Arc::new(Rooms), Arc::new(Rooms)),
            origins: colloquy_chassis::origins::Origins::new([PAGE.to_owned()]),
        };
        let dependencies = Dependencies {
            log: Arc::new(ground.log),
            expiring_store: ground.store.open(&tasks),
            rooms: ground.rooms,
            access,
            clock: Arc::new(SystemClock),
        };
        let gate = readiness.gate("event log");
        let websocket = Websocket::start(dependencies, ground.settings, gate, &tasks);
        let address = listener.local_addr().unwrap();
        let routes = finish(router(Arc::clone(&websocket)));
        tasks.spawn(http_server::serve(listener, routes, tasks.clone()));
        Self {
            address,
            websocket,
            lifecycle,
            readiness,
            revocations,
        }
    }
}

/// What a node stands on that shares nothing but the log.
fn alone(log: &MemoryLog, settings: Settings) -> (Lifecycle, Ground) {
    let lifecycle = Lifecycle::default();
    let ground = Ground {
        log: log.clone(),
        store: Store::Shared(Arc::new(EmbeddedExpiringStore::start(&lifecycle.tasks()))),
        rooms: Arc::new(Rooms),
        settings,
    };
    (lifecycle, ground)
}

async fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// A node that can die from one moment to the next: it has threads of its own.
pub struct Mortal {
    pub node: Node,
    runtime: Option<Runtime>,
}

impl Mortal {
    /// A node beside others.
    pub async fn on(ground: &Ground) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let ground = ground.clone();
        let node = runtime.spawn(async move { Node::on(&ground).await });
        Self {
            node: node.await.unwrap(),
            runtime: Some(runtime),
        }
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A connection whose client's kernel takes little that is not read.
pub async fn narrow_connection(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(NARROW).unwrap();
    socket.connect(address).await.unwrap()
}

/// A reading of the revocation log in which nothing was.
pub fn nothing_new() -> Revocations {
    Revocations {
        is_end: true,
        ..Revocations::default()
    }
}

/// A list that was read then is fresh for all of a test.
pub fn later() -> Instant {
    Instant::now() + Duration::from_secs(3600)
}

/// The one session of a customer.
pub fn session_id(customer: CustomerId) -> SessionId {
    SessionId::from_bits(customer.0.unsigned_abs().into())
}

/// A token that is valid for so many seconds.
pub fn token(customer: CustomerId, seconds: i64) -> String {
    let now = SystemClock.now().seconds();
    let claims = Claims {
        sub: format!("user{customer}"),
        customer_id: customer.to_string(),
        full_name: format!("User {customer}"),
        roles: vec!["ROLE_USER".into()],
        iat: now,
        session_number: SessionNumber(1),
        exp: now + seconds,
        jti: session_id(customer).to_string(),
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
    };
    let (kid, pem) = keys().session_private().unwrap();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    header.kid = Some(kid);
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(&pem).unwrap();
    jsonwebtoken::encode(&header, &claims, &key).unwrap()
}

/// Making an RSA key takes a while: one is enough.
fn keys() -> &'static KeyFolder {
    static KEYS: OnceLock<(tempfile::TempDir, KeyFolder)> = OnceLock::new();
    let (_, folder) = KEYS.get_or_init(|| {
        let place = tempfile::tempdir().unwrap();
        let folder = KeyFolder::new(place.path());
        folder.complete("test").unwrap();
        (place, folder)
    });
    folder
}

/// Waits until something holds.
pub async fn eventually(mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(SOON, waiting)
        .await
        .expect("what must happen does not happen");
}
