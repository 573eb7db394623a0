//! What every [`MailStore`] promises. Each function takes a fresh, empty store.

#![expect(
    clippy::unwrap_used,
    reason = "a suite of tests, though it is no test itself"
)]

use std::{cell::Cell, sync::Arc, time::Duration};

use colloquy_contracts::Timestamp;
use uuid::Uuid;

use super::{Claim, MailStore, QueuedMail};

/// Makes one test of each promise; `$fresh` is an expression that answers a guard and an empty `Arc<dyn MailStore>`.
#[macro_export]
macro_rules! mail_store_conformance {
    ($fresh:expr) => {
        $crate::mail_store_conformance!(@cases $fresh;
            an_empty_queue_has_nothing_to_claim
            a_mail_comes_out_as_it_was_put_in
            what_has_been_due_for_longest_comes_first
            f24_each_mail_is_claimed_by_one
            f24_the_mail_of_a_process_that_crashed_is_claimed_again
            f24_a_mail_that_was_put_back_is_due_after_its_wait
            f24_a_claim_that_ran_out_puts_nothing_back
            a_removed_mail_is_gone
            f24_expired_mails_are_dropped_and_others_stay
            b05_a_mail_that_seems_to_have_expired_is_not_claimed_and_stays
        );
    };
    (@cases $fresh:expr; $($case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                let (_guard, store) = $fresh.await;
                $crate::mail_store::conformance::$case(store).await;
            }
        )*
    };
}

/// When no mail here has expired.
const BEFORE: Timestamp = Timestamp::from_millis(0);
const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(100);
const CLAIM_TIMEOUT: Duration = Duration::from_secs(10);

/// A mail that expires at this millisecond.
#[must_use]
pub fn mail(number: u128, expires_at: i64) -> QueuedMail {
    QueuedMail {
        id: Uuid::from_u128(number),
        to: format!("an{number}@example.com"),
        subject: "Mã của bạn".to_owned(),
        body: "Xin chào\n\n123456 'quoted' \"so\" $1 ?1\n".to_owned(),
        expires_at: Timestamp::from_millis(expires_at),
    }
}

async fn enqueue(store: &Arc<dyn MailStore>, numbers: impl IntoIterator<Item = u128>) {
    for number in numbers {
        store.enqueue(&mail(number, 1_000)).await.unwrap();
    }
}

