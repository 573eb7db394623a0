//! What nodes share: a log, and a store in this process or in Redis.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::Lifecycle;
use colloquy_expiring_store::{
    EmbeddedExpiringStore, ExpiringStore, expiring_store::redis::RedisSettings,
};
use colloquy_websocket::{Settings, presence::Times};
use uuid::Uuid;

use super::{Ground, Rooms, SOON, Store, client::Client, memory_log::MemoryLog};

/// The ground, and what keeps it.
pub struct Shared {
    pub ground: Ground,
    /// The test's own client of the store.
    pub store: Arc<dyn ExpiringStore>,
    _lifecycle: Lifecycle,
}

/// Makes a test of each promise on the embedded store and one on Redis.
macro_rules! on_both_stores {
    ($($promise:ident),+ $(,)?) => {
        mod embedded {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $promise() {
                    super::$promise($crate::harness::ground::Shared::embedded()).await;
                }
            )+
        }
        mod redis {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $promise() {
                    super::$promise($crate::harness::ground::Shared::redis()).await;
                }
            )+
        }
    };
}

pub(crate) use on_both_stores;

impl Shared {
    pub fn embedded() -> Self {
        let lifecycle = Lifecycle::default();
        let store = EmbeddedExpiringStore::start(&lifecycle.tasks());
        Self::on(lifecycle, Store::Shared(Arc::new(store)))
    }

    pub fn redis() -> Self {
        let url = std::env::var("COLLOQUY_TEST_REDIS")
            .expect("run the tests with `cargo xtask test`, which starts the real parts");
        Self::redis_at(url)
    }

    pub fn redis_at(url: String) -> Self {
        let key_prefix = format!("test:{}:", Uuid::new_v4().simple());
        Self::on(
            Lifecycle::default(),
            Store::Redis(RedisSettings {
                address: url.into(),
                key_prefix,
            }),
        )
    }

    fn on(lifecycle: Lifecycle, store: Store) -> Self {
        let ground = Ground {
            log: MemoryLog::default(),
            store: store.clone(),
            rooms: Arc::new(Rooms),
            settings: Settings {
                closing_spread: Duration::from_millis(100),
                ..Settings::default()
            },
        };
        Self {
            ground,
            store: store.open(&lifecycle.tasks()),
            _lifecycle: lifecycle,
        }
    }

    /// The same with other times.
    pub fn with_times(mut self, times: Times) -> Self {
        self.ground.settings.presence = times;
        self
    }

    /// Waits until a set of the store is occupied, or is not.
    pub async fn occupied(&self, set: &str, occupied: bool) {
        self.until(set, |nodes| (nodes > 0) == occupied).await;
    }

    /// Waits until so many nodes are in a set of the store.
    pub async fn nodes_in(&self, set: &str, expected: usize) {
        self.until(set, |nodes| nodes == expected).await;
    }

    /// Waits until the number of nodes in a set fits.
    async fn until(&self, set: &str, fits: impl Fn(usize) -> bool) {
        let waiting = async {
            let is_so = async || {
                let members = self.store.members(set).await;
                members.is_ok_and(|members| fits(members.len()))
            };
            while !is_so().await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let in_time = tokio::time::timeout(SOON, waiting).await.is_ok();
        let members = self.store.members(set).await;
        assert!(in_time, "{set} is not as it should be: {members:?}");
    }
}

/// The next push of a room's `/topic/onlineStatus` about another customer than the subscriber: room, customer, online.
pub async fn online_status(client: &mut Client, subscriber: i64) -> (i64, i64, bool) {
    loop {
        let frame = client.frame().await;
        let room = frame
            .lines()
            .find_map(|line| line.strip_prefix("destination:/topic/onlineStatus/roomId/"))
            .unwrap_or_else(|| panic!("no online status: {frame}"));
        let (_, body) = frame.split_once("\n\n").unwrap();
        let body: serde_json::Value = serde_json::from_str(body).unwrap();
        assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
        let customer = body["customerId"].as_i64().unwrap();
        if customer != subscriber {
            let online = body["online"].as_bool().unwrap();
            return (room.parse().unwrap(), customer, online);
        }
    }
}
