//! The source of the randomness of codes.

use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};

/// The cryptographic library could not do its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cryptographic library failed")]
pub struct CryptoFailure;

/// Makes bytes that cannot be guessed.
pub trait Randomness: Send + Sync + 'static {
    /// Fills all of `bytes`, each bit as likely set as not.
    ///
    /// # Errors
    /// The source fails.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), CryptoFailure>;
}

/// The cryptographic library's generator, which the system seeds.
#[derive(Clone, Debug, Default)]
pub struct SystemRandomness(SystemRandom);

impl Randomness for SystemRandomness {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), CryptoFailure> {
        self.0.fill(bytes).map_err(|_| CryptoFailure)
    }
}
