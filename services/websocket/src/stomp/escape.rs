//! Escape sequences in headers: `\n`, `\c` and `\\` since 1.1, `\r` since 1.2, none in 1.0.
//!
//! CONNECT, STOMP and CONNECTED are never escaped, whatever the version (STOMP 1.2, "Value Encoding").

use std::borrow::Cow;

use super::{DecodeError, Version};

/// The text as a session of this version must see it in a header.
#[must_use]
pub fn escape(version: Version, text: &str) -> Cow<'_, str> {
    if !text.contains(|c| sequence(version, c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match sequence(version, c) {
            Some(code) => escaped.extend(['\\', code]),
            None => escaped.push(c),
        }
    }
    Cow::Owned(escaped)
}

/// The text that a session of this version meant.
///
/// # Errors
/// [`DecodeError::UndefinedEscape`] for a backslash that begins no sequence of this version.
pub fn unescape(version: Version, text: &str) -> Result<Cow<'_, str>, DecodeError> {
    if version == Version::V10 || !text.contains('\\') {
        return Ok(Cow::Borrowed(text));
    }
    let mut unescaped = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c == '\\' {
            let meant = rest.next().and_then(|code| character(version, code));
            unescaped.push(meant.ok_or(DecodeError::UndefinedEscape)?);
        } else {
            unescaped.push(c);
        }
    }
    Ok(Cow::Owned(unescaped))
}

fn sequence(version: Version, c: char) -> Option<char> {
    match c {
        _ if version == Version::V10 => None,
        '\\' => Some('\\'),
        '\n' => Some('n'),
        ':' => Some('c'),
        '\r' if version >= Version::V12 => Some('r'),
        _ => None,
    }
}

fn character(version: Version, code: char) -> Option<char> {
    match code {
        '\\' => Some('\\'),
        'n' => Some('\n'),
        'c' => Some(':'),
        'r' if version >= Version::V12 => Some('\r'),
        _ => None,
    }
}
