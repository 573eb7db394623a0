//! The ticket that a right code is answered with: it allows one new password.

use std::fmt;

use aws_lc_rs::{digest, rand};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::HeaderValue;
use serde::{Deserialize, Serialize};

/// The cookie that carries a ticket, for pages that do not.
pub(crate) const COOKIE: &str = "reset_ticket";
/// No other request of a browser carries it.
const ATTRIBUTES: &str = "HttpOnly; Path=/customer/forgetPass; SameSite=Lax";

/// A ticket: 256 random bits in base64url.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ResetTicket(String);

impl ResetTicket {
    /// A ticket that cannot be guessed.
    ///
    /// # Panics
    /// The operating system has no randomness to give.
    #[must_use]
    pub fn random() -> Self {
        let mut bits = [0; 32];
        rand::fill(&mut bits).expect("the operating system gives randomness");
        Self::from_bits(&bits)
    }

    /// The ticket with these bits.
    #[must_use]
    pub fn from_bits(bits: &[u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bits))
    }

    pub(crate) fn from_cookie(value: &[u8]) -> Option<Self> {
        let ticket = str::from_utf8(value).ok()?;
        Some(Self(ticket.to_owned()))
    }

    /// What is kept of it. With so many random bits no ticket can be found for a hash, so no salt and no slowness is
    /// needed, and comparing hashes tells nothing about tickets.
    pub(crate) fn hash(&self) -> Fingerprint {
        Fingerprint::of(&[self.0.as_bytes()])
    }

    pub(crate) fn cookie(&self, seconds: u64, secure: bool) -> HeaderValue {
        set_cookie(COOKIE, &self.0, seconds, secure)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// The `Set-Cookie` that takes the ticket away again.
pub(crate) fn cleared_cookie(secure: bool) -> HeaderValue {
    set_cookie(COOKIE, "", 0, secure)
}

/// A `Set-Cookie` for the paths of forgotten passwords.
pub(crate) fn set_cookie(name: &str, value: &str, seconds: u64, secure: bool) -> HeaderValue {
    let secure = if secure { "; Secure" } else { "" };
    let cookie = format!("{name}={value}; Max-Age={seconds}; {ATTRIBUTES}{secure}");
    HeaderValue::try_from(cookie).expect("base64url is visible ASCII")
}

/// A SHA-256 in base64url: tells whether something is the same again, and not what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fingerprint(String);

impl Fingerprint {
    /// Of these parts; the same bytes in other parts have another one.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut digest = digest::Context::new(&digest::SHA256);
        for part in parts {
            digest.update(&part.len().to_be_bytes());
            digest.update(part);
        }
        Self(URL_SAFE_NO_PAD.encode(digest.finish()))
    }

    pub(crate) fn kept(text: &str) -> Self {
        Self(text.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ResetTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResetTicket(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s07_a_ticket_has_256_random_bits_and_shows_none_in_debug() {
        let (first, second) = (ResetTicket::random(), ResetTicket::random());
        assert_ne!(first, second);
        assert_eq!(URL_SAFE_NO_PAD.decode(&first.0).unwrap().len(), 32);
        let shown = format!("{first:?}");
        assert!(!shown.contains(&first.0), "{shown}");
    }

    #[test]
    fn s07_a_fingerprint_tells_parts_apart() {
        let of = |parts: &[&str]| {
            let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
            Fingerprint::of(&parts)
        };
        assert_eq!(of(&["ab", "c"]), of(&["ab", "c"]));
        assert_ne!(of(&["ab", "c"]), of(&["a", "bc"]));
    }
}
