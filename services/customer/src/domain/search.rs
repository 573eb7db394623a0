//! What can be searched for (decision 29).

use colloquy_text::{trimmed, username_key};

use super::{BrokenRule, fold};

pub(crate) const MAX_NAME: usize = 100;
/// Digits that find people whom the caller shares a room with.
const MIN_DIGITS: usize = 4;
/// Digits that find any customer: of a masked number three are shown, and with fewer digits the others could be found out
/// one by one.
const MIN_DIGITS_OF_STRANGERS: usize = 8;
/// Digits of a country's code.
const COUNTRY_CODES: std::ops::RangeInclusive<usize> = 1..=3;

/// A part of a full name, folded, or a whole username. No character of it is special, `%` and `_` included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameSearch {
    folded: String,
    username_key: String,
}

/// A part of a phone number, perhaps after a `+`. `0901234567` and `+84901234567` are one number, whatever the country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneSearch(Vec<Form>);

/// One way to write what is searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Form {
    digits: usize,
    /// For SQL's `LIKE`; of what the caller typed it holds digits alone.
    pattern: String,
}

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
            .then_some(Self {
                folded,
                username_key: username_key(text),
            })
            .ok_or(BrokenRule("Search for 1 to 100 characters of a name."))
    }

    /// The folded part.
    #[must_use]
    pub fn folded(&self) -> &str {
        &self.folded
    }

    /// The key of the username that it may be.
    #[must_use]
    pub fn username_key(&self) -> &str {
        &self.username_key
    }
}

impl PhoneSearch {
    /// Checks a text; spaces around it are dropped.
    ///
    /// # Errors
    /// It holds no digits, or something else.
    pub fn parse(text: &str) -> Result<Self, BrokenRule> {
        let part = text.trim_matches(' ');
        let digits = part.strip_prefix('+').unwrap_or(part);
        let well_formed = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if !well_formed {
            return Err(BrokenRule("Search for the digits of a number."));
        }
        Ok(Self(forms(part)))
    }

    /// Patterns of numbers that every caller finds.
    #[must_use]
    pub fn of_strangers(&self) -> Vec<String> {
        let forms = self.0.iter();
        let long = forms.filter(|form| form.digits >= MIN_DIGITS_OF_STRANGERS);
        long.map(|form| form.pattern.clone()).collect()
    }

    /// Patterns of further numbers, that are found among people whom the caller shares a room with.
    #[must_use]
    pub fn of_acquaintances(&self) -> Vec<String> {
        let forms = self.0.iter();
        let short =
            forms.filter(|form| (MIN_DIGITS..MIN_DIGITS_OF_STRANGERS).contains(&form.digits));
        short.map(|form| form.pattern.clone()).collect()
    }
}

/// What is typed after a `+` is the beginning of a number, and so is what is typed after the `0` of a national one.
fn forms(part: &str) -> Vec<Form> {
    let form = |digits: usize, pattern: String| Form { digits, pattern };
    let literal = form(part.trim_start_matches('+').len(), format!("%{part}%"));
    let mut forms = vec![literal];
    let international = part.strip_prefix('+').or_else(|| part.strip_prefix("00"));
    if let Some(digits) = international {
        forms.push(form(digits.len(), format!("+{digits}%")));
        for national in COUNTRY_CODES.filter_map(|code| digits.get(code..)) {
            forms.push(form(national.len() + 1, format!("0{national}%")));
        }
    } else if let Some(national) = part.strip_prefix('0') {
        for code in COUNTRY_CODES {
            forms.push(form(
                part.len(),
                format!("+{}{national}%", "_".repeat(code)),
            ));
        }
    }
    forms
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
    fn b11_strangers_are_searched_for_by_eight_digits_and_acquaintances_by_four() {
        for (text, of_strangers, of_acquaintances) in [
            ("901", vec![], vec![]),
            ("+849", vec![], vec![]),
            (" 4567 ", vec![], vec!["%4567%"]),
            ("9012345", vec![], vec!["%9012345%"]),
            ("90123456", vec!["%90123456%"], vec![]),
            (
                "09012345",
                vec!["%09012345%", "+_9012345%", "+__9012345%", "+___9012345%"],
                vec![],
            ),
            (
                "0901",
                vec![],
                vec!["%0901%", "+_901%", "+__901%", "+___901%"],
            ),
            (
                "+84901234",
                vec!["%+84901234%", "+84901234%", "04901234%"],
                vec!["0901234%", "001234%"],
            ),
            (
                "0084901234567",
                vec![
                    "%0084901234567%",
                    "+84901234567%",
                    "04901234567%",
                    "0901234567%",
                    "001234567%",
                ],
                vec![],
            ),
        ] {
            let search = PhoneSearch::parse(text).unwrap();
            assert_eq!(search.of_strangers(), of_strangers, "{text}");
            assert_eq!(search.of_acquaintances(), of_acquaintances, "{text}");
        }
    }

    #[test]
    fn decision_29_a_number_is_searched_for_by_digits_alone() {
        for text in [
            "",
            "+",
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
