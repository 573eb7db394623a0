//! The frames of SockJS 0.3.3: `o`, `h`, `a[…]` and `c[…]` to the client, a JSON array of strings from it.

use std::fmt::Write as _;

use bytes::Bytes;

use crate::close_reason::CloseReason;

/// The session is open.
pub(super) const OPEN: &str = "o";
/// SockJS's heartbeat.
pub(super) const HEART_BEAT: &str = "h";

/// What came is no JSON array of strings.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("broken json encoding")]
pub(super) struct Broken;

/// The octets in a client's messages, one behind the other: STOMP does not care where one ends.
pub(super) fn decode(messages: &[u8]) -> Result<Bytes, Broken> {
    let messages: Vec<String> = serde_json::from_slice(messages).map_err(|_| Broken)?;
    Ok(messages.concat().into())
}

/// The end of a session. After a DISCONNECT it is in the words of the protocol.
pub(super) fn close(reason: CloseReason) -> String {
    close_frame(match reason {
        CloseReason::Normal => (3000, "Go away!"),
        _ => reason.code_and_reason(),
    })
}

/// The answer to a second receiver while there is a first one.
pub(super) fn another_connection() -> String {
    close_frame((2010, "Another connection still open"))
}

fn close_frame((code, reason): (u16, &str)) -> String {
    let mut frame = format!("c[{code},");
    push_string(&mut frame, reason);
    frame.push(']');
    frame
}

/// An `a[…]` frame in the making.
#[derive(Debug, Default)]
pub(super) struct Messages(String);

impl Messages {
    /// Adds one message.
    pub fn push(&mut self, message: &str) {
        self.0.push_str(if self.0.is_empty() { "a[" } else { "," });
        push_string(&mut self.0, message);
    }

    /// The frame so far; nothing if no message was added since the last.
    pub fn take(&mut self) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let mut frame = std::mem::take(&mut self.0);
        frame.push(']');
        Some(frame)
    }

    /// How long the frame is so far.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

fn push_string(frame: &mut String, content: &str) {
    frame.push('"');
    for character in content.chars() {
        match character {
            '"' => frame.push_str("\\\""),
            '\\' => frame.push_str("\\\\"),
            '\n' => frame.push_str("\\n"),
            '\r' => frame.push_str("\\r"),
            '\t' => frame.push_str("\\t"),
            _ if is_mangled(character) => {
                let _ = write!(frame, "\\u{:04x}", u32::from(character));
            }
            _ => frame.push(character),
        }
    }
    frame.push('"');
}

