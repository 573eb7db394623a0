//! Pages of a room's messages.

use std::sync::Arc;

use colloquy_contracts::{MessageId, RoomId, Seq};

use super::{EVERYTHING, ROOM, message, messages};
use crate::view_store::{Page, RebuildStore};

/// Pages go from the newest back, without a gap or an overlap, and know where to stop.
pub async fn history_is_paged_newest_first(reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>) {
    let store = reopen().await;
    let sent: Vec<_> = (1..=45)
        .map(|seq| message(ROOM, 1000 + 7 * seq, seq))
        .collect();
    store.save(&messages(sent.clone())).await.unwrap();
    let seqs = async |before: Option<MessageId>, after_seq: Option<i64>| {
        let page = Page {
            before,
            after_seq: after_seq.map(Seq),
            limit: 20,
        };
        let page = store.history(ROOM, page).await.unwrap();
        page.iter().map(|one| one.seq.0).collect::<Vec<_>>()
    };
    let id = |seq: usize| Some(sent[seq - 1].message_id);
    let down = |from: i64, to: i64| (to..=from).rev().collect::<Vec<_>>();
    assert_eq!(seqs(None, None).await, down(45, 26));
    assert_eq!(seqs(id(26), None).await, down(25, 6));
    assert_eq!(seqs(id(6), None).await, down(5, 1));
    assert_eq!(seqs(id(1), None).await, [0; 0]);
    assert_eq!(seqs(None, Some(40)).await, down(45, 41));
    assert_eq!(seqs(None, Some(3)).await, down(45, 26));
    assert_eq!(seqs(id(26), Some(20)).await, down(25, 21));
    assert_eq!(seqs(None, Some(45)).await, [0; 0]);
}

/// For every page, also where a message was parked and other rooms have ids in between.
pub async fn history_is_all_between_its_bounds_and_nothing_else(
    reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>,
) {
    let store = reopen().await;
    let sent: Vec<_> = [2, 3, 5, 6, 9]
        .map(|seq| message(ROOM, 100 + 3 * seq, seq))
        .into();
    let others = (1..=20).map(|seq| message(RoomId(1), 100 + 3 * seq + 1, seq));
    let write = messages(sent.iter().cloned().chain(others).collect());
    store.save(&write).await.unwrap();
    let befores = (105..=129).map(|id| Some(MessageId(id))).chain([None]);
    for before in befores {
        for after_seq in (-1..=10).map(|seq| Some(Seq(seq))).chain([None]) {
            let between = sent.iter().rev().filter(|one| {
                before.is_none_or(|before| one.message_id < before)
                    && after_seq.is_none_or(|after| one.seq > after)
            });
            let between: Vec<_> = between.cloned().collect();
            for limit in [1, 2, 5] {
                let page = Page {
                    before,
                    after_seq,
                    limit,
                };
                let expected = &between[..between.len().min(limit.try_into().unwrap())];
                assert_eq!(
                    store.history(ROOM, page).await.unwrap(),
                    expected,
                    "{page:?}"
                );
            }
        }
    }
}

/// A room's history is its own.
pub async fn history_keeps_rooms_apart(reopen: &impl AsyncFn() -> Arc<dyn RebuildStore>) {
    let store = reopen().await;
    let (mine, theirs) = (message(RoomId(1), 10, 1), message(RoomId(2), 11, 1));
    let write = messages(vec![mine.clone(), theirs.clone()]);
    store.save(&write).await.unwrap();
    assert_eq!(store.history(RoomId(1), EVERYTHING).await.unwrap(), [mine]);
    assert_eq!(
        store.history(RoomId(2), EVERYTHING).await.unwrap(),
        [theirs]
    );
}
