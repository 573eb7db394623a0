//! Names and addresses as a store keeps them: as digests, so that its tables do not show who did what.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};

/// SHA-256, written as hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(String);

impl Digest {
    /// The digest of several texts: where one ends and the next begins makes a difference.
    #[must_use]
    pub fn of(parts: &[&str]) -> Self {
        let mut context = Context::new(&SHA256);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        Self::written(context)
    }

    /// The plain SHA-256 of one text.
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(text.as_bytes());
        Self::written(context)
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn written(context: Context) -> Self {
        let digest = context.finish();
        let digits = digest.as_ref().iter().map(|byte| format!("{byte:02x}"));
        Self(digits.collect())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_30_parts_do_not_run_into_each_other() {
        assert_ne!(Digest::of(&["ab", "c"]), Digest::of(&["a", "bc"]));
    }
}
