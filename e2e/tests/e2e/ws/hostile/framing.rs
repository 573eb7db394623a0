//! Frames that are none, and frames that only look like none (stomp.md F1–F16).

use super::case::{
    Case,
    Stage::{Upgraded, V10, V11, V12},
    VERSIONS, extend, raw,
    texts::{
        CARRIAGE_RETURN, INVALID_UTF8, MALFORMED_HEADER, MISSING_DESTINATION, UNDEFINED_ESCAPE,
        UNEXPECTED_BODY, UNFINISHED_HEADERS, UNKNOWN_COMMAND,
    },
};

pub fn cases() -> Vec<Case> {
    [
        line_ends(),
        headers(),
        commands(),
        bodies(),
        unfinished(),
        not_utf8(),
        escapes(),
    ]
    .concat()
}

fn line_ends() -> Vec<Case> {
    let crlf = b"SEND\r\ndestination:/app/extendOnline\r\nreceipt:r\r\n\r\n\0";
    let mixed = b"SEND\ndestination:/app/extendOnline\r\nreceipt:r\n\r\n\0";
    let mut cases = vec![
        Case::new(
            "F2 a lone CR in a value in 1.2",
            V12,
            extend(&["a:b\rc"], ""),
        )
        .error_for(CARRIAGE_RETURN, "r"),
        Case::new(
            "F2 a lone CR in a name in 1.2",
            V12,
            extend(&["a\rb:c"], ""),
        )
        .error_for(CARRIAGE_RETURN, "r"),
        Case::new("F2 CR CR LF in 1.2", V12, extend(&["a:b\r\r"], ""))
            .error_for(CARRIAGE_RETURN, "r"),
        Case::new(
            "F2 a lone CR instead of the blank line",
            V12,
            "SEND\nreceipt:r\n\rx\n\n\0",
        )
        .error_for(CARRIAGE_RETURN, "r"),
        Case::new("F3 nothing but line ends", V12, "\n\r\n\n\n\r\n"),
        Case::new("F3 line ends before CONNECT", Upgraded, "\r\n\n\n"),
        Case::new("F3 60,000 line ends", V12, "\n".repeat(60_000)),
        Case::new(
            "F3 30,000 CRLFs before CONNECT",
            Upgraded,
            "\r\n".repeat(30_000),
        ),
        Case::new("F3 a lone CR between frames is none", V12, "\rSEND\n\n\0")
            .error(UNKNOWN_COMMAND),
        Case::new("F3 CR CR LF between frames", V12, "\r\r\n").error(UNKNOWN_COMMAND),
        Case::new("F3 CRLF cut between its octets", V12, "\r")
            .waits()
            .then("\n"),
        Case::new("F3 a NUL between line ends", V12, "\n\n\0\n").error(UNFINISHED_HEADERS),
        Case::new("F3 a space between frames", V12, " \n").error(UNKNOWN_COMMAND),
        Case::new(
            "F3 a byte order mark before a frame",
            V12,
            "\u{feff}SEND\n\n\0",
        )
        .error(UNKNOWN_COMMAND),
    ];
    for stage in VERSIONS {
        let version = stage.version().unwrap_or_default();
        cases.extend([
            Case::new(format!("F1 CRLF in {version}"), stage, crlf).receipt("r"),
            Case::new(format!("F1 both line ends in {version}"), stage, mixed).receipt("r"),
            Case::new(
                format!("F3 line ends around a frame in {version}"),
                stage,
                [b"\n\r\n", &crlf[..], b"\r\n\n"].concat(),
            )
            .receipt("r"),
        ]);
    }
    for stage in [V10, V11] {
        let version = stage.version().unwrap_or_default();
        let sent = raw(
            "SEND",
            &["destination:/app/extendOnline", "receipt:a\rb"],
            "",
        );
        cases.push(
            Case::new(
                format!("F2 a lone CR is a character in {version}"),
                stage,
                sent,
            )
            .receipt("a\rb"),
        );
    }
    cases
}

