//! The name that a client gives a command, so that a repeat of the request is known as one (idempotency, decision 2).

use aws_lc_rs::digest;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD};
use colloquy_contracts::CustomerId;

const CLIENT_KEY_OCTETS: usize = 16;
/// The longest key, in characters.
pub const LONGEST_KEY: usize = 255;

/// The value of an `Idempotency-Key` header: 1–255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(String);

/// A value that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 1 to 255 visible ascii characters")]
pub struct IdempotencyKeyError;

impl IdempotencyKey {
    /// Checks a header's bytes.
    ///
    /// # Errors
    /// Empty, too long, or something that is not visible ASCII.
    pub fn parse(bytes: &[u8]) -> Result<Self, IdempotencyKeyError> {
        let visible = bytes.iter().all(u8::is_ascii_graphic);
        if !visible || bytes.is_empty() || bytes.len() > LONGEST_KEY {
            return Err(IdempotencyKeyError);
        }
        Ok(Self(bytes.iter().copied().map(char::from).collect()))
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the message of this sender and key carries as its `clientKey` (contract §3): the first 16 octets of
    /// SHA-256 of `<senderId>:<key>` in base64url. The sender can compute it before the response comes, and others learn
    /// nothing of the key.
    #[must_use]
    pub fn client_key(&self, sender: CustomerId) -> String {
        let hash = digest::digest(&digest::SHA256, format!("{sender}:{}", self.0).as_bytes());
        URL_SAFE_NO_PAD.encode(&hash.as_ref()[..CLIENT_KEY_OCTETS])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b24_a_client_key_is_the_beginning_of_a_hash_of_sender_and_key() {
        let key = IdempotencyKey::parse(b"k1").unwrap();
        // printf '7:k1' | openssl dgst -sha256 -binary | head -c 16 | basenc --base64url
        assert_eq!(key.client_key(CustomerId(7)), "-IVUfy7u7I4i9P9_Z0Cdyw");
        assert_ne!(key.client_key(CustomerId(8)), key.client_key(CustomerId(7)));
    }

    #[test]
    fn decision_2_a_key_is_1_to_255_visible_ascii_characters() {
        assert!(IdempotencyKey::parse(b"!").is_ok());
        assert!(IdempotencyKey::parse(&[b'~'; 255]).is_ok());
        for bad in [
            &b""[..],
            b" ",
            b"a b",
            b"a\tb",
            b"\x7f",
            "é".as_bytes(),
            &[b'a'; 256],
        ] {
            assert_eq!(IdempotencyKey::parse(bad), Err(IdempotencyKeyError));
        }
    }
}
