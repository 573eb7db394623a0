//! Password hashing: argon2id on threads of its own (S01).
//!
//! One hash takes about 20 ms of one core and 19 MiB. A bounded pool keeps a rush of logins from starving delivery:
//! when its queue is full, callers are refused at once. A job that has waited for too long is refused unhashed, or else
//! all of a rush would be hashed for callers that have given up. An idle thread gives its memory back.

mod hasher;

use std::{
    num::NonZeroUsize,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use argon2::{Params, PasswordHasher as _, PasswordVerifier as _, password_hash::phc};
use colloquy_chassis::{Failure, Kind};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};
use tokio::sync::oneshot;

use self::hasher::Hasher;
use crate::password::{Password, PasswordHash};

/// Memory in KiB, passes and lanes: the least that OWASP recommends for argon2id.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How long a thread keeps its memory for the next password.
const IDLE_AFTER: Duration = Duration::from_secs(1);
/// How every hash of ours begins.
const EXPECTED: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

/// Why a password was not hashed or compared.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// More work waits than the pool takes on, or can do in time.
    #[error("the hashing queue is full")]
    Full,
    /// A hash did not come out, or one that was kept is no hash.
    #[error("hashing failed: {0}")]
    Defect(String),
    /// The threads could not be started.
    #[error("the hashing threads could not be started")]
    Start(#[source] std::io::Error),
}

impl Failure for HashingError {
    fn kind(&self) -> Kind {
        match self {
            Self::Full => Kind::Unavailable,
            Self::Defect(_) | Self::Start(_) => Kind::Internal,
        }
    }
}

/// How much work may wait, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct HashingQueue {
    /// Jobs that may wait; one more is refused at once.
    pub capacity: usize,
    /// A job that has waited for so long is refused instead of done.
    pub max_wait: Duration,
}

/// How a password compares with a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// It is another password.
    Different,
    /// It is the password.
    Same,
    /// It is the password, under a hash that is made in another way by now.
    Outdated,
}

type Job = Box<dyn FnOnce(&Hasher) + Send>;

/// Hashes and compares passwords. Cheap to clone; its threads end with the last clone.
#[derive(Clone)]
pub struct HashingPool {
    jobs: Sender<Job>,
    max_wait: Duration,
    /// What a password is compared with when there is no account: that takes as long, and never fits.
    dummy: Arc<PasswordHash>,
}

impl HashingPool {
    /// Starts `threads` threads that work on this queue, and checks that hashes come out with the parameters they
    /// should have.
    ///
    /// # Errors
    /// A thread could not be started, or the parameters are not as they should be.
    pub fn start(threads: NonZeroUsize, queue: HashingQueue) -> Result<Self, HashingError> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(defect)?;
        let dummy = hash(&Hasher::new(params.clone()), &Password::new("no account's"))?;
        if Self::is_outdated(&dummy) {
            return Err(HashingError::Defect("unexpected parameters".to_owned()));
        }
        let (jobs, waiting) = bounded::<Job>(queue.capacity);
        for _ in 0..threads.get() {
            let (waiting, params) = (waiting.clone(), params.clone());
            thread::Builder::new()
                .name("hashing".to_owned())
                .spawn(move || work(&waiting, &Hasher::new(params)))
                .map_err(HashingError::Start)?;
        }
        Ok(Self {
            jobs,
            max_wait: queue.max_wait,
            dummy: Arc::new(dummy),
        })
    }

    /// The hash of a password, with a salt of its own.
    ///
    /// # Errors
    /// The queue is full, or hashing failed.
    pub async fn hash(&self, password: Password) -> Result<PasswordHash, HashingError> {
        self.run(move |hasher| hash(hasher, &password)).await?
    }

    /// Compares a password with a hash. Without a hash it is different, and that takes as long (S05).
    ///
    /// # Errors
    /// The queue is full, or the hash is none.
    pub async fn compare(
        &self,
        password: Password,
        against: Option<PasswordHash>,
    ) -> Result<Comparison, HashingError> {
        let known = against.is_some();
        let phc = against.unwrap_or_else(|| self.dummy.as_ref().clone());
        let comparison = self
            .run(move |hasher| compare_forms(hasher, &password, &phc))
            .await??;
        Ok(if known {
            comparison
        } else {
            Comparison::Different
        })
    }

    /// Whether passwords are hashed with other parameters by now.
    fn is_outdated(hash: &PasswordHash) -> bool {
        !hash.as_str().starts_with(EXPECTED)
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Hasher) -> T + Send + 'static,
    ) -> Result<T, HashingError> {
        let (answer, answered) = oneshot::channel();
        let (max_wait, since) = (self.max_wait, Instant::now());
        let job: Job = Box::new(move |hasher| {
            let outcome = if since.elapsed() < max_wait {
                Ok(job(hasher))
            } else {
                Err(HashingError::Full)
            };
            let _ = answer.send(outcome);
        });
        self.jobs.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => HashingError::Full,
            TrySendError::Disconnected(_) => HashingError::Defect("no thread is left".to_owned()),
        })?;
        answered
            .await
            .map_err(|_| HashingError::Defect("a thread ended".to_owned()))?
    }
}

fn work(waiting: &Receiver<Job>, hasher: &Hasher) {
    loop {
        let next = if hasher.holds_memory() {
            waiting.recv_timeout(IDLE_AFTER)
        } else {
            waiting.recv().map_err(RecvTimeoutError::from)
        };
        match next {
            Ok(job) => job(hasher),
            Err(RecvTimeoutError::Timeout) => hasher.rest(),
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn hash(hasher: &Hasher, password: &Password) -> Result<PasswordHash, HashingError> {
    let phc = hasher
        .hash_password(password.as_str().as_bytes())
        .map_err(defect)?;
    Ok(PasswordHash::new(phc.to_string()))
}

/// Older hashes are of what was typed.
fn compare_forms(
    hasher: &Hasher,
    password: &Password,
    against: &PasswordHash,
) -> Result<Comparison, HashingError> {
    if fits(hasher, password.as_str(), against)? {
        let outdated = HashingPool::is_outdated(against);
        return Ok(if outdated {
            Comparison::Outdated
        } else {
            Comparison::Same
        });
    }
    Ok(match password.typed_otherwise() {
        Some(typed) if fits(hasher, typed, against)? => Comparison::Outdated,
        _ => Comparison::Different,
    })
}

fn fits(hasher: &Hasher, text: &str, against: &PasswordHash) -> Result<bool, HashingError> {
    let phc = phc::PasswordHash::new(against.as_str()).map_err(defect)?;
    match hasher.verify_password(text.as_bytes(), &phc) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(defect(error)),
    }
}

fn defect(error: impl std::fmt::Display) -> HashingError {
    HashingError::Defect(error.to_string())
}

#[cfg(test)]
pub(crate) mod tests;
