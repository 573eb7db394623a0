//! Where somebody is written to.

use colloquy_text::characters::is_invisible;

use super::BrokenRule;

pub(crate) const MAX: usize = 254;
const MAX_LOCAL: usize = 64;
const MAX_LABEL: usize = 63;

/// A mail address as typed: RFC 5321's `local@domain` without quotes, comments and address literals, at most 254
/// characters. The local part is ASCII, so that every mail server takes it; the domain may be international.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Checks a text.
    ///
    /// # Errors
    /// It breaks the rule.
    pub fn parse(text: String) -> Result<Self, BrokenRule> {
        let well_formed = text.chars().count() <= MAX
            && text
                .split_once('@')
                .is_some_and(|(local, domain)| is_local(local) && is_domain(domain));
        well_formed.then_some(Self(text)).ok_or(BrokenRule(
            "A mail address looks like name@example.com and has at most 254 characters.",
        ))
    }

    /// The address as it is compared: without case (decision 31).
    #[must_use]
    pub fn lower(&self) -> String {
        self.0.to_lowercase()
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

fn is_domain(domain: &str) -> bool {
    domain.split('.').all(|label| {
        (1..=MAX_LABEL).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| {
                c == '-'
                    || c.is_ascii_alphanumeric()
                    || (!c.is_ascii() && !c.is_whitespace() && !is_invisible(c))
            })
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
            assert_eq!(Email::parse(typed.to_owned()).unwrap().into_string(), typed);
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
        assert!(Email::parse(domain(254)).is_ok());
        assert!(Email::parse(domain(255)).is_err());
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
            " an@example.com",
            "an@example.com ",
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
            assert!(Email::parse(text.to_owned()).is_err(), "{text:?}");
        }
        assert!(Email::parse(format!("{}@example.com", "a".repeat(65))).is_err());
    }
}
