//! `content-length`, and bodies that do not match it (stomp.md F15, F16).

use super::case::{
    Case,
    Stage::{V10, V12},
    extend, raw,
    texts::{BEYOND_LENGTH, FRAME_TOO_LARGE, INVALID_LENGTH},
};

pub fn cases() -> Vec<Case> {
    [right_and_wrong(), absurd()].concat()
}

fn right_and_wrong() -> Vec<Case> {
    let inside = raw(
        "SUBSCRIBE",
        &["id:x", "destination:/nowhere", "receipt:smuggled"],
        "",
    );
    let length = format!("content-length:{}", inside.len());
    let smuggled = extend(&[&length], &inside);
    let short = extend(&["content-length:3"], "abcdef");
    let long = extend(&["content-length:8"], "abc");
    let behind = extend(&["content-length:0"], inside.clone());
    vec![
        Case::new(
            "F15 a body of NULs",
            V12,
            extend(&["content-length:5"], "\0\0\0\0\0"),
        )
        .receipt("r"),
        Case::new("F15 a frame inside a counted body", V12, smuggled).receipt("r"),
        Case::new(
            "F15 a body that ends like a frame",
            V12,
            extend(&["content-length:9"], "x\0SEND\n\n\0"),
        )
        .receipt("r"),
        Case::new("F15 a length that is too short", V12, short).error_for(BEYOND_LENGTH, "r"),
        Case::new(
            "F15 a length of nothing with a frame behind it",
            V12,
            behind,
        )
        .error_for(BEYOND_LENGTH, "r"),
        Case::new("F15 a length that is too long waits", V12, long)
            .waits()
            .then("efgh\0")
            .receipt("r"),
        Case::new(
            "F15 a length in octets, not characters",
            V12,
            extend(&["content-length:4"], "👍"),
        )
        .receipt("r"),
        Case::new(
            "F15 a length in characters",
            V12,
            extend(&["content-length:1"], "👍"),
        )
        .error_for(BEYOND_LENGTH, "r"),
        Case::new(
            "F7 F15 the first of two lengths",
            V12,
            extend(&["content-length:1", "content-length:900"], "x"),
        )
        .receipt("r"),
        Case::new(
            "F7 F15 a wrong length behind a right one",
            V12,
            extend(&["content-length:1", "content-length:-1"], "x"),
        )
        .receipt("r"),
        Case::new(
            "F6 F15 a length of another name",
            V12,
            extend(&["Content-Length:900"], "x"),
        )
        .receipt("r"),
    ]
}

fn absurd() -> Vec<Case> {
    let mut cases = Vec::new();
    for value in [
        "-1",
        "-0",
        "+1",
        "abc",
        "1a",
        "a1",
        " 1",
        "1 ",
        "1\t",
        "1.0",
        "1e3",
        "0x10",
        "1,2",
        "1_000",
        "٣",
        "１",
        "²",
        "NaN",
        "Infinity",
        "null",
        "--1",
        "1;2",
        "1\\n",
        "18446744073709551616",
        "99999999999999999999999999999999999999",
        "-9223372036854775808",
    ] {
        // The body is not sent: the answer may not wait for it.
        let header = format!("content-length:{value}");
        let sent = raw(
            "SEND",
            &["destination:/app/extendOnline", "receipt:r", &header],
            "",
        );
        cases.push(
            Case::new(
                format!("F16 a length of {value:?}"),
                V12,
                &sent[..sent.len() - 1],
            )
            .error_for(INVALID_LENGTH, "r"),
        );
    }
    for value in [
        "65536",
        "66000",
        "1048576",
        "2147483647",
        "2147483648",
        "4294967295",
        "4294967296",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
    ] {
        let header = format!("content-length:{value}");
        for stage in [V10, V12] {
            let sent = raw(
                "SEND",
                &["destination:/app/extendOnline", "receipt:r", &header],
                "",
            );
            cases.push(
                Case::new(
                    format!("F16 a length of {value} ({stage:?})"),
                    stage,
                    &sent[..sent.len() - 1],
                )
                .error_for(FRAME_TOO_LARGE, "r"),
            );
        }
    }
    cases
}
