//! Names and addresses as budgets know them: digests, so that the store tells nobody who tried what.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use colloquy_text::username_key;

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

    /// The account that a username names, whether there is one or not: of its canonical form, in which customer
    /// management compares it (decision 37), so that no spelling opens a budget of its own.
    #[must_use]
    pub fn of_account(username: &str) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(username_key(username).as_bytes());
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
    fn b12_the_spelling_of_a_username_opens_no_second_budget() {
        assert_eq!(Digest::of_account("User1"), Digest::of_account("uSER1"));
        assert_ne!(Digest::of_account("user1"), Digest::of_account("user2"));
        for spelling in ["ｕｓｅｒ１", " user1 ", "us\u{200b}er1", "𝐮𝐬𝐞𝐫𝟏"] {
            let digest = Digest::of_account(spelling);
            assert_eq!(digest, Digest::of_account("user1"), "{spelling:?}");
        }
        assert_eq!(Digest::of_account("weiß"), Digest::of_account("WEISS"));
        let digits = "0a041b9462caa4a31bac3567e0b6e6fd9100787db2ab433d96f6d178cabfce90";
        assert_eq!(Digest::of_account("USER1").as_str(), digits);
    }

    #[test]
    fn decision_30_parts_do_not_run_into_each_other() {
        assert_ne!(Digest::of(&["ab", "c"]), Digest::of(&["a", "bc"]));
    }
}
