//! Whom a mail is for: exactly one mailbox, written plainly.

use lettre::Address;

/// RFC 5321's longest path, without its brackets.
const MAX: usize = 254;

/// The mailbox that a text names; none for whatever else a text may be: a list, a display name, a quoted local part, a
/// line break. Its domain is turned into ASCII, and so every mail server can be told the whole.
pub(crate) fn recipient(text: &str) -> Option<Address> {
    let (local, domain) = text.rsplit_once('@')?;
    if text.chars().count() > MAX || !local.is_ascii() || local.contains(['"', '\\']) {
        return None;
    }
    let domain = idna::domain_to_ascii(domain).ok()?;
    Address::new(local, domain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_4_mail_one_address_is_a_recipient() {
        for (text, told) in [
            ("user1@example.com", "user1@example.com"),
            (
                "An.Nguyen+chat@mail.example.co.uk",
                "An.Nguyen+chat@mail.example.co.uk",
            ),
            ("o'brien@localhost", "o'brien@localhost"),
            ("an@münchen.example", "an@xn--mnchen-3ya.example"),
        ] {
            assert_eq!(recipient(text).unwrap().to_string(), told);
        }
    }

    #[test]
    fn s31_whatever_else_a_text_may_be_is_no_recipient() {
        for text in [
            "",
            "@",
            "an",
            "an@",
            "@example.com",
            "an@example.com, bo@example.com",
            "an@example.com,bo@example.com",
            "an@example.com;bo@example.com",
            "an@example.com bo@example.com",
            "An <an@example.com>",
            "<an@example.com>",
            "an@example.com>",
            "an@example.com> BODY=8BITMIME",
            "\"an@example.com, bo\"@example.com",
            "\"an\"@example.com",
            "an\\@example.com",
            "an@bo@example.com",
            "friends: an@example.com;",
            "an@example.com (An)",
            "an@example.com\r\nBcc: bo@example.com",
            "an\r\n@example.com",
            "an@example.com\n",
            "\ran@example.com",
            "an@exam\0ple.com",
            " an@example.com",
            "an@example.com ",
            "án@example.com",
        ] {
            assert_eq!(recipient(text), None, "{text:?}");
        }
        let long = format!("an@{}example.com", "a23456789.".repeat(25));
        assert_eq!(recipient(&long), None);
    }
}
