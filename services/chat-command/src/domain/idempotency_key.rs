//! What a client calls one attempt by, so that a repeat is known as one (decision 2).

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
}

#[cfg(test)]
mod tests {
    use super::*;

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
