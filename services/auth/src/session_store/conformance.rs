//! What every [`SessionStore`] promises. Each function takes a fresh, empty store.

#![expect(
    clippy::unwrap_used,
    reason = "a suite of tests, though it is no test itself"
)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use colloquy_contracts::{CustomerId, SessionNumber, Timestamp};
use colloquy_credentials::identity::SessionId;
use colloquy_service_api::revocations::{BEGINNING, Ended, Revocation, Revocations};

use super::{LIVE_SECONDS, PAGE, SessionStore};

/// Makes one test of each promise; `$fresh` is an expression that answers a guard and an empty `Arc<dyn SessionStore>`.
#[macro_export]
macro_rules! session_store_conformance {
    ($fresh:expr) => {
        $crate::session_store_conformance!(@cases $fresh;
            an_empty_log_ends_at_zero
            decision_23_entries_are_read_as_they_were_made
            the_same_session_again_is_the_same_entry
            decision_23_numbers_have_no_gaps_and_become_visible_in_order
            a_long_log_is_read_page_by_page
            decision_23_a_store_that_is_there_is_ready_and_records_nothing
            decision_15_expired_entries_are_swept_and_numbers_go_on
            decision_23_live_readers_are_waited_for_and_others_are_not
        );
    };
    (@cases $fresh:expr; $($case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let (_guard, store) = $fresh.await;
                $crate::session_store::conformance::$case(store).await;
            }
        )*
    };
}

const AN: CustomerId = CustomerId(1);
const LATER: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// The end of the session with that number.
#[must_use]
pub fn session(number: u128) -> Ended {
    Ended::Session {
        session_id: SessionId::from_bits(number),
    }
}

fn numbers(read: &Revocations) -> Vec<i64> {
    let entries = read.revocations.iter();
    entries.map(|revocation| revocation.number).collect()
}

/// Also for a reader that reads from the beginning.
pub async fn an_empty_log_ends_at_zero(store: Arc<dyn SessionStore>) {
    let empty = Revocations {
        is_end: true,
        ..Revocations::default()
    };
    assert_eq!(store.read_after(BEGINNING).await.unwrap(), empty);
    assert_eq!(store.read_after(0).await.unwrap(), empty);
}

/// Every field comes back, of both kinds.
pub async fn decision_23_entries_are_read_as_they_were_made(store: Arc<dyn SessionStore>) {
    let earlier = |except| Ended::EarlierSessions {
        before: SessionNumber(12),
        except,
    };
    let all = [
        session(1),
        earlier(None),
        earlier(Some(SessionId::from_bits(2))),
    ];
    for (number, ended) in (1..).zip(&all) {
        assert_eq!(store.revoke(AN, ended, LATER).await.unwrap(), number);
    }
    let expected: Vec<_> = (1..)
        .zip(all)
        .map(|(number, ended)| Revocation {
            number,
            customer_id: AN,
            ended,
            expires_at: LATER,
        })
        .collect();
    let read = store.read_after(0).await.unwrap();
    assert_eq!((read.up_to, read.is_end), (3, true));
    assert_eq!(read.revocations, expected);
    let rest = store.read_after(2).await.unwrap();
    assert_eq!(rest.revocations, expected[2..]);
    assert!(numbers(&store.read_after(3).await.unwrap()).is_empty());
}

/// Asking changes nothing, also during a write.
pub async fn decision_23_a_store_that_is_there_is_ready_and_records_nothing(
    store: Arc<dyn SessionStore>,
) {
    let one = session(1);
    let (ready, number) = tokio::join!(store.ready(), store.revoke(AN, &one, LATER));
    ready.unwrap();
    assert_eq!(number.unwrap(), 1);
    store.ready().await.unwrap();
    assert_eq!(store.read_after(0).await.unwrap().up_to, 1);
}

/// Logging out twice fills no log.
pub async fn the_same_session_again_is_the_same_entry(store: Arc<dyn SessionStore>) {
    let (one, two) = (session(1), session(2));
    let (a, b) = tokio::join!(store.revoke(AN, &one, LATER), store.revoke(AN, &one, LATER));
    assert_eq!((a.unwrap(), b.unwrap()), (1, 1));
    assert_eq!(store.revoke(AN, &two, LATER).await.unwrap(), 2);
    assert_eq!(store.revoke(AN, &one, LATER).await.unwrap(), 1);
    assert_eq!(numbers(&store.read_after(0).await.unwrap()), [1, 2]);
}

