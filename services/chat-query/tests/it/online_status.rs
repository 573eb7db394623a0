//! `/onlineStatus/roomId/…`.

use std::{sync::Arc, time::Duration};

use colloquy_chassis::Lifecycle;
use colloquy_contracts::{
    CustomerId, RoomId,
    presence::{online_sessions, online_user},
};
use colloquy_expiring_store::{
    ExpiringStore, RedisExpiringStore, Set, expiring_store::redis::RedisSettings,
};
use serde_json::json;

use crate::{
    events::{CREATOR, MEMBER, OUTSIDER, appended, room_created},
    parts,
    rooms::two_rooms,
    service::{Parts, Service, Truth, eventually},
};

const PATH: &str = "/onlineStatus/roomId/1";
const MINUTE: Duration = Duration::from_secs(60);

async fn join(store: &dyn ExpiringStore, customer: CustomerId, session: &str, ttl: Duration) {
    let (key, marker) = (online_sessions(customer), online_user(customer));
    let set = Set {
        marker: Some(&marker),
        ..Set::from(key.as_str())
    };
    store.join(set, session, ttl).await.unwrap();
}

fn statuses(online: [bool; 3]) -> serde_json::Value {
    let [one, two, three] = online;
    json!([
        {"customerId": 1, "online": one},
        {"customerId": 2, "online": two},
        {"customerId": 3, "online": three},
    ])
}

/// A service on this store, with room 1 of 1, 2 and 3.
async fn service(lifecycle: Lifecycle, store: Arc<dyn ExpiringStore>) -> (Parts, Service) {
    let parts = Parts::embedded().await;
    parts.append(&appended(&[room_created(1)])).await;
    let stores = (Arc::clone(&parts.store), Arc::clone(&parts.log));
    let service = Service::start_with(lifecycle, store, stores, Truth::default());
    eventually(async || parts.store.is_member(RoomId(1), MEMBER).await.unwrap()).await;
    (parts, service)
}

fn redis(url: String) -> (Lifecycle, Arc<dyn ExpiringStore>) {
    let lifecycle = Lifecycle::default();
    let key_prefix = parts::unique("query") + ":";
    let settings = RedisSettings {
        address: url.into(),
        key_prefix,
    };
    let store = RedisExpiringStore::start(settings, &lifecycle.tasks()).unwrap();
    (lifecycle, Arc::new(store))
}

#[tokio::test]
async fn contract_query_online_status_has_one_row_for_each_participant() {
    let (_parts, service) = two_rooms().await;
    let ask = async || service.get(CREATOR, PATH).await.ok();
    assert_eq!(ask().await, statuses([false; 3]));

    let store = service.expiring_store.as_ref();
    join(store, MEMBER, "phone", MINUTE).await;
    join(store, MEMBER, "laptop", MINUTE).await;
    join(store, OUTSIDER, "phone", MINUTE).await;
    assert_eq!(ask().await, statuses([false, true, false]));

    let sessions = online_sessions(MEMBER);
    store.leave(sessions[..].into(), "phone").await.unwrap();
    assert_eq!(ask().await, statuses([false, true, false]));
    store.leave(sessions[..].into(), "laptop").await.unwrap();
    assert_eq!(ask().await, statuses([false; 3]));
}

#[tokio::test]
async fn contract_query_online_status_is_403_for_strangers() {
    let (_parts, service) = two_rooms().await;
    assert_eq!(service.get(OUTSIDER, PATH).await.refused(), 403);
    let unknown = service.get(CREATOR, "/onlineStatus/roomId/7").await;
    assert_eq!(unknown.refused(), 403);
}

#[tokio::test]
async fn contract_query_online_status_of_a_room_not_projected_yet_is_an_empty_list() {
    let truth = Truth {
        members: [(RoomId(7), MEMBER)].into(),
        is_down: false,
    };
    let parts = Parts::embedded().await;
    let service = Service::start(Arc::clone(&parts.store), Arc::clone(&parts.log), truth);
    let answer = service.get(MEMBER, "/onlineStatus/roomId/7").await.ok();
    assert_eq!(answer, json!([]));
}

/// Whether or not a notice of the expiry comes.
#[tokio::test]
async fn decision_19_redis_online_status_is_computed_from_sessions_that_live() {
    let (lifecycle, store) = redis(parts::address("COLLOQUY_TEST_REDIS"));
    let (_parts, service) = service(lifecycle, Arc::clone(&store)).await;
    join(store.as_ref(), MEMBER, "of a node that died", MINUTE / 60).await;
    join(store.as_ref(), CREATOR, "phone", MINUTE).await;
    let ask = async || service.get(CREATOR, PATH).await.ok();
    assert_eq!(ask().await, statuses([true, true, false]));
    eventually(async || ask().await == statuses([true, false, false])).await;
}

#[tokio::test]
async fn f17_redis_that_is_away_makes_online_status_503_and_nothing_else() {
    let (lifecycle, store) = redis("redis://127.0.0.1:1".to_owned());
    let (_parts, service) = service(lifecycle, store).await;
    let asked = tokio::time::Instant::now();
    let answer = service.get(MEMBER, PATH).await;
    assert!(answer.retry_after);
    assert_eq!(answer.refused(), 503);
    assert!(asked.elapsed() < Duration::from_secs(5));
    assert_eq!(
        service.get(MEMBER, "/message/roomId/1").await.ok(),
        json!([])
    );
}
