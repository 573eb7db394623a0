//! Usernames as they are compared: RFC 8265's UsernameCaseMapped, widened to names that are in use (spaces, signs).

use icu_properties::props::GeneralCategory;
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_script::Script;
use unicode_security::{mixed_script::AugmentedScriptSet, skeleton};

use crate::{
    canonical::{settled, without_case},
    characters::{category, is_ignorable, is_invisible},
};

const DOT_ABOVE: char = '\u{307}';

/// The canonical form of a username, of any text: usernames with one form are one name. Width, case, composition and
/// invisible characters make no difference, nor do white space around it and the length of spaces inside; `İ`, `ı` and
/// `i` are one letter.
#[must_use]
pub fn username_key(text: &str) -> String {
    settled(text, |text| {
        let compatible: String = text.chars().filter(|c| !is_ignorable(*c)).nfkc().collect();
        let words: Vec<String> = without_case(&compatible)
            .split_whitespace()
            .map(with_dotted_i)
            .collect();
        words.join(" ")
    })
}

/// What a username reads like: names with one reading are confusable (UTS 39), in the case that they are shown in.
#[must_use]
pub fn username_reading(text: &str) -> String {
    let compatible: String = text.nfkc().collect();
    let prototypes: String = skeleton(&compatible).collect();
    username_key(&prototypes)
}

/// Whether a new username may hold this character: one that is assigned, public and visible, or a plain space.
#[must_use]
pub fn is_of_usernames(character: char) -> bool {
    let is_known = !matches!(
        category(character),
        GeneralCategory::Unassigned | GeneralCategory::PrivateUse | GeneralCategory::Surrogate
    );
    character == ' ' || (is_known && !character.is_whitespace() && !is_invisible(character))
}

/// Whether a text mixes scripts further than UTS 39's moderately restrictive level allows: one script, or Latin with the
/// scripts of Chinese, Japanese or Korean, or Latin with one other that is in common use, but neither Cyrillic nor Greek.
#[must_use]
pub fn mixes_scripts(text: &str) -> bool {
    let mut all = AugmentedScriptSet::default();
    let mut beside_latin = AugmentedScriptSet::default();
    for character in text.nfkc() {
        let scripts = AugmentedScriptSet::for_char(character);
        all.intersect_with(scripts);
        if !scripts.base.contains_script(Script::Latin) {
            beside_latin.intersect_with(scripts);
        }
    }
    let writes_with_latin = beside_latin.hanb || beside_latin.jpan || beside_latin.kore;
    let one_other = beside_latin.base.len() == 1
        && beside_latin.base.iter().all(|script| {
            script.is_recommended() && !matches!(script, Script::Cyrillic | Script::Greek)
        });
    all.is_empty() && !writes_with_latin && !one_other
}

