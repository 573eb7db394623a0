//! One octet, one header, one subscription more than is allowed, and exactly as many (stomp.md §6).

use super::case::{
    Case,
    Stage::{Upgraded, V10, V12},
    extend, raw,
    texts::{
        DESTINATION_TOO_LONG, FRAME_TOO_LARGE, HEADER_TOO_LONG, ID_TOO_LONG, NO_SUCH_DESTINATION,
        RECEIPT_TOO_LONG, TOO_MANY_FRAMES, TOO_MANY_HEADERS, TOO_MANY_SUBSCRIPTIONS,
    },
};

const ROOMS: &str = "destination:/user/topic/rooms";

pub fn cases() -> Vec<Case> {
    [
        headers(),
        frames(),
        ids(),
        destinations(),
        receipts(),
        floods(),
    ]
    .concat()
}

fn headers() -> Vec<Case> {
    let many = |count: usize| {
        let headers: Vec<String> = (0..count).map(|n| format!("h{n}:v")).collect();
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        extend(&headers, "")
    };
    let same = vec!["same:v"; 63];
    let line = |octets: usize| format!("k:{}", "x".repeat(octets - 2));
    let name = |octets: usize| format!("{}:v", "n".repeat(octets - 2));
    vec![
        Case::new("64 headers", V12, many(62)).receipt("r"),
        Case::new("65 headers", V12, many(63)).error_for(TOO_MANY_HEADERS, "r"),
        Case::new("65 headers, 63 of them the same", V12, extend(&same, ""))
            .error_for(TOO_MANY_HEADERS, "r"),
        Case::new("5,000 headers", V12, many(5_000)).error_for(TOO_MANY_HEADERS, "r"),
        Case::new(
            "65 headers before CONNECT has ended",
            Upgraded,
            raw("CONNECT", &["a:b"; 65], ""),
        )
        .error(TOO_MANY_HEADERS),
        Case::new("a line of 8 KiB", V12, extend(&[&line(8192)], "")).receipt("r"),
        Case::new(
            "a line of 8 KiB and CRLF",
            V12,
            extend(&[&format!("{}\r", line(8192))], ""),
        )
        .receipt("r"),
        Case::new("a line of 8 KiB and one", V12, extend(&[&line(8193)], ""))
            .error_for(HEADER_TOO_LONG, "r"),
        Case::new("a name of 8 KiB", V12, extend(&[&name(8192)], "")).receipt("r"),
        Case::new("a name of 8 KiB and one", V12, extend(&[&name(8193)], ""))
            .error_for(HEADER_TOO_LONG, "r"),
        Case::new(
            "a name of 60 KiB without a colon",
            V12,
            extend(&[&"n".repeat(60_000)], ""),
        )
        .error_for(HEADER_TOO_LONG, "r"),
        Case::new(
            "a header line without an end",
            V12,
            format!("SEND\nreceipt:r\nk:{}", "x".repeat(20_000)),
        )
        .error_for(HEADER_TOO_LONG, "r"),
        Case::new(
            "a line of 8 KiB and one in CONNECT",
            Upgraded,
            raw("CONNECT", &[&line(8193)], ""),
        )
        .error(HEADER_TOO_LONG),
    ]
}

fn frames() -> Vec<Case> {
    let head = extend(&[], "").len();
    let of = |octets: usize| extend(&[], "x".repeat(octets - head));
    let counted = |octets: usize| {
        let head = extend(&["content-length:65000"], "").len();
        let length = format!("content-length:{}", octets - head);
        extend(&[&length], "x".repeat(octets - head))
    };
    let line = format!("k:{}", "x".repeat(8190));
    let lines = raw("SEND", &[&*line; 8], "");
    vec![
        Case::new("a frame of 64 KiB", V12, of(65_536)).receipt("r"),
        Case::new("a frame of 64 KiB and one", V12, of(65_537)).error_for(FRAME_TOO_LARGE, "r"),
        Case::new("a counted frame of 64 KiB", V12, counted(65_536)).receipt("r"),
        Case::new(
            "a counted frame of 64 KiB and one, refused before its body",
            V12,
            &counted(65_537)[..100],
        )
        .error_for(FRAME_TOO_LARGE, "r"),
        Case::new(
            "a frame of 64 KiB and one in two messages",
            V12,
            &of(65_537)[..40_000],
        )
        .waits()
        .then(&of(65_537)[40_000..])
        .error_for(FRAME_TOO_LARGE, "r"),
        Case::new("64 KiB of headers alone", V12, &lines[..40_000])
            .then(&lines[40_000..])
            .error(FRAME_TOO_LARGE),
        Case::new(
            "a body without an end in 1.0",
            V10,
            extend(&[], "")[..head - 1].to_vec(),
        )
        .then("x".repeat(60_000))
        .then("x".repeat(60_000))
        .error_for(FRAME_TOO_LARGE, "r"),
        Case::new("W7 a message of 128 KiB", V12, of(131_072)).closed(1009),
        Case::new(
            "W7 a message of a mebibyte before CONNECT",
            Upgraded,
            of(1_048_576),
        )
        .closed(1009),
        Case::new("W7 a text that is no UTF-8", V12, "")
            .text(b"SEND\nk:\xff\n\n\0")
            .closed(1007),
    ]
}

