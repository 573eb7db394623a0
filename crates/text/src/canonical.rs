//! The steps that canonical forms share.

use icu_casemap::CaseMapper;
use unicode_normalization::UnicodeNormalization as _;

/// The longest text with a canonical form, in octets: more than any name or mail address that is stored has.
const LONGEST: usize = 1024;

/// Applies a step until it changes nothing: what comes out is its own canonical form. Each step composes, folds or
/// drops, so that few turns are needed. A text that is too long to be stored stays as it is: NFKC makes up to 18
/// characters of one, and a caller needs no session to send many.
pub(crate) fn settled(text: &str, step: impl Fn(&str) -> String) -> String {
    if text.len() > LONGEST {
        return text.to_owned();
    }
    let mut form = step(text);
    loop {
        let next = step(&form);
        if next == form {
            return form;
        }
        form = next;
    }
}

/// Unicode's full case folding: `ß` and `SS` are one, `ς` and `Σ` too.
pub(crate) fn without_case(text: &str) -> String {
    CaseMapper::new().fold_string(text).into_owned()
}

/// NFC.
pub(crate) fn composed(text: &str) -> String {
    text.nfc().collect()
}
