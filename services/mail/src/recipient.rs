//! The recipient and the sender of a mail: exactly one mailbox each, written plainly.

use colloquy_text::mailable;
use lettre::{Address, message::Mailbox};

/// The mailbox that a text names; none for any other text: a list, a display name, a quoted local part, a line break. Its
/// domain is turned into ASCII, which every mail server takes.
pub(crate) fn recipient(text: &str) -> Option<Address> {
    let address = mailable(text)?;
    let (local, domain) = address.rsplit_once('@')?;
    if !local.is_ascii() || local.contains(['"', '\\']) {
        return None;
    }
    Address::new(local, domain).ok()
}

/// The sender that a text names, as `Name <address>` or the address alone; none if no mail server would take it.
#[must_use]
pub fn sender(text: &str) -> Option<Mailbox> {
    let Mailbox { name, email } = text.parse().ok()?;
    Some(Mailbox::new(name, recipient(email.as_ref())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contract_4_mail_one_address_is_a_recipient() {
        for (text, expected) in [
            ("user1@example.com", "user1@example.com"),
            (
                "An.Nguyen+chat@mail.example.co.uk",
                "An.Nguyen+chat@mail.example.co.uk",
            ),
            ("o'brien@localhost", "o'brien@localhost"),
            ("an@münchen.example", "an@xn--mnchen-3ya.example"),
        ] {
            assert_eq!(recipient(text).unwrap().to_string(), expected);
        }
    }

    #[test]
    fn s31_another_text_is_no_recipient() {
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

    #[test]
    fn b13_a_sender_is_written_in_ascii_or_refused() {
        for (text, expected) in [
            ("no-reply@localhost", "no-reply@localhost"),
            (
                "Colloquy <no-reply@bücher.example>",
                "no-reply@xn--bcher-kva.example",
            ),
            (
                "Cölloquy <No-Reply@BU\u{308}CHER.example>",
                "No-Reply@xn--bcher-kva.example",
            ),
        ] {
            assert_eq!(sender(text).unwrap().email.to_string(), expected, "{text}");
        }
        let long_label = format!("no-reply@{}.example", "ü".repeat(60));
        for text in [
            "",
            "Colloquy",
            "nö-reply@example.com",
            "no-reply@xn--a.example",
            "no-reply@a_b.example",
            &long_label,
        ] {
            assert_eq!(sender(text), None, "{text}");
        }
    }

    #[test]
    fn b13_an_address_that_no_server_takes_is_no_recipient() {
        let long = format!("an@{}example", "bücher.".repeat(30));
        for text in [
            "an@xn--a.example",
            "an@a_b.example",
            "an@example.com.",
            &long,
        ] {
            assert_eq!(recipient(text), None, "{text}");
        }
    }
}
