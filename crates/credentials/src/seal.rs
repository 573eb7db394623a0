//! How a secret rests in a store: sealed, so that a reader of the store reads no secret, and a writer to it makes
//! none.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

use crate::keys::SealKey;

/// The cryptographic library could not do its work.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the cryptographic library cannot seal")]
pub struct CannotSeal;

/// Seals and opens: AES-256-GCM with a fresh random nonce for each seal. Each is bound to a context, such as whose secret it
/// is: moved elsewhere it does not open. One key is good for 2³² seals, a hundred a second for a year.
pub struct Seal(RandomizedNonceKey);

impl Seal {
    /// Seals with this key, and opens what was sealed with it.
    #[must_use]
    pub fn new(key: &SealKey) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, key.bytes());
        Self(key.expect("any 256 bits are a key"))
    }

    /// `nonce ‖ ciphertext ‖ tag`.
    ///
    /// # Errors
    /// There is no randomness to be had.
    pub fn seal(&self, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, CannotSeal> {
        let mut text = secret.to_vec();
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(context), &mut text)
            .map_err(|_| CannotSeal)?;
        Ok([&nonce.as_ref()[..], &text].concat())
    }

    /// What was sealed with this key in this context, unless it was changed.
    #[must_use]
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let secret = self
            .0
            .open_in_place(nonce, Aad::from(context), &mut text)
            .ok()?;
        Some(secret.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"123456 and more";

    fn seal(byte: u8) -> Seal {
        Seal::new(&SealKey::from([byte; 32]))
    }

    #[test]
    fn s06_what_was_sealed_opens_and_is_the_same() {
        let sealed = seal(1).seal(b"an", SECRET).unwrap();
        assert_eq!(seal(1).open(b"an", &sealed).as_deref(), Some(SECRET));
    }

    #[test]
    fn s06_two_seals_of_one_secret_differ_and_do_not_hold_it() {
        let [first, second] = [(); 2].map(|()| seal(1).seal(b"an", SECRET).unwrap());
        assert_ne!(first[..NONCE_LEN], second[..NONCE_LEN]);
        assert_ne!(first[NONCE_LEN..], second[NONCE_LEN..]);
        for sealed in [first, second] {
            assert!(!sealed.windows(6).any(|part| part == &SECRET[..6]));
        }
    }

    #[test]
    fn s06_what_was_changed_moved_or_sealed_with_another_key_does_not_open() {
        let sealed = seal(1).seal(b"an", SECRET).unwrap();
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(seal(1).open(b"an", &changed).is_none(), "byte {at}");
            assert!(seal(1).open(b"an", &sealed[..at]).is_none(), "cut {at}");
        }
        assert!(seal(1).open(b"bo", &sealed).is_none());
        assert!(seal(2).open(b"an", &sealed).is_none());
    }
}
