//! The mail address of an account.

use colloquy_text::{characters::is_invisible, mail_key, mailable, trimmed};

use super::BrokenRule;

pub(crate) const MAX: usize = 254;
const MAX_LOCAL: usize = 64;

/// A mail address as typed: RFC 5321's `local@domain` without quotes, comments and address literals, at most 254
/// characters. The local part is ASCII, so that every mail server takes it; the domain may be international, if it has
/// a form in ASCII (decision 37).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Checks a text; white space around it is dropped.
    ///
    /// # Errors
    /// It breaks the rule.
    pub fn parse(text: &str) -> Result<Self, BrokenRule> {
        let address = trimmed(text);
        let well_formed = address.chars().count() <= MAX
            && address
                .split_once('@')
                .is_some_and(|(local, domain)| is_local(local) && !domain.contains('@'))
            && !address.chars().any(is_invisible)
            && mailable(address).is_some();
        well_formed
            .then(|| Self(address.to_owned()))
            .ok_or(BrokenRule(
                "A mail address looks like name@example.com and has at most 254 characters.",
            ))
    }

    /// The address in lower case: the exact form, which decides before the canonical one where older accounts share that
    /// (decision 37).
    #[must_use]
    pub fn lower(&self) -> String {
        self.0.to_lowercase()
    }

    /// The canonical form: the same for every spelling of one mailbox.
    #[must_use]
    pub fn key(&self) -> String {
        mail_key(&self.0)
    }

    /// The address.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// RFC 5322's dot-atom.
fn is_local(local: &str) -> bool {
    local.len() <= MAX_LOCAL
        && local.split('.').all(|atom| {
            !atom.is_empty()
                && atom
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_3_customer_a_mail_address_is_kept_as_typed() {
        for typed in [
            "user1@example.com",
            "An.Nguyen+chat@Example.COM",
            "o'brien@mail.example.co.uk",
            "an@localhost",
            "an@münchen.example",
        ] {
            assert_eq!(Email::parse(typed).unwrap().into_string(), typed);
        }
    }

    #[test]
    fn contract_3_customer_a_mail_address_has_at_most_254_characters() {
        let domain = |length: usize| {
            let labels = "a23456789.".repeat(30);
            format!(
                "an@{}",
                &labels[labels.len() - 1 - length + 3..labels.len() - 1]
            )
        };
        assert_eq!(domain(254).len(), 254);
        assert!(Email::parse(&domain(254)).is_ok());
        assert!(Email::parse(&domain(255)).is_err());
    }

    #[test]
    fn s31_what_is_no_address_is_refused() {
        for text in [
            "",
            "an",
            "@",
            "an@",
            "@example.com",
            "an@b@example.com",
            "an nguyen@example.com",
            "an@example.com\n",
            "an@example.com\r\nBcc: x@example.com",
            "an\n@example.com",
            "an\0@example.com",
            "an@exa\u{7f}mple.com",
            ".an@example.com",
            "an.@example.com",
            "a..n@example.com",
            "an@example..com",
            "an@.com",
            "an@example.com.",
            "an@-a.com",
            "an@a-.com",
            "an@example.com,x@example.com",
            "\"an\"@example.com",
            "An <an@example.com>",
            "an@[127.0.0.1]",
            "án@example.com",
            "an@exam\u{200b}ple.com",
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
        assert!(Email::parse(&format!("{}@example.com", "a".repeat(65))).is_err());
    }

    #[test]
    fn b13_an_address_that_can_never_be_mailed_is_refused() {
        let long_label = format!("an@{}.example", "ü".repeat(60));
        for text in [
            "an@xn--a.example",
            "an@\u{301}a.example",
            "an@a_b.example",
            "an@\u{378}.example",
            &long_label,
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
        let spellings = [
            "an@bücher.example",
            "AN@bu\u{308}cher.EXAMPLE",
            "an@xn--bcher-kva.example",
        ];
        for typed in spellings {
            let email = Email::parse(typed).unwrap();
            assert_eq!(email.key(), "an@xn--bcher-kva.example");
            assert_eq!(email.into_string(), typed);
        }
    }

    #[test]
    fn b16_white_space_around_an_address_is_dropped() {
        for typed in [" a@b", "a@b ", "\u{a0}a@b\t", "\u{202a}a@b\u{202c}"] {
            assert_eq!(
                Email::parse(typed).unwrap().into_string(),
                "a@b",
                "{typed:?}"
            );
        }
    }
}