fn headers() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, header) in [
        ("without a colon", "novalue"),
        ("without a name", ":v"),
        ("that is a colon", ":"),
        ("that is a space", " "),
        ("that is a tab", "\t"),
        ("that is a command", "SUBSCRIBE"),
        ("with a colon from another alphabet", "name：value"),
        ("with an escaped colon only", "name\\cvalue"),
    ] {
        let case = Case::new(format!("F5 a header {name}"), V12, extend(&[header], ""));
        cases.push(case.error_for(MALFORMED_HEADER, "r"));
    }
    for (name, first, shown) in [
        ("F4 raw colons in a value", "receipt:a:b::c", "a\\cb\\c\\cc"),
        ("F5 an empty value", "receipt:", ""),
        ("F6 spaces around a value", "receipt:  r  ", "  r  "),
        ("F6 a tab around a value", "receipt:\tr\t", "\tr\t"),
        ("F7 a second receipt", "receipt:1\nreceipt:2", "1"),
        (
            "F7 an empty receipt before a full one",
            "receipt:\nreceipt:2",
            "",
        ),
        (
            "F7 a second destination",
            "receipt:1\ndestination:/nowhere",
            "1",
        ),
        (
            "F12 names and values of any alphabet",
            "имя:значение\nreceipt:漢字 👍",
            "漢字 👍",
        ),
        (
            "F12 a right-to-left mark",
            "receipt:\u{202e}r\u{200f}",
            "\u{202e}r\u{200f}",
        ),
        (
            "F12 control characters",
            "receipt:\u{1}\u{7f}\u{1b}[2J",
            "\u{1}\u{7f}\u{1b}[2J",
        ),
        (
            "F12 a name of control characters",
            "\u{1}\u{2}:x\nreceipt:r",
            "r",
        ),
        ("F6 a name of one space", " :x\nreceipt:r", "r"),
        (
            "F6 a name with spaces is another name",
            "receipt :1\n receipt:2\nreceipt:3",
            "3",
        ),
        (
            "F6 a name in capitals is another name",
            "RECEIPT:1\nReceipt:2\nreceipt:3",
            "3",
        ),
        (
            "F6 a content-length with a space in its name",
            "content-length :0\nreceipt:r",
            "r",
        ),
    ] {
        let sent = raw("SEND", &["destination:/app/extendOnline", first], "body");
        cases.push(Case::new(name, V12, sent).receipt(shown));
    }
    for (name, header) in [
        ("before", " destination:/app/extendOnline"),
        ("behind", "destination :/app/extendOnline"),
        ("in capitals without one", "DESTINATION:/app/extendOnline"),
    ] {
        let sent = raw("SEND", &["receipt:r", header], "");
        let case = Case::new(format!("F6 a destination with a space {name}"), V12, sent);
        cases.push(case.error_for(MISSING_DESTINATION, "r"));
    }
    cases
}

fn commands() -> Vec<Case> {
    let mut cases = Vec::new();
    for command in [
        "send",
        "Send",
        "sEND",
        "SEND ",
        " SEND",
        "\tSEND",
        "SEND\t",
        "SENDS",
        "SEN",
        "S",
        ":",
        "SEND:",
        "SEND destination:/app/typing",
        "SEND\u{200b}",
        "ＳＥＮＤ",
        "SЕND",
        "PUBLISH",
        "UNSUBSCRIBED",
        "MESSAGE",
        "CONNECTED",
        "RECEIPT",
        "ERROR",
        "message",
        "HEARTBEAT",
        "PING",
        "HELLO",
        "NULL",
        "*",
        "GET / HTTP/1.1",
        "EHLO localhost",
        "{\"type\":\"SEND\"}",
        "[\"SEND\\n\\n\\u0000\"]",
        "\\n",
        "--",
    ] {
        for stage in [V12, Upgraded] {
            let case = Case::new(
                format!("F8 the command {command:?} ({stage:?})"),
                stage,
                raw(command, &["destination:/app/extendOnline"], ""),
            );
            cases.push(case.error(UNKNOWN_COMMAND));
        }
    }
    let endless = Case::new("F8 a command without an end", V12, "A".repeat(60_000));
    cases.push(endless.error(UNKNOWN_COMMAND));
    let cut = Case::new(
        "F8 a command known to be none before its line ends",
        V12,
        "UNSUBSCRIBES  ",
    );
    cases.push(cut.error(UNKNOWN_COMMAND));
    cases
}

