//! The Redis adapter.

mod outage;

use std::sync::Arc;

use colloquy_chassis::Lifecycle;
use colloquy_expiring_store::{
    ExpiringStore, Notice, RedisExpiringStore, Watch, expiring_store::redis::RedisSettings,
    expiring_store_conformance,
};
use uuid::Uuid;

fn address() -> String {
    std::env::var("COLLOQUY_TEST_REDIS")
        .expect("run the tests with `cargo xtask test`, which starts the real parts")
}

/// One node's store; nodes with the same prefix share it.
fn node(url: String, key_prefix: &str) -> (Lifecycle, Arc<dyn ExpiringStore>) {
    let lifecycle = Lifecycle::default();
    let key_prefix = key_prefix.to_owned();
    let settings = RedisSettings {
        address: url.into(),
        key_prefix,
    };
    let store = RedisExpiringStore::start(settings, &lifecycle.tasks()).unwrap();
    (lifecycle, Arc::new(store))
}

fn prefix() -> String {
    format!("test:{}:", Uuid::new_v4().simple())
}

fn fresh() -> (Lifecycle, Arc<dyn ExpiringStore>) {
    node(address(), &prefix())
}

/// The next notice, due soon.
async fn next(watch: &mut Watch) -> Notice {
    let due = std::time::Duration::from_secs(10);
    tokio::time::timeout(due, watch.next()).await.unwrap()
}

expiring_store_conformance!(fresh());

#[tokio::test]
async fn decision_19_nodes_share_sets_and_hear_each_other() {
    let prefix = prefix();
    let (_here_lives, here) = node(address(), &prefix);
    let (_there_lives, there) = node(address(), &prefix);
    let mut watch = there.watch().await.unwrap();
    let minute = std::time::Duration::from_secs(60);
    here.join("set".into(), "here", minute).await.unwrap();
    there.join("set".into(), "there", minute).await.unwrap();
    here.leave("set".into(), "here").await.unwrap();
    there.leave("set".into(), "there").await.unwrap();
    let set = || "set".to_owned();
    assert_eq!(next(&mut watch).await, Notice::Occupied { set: set() });
    assert_eq!(next(&mut watch).await, Notice::Emptied { set: set() });
    here.join("set".into(), "here", minute).await.unwrap();
    assert_eq!(next(&mut watch).await, Notice::Occupied { set: set() });
}
