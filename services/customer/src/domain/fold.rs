//! Names as searches see them (decision 29).

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// A text without case and without accents: `Đặng` and `dang` fold to the same, and so do `Straße` and `STRASSE`.
///
/// Stores keep names folded: whoever changes this adds a migration that sets the folded column to NULL, so that the
/// next start fills it again.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let bare = text.nfkd().filter(|c| !is_combining_mark(*c));
    for character in bare.flat_map(char::to_lowercase) {
        match spelled_out(character) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(character),
        }
    }
    folded
}

/// Letters that Unicode does not take apart, though people who lack the key do.
const fn spelled_out(character: char) -> Option<&'static str> {
    Some(match character {
        'đ' | 'ð' => "d",
        'ħ' => "h",
        'ı' => "i",
        'ł' => "l",
        'ø' => "o",
        'ŧ' => "t",
        'ς' => "σ",
        'æ' => "ae",
        'œ' => "oe",
        'ß' => "ss",
        'þ' => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decision_29_accents_and_case_do_not_count() {
        for (name, folded) in [
            ("Huỳnh Đặng Tấn Phát", "huynh dang tan phat"),
            ("Vũ Thanh Hải", "vu thanh hai"),
            ("Łukasz Żółć", "lukasz zolc"),
            ("Straße", "strasse"),
            ("STRASSE", "strasse"),
            ("Bjørn Æsir Œuvre", "bjorn aesir oeuvre"),
            ("Þór Guðmundsson", "thor gudmundsson"),
            ("Ὀδυσσεύς", "οδυσσευσ"),
            ("İstanbul Işık", "istanbul isik"),
            ("ＡＢＣ ﬁ", "abc fi"),
            ("Nguye\u{302}\u{303}n", "nguyen"),
            ("100%_'\\", "100%_'\\"),
            ("", ""),
        ] {
            assert_eq!(fold(name), folded, "{name}");
        }
    }

    #[test]
    fn decision_29_what_is_folded_stays_as_it_is() {
        for character in '\0'..=char::MAX {
            let once = fold(character.encode_utf8(&mut [0; 4]));
            assert_eq!(fold(&once), once, "{character:?}");
        }
    }
}