/// Characters that some browser or JSON parser drops or changes when they are not escaped.
fn is_mangled(character: char) -> bool {
    matches!(
        character,
        '\0'..='\x1f'
            | '\u{200c}'..='\u{200f}'
            | '\u{2028}'..='\u{202f}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fff0}'..='\u{ffff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn messages(messages: &[&str]) -> String {
        let mut frame = Messages::default();
        for message in messages {
            frame.push(message);
        }
        frame.take().unwrap()
    }

    #[test]
    fn stomp_7_messages_are_one_array_and_none_are_no_frame() {
        assert_eq!(messages(&["a", "b"]), r#"a["a","b"]"#);
        assert_eq!(messages(&["\n"]), r#"a["\n"]"#);
        assert_eq!(Messages::default().take(), None);
    }

    /// The first and the last of each range that a server has to escape (sockjs-protocol 0.3.3, "JSON Unicode Encoding").
    const MANGLED: [[u32; 2]; 5] = [
        [0x0000, 0x001f],
        [0x200c, 0x200f],
        [0x2028, 0x202f],
        [0x2060, 0x206f],
        [0xfff0, 0xffff],
    ];

    fn would_be_mangled(character: char) -> bool {
        let code = u32::from(character);
        MANGLED
            .iter()
            .any(|[first, last]| (*first..=*last).contains(&code))
    }

    #[test]
    fn stomp_7_what_browsers_mangle_is_escaped_and_the_rest_is_kept() {
        // Beyond the first plane nothing is mangled: the ends of each show it.
        let beyond = (0x1_0000..=0x10_ffff).filter(|code| [0, 0xffff].contains(&(code & 0xffff)));
        for character in (0..=0xffff).chain(beyond).filter_map(char::from_u32) {
            let frame = messages(&[&character.to_string()]);
            let escaped = frame.strip_prefix("a[\"").unwrap();
            let escaped = escaped.strip_suffix("\"]").unwrap();
            if would_be_mangled(character) || matches!(character, '"' | '\\') {
                assert!(
                    escaped.starts_with('\\') && escaped.is_ascii(),
                    "{escaped:?}"
                );
                assert!(!escaped.contains(char::is_control), "{escaped:?}");
            } else {
                assert_eq!(escaped, character.to_string());
            }
            let read: [String; 1] = serde_json::from_str(&frame[1..]).unwrap();
            assert_eq!(read, [character.to_string()]);
        }
    }

    #[test]
    fn stomp_7_a_close_frame_has_a_code_and_a_reason() {
        assert_eq!(close(CloseReason::Normal), r#"c[3000,"Go away!"]"#);
        assert_eq!(
            another_connection(),
            r#"c[2010,"Another connection still open"]"#
        );
        assert_eq!(close(CloseReason::Protocol), r#"c[1002,""]"#);
    }

    #[test]
    fn stomp_7_only_an_array_of_strings_is_read() {
        for (messages, octets) in [
            (r#"["a"]"#, "a"),
            (r#" [ "a" , "b" ] "#, "ab"),
            ("[]", ""),
            (r#"[""]"#, ""),
            (r#"["\u0000\n\ud83d\udc4b"]"#, "\0\n👋"),
        ] {
            assert_eq!(decode(messages.as_bytes()).unwrap(), octets, "{messages}");
        }
        for broken in [
            "",
            " ",
            "[",
            "]",
            "[\"a",
            "[\"a\"",
            "[\"a\",]",
            "[,\"a\"]",
            "[\"a\"]]",
            "[\"a\"] x",
            "\"a\"",
            "a",
            "{}",
            "{\"0\":\"a\"}",
            "null",
            "[null]",
            "[1]",
            "[true]",
            "[[\"a\"]]",
            "['a']",
            "[\"\\x\"]",
            "[\"\\u12\"]",
            "[\"\\ud800\"]",
            "[\"\\udc00\\ud800\"]",
            "[\"\n\"]",
            "[\"\0\"]",
            "\u{feff}[\"a\"]",
            "o",
            "h",
            "a[\"a\"]",
            "c[3000,\"Go away!\"]",
        ] {
            assert_eq!(decode(broken.as_bytes()), Err(Broken), "{broken:?}");
        }
        assert_eq!(decode(b"[\"\xff\"]"), Err(Broken), "not UTF-8");
        assert_eq!(
            decode(&[b'['; 64 * 1024]),
            Err(Broken),
            "deep, and no end of the stack"
        );
    }

    proptest! {
        #[test]
        fn stomp_7_no_input_makes_the_decoder_panic(octets in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&octets);
        }

        #[test]
        fn stomp_7_input_that_is_nearly_right_is_read_as_a_json_parser_reads_it(
            text in r#"[\[\]\{\}",:\\u0-9a-fn \t]{0,24}"#
        ) {
            let read = serde_json::from_str::<serde_json::Value>(&text).ok();
            let strings = read.as_ref().and_then(|value| value.as_array()).and_then(|items| {
                items.iter().map(serde_json::Value::as_str).collect::<Option<Vec<_>>>()
            });
            let expected = strings.map(|strings| Bytes::from(strings.concat()));
            prop_assert_eq!(decode(text.as_bytes()).ok(), expected);
        }

        #[test]
        fn stomp_7_what_is_encoded_is_what_a_client_decodes(texts in prop::collection::vec(any::<String>(), 1..5)) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let frame = messages(&texts);
            prop_assert!(!frame.chars().any(would_be_mangled), "{frame:?}");
            let array = frame.strip_prefix('a').unwrap();
            let read: Vec<String> = serde_json::from_str(array).unwrap();
            prop_assert_eq!(&read, &texts);
            prop_assert_eq!(decode(array.as_bytes()).unwrap(), texts.concat());
        }
    }
}
