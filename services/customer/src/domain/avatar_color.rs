//! The colour behind a customer's initials.

use super::BrokenRule;

/// A colour as typed: `#RRGGBB`, the digits in either case (decision 31).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AvatarColor(String);

impl AvatarColor {
    /// Checks a text.
    ///
    /// # Errors
    /// It breaks the rule.
    pub fn parse(text: String) -> Result<Self, BrokenRule> {
        let well_formed = text.strip_prefix('#').is_some_and(|digits| {
            digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit())
        });
        well_formed
            .then_some(Self(text))
            .ok_or(BrokenRule("A colour looks like #4CAF50."))
    }

    /// The colour.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// Black, for those who choose none (contract §3).
impl Default for AvatarColor {
    fn default() -> Self {
        Self("#000000".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_31_a_colour_is_six_hexadecimal_digits() {
        for typed in ["#000000", "#4CAF50", "#abcdef"] {
            let color = AvatarColor::parse(typed.to_owned()).unwrap();
            assert_eq!(color.into_string(), typed);
        }
        for text in [
            "", "#", "red", "4CAF50", "#4CAF5", "#4CAF500", "#4CAF5G", "#fff", "#4CAF50 ", "#ááá",
            "url(x)",
        ] {
            assert!(AvatarColor::parse(text.to_owned()).is_err(), "{text:?}");
        }
    }
}
