//! The service, running on embedded or on real parts.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use axum::{Router, body::Body, http::Request};
use colloquy_chassis::{Clock as _, Lifecycle, ServiceName, SystemClock, readiness::Readiness};
use colloquy_chat_query::{
    ChatQuery, Dependencies, RebuildStore, SqliteViewStore, ViewMembership, ViewStore,
    batch::Batch, projector::GROUP, router,
};
use colloquy_contracts::{CustomerId, RoomId, Topic};
use colloquy_credentials::identity::{Caller, Identity, SessionId};
use colloquy_event_log::{
    AuditTrail, EmbeddedLog, EventLog, NewEvent, TailReader,
    event_log::kafka::{KafkaLog, KafkaSettings},
};
use colloquy_expiring_store::{EmbeddedExpiringStore, ExpiringStore};
use colloquy_service_api::{CallError, MembershipCheck, RoomMembership};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::{mongodb, parts, sqlite};

/// Nothing here takes longer, unless it is broken.
const DEADLINE: Duration = Duration::from_secs(30);

/// The parts a service stands on.
pub struct Parts {
    pub store: Arc<dyn ViewStore>,
    pub log: Arc<dyn EventLog>,
    /// The same views, opened by another process that rebuilds them.
    pub rebuilding: Arc<dyn RebuildStore>,
    pub trail: Arc<dyn AuditTrail>,
    embedded: Option<(TempDir, EmbeddedLog)>,
    /// The MongoDB database of the views, if they are in one.
    database: Option<String>,
}

impl Parts {
    /// How long the views may be gone while a rebuild replaces them. The stand-in for MongoDB drops a collection before it
    /// renames the next one, which MongoDB itself does in one step.
    pub fn gap(&self) -> Duration {
        match self.database {
            Some(_) => Duration::from_secs(1),
            None => Duration::ZERO,
        }
    }

    pub async fn embedded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let announced = sqlite::outbox(folder.path(), "views.db").await;
        let store = SqliteViewStore::open(announced.clone()).await.unwrap();
        let write = sqlite::outbox(folder.path(), "write.db").await;
        let log = EmbeddedLog::new(write, announced);
        // As another process opens it.
        let views = sqlite::outbox(folder.path(), "views.db").await;
        Self {
            store: Arc::new(store),
            log: Arc::new(log.clone()),
            rebuilding: Arc::new(SqliteViewStore::open(views).await.unwrap()),
            trail: Arc::new(log.clone()),
            embedded: Some((folder, log)),
            database: None,
        }
    }

    pub async fn distributed() -> Self {
        let mut settings = KafkaSettings::new(parts::address("COLLOQUY_TEST_KAFKA"));
        settings.partitions = 2;
        settings.topic_prefix = parts::unique("query");
        let log = Arc::new(KafkaLog::connect(settings).await.unwrap());
        Self::on_mongodb(log.clone(), log).await
    }

    /// Other parts, which hold nothing.
    pub async fn of_the_same_kind(&self) -> Self {
        if self.embedded.is_some() {
            Self::embedded().await
        } else {
            Self::distributed().await
        }
    }

    /// The same log with views in a database of their own, which holds nothing.
    pub async fn with_a_fresh_database(&self) -> Self {
        Self::on_mongodb(Arc::clone(&self.log), Arc::clone(&self.trail)).await
    }

    async fn on_mongodb(log: Arc<dyn EventLog>, trail: Arc<dyn AuditTrail>) -> Self {
        let database = parts::unique("views");
        Self {
            store: Arc::new(mongodb::store(&database).await),
            log,
            rebuilding: Arc::new(mongodb::store(&database).await),
            trail,
            embedded: None,
            database: Some(database),
        }
    }

    /// Drops all views with the notes beside them, as an operator would.
    pub async fn wipe(&self) {
        mongodb::drop_database(self.database.as_ref().unwrap()).await;
    }

    /// Other views, of the same log, and the folder they are in.
    pub async fn projected_afresh(&self) -> (Arc<dyn ViewStore>, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let announced = sqlite::outbox(folder.path(), "views.db").await;
        let store = SqliteViewStore::open(announced).await.unwrap();
        let mut trail = self.trail.read_from_beginning().await.unwrap();
        loop {
            let records = trail.next(100).await.unwrap();
            if records.is_empty() {
                return (Arc::new(store), folder);
            }
            let mut batch = Batch::read_out_of_turn(&records, SystemClock.now());
            let rooms = store.load_rooms(&batch.rooms()).await.unwrap();
            store.save(&batch.fold(rooms)).await.unwrap();
        }
    }

    /// Whether so many events of the embedded log are projected.
    pub async fn log_is_projected(&self, events: usize) -> bool {
        let (_, log) = self.embedded.as_ref().unwrap();
        log.position(GROUP).await.unwrap() == i64::try_from(events).unwrap()
    }

    /// Appends until it is durable.
    pub async fn append(&self, events: &[NewEvent]) {
        let durable = self.log.append(events).await.unwrap();
        assert!(durable.into_iter().all(|one| one));
    }

    pub async fn announcements(&self) -> Announcements {
        Announcements(self.log.tail(&Topic::ANNOUNCED).await.unwrap())
    }

    pub fn start(&self) -> Service {
        self.start_with(Arc::clone(&self.store), Arc::clone(&self.log))
    }

    /// Starts a service on other parts than these.
    pub fn start_with(&self, store: Arc<dyn ViewStore>, log: Arc<dyn EventLog>) -> Service {
        Service::start(store, log, Truth::default())
    }
}

