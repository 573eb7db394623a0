//! Values and counters.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::{ExpiringStore, LONG, MEDIUM, SHORT, until};
use crate::ExpiringStoreError;

const BINARY: &[u8] = b"\0\xff\r\nvalue";

/// Never longer than its time; any bytes, none included.
pub async fn a_value_lives_until_its_time_is_over(store: Arc<dyn ExpiringStore>) {
    let begin = Instant::now();
    for (key, value) in [("binary", BINARY), ("empty", b"".as_slice())] {
        store
            .put(key, Bytes::from_static(value), SHORT)
            .await
            .unwrap();
        let entry = store.get(key).await.unwrap();
        assert!(entry.is_some() || begin.elapsed() >= SHORT);
        if let Some(entry) = entry {
            assert_eq!(entry.value, value);
            assert!(entry.remaining <= SHORT, "{:?}", entry.remaining);
        }
    }
    let over = async |key| store.get(key).await.unwrap().is_none();
    until("expiry", async || {
        over("binary").await && over("empty").await
    })
    .await;
    assert!(!store.take_if("empty", b"").await.unwrap());
    assert!(
        store
            .put_if_absent("binary", Bytes::new(), LONG)
            .await
            .unwrap()
    );
}

/// The earlier time no longer counts.
pub async fn a_later_value_replaces_an_earlier_one_and_its_time(store: Arc<dyn ExpiringStore>) {
    store.put("key", "first".into(), SHORT).await.unwrap();
    store.put("key", "second".into(), LONG).await.unwrap();
    store.put("clock", Bytes::new(), SHORT).await.unwrap();
    until("expiry", async || {
        store.get("clock").await.unwrap().is_none()
    })
    .await;
    let entry = store.get("key").await.unwrap().unwrap();
    assert_eq!(entry.value, "second");
    assert!(
        entry.remaining > LONG / 2 && entry.remaining <= LONG,
        "{:?}",
        entry.remaining
    );
}

/// The others change neither the value nor its time.
pub async fn of_concurrent_put_if_absent_calls_one_puts(store: Arc<dyn ExpiringStore>) {
    let values: Vec<Bytes> = (0..20).map(|n: u8| vec![n].into()).collect();
    let puts = values
        .iter()
        .map(|value| store.put_if_absent("key", value.clone(), LONG));
    let done: Vec<bool> = join_all(puts)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let winners: Vec<usize> = (0..20).filter(|n| done[*n]).collect();
    assert_eq!(winners.len(), 1, "{done:?}");
    let entry = store.get("key").await.unwrap().unwrap();
    assert_eq!(entry.value, values[winners[0]]);
}

/// A key that is absent is read as none, and nothing is removed.
pub async fn absence_is_no_error(store: Arc<dyn ExpiringStore>) {
    assert_eq!(store.get("key").await.unwrap(), None);
    assert!(!store.take_if("key", b"").await.unwrap());
    assert!(!store.delete("key").await.unwrap());
    store.put("key", "value".into(), LONG).await.unwrap();
    assert!(store.delete("key").await.unwrap());
    assert_eq!(store.get("key").await.unwrap(), None);
}

/// The others find nothing.
pub async fn of_concurrent_takes_one_takes(store: Arc<dyn ExpiringStore>) {
    store
        .put("key", Bytes::from_static(BINARY), LONG)
        .await
        .unwrap();
    let takes = join_all((0..20).map(|_| store.take_if("key", BINARY))).await;
    let taken = takes.into_iter().filter(|took| *took.as_ref().unwrap());
    assert_eq!(taken.count(), 1);
    assert_eq!(store.get("key").await.unwrap(), None);
}

/// The value that replaced it stays, and its time goes on.
pub async fn only_the_value_that_is_meant_is_taken(store: Arc<dyn ExpiringStore>) {
    store.put("key", "older".into(), LONG).await.unwrap();
    store.put("key", "newer".into(), MEDIUM).await.unwrap();
    for other in ["older", "", "newe", "newer ", "NEWER"] {
        let took = store.take_if("key", other.as_bytes()).await.unwrap();
        assert!(!took, "{other:?}");
    }
    let entry = store.get("key").await.unwrap().unwrap();
    assert_eq!(entry.value, "newer");
    assert!(entry.remaining <= MEDIUM, "{:?}", entry.remaining);
    assert!(store.take_if("key", b"newer").await.unwrap());
    assert_eq!(store.get("key").await.unwrap(), None);
}

/// After that time counting begins anew.
pub async fn counting_loses_no_call_and_keeps_the_time_of_the_first(store: Arc<dyn ExpiringStore>) {
    let counts = join_all((0..20).map(|_| store.count("many", LONG))).await;
    let mut counts: Vec<u64> = counts.into_iter().map(Result::unwrap).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=20).collect::<Vec<u64>>());
    assert_eq!(store.get("many").await.unwrap().unwrap().value, "20");

    assert_eq!(store.count("few", MEDIUM).await.unwrap(), 1);
    store.count("few", LONG).await.unwrap();
    until("expiry", async || store.get("few").await.unwrap().is_none()).await;
    assert_eq!(store.count("few", LONG).await.unwrap(), 1);
}

/// A call for another kind is refused and changes nothing.
pub async fn a_key_holds_one_kind_of_value(store: Arc<dyn ExpiringStore>) {
    store.put("value", "text".into(), LONG).await.unwrap();
    store.join("set".into(), "an", LONG).await.unwrap();
    for refused in [
        store.get("set").await.err(),
        store.take_if("set", b"").await.err(),
        store.count("set", LONG).await.err(),
        store.count("value", LONG).await.err(),
        store.join("value".into(), "an", LONG).await.err(),
        store.leave("value".into(), "an").await.err(),
        store.members("value").await.err(),
    ] {
        assert!(
            matches!(refused, Some(ExpiringStoreError::WrongKind)),
            "{refused:?}"
        );
    }
    assert_eq!(store.get("value").await.unwrap().unwrap().value, "text");
    assert_eq!(store.members("set").await.unwrap(), ["an"]);
    store.put("set", "text".into(), LONG).await.unwrap();
    assert_eq!(store.get("set").await.unwrap().unwrap().value, "text");
}
