//! Which service a path leads to, decided on the path exactly as it was sent (decision 31).

use std::borrow::Cow;

use colloquy_chassis::{ApiError, Kind, ServiceName};

/// A path that leads to a service.
#[derive(Debug, PartialEq, Eq)]
pub struct RoutePath<'a> {
    /// Whose it is.
    pub service: ServiceName,
    /// What is left for that service, starting with a slash.
    pub rest: &'a str,
}

/// The four prefixes.
pub(crate) const PREFIXES: [(&str, ServiceName); 4] = [
    ("auth", ServiceName::Auth),
    ("customer", ServiceName::Customer),
    ("command", ServiceName::ChatCommand),
    ("query", ServiceName::ChatQuery),
];

/// Paths that need no cookie. A trailing `/*` stands for everything below.
const PUBLIC: [&str; 4] = [
    "/auth/login",
    "/auth/logout",
    "/customer/create/account",
    "/customer/forgetPass/*",
];

/// A path may be percent-encoded this many times over; each time costs us, before we know who is calling.
const MOST_ENCODINGS: usize = 3;

/// Reads a path.
///
/// # Errors
/// 403 for `/internal` in any spelling; 400 for empty or dot segments, encoded slashes and NUL, and for what is encoded
/// more than three times over; 404 for no prefix of ours.
pub fn read(path: &str) -> Result<RoutePath<'_>, ApiError> {
    let decoded: Option<Vec<_>> = path.split('/').skip(1).map(decode).collect();
    let decoded = decoded.ok_or_else(|| {
        ApiError::new(
            Kind::Invalid,
            "The path is percent-encoded too many times over.",
        )
    })?;
    if names_internal(&decoded) {
        return Err(ApiError::new(
            Kind::Forbidden,
            "This path is not for clients.",
        ));
    }
    if !is_plain(path, &decoded) {
        return Err(ApiError::new(
            Kind::Invalid,
            "The path must not contain empty or dot segments, encoded slashes, backslashes or NUL.",
        ));
    }
    let (first, rest) = path[1..]
        .split_once('/')
        .map_or((&path[1..], "/"), |(first, rest)| {
            (first, &path[path.len() - rest.len() - 1..])
        });
    let service = PREFIXES.iter().find(|(prefix, _)| *prefix == first);
    service
        .map(|(_, service)| RoutePath {
            service: *service,
            rest,
        })
        .ok_or_else(|| ApiError::of(Kind::NotFound))
}

/// Whether a path needs no cookie.
#[must_use]
pub fn is_public(path: &str) -> bool {
    PUBLIC.iter().any(|public| match public.strip_suffix('*') {
        Some(below) => path.starts_with(below) && path.len() > below.len(),
        None => path == *public,
    })
}

