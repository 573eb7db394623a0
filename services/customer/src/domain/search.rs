//! What can be searched for (decision 29).

use colloquy_text::trimmed;

use super::{BrokenRule, fold};

pub(crate) const MAX_NAME: usize = 100;
pub(crate) const MIN_DIGITS: usize = 4;

/// A part of a full name, folded. No character of it is special, `%` and `_` included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameSearch(String);

/// A part of a phone number: at least four digits, perhaps after a `+`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneSearch(String);

impl NameSearch {
    /// Checks and folds a text; spaces around it are dropped.
    ///
    /// # Errors
    /// Nothing is left of it, it is longer than any name, or holds a control character.
    pub fn parse(text: &str) -> Result<Self, BrokenRule> {
        let text = trimmed(text);
        let folded = fold(text);
        let well_formed = !folded.trim().is_empty()
            && text.chars().count() <= MAX_NAME
            && !text.chars().any(char::is_control);
        well_formed
            .then_some(Self(folded))
            .ok_or(BrokenRule("Search for 1 to 100 characters of a name."))
    }

    /// The folded part.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.0
    }
}

impl PhoneSearch {
    /// Checks a text; spaces around it are dropped.
    ///
    /// # Errors
    /// It holds fewer than four digits, or something else.
    pub fn parse(text: &str) -> Result<Self, BrokenRule> {
        let part = text.trim_matches(' ');
        let digits = part.strip_prefix('+').unwrap_or(part);
        let well_formed = digits.len() >= MIN_DIGITS && digits.bytes().all(|b| b.is_ascii_digit());
        well_formed
            .then(|| Self(part.to_owned()))
            .ok_or(BrokenRule("Search for at least 4 digits of a number."))
    }

    /// The part.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_29_a_name_is_searched_for_as_it_is_stored() {
        assert_eq!(NameSearch::parse(" Đặng ").unwrap().folded(), "dang");
        assert_eq!(
            NameSearch::parse("\u{a0}Đặng  An\u{200b}")
                .unwrap()
                .folded(),
            "dang an"
        );
        assert_eq!(NameSearch::parse("%_").unwrap().folded(), "%_");
        assert!(NameSearch::parse(&"ữ".repeat(100)).is_ok());
        for text in ["", "  ", "\u{301}", "a\0b", "a\nb", &"a".repeat(101)] {
            assert!(NameSearch::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn decision_29_a_number_is_searched_for_by_four_digits_at_least() {
        for text in ["0901", "+8490", " 4567 "] {
            assert_eq!(PhoneSearch::parse(text).unwrap().as_str(), text.trim());
        }
        for text in [
            "",
            "090",
            "+849",
            "    ",
            "09%1",
            "____",
            "0901a",
            "0901 2345",
            "٠٩٠١",
            "0901\0",
            "0901\n",
        ] {
            assert!(PhoneSearch::parse(text).is_err(), "{text:?}");
        }
    }
}
