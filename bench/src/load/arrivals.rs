//! When each message reached its clients, by the number that its text begins with: sends that are on their way together are
//! recorded in any order, so the seq does not say which one was due when.

use std::{cell::RefCell, time::Instant};

use crate::server::feed::CONTENT_OCTETS;

/// What a crowd has noted.
#[derive(Debug, Default)]
pub struct Arrivals {
    by_number: RefCell<Vec<Vec<Instant>>>,
}

impl Arrivals {
    /// Notes that a MESSAGE has come to one more client.
    pub fn note(&self, frame: &[u8]) {
        let now = Instant::now();
        if let Some(number) = number_of(frame) {
            let mut by_number = self.by_number.borrow_mut();
            if by_number.len() <= number {
                by_number.resize_with(number + 1, Vec::new);
            }
            by_number[number].push(now);
        }
    }

    /// When that message came, to one client after the other.
    #[must_use]
    pub fn of(&self, number: usize) -> Vec<Instant> {
        let by_number = self.by_number.borrow();
        by_number.get(number).cloned().unwrap_or_default()
    }
}

/// The text of that message.
#[must_use]
pub fn content(number: usize) -> String {
    let number = format!("{number} ");
    format!("{number:x<CONTENT_OCTETS$}")
}

fn number_of(frame: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"\"content\":\"";
    // What stands before it are the frame's headers, ids and a name, none of which can hold an unescaped quotation mark.
    let at = frame.windows(NAME.len()).position(|text| text == NAME)?;
    let text = &frame[at + NAME.len()..];
    let end = text.iter().position(|octet| !octet.is_ascii_digit())?;
    str::from_utf8(&text[..end]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_its_number_and_the_length_of_all() {
        let text = content(1234);
        assert_eq!(text.len(), CONTENT_OCTETS);
        assert!(text.starts_with("1234 xx"), "{text}");
    }

    #[test]
    fn each_message_is_noted_once_for_each_client() {
        let arrivals = Arrivals::default();
        let frame = |number| {
            let text = content(number);
            format!(
                "MESSAGE\na:b\n\n{{\"senderFullName\":\"A\",\"content\":\"{text}\",\"seq\":9}}\0"
            )
        };
        for number in [2, 0, 2] {
            arrivals.note(frame(number).as_bytes());
        }
        arrivals.note(b"MESSAGE\n\n{\"content\":\"no number\",\"seq\":4}\0");
        let counts = [0, 1, 2, 3].map(|number| arrivals.of(number).len());
        assert_eq!(counts, [1, 0, 2, 0]);
    }
}