/// `internal` as the first segment or the first after a prefix, however it is encoded, doubled or dotted.
fn names_internal(decoded: &[Cow<'_, str>]) -> bool {
    let mut normal: Vec<&str> = Vec::new();
    for part in decoded
        .iter()
        .flat_map(|segment| segment.split(['/', '\\']))
    {
        // Path parameters (`;…`) are dropped by some frameworks, so they must not hide a segment's name.
        match part.split(';').next().unwrap_or_default().trim() {
            "" | "." => {}
            ".." => {
                normal.pop();
            }
            name => normal.push(name),
        }
    }
    let is_internal = |at: usize| {
        normal
            .get(at)
            .is_some_and(|name| name.eq_ignore_ascii_case("internal"))
    };
    is_internal(0)
        || (is_internal(1)
            && PREFIXES
                .iter()
                .any(|(prefix, _)| normal[0].eq_ignore_ascii_case(prefix)))
}

/// No empty and no dot segments, no control bytes, and encoded slashes only inside a parameter: the last of four or
/// more segments.
fn is_plain(path: &str, decoded: &[Cow<'_, str>]) -> bool {
    let last = decoded.len().saturating_sub(1);
    path.starts_with('/')
        && decoded.iter().enumerate().all(|(at, segment)| {
            let is_parameter = at == last && decoded.len() >= 4;
            let trailing_slash = segment.is_empty() && at == last;
            !matches!(segment.as_ref(), "." | "..")
                && (!segment.is_empty() || trailing_slash)
                && (is_parameter || !segment.contains(['/', '\\']))
                && !segment.contains('\0')
        })
}

/// Percent-decodes until nothing changes, so that double encoding hides nothing; `None` if that takes too long.
fn decode(segment: &str) -> Option<Cow<'_, str>> {
    let mut text = Cow::Borrowed(segment);
    for _ in 0..MOST_ENCODINGS {
        let Some(next) = decode_once(&text) else {
            return Some(text);
        };
        text = Cow::Owned(next);
    }
    decode_once(&text).is_none().then_some(text)
}

/// `None` if there is nothing to decode.
fn decode_once(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let encoded = |at: usize| match bytes.get(at..at + 3)? {
        [b'%', high, low] => Some(hex(*high)? * 16 + hex(*low)?),
        _ => None,
    };
    let first = (0..bytes.len()).find(|at| encoded(*at).is_some())?;
    let mut decoded = bytes[..first].to_vec();
    let mut at = first;
    while at < bytes.len() {
        let byte = encoded(at);
        decoded.push(byte.unwrap_or(bytes[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    Some(String::from_utf8_lossy(&decoded).into_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(path: &str) -> Option<Kind> {
        read(path).err().map(|error| error.kind())
    }

    #[test]
    fn contract_3_the_first_segment_names_the_service() {
        for (path, service, rest) in [
            ("/auth/login", ServiceName::Auth, "/login"),
            (
                "/customer/forgetPass/reset",
                ServiceName::Customer,
                "/forgetPass/reset",
            ),
            ("/command/message", ServiceName::ChatCommand, "/message"),
            (
                "/query/message/roomId/1/index/2",
                ServiceName::ChatQuery,
                "/message/roomId/1/index/2",
            ),
            ("/query", ServiceName::ChatQuery, "/"),
            (
                "/customer/info/fullName/a%2Fb",
                ServiceName::Customer,
                "/info/fullName/a%2Fb",
            ),
        ] {
            assert_eq!(read(path).unwrap(), RoutePath { service, rest }, "{path}");
        }
        assert_eq!(kind_of("/"), Some(Kind::NotFound));
        assert_eq!(kind_of("/other/rooms"), Some(Kind::NotFound));
        assert_eq!(kind_of("/Query/rooms"), Some(Kind::NotFound));
    }

    #[test]
    fn decision_31_internal_is_refused_in_every_spelling() {
        for path in [
            "/internal",
            "/internal/x",
            "/query/internal/rooms/customerId/1",
            "/Query/Internal/x",
            "//internal/x",
            "/query//internal/x",
            "/./internal",
            "/query/./internal",
            "/query/rooms/../internal/x",
            "/x/../internal",
            "/%69nternal",
            "/query/%69%6eternal/x",
            "/query/%2569nternal/x",
            "/query%2finternal/x",
            "/query\\internal",
            "/query/internal;a=b/x",
            "/%2e%2e/internal",
        ] {
            assert_eq!(kind_of(path), Some(Kind::Forbidden), "{path}");
        }
        assert_eq!(kind_of("/query/message/roomId/internal"), None);
    }

    #[test]
    fn decision_31_a_path_that_is_not_plain_is_400() {
        for path in [
            "/query//rooms",
            "/query/./rooms",
            "/query/../query/rooms",
            "/query/%2e%2e/rooms",
            "/query%2frooms",
            "/query/a%2fb/c",
            "/query/a%00/x",
        ] {
            assert_eq!(kind_of(path), Some(Kind::Invalid), "{path}");
        }
    }

    #[test]
    fn s20_a_path_that_is_encoded_again_and_again_is_400_without_being_decoded_to_its_end() {
        for (path, kind) in [
            ("/query/%252569nternal/x", Kind::Forbidden),
            ("/query/%25252569nternal/x", Kind::Invalid),
        ] {
            assert_eq!(kind_of(path), Some(kind), "{path}");
        }
        // As long as a head may be. Decoded to its end it is nothing that is served: 404.
        let longest = format!("/%{}", "25".repeat(32_000));
        assert_eq!(kind_of(&longest), Some(Kind::Invalid));
    }

    #[test]
    fn contract_3_public_paths_are_exactly_these() {
        for path in [
            "/auth/login",
            "/auth/logout",
            "/customer/create/account",
            "/customer/forgetPass/initiate",
        ] {
            assert!(is_public(path), "{path}");
        }
        for path in [
            "/auth/login/",
            "/auth",
            "/auth/loginx",
            "/customer/create",
            "/customer/create/account/",
            "/customer/create/accounts",
            "/customer/forgetPass/",
            "/customer/forgetPass",
            "/customer/info",
            "/query/rooms",
        ] {
            assert!(!is_public(path), "{path}");
        }
    }
}
