//! Mail addresses as they are compared, and as mail servers take them.

use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};

use crate::{
    canonical::{composed, settled, without_case},
    characters::trimmed,
};

/// RFC 5321's longest path, without its brackets.
const MAX: usize = 254;

/// The address as mail servers take it: its domain in ASCII (UTS 46), its local part as typed. `None` for an address
/// that no mail can ever be sent to, because its domain has no such form or the whole becomes too long.
#[must_use]
pub fn mailable(address: &str) -> Option<String> {
    let (local, domain) = address.rsplit_once('@')?;
    let domain = ascii_domain(domain)?;
    let mailable = format!("{local}@{domain}");
    (mailable.len() <= MAX).then_some(mailable)
}

/// A domain in ASCII, by the rules of host names: letters, digits and inner hyphens, labels of 1 to 63 octets, 253 in
/// all, no dot at the end.
#[must_use]
pub fn ascii_domain(domain: &str) -> Option<Cow<'_, str>> {
    Uts46::new()
        .to_ascii(
            domain.as_bytes(),
            AsciiDenyList::STD3,
            Hyphens::CheckFirstLast,
            DnsLength::Verify,
        )
        .ok()
}

/// The canonical form of a mail address, of any text: addresses with one form are one mailbox. The domain is in ASCII,
/// if it has such a form; the local part is composed (NFC) and without case.
#[must_use]
pub fn mail_key(address: &str) -> String {
    settled(address, |address| {
        let address = trimmed(address);
        let Some((local, domain)) = address.rsplit_once('@') else {
            return comparable(address);
        };
        let domain = ascii_domain(domain).map_or_else(|| comparable(domain), Cow::into_owned);
        format!("{}@{domain}", comparable(local))
    })
}

fn comparable(text: &str) -> String {
    composed(&without_case(&composed(text)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_normalization::UnicodeNormalization as _;

    use super::*;

    #[test]
    fn b13_spellings_of_one_address_have_one_key() {
        for spelling in [
            "an@bücher.example",
            "An@BÜCHER.example",
            "an@bu\u{308}cher.example",
            "an@xn--bcher-kva.example",
            "an@XN--BCHER-KVA.Example",
            "an@ｂücher。example",
            " an@bücher.example\u{200b}",
        ] {
            assert_eq!(
                mail_key(spelling),
                "an@xn--bcher-kva.example",
                "{spelling:?}"
            );
        }
        assert_eq!(
            mail_key("e\u{301}ve@example.com"),
            mail_key("ÉVE@example.com")
        );
        assert_eq!(mail_key("An@-nowhere-"), "an@-nowhere-");
        assert_eq!(mail_key("Nguyễn"), "nguyễn");
        assert_ne!(mail_key("an@example.com"), mail_key("a.n@example.com"));
    }

    #[test]
    fn b13_mail_servers_are_given_an_address_in_ascii() {
        for (address, ascii) in [
            ("An.Nguyen+chat@Example.COM", "An.Nguyen+chat@example.com"),
            ("an@münchen.example", "an@xn--mnchen-3ya.example"),
            ("an@localhost", "an@localhost"),
            ("an@r3---sn-x.example", "an@r3---sn-x.example"),
        ] {
            assert_eq!(mailable(address).as_deref(), Some(ascii));
        }
    }

    #[test]
    fn b13_what_can_never_be_mailed_has_no_such_form() {
        let long_label = "ü".repeat(60);
        let long = format!("an@{}example", "bücher.".repeat(30));
        for address in [
            "an",
            "an@",
            "an@.",
            "an@example.com.",
            "an@-a.example",
            "an@a-.example",
            "an@a_b.example",
            "an@a b.example",
            "an@xn--a.example",
            "an@xn--zzzzzz9999.example",
            "an@a\u{200b}\u{202e}.example",
            "an@\u{301}a.example",
            "an@a..example",
            "an@\u{378}.example",
            "an@☕\0.example",
            &format!("an@{long_label}.example"),
            &long,
        ] {
            assert_eq!(mailable(address), None, "{address:?}");
        }
    }

    proptest! {
        #[test]
        fn b13_a_key_is_its_own_key(address in r"[\PC\p{M}]{0,6}@?[\PC\p{M}a-z.\-]{0,12}") {
            let key = mail_key(&address);
            prop_assert_eq!(mail_key(&key), key);
        }

        #[test]
        fn b13_case_and_composition_make_no_second_mailbox(local in "[a-z0-9.+]{1,6}", domain in "[a-zäöüéñ]{1,8}") {
            let key = mail_key(&format!("{local}@{domain}.example"));
            let decomposed: String = domain.nfd().collect();
            let ascii = ascii_domain(&domain).map(Cow::into_owned).unwrap_or_default();
            for domain in [decomposed, domain.to_uppercase(), ascii] {
                let variant = format!("{}@{domain}.example", local.to_uppercase());
                prop_assert_eq!(mail_key(&variant), key.clone(), "{:?}", variant);
            }
        }
    }
}
