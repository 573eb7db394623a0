//! Notices.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{ExpiringStore, LONG, MEDIUM, Notice, SHORT, expired, next};

/// A second, and what a busy machine adds.
const TOLD: Duration = Duration::from_secs(2);

fn occupied(set: &str) -> Notice {
    Notice::Occupied {
        set: set.to_owned(),
    }
}

fn emptied(set: &str) -> Notice {
    Notice::Emptied {
        set: set.to_owned(),
    }
}

fn published(channel: &str, payload: &Bytes) -> Notice {
    Notice::Published {
        channel: channel.to_owned(),
        payload: payload.clone(),
    }
}

/// Any bytes; the publisher's own watch, too.
pub async fn what_is_published_reaches_every_watch_in_order(store: Arc<dyn ExpiringStore>) {
    let mut watches = [
        store.watch("").await.unwrap(),
        store.watch("news").await.unwrap(),
    ];
    let payloads: Vec<Bytes> = (0..50).map(|n: u8| vec![0, 0xff, n].into()).collect();
    for payload in &payloads {
        store.publish("news", payload.clone()).await.unwrap();
    }
    for watch in &mut watches {
        for payload in &payloads {
            assert_eq!(next(watch).await, published("news", payload));
        }
    }
}

/// And nothing else: what was published before would arrive before.
pub async fn a_watch_hears_what_begins_with_its_prefix(store: Arc<dyn ExpiringStore>) {
    let mut watch = store.watch("room:1").await.unwrap();
    let payload = Bytes::from_static(b"hello");
    for channel in ["room:2", "other", "room", "room:1:typing"] {
        store.publish(channel, payload.clone()).await.unwrap();
    }
    assert_eq!(next(&mut watch).await, published("room:1:typing", &payload));
    store.put("room:2", Bytes::new(), SHORT / 2).await.unwrap();
    store.put("room:1", Bytes::new(), SHORT).await.unwrap();
    assert_eq!(next(&mut watch).await, expired("room:1"));
}

/// Not before its time.
pub async fn an_expired_key_is_told_within_a_second(store: Arc<dyn ExpiringStore>) {
    let mut watch = store.watch("").await.unwrap();
    let begin = Instant::now();
    store.put("key", Bytes::new(), SHORT).await.unwrap();
    assert_eq!(next(&mut watch).await, expired("key"));
    let after = begin.elapsed();
    // Redis cuts instants to milliseconds.
    assert!(
        after + Duration::from_millis(2) >= SHORT && after < SHORT + TOLD,
        "{after:?}"
    );
    assert_eq!(store.get("key").await.unwrap(), None);
}

/// Once, not for each member.
pub async fn a_set_is_told_when_its_last_member_expires(store: Arc<dyn ExpiringStore>) {
    let mut watch = store.watch("").await.unwrap();
    let begin = Instant::now();
    store.join("set".into(), "bình", MEDIUM).await.unwrap();
    store.join("set".into(), "an", SHORT).await.unwrap();
    assert_eq!(next(&mut watch).await, occupied("set"));
    assert_eq!(next(&mut watch).await, expired("set"));
    assert!(begin.elapsed() + Duration::from_millis(2) >= MEDIUM);
    let joined = store.join("set".into(), "an", LONG).await.unwrap();
    assert!(joined.first);
}

/// A key whose time is over later is told first.
pub async fn keys_that_were_removed_or_renewed_do_not_expire(store: Arc<dyn ExpiringStore>) {
    let mut watch = store.watch("").await.unwrap();
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

/// Only changes, except that whoever leaves hears that nobody is there.
pub async fn the_states_of_a_set_are_told_in_their_order(store: Arc<dyn ExpiringStore>) {
    let mut watch = store.watch("s").await.unwrap();
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
pub async fn of_many_who_come_and_go_the_last_notice_tells_the_state(
    store: Arc<dyn ExpiringStore>,
) {
    let mut watch = store.watch("").await.unwrap();
    let members: Vec<String> = (0..20).map(|n: u8| n.to_string()).collect();
    join_all(members.iter().map(async |member| {
        for _ in 0..10 {
            store.join("set".into(), member, LONG).await.unwrap();
            store.leave("set".into(), member).await.unwrap();
        }
    }))
    .await;
    store.publish("end", Bytes::new()).await.unwrap();
    let mut last = None;
    loop {
        match next(&mut watch).await {
            Notice::Published { .. } => break,
            notice => {
                assert_ne!(
                    (last.as_ref(), &notice),
                    (Some(&occupied("set")), &occupied("set"))
                );
                last = Some(notice);
            }
        }
    }
    assert_eq!(last, Some(emptied("set")));
}
