//! Secrets as types, so that neither reaches a log by way of `Debug`.

use std::fmt;

use colloquy_text::opaque;
use serde::Deserialize;

/// A password: equal to every other spelling of it (decision 37).
#[derive(Clone, Deserialize)]
#[serde(from = "String")]
pub struct Password {
    typed: String,
    opaque: String,
}

/// A password hash as a PHC string (`$argon2id$v=19$…`).
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl Password {
    /// Wraps a password as it was typed.
    pub fn new(typed: impl Into<String>) -> Self {
        let typed = typed.into();
        Self {
            opaque: opaque(&typed),
            typed,
        }
    }

    /// The canonical form, which is hashed and judged.
    pub(crate) fn as_str(&self) -> &str {
        &self.opaque
    }

    /// What was typed, if that is another text: passwords were hashed so before there was a canonical form.
    pub(crate) fn typed_otherwise(&self) -> Option<&str> {
        (self.typed != self.opaque).then_some(&self.typed)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.opaque.is_empty()
    }
}

impl From<String> for Password {
    fn from(typed: String) -> Self {
        Self::new(typed)
    }
}

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.opaque == other.opaque
    }
}

impl Eq for Password {}

impl PasswordHash {
    /// Wraps a PHC string.
    pub fn new(phc: impl Into<String>) -> Self {
        Self(phc.into())
    }

    /// The PHC string, for stores and for hashing.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_11_secrets_do_not_show_in_debug() {
        let shown = format!(
            "{:?} {:?}",
            Password::new("correct horse"),
            PasswordHash::new("$argon2id$battery")
        );
        assert!(
            !shown.contains("horse") && !shown.contains("battery"),
            "{shown}"
        );
    }
}
