//! Passwords as they are hashed: RFC 8265's OpaqueString, without what it refuses.

use icu_properties::props::GeneralCategory;
use unicode_normalization::UnicodeNormalization as _;

use crate::characters::category;

/// The canonical form of a password: every kind of space is a plain one, and what is composed of several characters is
/// one (NFC). Case, width and white space around it stay, and no character is refused (S02).
#[must_use]
pub fn opaque(password: &str) -> String {
    let plain = |c| {
        if category(c) == GeneralCategory::SpaceSeparator {
            ' '
        } else {
            c
        }
    };
    password.chars().map(plain).nfc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn b12_keyboards_compose_one_password_in_different_ways() {
        assert_eq!(opaque("mật khẩu"), "mật khẩu");
        assert_eq!(
            opaque("ma\u{323}\u{302}t\u{a0}kha\u{302}\u{309}u"),
            "mật khẩu"
        );
        assert_eq!(opaque("a\u{3000}\u{2003}b"), "a  b");
        for other in [" Ａb ", "a\tb\n", "ﬁsh", "a\u{200b}b", "\0"] {
            assert_eq!(opaque(other), other);
        }
    }

    proptest! {
        #[test]
        fn b12_an_opaque_password_stays_as_it_is(password in r"[\PC\p{M}\p{Z}]{0,10}") {
            let opaque_once = opaque(&password);
            prop_assert_eq!(opaque(&opaque_once), opaque_once.clone());
            let decomposed: String = password.nfd().collect();
            prop_assert_eq!(opaque(&decomposed), opaque_once);
        }
    }
}
