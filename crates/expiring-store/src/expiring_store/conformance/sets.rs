//! Sets of members.

use std::sync::Arc;

use futures_util::future::join_all;

use super::{ExpiringStore, LONG, SHORT, until};
use crate::{Joined, Left, Set};

/// Joining twice counts once; leaving twice, too.
pub async fn the_first_to_join_and_the_last_to_leave_are_told(store: Arc<dyn ExpiringStore>) {
    let join = async |member| store.join("set".into(), member, LONG).await.unwrap();
    let leave = async |member| store.leave("set".into(), member).await.unwrap();
    assert_eq!(leave("an").await, Left { last: false });
    assert_eq!(join("an").await, Joined { first: true });
    assert_eq!(join("an").await, Joined { first: false });
    assert_eq!(join("Bình").await, Joined { first: false });
    assert_eq!(store.members("set").await.unwrap(), ["Bình", "an"]);
    assert_eq!(leave("chi").await, Left { last: false });
    assert_eq!(leave("an").await, Left { last: false });
    assert_eq!(leave("Bình").await, Left { last: true });
    assert_eq!(leave("Bình").await, Left { last: false });
    assert!(store.members("set").await.unwrap().is_empty());
    assert_eq!(join("an").await, Joined { first: true });
}

/// Whatever the order.
pub async fn of_many_who_join_one_is_first_and_of_many_who_leave_one_is_last(
    store: Arc<dyn ExpiringStore>,
) {
    let members: Vec<String> = (10..30).map(|n: u8| n.to_string()).collect();
    let joined = join_all(
        members
            .iter()
            .map(|member| store.join("set".into(), member, LONG)),
    )
    .await;
    assert_eq!(
        joined
            .into_iter()
            .filter(|joined| joined.as_ref().unwrap().first)
            .count(),
        1
    );
    assert_eq!(store.members("set").await.unwrap(), members);
    let left = join_all(
        members
            .iter()
            .map(|member| store.leave("set".into(), member)),
    )
    .await;
    assert_eq!(
        left.into_iter()
            .filter(|left| left.as_ref().unwrap().last)
            .count(),
        1
    );
}

/// Each by their own time; the others stay.
pub async fn members_whose_time_is_over_are_gone(store: Arc<dyn ExpiringStore>) {
    store.join("set".into(), "long", LONG).await.unwrap();
    store.join("set".into(), "short", SHORT).await.unwrap();
    until("expiry", async || {
        store.members("set").await.unwrap() == ["long"]
    })
    .await;
    assert_eq!(
        store.leave("set".into(), "short").await.unwrap(),
        Left { last: false }
    );
    assert_eq!(
        store.leave("set".into(), "long").await.unwrap(),
        Left { last: true }
    );

    store.join("set".into(), "short", SHORT).await.unwrap();
    until("expiry", async || {
        store.members("set").await.unwrap().is_empty()
    })
    .await;
    assert_eq!(
        store.join("set".into(), "short", LONG).await.unwrap(),
        Joined { first: true }
    );
}

/// The others keep theirs, and nobody is told anew.
pub async fn who_joins_again_gets_the_new_time(store: Arc<dyn ExpiringStore>) {
    let join = async |member, ttl| store.join("set".into(), member, ttl).await.unwrap();
    assert_eq!(join("an", SHORT).await, Joined { first: true });
    assert_eq!(join("bình", LONG).await, Joined { first: false });
    assert_eq!(join("an", LONG).await, Joined { first: false });
    assert_eq!(join("bình", SHORT).await, Joined { first: false });
    until("expiry", async || {
        store.members("set").await.unwrap() == ["an"]
    })
    .await;
}

/// As long as the longest-living member, and no longer.
pub async fn a_sign_stands_while_somebody_is_in_its_set(store: Arc<dyn ExpiringStore>) {
    let set = Set {
        key: "set",
        sign: Some("sign"),
    };
    store.join(set, "an", LONG).await.unwrap();
    store.join(set, "bình", SHORT).await.unwrap();
    let sign = store.get("sign").await.unwrap().unwrap();
    assert_eq!(sign.value, "1");
    assert!(sign.remaining > SHORT && sign.remaining <= LONG);

    store.leave(set, "an").await.unwrap();
    let sign = store.get("sign").await.unwrap();
    assert!(sign.is_none_or(|sign| sign.remaining <= SHORT));
    until("expiry", async || {
        store.get("sign").await.unwrap().is_none()
    })
    .await;

    store.join(set, "an", LONG).await.unwrap();
    assert!(store.get("sign").await.unwrap().is_some());
    assert!(store.leave(set, "an").await.unwrap().last);
    assert!(store.get("sign").await.unwrap().is_none());
}
