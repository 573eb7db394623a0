//! Sets of members.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{ExpiringStore, LONG, SHORT, emptied, next, occupied, until};
use crate::Set;

/// Joining twice counts once; leaving twice, too.
pub async fn members_count_once_and_are_sorted(store: Arc<dyn ExpiringStore>) {
    let mut watch = store.watch().await.unwrap();
    let join = async |member| store.join("set".into(), member, LONG).await.unwrap();
    let leave = async |member| store.leave("set".into(), member).await.unwrap();
    leave("an").await;
    assert_eq!(next(&mut watch).await, emptied("set"));
    join("an").await;
    assert_eq!(next(&mut watch).await, occupied("set"));
    join("an").await;
    join("Bình").await;
    assert_eq!(store.members("set").await.unwrap(), ["Bình", "an"]);
    leave("chi").await;
    leave("an").await;
    assert_eq!(store.members("set").await.unwrap(), ["Bình"]);
    leave("Bình").await;
    assert_eq!(next(&mut watch).await, emptied("set"));
    assert!(store.members("set").await.unwrap().is_empty());
    join("an").await;
    assert_eq!(next(&mut watch).await, occupied("set"));
}

/// In whatever order they take effect.
pub async fn of_concurrent_joins_one_occupies_and_of_concurrent_leaves_one_empties(
    store: Arc<dyn ExpiringStore>,
) {
    let mut watch = store.watch().await.unwrap();
    let members: Vec<String> = (10..30).map(|n: u8| n.to_string()).collect();
    let joins = members
        .iter()
        .map(|member| store.join("set".into(), member, LONG));
    join_all(joins).await.into_iter().for_each(Result::unwrap);
    assert_eq!(store.members("set").await.unwrap(), members);
    let leaves = members
        .iter()
        .map(|member| store.leave("set".into(), member));
    join_all(leaves).await.into_iter().for_each(Result::unwrap);
    store.join("end".into(), "an", LONG).await.unwrap();
    for notice in [occupied("set"), emptied("set"), occupied("end")] {
        assert_eq!(next(&mut watch).await, notice);
    }
}

/// Each at its own time; the others stay.
pub async fn members_whose_time_is_over_are_gone(store: Arc<dyn ExpiringStore>) {
    let mut watch = store.watch().await.unwrap();
    store.join("set".into(), "long", LONG).await.unwrap();
    store.join("set".into(), "short", SHORT).await.unwrap();
    assert_eq!(next(&mut watch).await, occupied("set"));
    until("expiry", async || {
        store.members("set").await.unwrap() == ["long"]
    })
    .await;
    store.leave("set".into(), "short").await.unwrap();
    assert_eq!(store.members("set").await.unwrap(), ["long"]);
    store.leave("set".into(), "long").await.unwrap();
    assert_eq!(next(&mut watch).await, emptied("set"));

    store.join("set".into(), "short", SHORT).await.unwrap();
    assert_eq!(next(&mut watch).await, occupied("set"));
    until("expiry", async || {
        store.members("set").await.unwrap().is_empty()
    })
    .await;
    store.join("set".into(), "short", LONG).await.unwrap();
    // The notice of the expiry may come between.
    while next(&mut watch).await != occupied("set") {}
}

/// The others keep theirs, and no notice comes again.
pub async fn a_member_that_joins_again_gets_the_new_time(store: Arc<dyn ExpiringStore>) {
    let mut watch = store.watch().await.unwrap();
    let join = async |member, ttl| store.join("set".into(), member, ttl).await.unwrap();
    join("an", SHORT).await;
    join("bình", LONG).await;
    join("an", LONG).await;
    join("bình", SHORT).await;
    until("expiry", async || {
        store.members("set").await.unwrap() == ["an"]
    })
    .await;
    store.leave("set".into(), "an").await.unwrap();
    for notice in [occupied("set"), emptied("set")] {
        assert_eq!(next(&mut watch).await, notice);
    }
}

/// As long as the longest-living member, and no longer.
pub async fn a_marker_lives_while_its_set_has_members(store: Arc<dyn ExpiringStore>) {
    let set = Set {
        marker: Some("marker"),
        ..Set::from("set")
    };
    store.join(set, "an", LONG).await.unwrap();
    store.join(set, "bình", SHORT).await.unwrap();
    let marker = store.get("marker").await.unwrap().unwrap();
    assert_eq!(marker.value, "1");
    assert!(marker.remaining > SHORT && marker.remaining <= LONG);

    store.leave(set, "an").await.unwrap();
    let marker = store.get("marker").await.unwrap();
    assert!(marker.is_none_or(|marker| marker.remaining <= SHORT));
    until("expiry", async || {
        store.get("marker").await.unwrap().is_none()
    })
    .await;

    store.join(set, "an", LONG).await.unwrap();
    assert!(store.get("marker").await.unwrap().is_some());
    store.leave(set, "an").await.unwrap();
    assert!(store.get("marker").await.unwrap().is_none());
}