fn bodies() -> Vec<Case> {
    let mut cases = Vec::new();
    for command in [
        "SUBSCRIBE",
        "UNSUBSCRIBE",
        "ACK",
        "NACK",
        "BEGIN",
        "COMMIT",
        "ABORT",
        "DISCONNECT",
    ] {
        for (version, stage) in [("1.1", V11), ("1.2", V12)] {
            let headers = ["receipt:r", "id:0", "destination:/user/topic/rooms"];
            let sent = raw(command, &headers, "body");
            cases.push(
                Case::new(
                    format!("F9 {command} with a body in {version}"),
                    stage,
                    sent,
                )
                .error_for(UNEXPECTED_BODY, "r"),
            );
        }
        let sent = raw(command, &["receipt:r", "content-length:4"], "body");
        cases.push(
            Case::new(format!("F9 {command} with a counted body"), V12, sent)
                .error_for(UNEXPECTED_BODY, "r"),
        );
    }
    for command in ["CONNECT", "STOMP"] {
        let sent = raw(command, &["accept-version:1.2"], "body");
        cases.push(
            Case::new(format!("F9 {command} with a body"), Upgraded, sent).error(UNEXPECTED_BODY),
        );
    }
    let subscribe = ["id:0", "destination:/user/topic/rooms", "receipt:r"];
    let counted = [&subscribe[..], &["content-length:0"]].concat();
    cases.extend([
        Case::new(
            "F9 SUBSCRIBE with a body in 1.0",
            V10,
            raw("SUBSCRIBE", &subscribe, "body"),
        )
        .receipt("r"),
        Case::new(
            "F9 SUBSCRIBE that counts no body",
            V12,
            raw("SUBSCRIBE", &counted, ""),
        )
        .receipt("r"),
        Case::new(
            "F9 a line end as body",
            V12,
            raw("SUBSCRIBE", &subscribe, "\n"),
        )
        .error_for(UNEXPECTED_BODY, "r"),
    ]);
    cases
}

fn unfinished() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, sent) in [
        ("alone", &b"\0"[..]),
        ("behind a line end", b"\r\n\0"),
        ("in a command", b"SE\0ND\n\n"),
        ("behind a command", b"SEND\0"),
        ("behind the first line", b"SEND\n\0"),
        ("in a name", b"SEND\ndesti\0nation:/app/extendOnline\n\n\0"),
        ("in a value", b"SEND\ndestination:/app/extend\0Online\n\n\0"),
        ("behind a header", b"SEND\na:b\0"),
        ("instead of the blank line", b"SEND\na:b\n\0"),
        ("behind a lone CR", b"SEND\na:b\n\r\0"),
    ] {
        for stage in [V12, Upgraded] {
            let case = Case::new(format!("F10 a NUL {name} ({stage:?})"), stage, sent);
            cases.push(case.error(UNFINISHED_HEADERS));
        }
    }
    let twice = [extend(&[], ""), vec![0]].concat();
    let twice = Case::new("F10 two NULs behind a frame", V12, twice).receipt("r");
    cases.push(twice.error(UNFINISHED_HEADERS));

    let whole = extend(&["content-length:4"], "a\0b\0");
    for (place, at) in [
        ("in the command", 2),
        ("behind the command", 4),
        ("in a name", 9),
        ("at a colon", 16),
        ("in a value", 20),
        ("before the blank line", whole.len() - 6),
        ("before the body", whole.len() - 5),
        ("behind a NUL of the body", whole.len() - 3),
        ("before the last NUL", whole.len() - 1),
    ] {
        let (begin, rest) = whole.split_at(at);
        let case = Case::new(format!("F11 a frame cut {place}"), V12, begin);
        cases.push(case.waits().then(rest).receipt("r"));
    }
    let frames = [
        b"\r\n".to_vec(),
        extend(&[], "one"),
        extend(&["content-length:1"], "\0"),
    ];
    let octets = Case::new("W5 two frames octet by octet", V12, frames.concat());
    cases.push(octets.octet_by_octet().receipt("r").receipt("r"));
    let connect = raw("CONNECT", &["accept-version:1.2"], "");
    let octets = Case::new("W5 CONNECT octet by octet", Upgraded, connect);
    cases.push(octets.octet_by_octet().connected("1.2"));
    let wrong = Case::new("W5 nonsense octet by octet", V12, "SEND\nnonsense\n\n\0");
    cases.push(wrong.octet_by_octet().error(MALFORMED_HEADER));
    cases
}

