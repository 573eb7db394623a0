//! Which passwords are accepted (S02): long ones, of any characters, that are not the first to be guessed.

use std::{borrow::Cow, collections::HashSet, sync::LazyLock};

use colloquy_chassis::{Failure, Kind};

use super::fold;
use crate::password::Password;

/// The commonest passwords of at least eight characters, folded, one a line; `common_passwords.md` says where they are
/// from.
const LIST: &str = include_str!("common_passwords.txt");
static COMMON: LazyLock<HashSet<&str>> = LazyLock::new(|| LIST.lines().collect());
/// The word that every customer here knows.
const OURS: &str = "colloquy";
/// Shorter words occur in good passwords by chance.
const MIN_WORD: usize = 3;
/// What a password must hold, digits and spaces apart, besides words that others know about its owner.
const MIN_OWN: usize = 4;

/// How long a password may be, in Unicode scalar values; nothing of it is ever cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordRule {
    /// The shortest.
    pub min: usize,
    /// The longest.
    pub max: usize,
}

/// Why a password is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Its length is out of range.
    #[error("password of a wrong length")]
    Length(PasswordRule),
    /// It is among the first that are tried.
    #[error("common password")]
    Common,
    /// It is made of the username, the name or the mail address.
    #[error("password made of words about its owner")]
    Personal,
}

impl Default for PasswordRule {
    fn default() -> Self {
        Self { min: 8, max: 128 }
    }
}

impl PasswordRule {
    /// Checks a password of a customer with this username, full name and mail address.
    ///
    /// # Errors
    /// It is refused.
    pub fn check(self, password: &Password, about_owner: [&str; 3]) -> Result<(), PasswordError> {
        let length = password.as_str().chars().count();
        if !(self.min..=self.max).contains(&length) {
            return Err(PasswordError::Length(self));
        }
        let folded = fold(password.as_str());
        if COMMON.contains(folded.as_str()) {
            return Err(PasswordError::Common);
        }
        if is_made_of(&folded, &words(about_owner)) {
            return Err(PasswordError::Personal);
        }
        Ok(())
    }
}

/// Whether little but digits is left when these words are taken away.
fn is_made_of(folded: &str, words: &[String]) -> bool {
    let left = words
        .iter()
        .fold(folded.to_owned(), |left, word| left.replace(word, ""));
    let own = left
        .chars()
        .filter(|c| !c.is_numeric() && !c.is_whitespace());
    left.len() < folded.len() && own.count() < MIN_OWN
}

/// Each text as a whole, without its spaces, and word by word; the longest first.
fn words(about_owner: [&str; 3]) -> Vec<String> {
    let mut words = vec![OURS.to_owned()];
    for text in about_owner.map(fold) {
        words.extend(
            text.split(|c: char| !c.is_alphanumeric())
                .map(str::to_owned),
        );
        words.push(text.split_whitespace().collect());
        words.push(text);
    }
    words.retain(|word| word.chars().count() >= MIN_WORD);
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

impl Failure for PasswordError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn message(&self) -> Cow<'static, str> {
        match self {
            Self::Length(PasswordRule { min, max }) => {
                format!("A password has {min} to {max} characters.").into()
            }
            Self::Common => "This password is too common.".into(),
            Self::Personal => {
                "A password must not be made of your username, name or mail address.".into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AN: [&str; 3] = ["an.nguyen", "Nguyễn Văn Ân", "Binh2024@mail.example"];

    fn check(password: &str) -> Result<(), PasswordError> {
        PasswordRule::default().check(&Password::new(password), AN)
    }

    #[test]
    fn s02_any_character_counts_and_none_is_cut_off() {
        for password in [
            "ữ".repeat(8),
            "ữ".repeat(128),
            "        ".to_owned(),
            "\0\r\n\t\u{1}\u{2}\u{3}\u{4}".to_owned(),
            "4839201847".to_owned(),
            "👩‍🚀 và 🍜".to_owned(),
        ] {
            assert_eq!(check(&password), Ok(()), "{password:?}");
        }
        let rule = PasswordRule::default();
        for length in [0, 1, 7, 129, 100_000] {
            let refused = check(&"ữ".repeat(length));
            assert_eq!(refused, Err(PasswordError::Length(rule)), "{length}");
        }
    }

    #[test]
    fn s02_the_lengths_are_a_setting() {
        let rule = PasswordRule { min: 12, max: 13 };
        for (length, fits) in [(11, false), (12, true), (13, true), (14, false)] {
            let password = Password::new("ữ".repeat(length));
            assert_eq!(rule.check(&password, AN).is_ok(), fits, "{length}");
        }
    }

    #[test]
    fn s02_common_passwords_are_refused_in_any_case() {
        for password in [
            "password",
            "PassWord1",
            "12345678",
            "qwertyuiop",
            "iloveyou",
            "ｐａｓｓｗｏｒｄ",
        ] {
            assert_eq!(check(password), Err(PasswordError::Common), "{password}");
        }
    }

    #[test]
    fn s02_words_about_the_owner_are_refused() {
        for password in [
            "an.nguyen",
            "AN.NGUYEN!",
            "nguyễn2024",
            "NguyenVanAn99",
            "Nguyen Van An",
            "binh2024@mail.example",
            "binh2024!",
            "Colloquy1!",
            "123nguyen456",
            "vananvan",
        ] {
            assert_eq!(check(password), Err(PasswordError::Personal), "{password}");
        }
        for password in ["nguyen likes phở", "correct horse nguyen"] {
            assert_eq!(check(password), Ok(()), "{password}");
        }
    }

    #[test]
    fn s02_the_list_of_common_passwords_is_folded_and_long_enough_to_matter() {
        for common in LIST.lines() {
            assert_eq!(fold(common), common);
            assert!(common.chars().count() >= 8, "{common}");
        }
        // ASVS 5.0, 6.2.4: the top 3,000 that the rule would take otherwise.
        assert!(COMMON.len() >= 3_000);
        assert!(LIST.lines().is_sorted_by(|a, b| a < b), "each once");
    }
}
