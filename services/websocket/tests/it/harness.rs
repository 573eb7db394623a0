//! Nodes of the push side on real TCP, and clients of them.

pub mod client;
pub mod events;
pub mod memory_log;
pub mod plain_http;

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};

use async_trait::async_trait;
use colloquy_chassis::{
    Clock as _, Lifecycle, SystemClock, http_server,
    identity::SessionId,
    keys::KeyFolder,
    readiness::Readiness,
    router::finish,
    session_token::{AUDIENCE, Algorithms, Claims, ISSUER, SessionVerifier},
};
use colloquy_contracts::{CustomerId, RoomId};
use colloquy_service_api::{
    CallError, MembershipCheck, RevocationList, RoomMembership, revocations::Revocations,
};
use colloquy_websocket::{Access, Settings, Websocket, router};
use tokio::{net::TcpListener, time::Instant};

use memory_log::MemoryLog;

pub const ALICE: CustomerId = CustomerId(1);
pub const BOB: CustomerId = CustomerId(2);
pub const CAROL: CustomerId = CustomerId(3);
pub const OUTSIDER: CustomerId = CustomerId(99);
/// The page that may connect.
pub const PAGE: &str = "http://localhost:8080";

/// How long a test waits for what must happen.
pub const SOON: Duration = Duration::from_secs(10);

/// Everybody but the outsider is in every room.
struct Rooms;

#[async_trait]
impl RoomMembership for Rooms {
    async fn is_member(&self, _: RoomId, customer: CustomerId) -> Result<bool, CallError> {
        Ok(customer != OUTSIDER)
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

    /// A node that listens, but may not follow the log yet.
    pub async fn unready(log: &MemoryLog, settings: Settings) -> Self {
        let (lifecycle, readiness) = (Lifecycle::default(), Readiness::default());
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
        let websocket = Websocket::start(
            Arc::new(log.clone()),
            access,
            Arc::new(SystemClock),
            settings,
            readiness.gate("event log"),
            &tasks,
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
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
        issued_at_millis: now * 1000,
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