fn ids() -> Vec<Case> {
    let subscribe = |id: &str| raw("SUBSCRIBE", &[ROOMS, "receipt:r", &format!("id:{id}")], "");
    let x128 = "x".repeat(128);
    vec![
        Case::new("an id of 128", V12, subscribe(&x128)).receipt("r"),
        Case::new("an id of 129", V12, subscribe(&format!("{x128}x"))).error_for(ID_TOO_LONG, "r"),
        Case::new(
            "an id of 128 octets, 64 characters",
            V12,
            subscribe(&"é".repeat(64)),
        )
        .receipt("r"),
        Case::new(
            "an id of 130 octets, 65 characters",
            V12,
            subscribe(&"é".repeat(65)),
        )
        .error_for(ID_TOO_LONG, "r"),
        Case::new(
            "an id of 128 escaped colons",
            V12,
            subscribe(&"\\c".repeat(128)),
        )
        .receipt("r"),
        Case::new(
            "an id of 129 escaped colons",
            V12,
            subscribe(&"\\c".repeat(129)),
        )
        .error_for(ID_TOO_LONG, "r"),
        Case::new(
            "an UNSUBSCRIBE of 129",
            V12,
            raw("UNSUBSCRIBE", &["receipt:r", &format!("id:x{x128}")], ""),
        )
        .error_for(ID_TOO_LONG, "r"),
        Case::new(
            "an ACK of 129",
            V12,
            raw("ACK", &["receipt:r", &format!("id:x{x128}")], ""),
        )
        .error_for(ID_TOO_LONG, "r"),
    ]
}

fn destinations() -> Vec<Case> {
    let destined = |to: &str| {
        let to = format!("destination:{to}");
        raw("SUBSCRIBE", &["id:0", "receipt:r", &to], "")
    };
    let x512 = "x".repeat(512);
    vec![
        Case::new("a destination of 512", V12, destined(&x512)).error_for(NO_SUCH_DESTINATION, "r"),
        Case::new("a destination of 513", V12, destined(&format!("{x512}x")))
            .error_for(DESTINATION_TOO_LONG, "r"),
        Case::new("a destination of 8 KiB", V12, destined(&"/a".repeat(4000)))
            .error_for(DESTINATION_TOO_LONG, "r"),
        Case::new(
            "a SEND to 513",
            V12,
            raw("SEND", &["receipt:r", &format!("destination:/{x512}")], ""),
        )
        .error_for(DESTINATION_TOO_LONG, "r"),
    ]
}

fn receipts() -> Vec<Case> {
    let receipt = |id: &str| {
        let id = format!("receipt:{id}");
        raw("SEND", &["destination:/app/extendOnline", &id], "")
    };
    let x256 = "x".repeat(256);
    vec![
        Case::new("a receipt of 256", V12, receipt(&x256)).receipt(&x256),
        Case::new("a receipt of 257", V12, receipt(&format!("{x256}x"))).error(RECEIPT_TOO_LONG),
        Case::new("a receipt of 256 in 1.0", V10, receipt(&x256)).receipt(x256),
        Case::new(
            "a receipt of 256 escaped line ends",
            V12,
            receipt(&"\\n".repeat(256)),
        )
        .receipt("\\n".repeat(256)),
        Case::new(
            "a receipt of 257 escaped line ends",
            V12,
            receipt(&"\\n".repeat(257)),
        )
        .error(RECEIPT_TOO_LONG),
        Case::new(
            "a receipt of 64 characters of four octets",
            V12,
            receipt(&"👍".repeat(64)),
        )
        .receipt("👍".repeat(64)),
        Case::new(
            "a receipt of 65 characters of four octets",
            V12,
            receipt(&"👍".repeat(65)),
        )
        .error(RECEIPT_TOO_LONG),
        Case::new(
            "a DISCONNECT with a receipt of 8,000",
            V12,
            raw(
                "DISCONNECT",
                &[&format!("receipt:{}", "x".repeat(8_000))],
                "",
            ),
        )
        .error(RECEIPT_TOO_LONG),
    ]
}

fn floods() -> Vec<Case> {
    let subscriptions = |count: usize| -> Vec<u8> {
        (0..count)
            .flat_map(|n| {
                let id = format!("id:{n}");
                let last = format!("receipt:{n}");
                let headers = [ROOMS, &id, &last];
                raw(
                    "SUBSCRIBE",
                    if n >= 999 { &headers } else { &headers[..2] },
                    "",
                )
            })
            .collect()
    };
    let again = [
        subscriptions(1_000),
        raw("UNSUBSCRIBE", &["id:7"], ""),
        raw("SUBSCRIBE", &[ROOMS, "id:7", "receipt:7"], ""),
    ]
    .concat();
    let beat = raw("SEND", &["destination:/app/extendOnline"], "");
    let unsubscribe = raw("UNSUBSCRIBE", &["id:x"], "");
    vec![
        Case::new("1,000 subscriptions", V12, subscriptions(1_000)).receipt("999"),
        Case::new("1,001 subscriptions", V12, subscriptions(1_001))
            .receipt("999")
            .error_for(TOO_MANY_SUBSCRIPTIONS, "1000"),
        Case::new("1,000 subscriptions, one less, one more", V12, again)
            .receipt("999")
            .receipt("7"),
        Case::new("a flood of 1,500 SENDs", V12, beat.repeat(1_500)).error(TOO_MANY_FRAMES),
        Case::new(
            "a flood of 2,000 UNSUBSCRIBEs",
            V12,
            unsubscribe.repeat(2_000),
        )
        .error(TOO_MANY_FRAMES),
    ]
}
