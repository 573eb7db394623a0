//! What the pool promises: parameters, salts, bounds, and the same time with and without an account.

use std::{
    num::NonZeroUsize,
    sync::mpsc,
    time::{Duration, Instant},
};

use argon2::{Argon2, PasswordHasher as _};
use tokio::sync::oneshot;

use super::{Comparison, EXPECTED, Hasher, HashingError, HashingPool, HashingQueue};
use crate::password::{Password, PasswordHash};

fn pool(threads: usize, capacity: usize) -> HashingPool {
    let max_wait = Duration::MAX;
    let queue = HashingQueue { capacity, max_wait };
    HashingPool::start(NonZeroUsize::new(threads).unwrap(), queue).unwrap()
}

#[tokio::test]
async fn s01_hashes_carry_the_agreed_parameters_and_a_salt_of_their_own() {
    let pool = pool(1, 8);
    let first = pool.hash(Password::new("123")).await.unwrap();
    let second = pool.hash(Password::new("123")).await.unwrap();
    assert!(first.as_str().starts_with(EXPECTED), "{}", first.as_str());
    assert_ne!(first.as_str(), second.as_str());
    for hash in [first, second] {
        let right = pool.compare(Password::new("123"), Some(hash.clone()));
        assert_eq!(right.await.unwrap(), Comparison::Same);
        let wrong = pool.compare(Password::new("1234"), Some(hash));
        assert_eq!(wrong.await.unwrap(), Comparison::Different);
    }
}

#[tokio::test]
async fn s02_passwords_are_not_cut() {
    let pool = pool(1, 8);
    let long = "x".repeat(128);
    let hash = pool.hash(Password::new(&long)).await.unwrap();
    let cut = pool.compare(Password::new(&long[..127]), Some(hash));
    assert_eq!(cut.await.unwrap(), Comparison::Different);
}

#[tokio::test]
async fn s05_an_unknown_name_takes_as_long_as_a_wrong_password() {
    let pool = pool(1, 8);
    let hash = pool.hash(Password::new("123")).await.unwrap();
    let mut known = Duration::MAX;
    let mut unknown = Duration::MAX;
    for _ in 0..10 {
        known = known.min(wrong(&pool, Some(hash.clone())).await);
        unknown = unknown.min(wrong(&pool, None).await);
    }
    assert!(
        unknown > known / 2 && unknown < known * 2,
        "{unknown:?} against {known:?}"
    );
}

async fn wrong(pool: &HashingPool, hash: Option<PasswordHash>) -> Duration {
    let start = Instant::now();
    let compared = pool.compare(Password::new("wrong"), hash).await.unwrap();
    assert_eq!(compared, Comparison::Different);
    start.elapsed()
}

#[tokio::test]
async fn s05_an_unknown_name_never_fits() {
    let compared = pool(1, 8)
        .compare(Password::new("no account's"), None)
        .await;
    assert_eq!(compared.unwrap(), Comparison::Different);
}

#[tokio::test]
async fn s01_a_full_queue_refuses_at_once() {
    let pool = pool(1, 1);
    let full = Full::of(&pool).await;
    let refused = pool.hash(Password::new("123")).await;
    assert!(matches!(refused, Err(HashingError::Full)), "{refused:?}");
    full.free().await;
    pool.hash(Password::new("123")).await.unwrap();
}

#[tokio::test]
async fn s01_work_that_waited_for_too_long_is_refused_instead_of_done() {
    let pool = HashingPool {
        max_wait: Duration::ZERO,
        ..pool(1, 8)
    };
    let refused = pool.run::<()>(|_| unreachable!("it is too late")).await;
    assert!(matches!(refused, Err(HashingError::Full)), "{refused:?}");
}

/// Work that keeps a pool of one thread busy and fills the one place of its queue.
pub(crate) struct Full {
    held: mpsc::Sender<()>,
    is_over: oneshot::Receiver<()>,
}

impl Full {
    pub(crate) async fn of(pool: &HashingPool) -> Self {
        let (held, release) = mpsc::channel::<()>();
        let (begin, has_begun) = oneshot::channel();
        let hold = move |_: &Hasher| {
            begin.send(()).unwrap();
            release.recv().unwrap_err();
        };
        pool.jobs.try_send(Box::new(hold)).unwrap();
        has_begun.await.unwrap();
        let (end, is_over) = oneshot::channel();
        let last = move |_: &Hasher| {
            // A caller that failed meanwhile does not wait for it.
            let _ = end.send(());
        };
        pool.jobs.try_send(Box::new(last)).unwrap();
        Self { held, is_over }
    }

    /// Answers when the pool has nothing to do.
    pub(crate) async fn free(self) {
        drop(self.held);
        self.is_over.await.unwrap();
    }
}

#[tokio::test]
async fn b12_every_spelling_of_a_password_is_that_password_and_a_hash_of_what_was_typed_is_outdated()
 {
    let pool = pool(1, 8);
    let [composed, decomposed] = ["mật\u{a0}khẩu", "ma\u{323}\u{302}t kha\u{302}\u{309}u"];
    assert_eq!(Password::new(composed), Password::new(decomposed));
    let hash = pool.hash(Password::new(decomposed)).await.unwrap();
    for typed in [composed, decomposed] {
        let compared = pool.compare(Password::new(typed), Some(hash.clone()));
        assert_eq!(compared.await.unwrap(), Comparison::Same, "{typed:?}");
    }
    let phc = Argon2::default().hash_password(decomposed.as_bytes());
    let older = PasswordHash::new(phc.unwrap().to_string());
    for (typed, expected) in [
        (decomposed, Comparison::Outdated),
        (composed, Comparison::Different),
        ("mat khau", Comparison::Different),
    ] {
        let compared = pool.compare(Password::new(typed), Some(older.clone()));
        assert_eq!(compared.await.unwrap(), expected, "{typed:?}");
    }
}
