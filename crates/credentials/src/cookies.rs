//! Reading cookies: octets, of which those of other pages on this host may be anything.

use http::{HeaderMap, header};

/// The values of all cookies of this name, in the order of the request: a browser sends one for each path and domain that
/// it was set for, HTTP/2 each in a header of its own, and only the reader can tell which one is good.
pub fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .filter_map(|pair| {
            let pair = pair.trim_ascii().strip_prefix(name.as_bytes())?;
            pair.strip_prefix(b"=")
        })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn values(lines: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line).unwrap());
        }
        cookies(&headers, "a").map(<[u8]>::to_vec).collect()
    }

    #[test]
    fn b07_every_cookie_of_the_name_is_found_whatever_stands_beside_it() {
        assert_eq!(values(&[b"a=1; b=2;a=3 ; aa=4; a; A=5"]), [b"1", b"3"]);
        assert_eq!(values(&[b"b=2", b"a=1", b"c=3; a=4"]), [b"1", b"4"]);
        assert_eq!(values(&["city=M\u{fc}nchen; a=1".as_bytes()]), [b"1"]);
        assert_eq!(values(&[b"city=M\xfcnchen; a=1; \xff=\xfe"]), [b"1"]);
        assert_eq!(values(&[b"a=\xff; a="]), [&b"\xff"[..], b""]);
        assert!(values(&[b"xa=1; $a=2; a =3", b""]).is_empty());
    }
}
