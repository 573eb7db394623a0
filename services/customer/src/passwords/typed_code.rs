//! A code as people type and paste it.

use colloquy_service_api::one_time_codes::OneTimeCode;

const DIGITS: usize = 6;
/// The zeros of keyboards that write other digits: full-width, Arabic-Indic, Persian, Devanagari.
const ZEROS: [char; 4] = ['\u{ff10}', '\u{660}', '\u{6f0}', '\u{966}'];

/// The code that a text means, if it means one: white space is left out, and digits of other scripts are digits.
pub(super) fn read(text: &str) -> Option<OneTimeCode> {
    let meant: Option<String> = text
        .chars()
        .filter(|c| !c.is_whitespace() && !is_zero_width(*c))
        .map(digit)
        .take(DIGITS + 1)
        .collect();
    meant
        .filter(|digits| digits.len() == DIGITS)
        .map(OneTimeCode)
}

/// What a page may put between digits without showing it.
fn is_zero_width(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

fn digit(c: char) -> Option<char> {
    if c.is_ascii_digit() {
        return Some(c);
    }
    let value = ZEROS
        .iter()
        .filter_map(|zero| u32::from(c).checked_sub(u32::from(*zero)))
        .find(|value| *value < 10)?;
    char::from_digit(value, 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b16_a_code_is_read_however_it_was_typed_or_pasted() {
        for text in [
            "012345",
            " 012345\n",
            "012 345",
            "0 1\u{a0}2\u{3000}3\t4\r\n5",
            "\u{feff}012\u{200b}345",
            "０１２３４５",
            "０１２ 345",
            "٠١٢٣٤٥",
            "۰۱۲۳۴۵",
            "०१२३४५",
        ] {
            let code = read(text).unwrap_or_else(|| panic!("{text:?}"));
            assert_eq!(code.0, "012345", "{text:?}");
        }
    }

    #[test]
    fn b16_what_has_not_six_digits_is_no_code() {
        for text in [
            "",
            " ",
            "12345",
            "1234567",
            "12345a",
            "-12345",
            "123-456",
            "12345²",
            "12345①",
            &"9".repeat(100_000),
        ] {
            assert!(read(text).is_none(), "{:?}", text.chars().take(9));
        }
    }
}
