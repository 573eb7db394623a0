//! Notices.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{ExpiringStore, LONG, MEDIUM, SHORT, emptied, expired, next, occupied};
use crate::Set;

/// A second, and what a busy machine adds.
const NOTICED: Duration = Duration::from_secs(2);

/// On the node that makes the changes, too.
pub async fn notices_reach_every_watch_in_order(store: Arc<dyn ExpiringStore>) {
    let mut watches = [store.watch().await.unwrap(), store.watch().await.unwrap()];
    let sets: Vec<String> = (0..50).map(|n: u8| format!("set:{n}")).collect();
    for set in &sets {
        store.join(set.as_str().into(), "an", LONG).await.unwrap();
    }
    for watch in &mut watches {
        for set in &sets {
            assert_eq!(next(watch).await, occupied(set));
        }
    }
}

/// So a watch that begins later learns of the set, too.
pub async fn a_set_that_repeats_its_notice_announces_every_join(store: Arc<dyn ExpiringStore>) {
    let set = Set {
        repeats_occupied: true,
        ..Set::from("set")
    };
    let mut watch = store.watch().await.unwrap();
    for member in ["an", "an", "bình"] {
        store.join(set, member, LONG).await.unwrap();
        assert_eq!(next(&mut watch).await, occupied("set"));
    }
    for member in ["an", "bình"] {
        store.leave(set, member).await.unwrap();
    }
    assert_eq!(next(&mut watch).await, emptied("set"));
}

/// Not before its time.
pub async fn an_expired_key_is_noticed_within_a_second(store: Arc<dyn ExpiringStore>) {
    let mut watch = store.watch().await.unwrap();
    let begin = Instant::now();
    store.put("key", Bytes::new(), SHORT).await.unwrap();
    assert_eq!(next(&mut watch).await, expired("key"));
    let after = begin.elapsed();
    // Redis cuts instants to milliseconds.
    assert!(
        after + Duration::from_millis(2) >= SHORT && after < SHORT + NOTICED,
        "{after:?}"
    );
    assert_eq!(store.get("key").await.unwrap(), None);
}

/// Once, not for each member.
pub async fn a_set_expires_with_its_last_member(store: Arc<dyn ExpiringStore>) {
    let mut watch = store.watch().await.unwrap();
    let begin = Instant::now();
    store.join("set".into(), "bình", MEDIUM).await.unwrap();
    store.join("set".into(), "an", SHORT).await.unwrap();
    assert_eq!(next(&mut watch).await, occupied("set"));
    assert_eq!(next(&mut watch).await, expired("set"));
    assert!(begin.elapsed() + Duration::from_millis(2) >= MEDIUM);
    store.join("set".into(), "an", LONG).await.unwrap();
    assert_eq!(next(&mut watch).await, occupied("set"));
}

/// The notice of a key that expires later comes first.
pub async fn keys_that_were_removed_or_renewed_do_not_expire(store: Arc<dyn ExpiringStore>) {
    let mut watch = store.watch().await.unwrap();
    for key in ["deleted", "taken", "renewed"] {
        store.put(key, Bytes::new(), MEDIUM).await.unwrap();
    }
    for set in ["left", "again"] {
        store.join(set.into(), "an", MEDIUM).await.unwrap();
        assert_eq!(next(&mut watch).await, occupied(set));
    }
    store.delete("deleted").await.unwrap();
    assert!(store.take_if("taken", b"").await.unwrap());
    store.put("renewed", Bytes::new(), LONG).await.unwrap();
    store.leave("left".into(), "an").await.unwrap();
    assert_eq!(next(&mut watch).await, emptied("left"));
    store.join("again".into(), "an", LONG).await.unwrap();
    store
        .put("later", Bytes::new(), MEDIUM + SHORT)
        .await
        .unwrap();
    assert_eq!(next(&mut watch).await, expired("later"));
}

/// Only changes, except that a leave always reports an empty set.
pub async fn the_notices_of_a_set_come_in_the_order_of_its_changes(store: Arc<dyn ExpiringStore>) {
    let mut watch = store.watch().await.unwrap();
    let join = async |member| store.join("set".into(), member, LONG).await.unwrap();
    let leave = async |member| store.leave("set".into(), member).await.unwrap();
    join("an").await;
    join("bình").await;
    join("an").await;
    leave("an").await;
    leave("chi").await;
    leave("bình").await;
    leave("bình").await;
    join("an").await;
    for notice in [
        occupied("set"),
        emptied("set"),
        emptied("set"),
        occupied("set"),
    ] {
        assert_eq!(next(&mut watch).await, notice);
    }
}

/// However their calls interleave.
pub async fn after_concurrent_joins_and_leaves_the_last_notice_names_the_state(
    store: Arc<dyn ExpiringStore>,
) {
    let mut watch = store.watch().await.unwrap();
    let members: Vec<String> = (0..20).map(|n: u8| n.to_string()).collect();
    join_all(members.iter().map(async |member| {
        for _ in 0..10 {
            store.join("set".into(), member, LONG).await.unwrap();
            store.leave("set".into(), member).await.unwrap();
        }
    }))
    .await;
    store.join("end".into(), "an", LONG).await.unwrap();
    let mut last = None;
    loop {
        let notice = next(&mut watch).await;
        if notice == occupied("end") {
            break;
        }
        assert_ne!(
            (last.as_ref(), &notice),
            (Some(&occupied("set")), &occupied("set"))
        );
        last = Some(notice);
    }
    assert_eq!(last, Some(emptied("set")));
}
