//! The address that a code is for.

use std::{borrow::Cow, fmt};

use colloquy_chassis::{Failure, Kind};
use colloquy_text::mail_key;

/// As long as a mail address may be (contract §3).
const MAX: usize = 254;

/// A mail address in its canonical form (decision 37). Customer management has checked that
/// mail can be sent to it.
pub(crate) struct Address(String);

/// The text is no mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the mail address is blank or too long")]
pub(crate) struct AddressError;

impl Failure for AddressError {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn message(&self) -> Cow<'static, str> {
        Cow::Borrowed("The email must not be blank and has at most 254 characters.")
    }
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        if text.trim().is_empty() || text.chars().count() > MAX {
            return Err(AddressError);
        }
        Ok(Self(mail_key(text)))
    }

    pub(crate) fn text(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_31_addresses_compare_without_case() {
        let address = Address::parse("An.Nguyễn@EXAMPLE.com").unwrap();
        assert_eq!(address.text(), "an.nguyễn@example.com");
    }

    #[test]
    fn b13_every_spelling_of_an_address_has_one_code() {
        for spelling in [
            "an@bücher.example",
            " AN@bu\u{308}cher.example",
            "an@xn--bcher-kva.example",
        ] {
            let address = Address::parse(spelling).unwrap();
            assert_eq!(address.text(), "an@xn--bcher-kva.example", "{spelling:?}");
        }
    }

    #[test]
    fn contract_4_otp_an_address_has_1_to_254_characters() {
        for refused in [
            String::new(),
            " \t\n".to_owned(),
            "x".repeat(255),
            "ễ".repeat(255),
        ] {
            assert_eq!(Address::parse(&refused).unwrap_err(), AddressError);
        }
        for taken in ["x".to_owned(), "x".repeat(254), "ễ".repeat(254)] {
            assert_eq!(Address::parse(&taken).unwrap().text(), taken);
        }
    }

    #[test]
    fn s23_an_address_is_never_shown() {
        let shown = format!("{:?}", Address::parse("an@example.com").unwrap());
        assert_eq!(shown, "Address(redacted)");
    }
}
