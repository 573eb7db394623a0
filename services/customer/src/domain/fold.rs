//! Names as searches see them (decision 29).

use colloquy_text::characters::{is_dash, is_invisible};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_script::{Script, UnicodeScript as _};

/// A text without case, without the accents of Latin, Greek and Cyrillic letters, and without typography: `Đặng` and
/// `dang` fold to the same, and so do `Straße` and `STRASSE`, `O’Brien` and `o'brien`. The marks of other scripts are
/// letters: `かき` is not `がき`.
///
/// Stores keep names folded: a change of this raises the version of what they derive
/// ([`DERIVED_VERSION`](crate::customer_store::DERIVED_VERSION)), so that the next start folds them again.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut letter = Script::Common;
    // An acute accent that stands alone is an apostrophe, and would decompose into a space with an accent.
    let typed = text
        .chars()
        .filter(|c| c.is_whitespace() || !is_invisible(*c));
    for character in typed.map(apostrophe).nfkd().flat_map(char::to_lowercase) {
        if !is_combining_mark(character) {
            letter = character.script();
        } else if is_accent(character, letter) {
            continue;
        }
        match spelled_out(character) {
            Some(letters) => folded.push_str(letters),
            None if character.is_whitespace() && folded.ends_with(' ') => {}
            None if character.is_whitespace() => folded.push(' '),
            None if is_dash(character) => folded.push('-'),
            None => folded.push(apostrophe(character)),
        }
    }
    // Syllables and voiced kana are one character again, or else a search for a part of one would find it.
    folded.nfc().collect()
}

/// Whether a mark over a letter of this script says how the letter sounds, and no more.
fn is_accent(mark: char, letter: Script) -> bool {
    use Script::{Common, Cyrillic, Greek, Inherited, Latin};
    matches!(letter, Latin | Greek | Cyrillic | Common | Inherited)
        && matches!(mark.script(), Latin | Greek | Cyrillic | Common | Inherited)
}

/// The plain form of an apostrophe; any other character stays.
const fn apostrophe(character: char) -> char {
    match character {
        '\u{b4}' | '\u{2b9}' | '\u{2bb}' | '\u{2bc}' | '\u{2018}' | '\u{2019}' | '\u{201b}'
        | '\u{2032}' | '\u{a78c}' => '\'',
        _ => character,
    }
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
    fn b14_vowel_signs_and_voiced_marks_are_letters() {
        for (name, other) in [
            ("राम", "रीमा"),
            ("มาลี", "มาลา"),
            ("かき", "がき"),
            ("カキ", "ガキ"),
            ("は", "ぱ"),
            ("שָׁלוֹם", "שלום"),
            ("عَلِي", "علي"),
            ("தமிழ்", "தமழ"),
            ("가", "각"),
        ] {
            assert!(!fold(other).contains(&fold(name)), "{name} {other}");
            assert!(
                !fold(name).contains(&fold(other)) || name.contains(other),
                "{name} {other}"
            );
        }
        assert_eq!(fold("か\u{3099}き ｶﾞ"), "がき ガ");
    }

    #[test]
    fn b14_typography_does_not_count() {
        for (name, typed) in [
            ("O’Brien", "O'Brien"),
            ("O\u{2bc}Brien", "o‘brien"),
            ("Jean\u{2011}Luc", "Jean-Luc"),
            ("Jean–Luc", "jean−luc"),
            ("Nguyễn  Văn\u{a0}\u{3000}Hai", "Nguyen Van Hai"),
            ("Nguyễn\tVăn", "nguyen van"),
            ("Alex\u{ad}andra", "alexandra"),
            ("An\u{200b}\u{2060}\u{feff}na", "anna"),
            ("क्\u{200d}ष", "क्ष"),
            ("❤\u{fe0f}", "❤"),
        ] {
            assert_eq!(fold(name), fold(typed), "{name:?}");
        }
    }

    #[test]
    fn decision_29_what_is_folded_stays_as_it_is() {
        for character in '\0'..=char::MAX {
            let once = fold(character.encode_utf8(&mut [0; 4]));
            assert_eq!(fold(&once), once, "{character:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn b14_what_is_folded_stays_as_it_is_in_any_text(text in r"[\PC\p{M}\p{Zs}\p{Pd}aàかगก´'’\u{ad}]{0,12}") {
            let once = fold(&text);
            proptest::prop_assert_eq!(fold(&once), once);
        }
    }
}
