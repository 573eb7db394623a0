//! Six digits: drawn, read, compared.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use colloquy_service_api::one_time_codes::OneTimeCode;

use crate::randomness::{CryptoFailure, Randomness};

pub(crate) const DIGITS: usize = 6;

/// How many codes there are.
const CODES: u32 = 1_000_000;
/// Numbers from here on would make the lower codes likelier than the higher ones.
const BIASED: u32 = u32::MAX / CODES * CODES;

/// A code: six ASCII digits.
pub(crate) struct Code([u8; DIGITS]);

impl Code {
    /// Any code, each as likely as the others.
    pub(crate) fn draw(randomness: &dyn Randomness) -> Result<Self, CryptoFailure> {
        loop {
            let mut bytes = [0; 4];
            randomness.fill(&mut bytes)?;
            let number = u32::from_le_bytes(bytes);
            if number < BIASED {
                return Ok(Self::numbered(number % CODES));
            }
        }
    }

    /// A typed text, if it has the shape of a code.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let digits: [u8; DIGITS] = text.try_into().ok()?;
        digits
            .iter()
            .all(u8::is_ascii_digit)
            .then_some(Self(digits))
    }

    /// Whether both are the same code, in a time that does not depend on the answer.
    pub(crate) fn is(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }

    pub(crate) fn digits(&self) -> &[u8; DIGITS] {
        &self.0
    }

    /// The code as it is answered, to be mailed.
    pub(crate) fn issue(&self) -> OneTimeCode {
        OneTimeCode(self.0.iter().copied().map(char::from).collect())
    }

    fn numbered(number: u32) -> Self {
        let mut rest = number;
        let mut digits = [b'0'; DIGITS];
        for digit in digits.iter_mut().rev() {
            *digit += u8::try_from(rest % 10).expect("a digit is below ten");
            rest /= 10;
        }
        Self(digits)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::SystemRandomness;

    /// Numbers that are drawn one after the other.
    struct Drawn(Mutex<Vec<u32>>);

    impl Randomness for Drawn {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), CryptoFailure> {
            let number = self.0.lock().unwrap().pop().ok_or(CryptoFailure)?;
            bytes.copy_from_slice(&number.to_le_bytes());
            Ok(())
        }
    }

    fn drawn(numbers: &[u32]) -> Result<String, CryptoFailure> {
        let numbers = numbers.iter().rev().copied().collect();
        Code::draw(&Drawn(Mutex::new(numbers))).map(|code| code.issue().0)
    }

    #[test]
    fn s06_every_number_is_six_digits_and_leading_zeros_stay() {
        for (number, code) in [
            (0, "000000"),
            (7, "000007"),
            (12_345, "012345"),
            (999_999, "999999"),
            (1_000_000, "000000"),
            (4_293_999_999, "999999"),
        ] {
            assert_eq!(drawn(&[number]).unwrap(), code);
        }
    }

    #[test]
    fn s06_numbers_that_would_make_some_codes_likelier_are_drawn_again() {
        assert_eq!(BIASED % CODES, 0);
        assert_eq!(drawn(&[4_294_000_000, u32::MAX, 42]).unwrap(), "000042");
    }

    #[test]
    fn s06_without_randomness_there_is_no_code() {
        assert_eq!(drawn(&[]), Err(CryptoFailure));
        assert_eq!(drawn(&[u32::MAX]), Err(CryptoFailure));
    }

    /// Chi-squared with 9 degrees of freedom: a fair source exceeds 50 once in ten million runs, and six places are
    /// looked at.
    #[test]
    fn s06_the_system_draws_every_digit_in_every_place_alike() {
        const DRAWS: u32 = 60_000;
        let mut seen = [[0_u32; 10]; DIGITS];
        let source = SystemRandomness::default();
        for _ in 0..DRAWS {
            let code = Code::draw(&source).unwrap();
            for (place, digit) in code.digits().iter().enumerate() {
                seen[place][usize::from(digit - b'0')] += 1;
            }
        }
        let expected = f64::from(DRAWS) / 10.0;
        for counts in seen {
            let chi_squared: f64 = counts
                .iter()
                .map(|count| (f64::from(*count) - expected).powi(2) / expected)
                .sum();
            assert!(chi_squared < 50.0, "{chi_squared}: {counts:?}");
        }
    }

    #[test]
    fn s06_only_six_ascii_digits_are_a_code() {
        assert_eq!(Code::parse(b"001234").unwrap().issue().0, "001234");
        for text in [
            "",
            "12345",
            "1234567",
            " 123456",
            "123456\n",
            "12345a",
            "-12345",
            "+12345",
            "12 345",
            "１２３４５６",
            "١٢٣",
        ] {
            assert!(Code::parse(text.as_bytes()).is_none(), "{text:?}");
        }
    }

    #[test]
    fn s06_codes_are_alike_only_in_all_digits() {
        let code = |text: &str| Code::parse(text.as_bytes()).unwrap();
        assert!(code("123456").is(&code("123456")));
        for other in ["023456", "123450", "123465", "654321"] {
            assert!(!code("123456").is(&code(other)), "{other}");
        }
    }

    #[test]
    fn s23_a_code_is_never_shown() {
        let code = Code::parse(b"123456").unwrap();
        assert_eq!(format!("{code:?}"), "Code(redacted)");
    }
}