/// A reader that follows while many write at once sees 1, 2, 3 … and skips nothing.
pub async fn decision_23_numbers_have_no_gaps_and_become_visible_in_order(
    store: Arc<dyn SessionStore>,
) {
    const WRITERS: u128 = 8;
    const EACH: u128 = 15;
    let done = AtomicBool::new(false);
    let writer = |writer: u128| {
        let store = &store;
        async move {
            for nth in 0..EACH {
                let ended = session(writer * EACH + nth);
                store.revoke(AN, &ended, LATER).await.unwrap();
            }
        }
    };
    let writing = async {
        tokio::join!(
            writer(0),
            writer(1),
            writer(2),
            writer(3),
            writer(4),
            writer(5),
            writer(6),
            writer(7)
        );
        done.store(true, Ordering::SeqCst);
    };
    let reading = async {
        let (mut read_numbers, mut after) = (Vec::new(), 0);
        loop {
            let is_last = done.load(Ordering::SeqCst);
            let read = store.read_after(after).await.unwrap();
            read_numbers.extend(numbers(&read));
            after = read.up_to;
            if is_last && read.is_end {
                return read_numbers;
            }
        }
    };
    let ((), read_numbers) = tokio::join!(writing, reading);
    let expected: Vec<i64> = (1..=(WRITERS * EACH) as i64).collect();
    assert_eq!(read_numbers, expected);
}

/// No answer grows beyond [`PAGE`], and none claims to be the end before it is.
pub async fn a_long_log_is_read_page_by_page(store: Arc<dyn SessionStore>) {
    let length = PAGE as u128 + 1;
    for number in 1..=length {
        store.revoke(AN, &session(number), LATER).await.unwrap();
    }
    let first = store.read_after(BEGINNING).await.unwrap();
    assert_eq!(first.revocations.len(), PAGE);
    assert_eq!((first.up_to, first.is_end), (PAGE as i64, false));
    let second = store.read_after(first.up_to).await.unwrap();
    assert_eq!(numbers(&second), [length as i64]);
    assert!(second.is_end);
}

/// A reader behind what was swept still ends where the log ends.
pub async fn decision_15_expired_entries_are_swept_and_numbers_go_on(store: Arc<dyn SessionStore>) {
    let at = Timestamp::from_millis;
    store.revoke(AN, &session(1), at(1_000)).await.unwrap();
    store.revoke(AN, &session(2), at(2_000)).await.unwrap();
    store.revoke(AN, &session(3), at(1_000)).await.unwrap();
    assert_eq!(store.sweep(at(999)).await.unwrap(), 0);
    assert_eq!(store.sweep(at(1_000)).await.unwrap(), 2);
    let read = store.read_after(BEGINNING).await.unwrap();
    assert_eq!(numbers(&read), [2]);
    assert_eq!((read.up_to, read.is_end), (3, true));
    assert_eq!(store.sweep(at(2_000)).await.unwrap(), 1);
    assert_eq!(store.revoke(AN, &session(1), LATER).await.unwrap(), 4);
    assert_eq!(numbers(&store.read_after(3).await.unwrap()), [4]);
}

/// A reader that has not asked for [`LIVE_SECONDS`] denies by itself.
pub async fn decision_23_live_readers_are_waited_for_and_others_are_not(
    store: Arc<dyn SessionStore>,
) {
    assert!(store.all_readers_passed(1).await.unwrap(), "there are none");
    store.reader_passed("gateway", 0).await.unwrap();
    store.reader_passed("node", 1).await.unwrap();
    assert!(!store.all_readers_passed(1).await.unwrap());
    store.reader_passed("gateway", 1).await.unwrap();
    assert!(store.all_readers_passed(1).await.unwrap());
    assert!(!store.all_readers_passed(2).await.unwrap());
    let gone = async {
        while !store.all_readers_passed(2).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let limit = Duration::from_secs(u64::from(LIVE_SECONDS) + 10);
    tokio::time::timeout(limit, gone).await.unwrap();
}
