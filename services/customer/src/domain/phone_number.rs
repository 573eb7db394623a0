//! The phone number of an account.

use super::BrokenRule;

pub(crate) const DIGITS: std::ops::RangeInclusive<usize> = 4..=20;
/// How much of a number others see.
const SHOWN: usize = 3;

/// A phone number as typed: 4 to 20 digits, perhaps after a `+`. Two spellings of one number are two numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Checks a text; spaces around it are dropped, and an empty one counts as none.
    ///
    /// # Errors
    /// It breaks the rule.
    pub fn parse(text: Option<&str>) -> Result<Option<Self>, BrokenRule> {
        let number = text.unwrap_or_default().trim_matches(' ');
        if number.is_empty() {
            return Ok(None);
        }
        let digits = number.strip_prefix('+').unwrap_or(number);
        let well_formed =
            DIGITS.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        well_formed
            .then(|| Some(Self(number.to_owned())))
            .ok_or(BrokenRule(
                "A phone number has 4 to 20 digits and may start with a +.",
            ))
    }

    /// The number.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// A number as others see it: its last three characters, the others hidden.
#[must_use]
pub fn masked(number: &str) -> String {
    let hidden = number.chars().count().saturating_sub(SHOWN);
    let shown = number.chars().skip(hidden);
    "*".repeat(hidden).chars().chain(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_3_customer_an_empty_phone_counts_as_none() {
        for none in [None, Some(""), Some("  ")] {
            assert_eq!(PhoneNumber::parse(none), Ok(None));
        }
    }

    #[test]
    fn contract_3_customer_a_phone_number_is_kept_as_typed() {
        for (typed, kept) in [
            ("0901234567", "0901234567"),
            (" +84901234567 ", "+84901234567"),
            ("1234", "1234"),
            ("+12345678901234567890", "+12345678901234567890"),
        ] {
            let number = PhoneNumber::parse(Some(typed)).unwrap().unwrap();
            assert_eq!(number.into_string(), kept);
        }
    }

    #[test]
    fn s31_what_is_no_phone_number_is_refused() {
        for text in [
            "123",
            "123456789012345678901",
            "+",
            "++1234",
            "1234+",
            "0901 234 567",
            "0901-234",
            "12ab",
            "٠٩٠١٢٣",
            "0901234567\r\nX: y",
            "0901234567\n",
            "\t",
            "1234\0",
            "%%%%",
            "____",
        ] {
            assert!(PhoneNumber::parse(Some(text)).is_err(), "{text:?}");
        }
    }

    #[test]
    fn contract_3_customer_others_see_the_last_three_digits_of_a_number() {
        assert_eq!(masked("0901234567"), "*******567");
        assert_eq!(masked("+1234"), "**234");
        assert_eq!(masked("12"), "12");
    }
}