/// `ı` is `i`, and a dot above an `i` is the one that it has.
fn with_dotted_i(word: &str) -> String {
    let mut is_over_i = false;
    let letters = word.nfd().filter_map(|character| {
        if !is_combining_mark(character) {
            is_over_i = matches!(character, 'i' | 'ı');
        }
        match character {
            'ı' => Some('i'),
            DOT_ABOVE if is_over_i => None,
            _ => Some(character),
        }
    });
    letters.nfc().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn b12_a_text_that_is_no_username_costs_no_work() {
        let long = "\u{fdfa}".repeat(100_000);
        assert_eq!(username_key(&long), long);
    }

    #[test]
    fn b12_spellings_of_one_username_have_one_key() {
        for (key, spellings) in [
            (
                "user1",
                &[
                    "USER1",
                    "ｕｓｅｒ１",
                    "𝐮𝐬𝐞𝐫𝟏",
                    "us\u{200b}er1",
                    "user\u{ad}1",
                    " user1\u{a0}",
                    "ⓤser1",
                    "user¹",
                ][..],
            ),
            (
                "đặng.ánh",
                &[
                    "Đặng.Ánh",
                    "Đa\u{323}\u{306}ng.A\u{301}nh",
                    "đa\u{306}\u{323}ng.ánh",
                ],
            ),
            (
                "an nguyen",
                &["an  nguyen", "AN\u{3000}Nguyen", "an \u{200b} nguyen"],
            ),
            (
                "ibrahim",
                &["İbrahim", "Ibrahim", "i\u{307}brahim", "ıbrahım", "IBRAHIM"],
            ),
            ("ịn", &["I\u{323}\u{307}n", "İ\u{323}n"]),
            ("weiss", &["weiß", "WEISS", "WEIẞ", "Weiss"]),
            ("οδυσσευσ", &["ΟΔΥΣΣΕΥΣ", "οδυσσευς"]),
            ("がき", &["か\u{3099}き"]),
            ("ガ", &["ｶﾞ"]),
            ("ꭰꮃ", &["ᎠᎳ"]),
        ] {
            let key = username_key(key);
            for spelling in spellings {
                assert_eq!(username_key(spelling), key, "{spelling:?}");
            }
        }
        for (one, other) in [
            ("user1", "user2"),
            ("dang", "đặng"),
            ("an nguyen", "annguyen"),
            ("a.b", "ab"),
        ] {
            assert_ne!(username_key(one), username_key(other));
        }
    }

    #[test]
    fn b12_names_that_look_alike_have_one_reading() {
        for (name, lookalike) in [
            ("user1", "userl"),
            ("user1", "UserI"),
            ("cop", "сор"),
            ("PACE", "расе"),
            ("bob0", "bobO"),
            ("martin", "rnartin"),
            ("scope", "ѕсоре"),
            ("Lan", "Ian"),
        ] {
            assert_eq!(
                username_reading(name),
                username_reading(lookalike),
                "{name} {lookalike}"
            );
            assert_ne!(username_key(name), username_key(lookalike));
        }
        for (name, other) in [
            ("user1", "user2"),
            ("an", "ân"),
            ("lan", "ian"),
            ("đặng", "đăng"),
        ] {
            assert_ne!(
                username_reading(name),
                username_reading(other),
                "{name} {other}"
            );
        }
    }

    #[test]
    fn b12_scripts_that_people_mix_may_be_mixed() {
        for name in [
            "user1",
            "Đặng.Phát",
            "an nguyễn",
            "a'; --",
            "%_%",
            "用户名",
            "用户 tom",
            "東京ひらカタ a",
            "김 kim",
            "алиса1",
            "Ὀδυσσεύς",
            "मोहन tom",
            "an.❤",
            "שלום-7",
        ] {
            assert!(!mixes_scripts(name), "{name}");
        }
        for name in [
            "usеr1",
            "Αnna",
            "алиса.a",
            "מоше",
            "ꓮnna",
            "मोहन สม",
            "김ひ",
        ] {
            assert!(mixes_scripts(name), "{name}");
        }
    }

    #[test]
    fn b12_what_has_no_lasting_meaning_is_not_of_usernames() {
        for refused in [
            '\0',
            '\n',
            '\t',
            '\u{7f}',
            '\u{ad}',
            '\u{200b}',
            '\u{202e}',
            '\u{feff}',
            '\u{3164}',
            '\u{2800}',
            '\u{e000}',
            '\u{f0000}',
            '\u{378}',
            '\u{ffff}',
            '\u{a0}',
            '\u{2028}',
            '\u{fff9}',
            '\u{fe0f}',
        ] {
            assert!(!is_of_usernames(refused), "{refused:?}");
        }
        for allowed in ['a', ' ', 'ữ', '名', '\u{301}', '.', '😀', '٣', 'ﬁ'] {
            assert!(is_of_usernames(allowed), "{allowed:?}");
        }
    }

    proptest! {
        #[test]
        fn b12_a_key_is_its_own_key(text in r"[\PC\p{M}\p{Z}aiıİßσ\u{307}\u{323}\u{345}\u{ad}]{0,10}") {
            let key = username_key(&text);
            prop_assert_eq!(username_key(&key), key);
        }

        #[test]
        fn b12_width_case_composition_and_space_make_no_second_key(text in r"[\p{L}\p{M}\p{N} ]{0,10}") {
            let key = username_key(&text);
            let decomposed: String = text.nfd().collect();
            let spaced = format!("\u{200b} {} ", text.replace(' ', "\u{3000} "));
            for variant in [decomposed, text.to_lowercase(), text.nfkc().collect(), spaced] {
                prop_assert_eq!(username_key(&variant), key.clone(), "{:?}", variant);
            }
        }
    }
}