fn not_utf8() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, octets) in [
        ("0xff", &b"\xff"[..]),
        ("a lone continuation", b"\x80"),
        ("a cut sequence", b"\xe2\x82"),
        ("an overlong slash", b"\xc0\xaf"),
        ("an overlong NUL", b"\xc0\x80"),
        ("a surrogate", b"\xed\xa0\x80"),
        ("beyond Unicode", b"\xf4\x90\x80\x80"),
        ("Latin-1", b"caf\xe9"),
    ] {
        for (place, before, behind) in [("value", &b"k:"[..], &b""[..]), ("name", b"", b":v")] {
            let begin = b"SEND\ndestination:/app/extendOnline\nreceipt:r\n";
            let sent = [begin, before, octets, behind, b"\n\n\0"].concat();
            cases.push(
                Case::new(format!("F12 {name} in a {place}"), V12, sent)
                    .error_for(INVALID_UTF8, "r"),
            );
        }
        let body = extend(&[], octets);
        cases
            .push(Case::new(format!("F12 {name} in a body of no meaning"), V12, body).receipt("r"));
    }
    let command = Case::new("F12 a command that is not UTF-8", V12, b"SEND\xff\n\n\0");
    cases.push(command.error(UNKNOWN_COMMAND));
    let connect = b"CONNECT\naccept-version:1.2\nlogin:\xff\n\n\0";
    cases.push(Case::new("F12 a CONNECT that is not UTF-8", Upgraded, connect).error(INVALID_UTF8));
    cases
}

fn escapes() -> Vec<Case> {
    let receipt = |value: &str| {
        let receipt = format!("receipt:{value}");
        raw("SEND", &["destination:/app/extendOnline", &receipt], "")
    };
    let mut cases = vec![
        Case::new("F13 all escapes of 1.2", V12, receipt("\\n\\c\\\\\\r")).receipt("\\n\\c\\\\\\r"),
        Case::new("F13 all escapes of 1.1", V11, receipt("\\n\\c\\\\")).receipt("\\n\\c\\\\"),
        Case::new("F13 \\r in 1.1", V11, receipt("\\r")).error(UNDEFINED_ESCAPE),
        Case::new(
            "F13 an escaped backslash before an n",
            V12,
            receipt("\\\\n"),
        )
        .receipt("\\\\n"),
        Case::new("F13 an escape in a name", V12, extend(&["a\\cb\\n:x"], "")).receipt("r"),
        Case::new(
            "F13 an escape makes no new header",
            V12,
            receipt("x\\ndestination\\c/nowhere"),
        )
        .receipt("x\\ndestination\\c/nowhere"),
        Case::new(
            "F13 an escaped line end ends no frame",
            V12,
            receipt("x\\n\\n"),
        )
        .receipt("x\\n\\n"),
    ];
    for escape in [
        "\\t", "\\0", "\\C", "\\N", "\\R", "\\b", "\\x41", "\\u0041", "\\:", "\\ ", "\\\u{e9}",
        "\\\"", "x\\", "\\\\\\",
    ] {
        for stage in [V11, V12] {
            let version = stage.version().unwrap_or_default();
            let case = Case::new(
                format!("F13 {escape:?} in {version}"),
                stage,
                receipt(escape),
            );
            cases.push(case.error(UNDEFINED_ESCAPE));
        }
        let case = Case::new(
            format!("F13 {escape:?} is itself in 1.0"),
            V10,
            receipt(escape),
        );
        cases.push(case.receipt(escape));
    }
    let name = Case::new(
        "F13 an undefined escape in a name",
        V12,
        extend(&["a\\tb:x"], ""),
    );
    cases.push(name.error_for(UNDEFINED_ESCAPE, "r"));
    for (name, header) in [
        ("an undefined escape", "login:\\t\\q"),
        ("a backslash at the end", "host:a\\"),
        ("an undefined escape in a name", "a\\tb:x"),
    ] {
        let sent = raw("CONNECT", &["accept-version:1.2", header], "");
        cases.push(Case::new(format!("F14 {name} in CONNECT"), Upgraded, sent).connected("1.2"));
    }
    cases
}
