//! The steps that canonical forms share.

use icu_casemap::CaseMapper;
use unicode_normalization::UnicodeNormalization as _;

/// Applies a step until it changes nothing: what comes out is its own canonical form. Each step composes, folds or
/// drops, so that few turns are needed.
pub(crate) fn settled(text: &str, step: impl Fn(&str) -> String) -> String {
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