/// Waits until something is due.
async fn claimed_at_last(store: &Arc<dyn MailStore>, lease: Duration) -> Claim {
    let claiming = async {
        loop {
            if let Some(claim) = store.claim(lease, BEFORE).await.unwrap() {
                return claim;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(CLAIM_TIMEOUT, claiming).await.unwrap()
}

/// Nothing, and no error.
pub async fn an_empty_queue_has_nothing_to_claim(store: Arc<dyn MailStore>) {
    assert_eq!(store.claim(LONG, BEFORE).await.unwrap(), None);
    assert_eq!(
        store.drop_expired(Timestamp::from_millis(1)).await.unwrap(),
        0
    );
}

/// Every field comes back.
pub async fn a_mail_comes_out_as_it_was_put_in(store: Arc<dyn MailStore>) {
    let mail = mail(1, 1_700_000_000_123);
    store.enqueue(&mail).await.unwrap();
    let claim = store.claim(LONG, BEFORE).await.unwrap();
    assert_eq!(claim, Some(Claim { mail, tries: 1 }));
}

/// A mail that is queued later does not overtake.
pub async fn what_has_been_due_for_longest_comes_first(store: Arc<dyn MailStore>) {
    for number in 1..=3 {
        enqueue(&store, [number]).await;
        // Stores distinguish instants by the millisecond.
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    for number in 1..=3 {
        let claim = store.claim(LONG, BEFORE).await.unwrap().unwrap();
        assert_eq!(claim.mail.id, Uuid::from_u128(number));
    }
}

/// However many callers claim at once. A caller that finds only mails that others are just claiming may get none, and
/// tries again.
pub async fn f24_each_mail_is_claimed_by_one(store: Arc<dyn MailStore>) {
    const MAILS: u128 = 40;
    enqueue(&store, 1..=MAILS).await;
    let left = Cell::new(MAILS);
    let claimer = async || {
        let mut claimed = Vec::new();
        while left.get() > 0 {
            if let Some(claim) = store.claim(LONG, BEFORE).await.unwrap() {
                left.update(|left| left.saturating_sub(1));
                claimed.push((claim.mail.id, claim.tries));
            }
        }
        claimed
    };
    let claiming = async { tokio::join!(claimer(), claimer(), claimer(), claimer()) };
    let claimed = tokio::time::timeout(CLAIM_TIMEOUT, claiming).await;
    let (a, b, c, d) = claimed.expect("each mail is claimed in time");
    let mut claimed = [a, b, c, d].concat();
    claimed.sort_unstable();
    let once: Vec<_> = (1..=MAILS).map(|id| (Uuid::from_u128(id), 1)).collect();
    assert_eq!(claimed, once);
    assert_eq!(store.claim(LONG, BEFORE).await.unwrap(), None);
}

/// The lease ends by itself.
pub async fn f24_the_mail_of_a_process_that_crashed_is_claimed_again(store: Arc<dyn MailStore>) {
    enqueue(&store, [1]).await;
    let first = store.claim(SHORT, BEFORE).await.unwrap().unwrap();
    let second = claimed_at_last(&store, LONG).await;
    assert_eq!(second.mail, first.mail);
    assert_eq!((first.tries, second.tries), (1, 2));
    assert_eq!(store.claim(LONG, BEFORE).await.unwrap(), None);
}

/// Neither before nor never; the tries are counted.
pub async fn f24_a_mail_that_was_put_back_is_due_after_its_wait(store: Arc<dyn MailStore>) {
    enqueue(&store, [1, 2]).await;
    let long = store.claim(LONG, BEFORE).await.unwrap().unwrap();
    let short = store.claim(LONG, BEFORE).await.unwrap().unwrap();
    store.put_back(&long, LONG).await.unwrap();
    store.put_back(&short, SHORT).await.unwrap();
    let again = claimed_at_last(&store, LONG).await;
    assert_eq!((again.mail, again.tries), (short.mail, 2));
    assert_eq!(store.claim(LONG, BEFORE).await.unwrap(), None);
    store.put_back(&long, Duration::ZERO).await.unwrap();
    assert_eq!(claimed_at_last(&store, LONG).await.mail, long.mail);
}

/// Otherwise a mail that the second claimant is sending would be sent by a third.
pub async fn f24_a_claim_that_ran_out_puts_nothing_back(store: Arc<dyn MailStore>) {
    enqueue(&store, [1]).await;
    let late = store.claim(Duration::ZERO, BEFORE).await.unwrap().unwrap();
    let current = claimed_at_last(&store, LONG).await;
    store.put_back(&late, Duration::ZERO).await.unwrap();
    assert_eq!(store.claim(LONG, BEFORE).await.unwrap(), None);
    store.put_back(&current, Duration::ZERO).await.unwrap();
    assert_eq!(claimed_at_last(&store, LONG).await.tries, 3);
}

/// It does not come back when its lease ends, nor when a late claimant puts it back.
pub async fn a_removed_mail_is_gone(store: Arc<dyn MailStore>) {
    enqueue(&store, [1]).await;
    let claim = store.claim(Duration::ZERO, BEFORE).await.unwrap().unwrap();
    store.remove(claim.mail.id).await.unwrap();
    store.remove(claim.mail.id).await.unwrap();
    store.put_back(&claim, Duration::ZERO).await.unwrap();
    assert_eq!(store.claim(LONG, BEFORE).await.unwrap(), None);
}

/// Claimed or not.
pub async fn f24_expired_mails_are_dropped_and_others_stay(store: Arc<dyn MailStore>) {
    for (number, expires_at) in [(1, 1_000), (2, 1_000), (3, 1_001)] {
        store.enqueue(&mail(number, expires_at)).await.unwrap();
    }
    store.claim(Duration::ZERO, BEFORE).await.unwrap().unwrap();
    let at = Timestamp::from_millis;
    assert_eq!(store.drop_expired(at(999)).await.unwrap(), 0);
    assert_eq!(store.drop_expired(at(1_000)).await.unwrap(), 2);
    assert_eq!(claimed_at_last(&store, LONG).await.mail, mail(3, 1_001));
    assert_eq!(store.claim(LONG, BEFORE).await.unwrap(), None);
}

/// So that it leaves after all if the clock was wrong.
pub async fn b05_a_mail_that_seems_to_have_expired_is_not_claimed_and_stays(
    store: Arc<dyn MailStore>,
) {
    enqueue(&store, [1]).await;
    for (now, claimed) in [(1_000, false), (1_001, false), (999, true)] {
        let claim = store
            .claim(LONG, Timestamp::from_millis(now))
            .await
            .unwrap();
        assert_eq!(claim.is_some(), claimed, "{now}");
    }
}