/// What is announced, from the moment it was asked for.
pub struct Announcements(Box<dyn TailReader>);

impl Announcements {
    /// The event ids and values of the next `count` announcements, in the order of their ids.
    pub async fn next(&mut self, count: usize) -> Vec<(String, Value)> {
        let mut announced = Vec::new();
        while announced.len() < count {
            let records = tokio::time::timeout(DEADLINE, self.0.next(count - announced.len()));
            announced.extend(records.await.expect("announced in time").unwrap());
        }
        let mut announced: Vec<_> = announced
            .into_iter()
            .map(|one| (one.event_id, serde_json::from_slice(&one.payload).unwrap()))
            .collect();
        announced.sort_by(|(one, _), (other, _)| one.cmp(other));
        announced
    }
}

/// What chat command would say of memberships.
#[derive(Default)]
pub struct Truth {
    pub members: HashSet<(RoomId, CustomerId)>,
    pub is_down: bool,
}

#[async_trait]
impl RoomMembership for Truth {
    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, CallError> {
        if self.is_down {
            return Err(CallError::Unavailable(ServiceName::ChatCommand, None));
        }
        Ok(self.members.contains(&(room, customer)))
    }
}

pub struct Service {
    router: Router,
    pub expiring_store: Arc<dyn ExpiringStore>,
    lifecycle: Lifecycle,
    readiness: Readiness,
}

impl Service {
    pub fn start(store: Arc<dyn ViewStore>, log: Arc<dyn EventLog>, truth: Truth) -> Self {
        let lifecycle = Lifecycle::default();
        let expiring_store = Arc::new(EmbeddedExpiringStore::start(&lifecycle.tasks()));
        Self::start_with(lifecycle, expiring_store, (store, log), truth)
    }

    /// The same with another place for what lives for a time.
    pub fn start_with(
        lifecycle: Lifecycle,
        expiring_store: Arc<dyn ExpiringStore>,
        (store, log): (Arc<dyn ViewStore>, Arc<dyn EventLog>),
        truth: Truth,
    ) -> Self {
        let readiness = Readiness::default();
        let view = Arc::new(ViewMembership(Arc::clone(&store)));
        let membership = MembershipCheck::new(view, Arc::new(truth));
        let gate = readiness.gate("projector");
        let dependencies = Dependencies {
            store,
            log,
            expiring_store: Arc::clone(&expiring_store),
            membership,
            clock: Arc::new(SystemClock),
        };
        let query = ChatQuery::start(dependencies, &lifecycle.tasks(), gate);
        Self {
            router: router(query),
            expiring_store,
            lifecycle,
            readiness,
        }
    }

    /// Ends the service, its projector wherever it is.
    pub async fn end(self) {
        let signalled = AtomicBool::new(false);
        let signal = || {
            let again = signalled.swap(true, Ordering::SeqCst);
            async move {
                if again {
                    std::future::pending::<()>().await;
                }
            }
        };
        self.lifecycle.run_until(signal).await.unwrap();
    }

    /// The parts without which it is not ready yet.
    pub fn waiting_for(&self) -> Vec<&'static str> {
        self.readiness.waiting_for()
    }

    pub async fn is_ready(&self) {
        eventually(async || self.readiness.waiting_for().is_empty()).await;
    }

    /// Asks as this customer, through the gateway.
    pub async fn get(&self, customer: CustomerId, path: &str) -> Answered {
        let caller = Caller {
            customer_id: customer,
            full_name: format!("Customer {customer}"),
            session_id: SessionId::from_bits(1),
        };
        let identity = Identity {
            service: ServiceName::ApiGateway,
            caller: Some(caller),
        };
        self.ask(Some(identity), path).await
    }

    /// Asks with this identity.
    pub async fn ask(&self, identity: Option<Identity>, path: &str) -> Answered {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        if let Some(identity) = identity {
            request.extensions_mut().insert(identity);
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let retry_after = response.headers().contains_key("retry-after");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let envelope: Value = serde_json::from_slice(&body).unwrap();
        assert!(envelope["message"].is_string(), "{envelope}");
        Answered {
            status,
            retry_after,
            success: envelope["success"].as_bool().unwrap(),
            data: envelope["data"].clone(),
        }
    }
}

/// An answer in its envelope.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub retry_after: bool,
    pub success: bool,
    pub data: Value,
}

impl Answered {
    /// The data of a success.
    pub fn ok(self) -> Value {
        assert!(self.status == 200 && self.success, "{self:?}");
        self.data
    }

    /// The status of a refusal, which carries no data.
    pub fn refused(self) -> u16 {
        assert!(!self.success && self.data.is_null(), "{self:?}");
        self.status
    }
}

/// Waits until something holds.
pub async fn eventually(holds: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + DEADLINE;
    while !holds().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "it never came to hold"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
