//! SEND with bodies that say nothing, or too much (stomp.md S7–S9).

use serde_json::json;

use super::{
    case::{
        Case,
        Stage::{V10, V11, V12},
        VERSIONS, raw,
        texts::{MISSING_DESTINATION, NOT_A_MEMBER, TRANSACTION},
    },
    ground::Names,
};

const TYPING: &str = "destination:/app/typing";
const EXTEND: &str = "destination:/app/extendOnline";
const R: &str = "receipt:r";

/// No JSON, or none of a request's shape; `ROOM` is a room of the attacker.
const UNREADABLE: &str = r#"
{
}
{}
[]
null
true
0
""
"ROOM"
typing
undefined
NaN
{roomId:ROOM,isTyping:1}
{'roomId':ROOM,'isTyping':1}
roomId=ROOM&isTyping=1
<typing roomId="ROOM"/>
[ROOM,1]
[ROOM,1,2]
[[ROOM,1]]
[{"roomId":ROOM,"isTyping":1}]
{"roomId":ROOM,"isTyping":1
{"roomId":ROOM,"isTyping":1}}
{"roomId":ROOM,"isTyping":1},
{"roomId":ROOM,"isTyping":1}{}
{"roomId":ROOM,"isTyping":1} x
{"roomId":ROOM,"isTyping":1,}
{"roomId":ROOM "isTyping":1}
{"roomId":ROOM,"isTyping":1}//
/**/{"roomId":ROOM,"isTyping":1}
{"roomId":ROOM}
{"isTyping":1}
{"roomid":ROOM,"istyping":1}
{"room_id":ROOM,"is_typing":1}
{"RoomId":ROOM,"IsTyping":1}
{"roomId ":ROOM,"isTyping":1}
{"body":{"roomId":ROOM,"isTyping":1}}
{"roomId":ROOM,"typing":true}
{"roomId":"ROOM","isTyping":1}
{"roomId":[ROOM],"isTyping":1}
{"roomId":{"$gt":0},"isTyping":1}
{"roomId":null,"isTyping":1}
{"roomId":true,"isTyping":1}
{"roomId":ROOM.5,"isTyping":1}
{"roomId":0xROOM,"isTyping":1}
{"roomId":+ROOM,"isTyping":1}
{"roomId":0ROOM,"isTyping":1}
{"roomId":NaN,"isTyping":1}
{"roomId":Infinity,"isTyping":1}
{"roomId":1e400,"isTyping":1}
{"roomId":1e300,"isTyping":1}
{"roomId":9223372036854775808,"isTyping":1}
{"roomId":18446744073709551616,"isTyping":1}
{"roomId":99999999999999999999999999999999,"isTyping":1}
{"roomId":-9223372036854775809,"isTyping":1}
{"roomId":ROOM,"isTyping":2}
{"roomId":ROOM,"isTyping":-1}
{"roomId":ROOM,"isTyping":256}
{"roomId":ROOM,"isTyping":257}
{"roomId":ROOM,"isTyping":4294967297}
{"roomId":ROOM,"isTyping":18446744073709551617}
{"roomId":ROOM,"isTyping":0.5}
{"roomId":ROOM,"isTyping":1e9}
{"roomId":ROOM,"isTyping":"1"}
{"roomId":ROOM,"isTyping":"true"}
{"roomId":ROOM,"isTyping":""}
{"roomId":ROOM,"isTyping":null}
{"roomId":ROOM,"isTyping":[]}
{"roomId":ROOM,"isTyping":[1]}
{"roomId":ROOM,"isTyping":{}}
{"roomId":ROOM,"isTyping":True}
{"roomId":ROOM,"isTyping":1,"isTyping":1}
{"roomId":ROOM,"roomId":ROOM,"isTyping":1}
{"roomId":ROOM,"isTyping":1,"x":"\ud800"
{"roomId":ROOM,"isTyping":1,"x":"\q"}
"#;

pub fn cases(names: &Names) -> Vec<Case> {
    [
        unreadable(names),
        odd_bodies(names),
        allowed(names),
        strangers(names),
        headers(names),
        transactions(names),
    ]
    .concat()
}

fn unreadable(names: &Names) -> Vec<Case> {
    let room = names.room.to_string();
    let bodies = UNREADABLE.trim().lines();
    let case = |body: &str| {
        let sent = raw("SEND", &[TYPING, R], body.replace("ROOM", &room));
        Case::new(format!("S8 typing {body}"), V12, sent).receipt("r")
    };
    bodies.map(case).collect()
}

fn odd_bodies(names: &Names) -> Vec<Case> {
    let proper = json!({"roomId": names.room, "isTyping": 1}).to_string();
    let wide: Vec<u8> = proper.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let room = names.room;
    let is_typing = |text: &str| format!("{{\"roomId\":{room},\"isTyping\":{text}}}");
    let mut cases = Vec::new();
    for (name, body) in [
        ("nothing", Vec::new()),
        ("a space", b" ".to_vec()),
        ("a NUL", b"\0".to_vec()),
        (
            "a byte order mark and JSON",
            format!("\u{feff}{proper}").into_bytes(),
        ),
        ("JSON in UTF-16", wide),
        ("JSON and a NUL", format!("{proper}\0").into_bytes()),
        ("a NUL in the JSON", proper.replace(':', ":\0").into_bytes()),
        ("octets that are no UTF-8", b"\xff\xfe\x00\xff".to_vec()),
        (
            "a string that is no UTF-8",
            [b"{\"roomId\":1,\"isTyping\":\"", &b"\xc0\xaf"[..], b"\"}"].concat(),
        ),
        ("60,000 brackets", b"[".repeat(60_000)),
        ("10,000 objects in each other", b"{\"a\":".repeat(10_000)),
        (
            "an isTyping of 60,000 digits",
            is_typing(&"1".repeat(60_000)).into_bytes(),
        ),
        (
            "an isTyping of 60,000 brackets",
            is_typing(&"[".repeat(60_000)).into_bytes(),
        ),
        (
            "a string without an end",
            format!("\"{}", "x".repeat(60_000)).into_bytes(),
        ),
        (
            "10,000 escapes",
            format!("\"{}\"", "\\u0041".repeat(10_000)).into_bytes(),
        ),
    ] {
        let length = format!("content-length:{}", body.len());
        let case = Case::new(
            format!("S8 typing with {name}"),
            V12,
            raw("SEND", &[TYPING, R, &length], &body),
        );
        cases.push(case.receipt("r"));
        let case = Case::new(
            format!("any body: {name}"),
            V12,
            raw("SEND", &[EXTEND, R, &length], &body),
        );
        cases.push(case.receipt("r"));
    }
    cases
}

/// Odd, but within the contract: pushed to the second room, if at all.
fn allowed(names: &Names) -> Vec<Case> {
    let room = names.second;
    let mut cases = Vec::new();
    for (name, body) in [
        (
            "further members",
            json!({"roomId": room, "isTyping": 1, "customerId": 2, "admin": true}).to_string(),
        ),
        (
            "another's id",
            json!({"customerId": 2, "roomId": room, "isTyping": true}).to_string(),
        ),
        (
            "white space",
            format!(" \r\n\t{{ \"roomId\" :\n{room} , \"isTyping\" : 0 }}\n "),
        ),
        (
            "escaped names",
            format!("{{\"\\u0072oomId\":{room},\"isTyping\":0}}"),
        ),
        (
            "an end without a beginning",
            json!({"roomId": room, "isTyping": false}).to_string(),
        ),
        (
            "50 KB of further members",
            json!({"x": "y".repeat(50_000), "roomId": room, "isTyping": 0}).to_string(),
        ),
    ] {
        let case = Case::new(
            format!("S7 typing with {name}"),
            V12,
            raw("SEND", &[TYPING, R], body),
        );
        cases.push(case.receipt("r"));
    }
    cases
}

fn strangers(names: &Names) -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, room) in [
        ("another's room", names.foreign),
        ("room 0", 0),
        ("room -1", -1),
        ("the least room", i64::MIN),
        ("the greatest room", i64::MAX),
        (
            "a room that wraps around in 32 bits",
            names.room + (1 << 32),
        ),
        ("a room of 53 bits", 9_007_199_254_740_991),
    ] {
        for is_typing in [json!(1), json!(0), json!(true), json!(false)] {
            let body = json!({"roomId": room, "isTyping": is_typing}).to_string();
            let case = Case::new(
                format!("S7 typing {is_typing} in {name}"),
                V12,
                raw("SEND", &[TYPING, R], body),
            );
            cases.push(case.error_for(NOT_A_MEMBER, "r"));
        }
    }
    cases
}

fn headers(names: &Names) -> Vec<Case> {
    let proper = json!({"roomId": names.room, "isTyping": 1}).to_string();
    let second = json!({"roomId": names.second, "isTyping": 0}).to_string();
    let mut cases = Vec::new();
    for stage in VERSIONS {
        let sent = raw("SEND", &[R], proper.as_str());
        cases.push(
            Case::new(
                format!("S7 SEND without a destination ({stage:?})"),
                stage,
                sent,
            )
            .error_for(MISSING_DESTINATION, "r"),
        );
        let case = Case::new(
            format!("S7 SEND of nothing at all ({stage:?})"),
            stage,
            raw("SEND", &[], ""),
        );
        cases.push(case.error(MISSING_DESTINATION));
    }
    for header in [
        "content-type:text/plain",
        "content-type:application/xml",
        "content-type:",
        "content-encoding:gzip",
        "customerId:2",
        "user-name:2",
        "X-Customer-Id:2",
        "jwt_token:garbage",
        "persistent:true",
        "reply-to:/user/2",
        "message-id:1",
        "subscription:0",
        "expires:0",
        "priority:9",
        "simpMessageType:CONNECT",
        "nativeHeaders:{}",
    ] {
        let case = Case::new(
            format!("SEND with {header}"),
            V12,
            raw("SEND", &[TYPING, R, header], second.as_str()),
        );
        cases.push(case.receipt("r"));
    }
    cases
}

/// S9: refused, and never delivered early or at all.
fn transactions(names: &Names) -> Vec<Case> {
    let proper = json!({"roomId": names.room, "isTyping": 1}).to_string();
    let mut cases = Vec::new();
    for command in ["BEGIN", "COMMIT", "ABORT"] {
        for stage in VERSIONS {
            let case = Case::new(
                format!("S9 {command} ({stage:?})"),
                stage,
                raw(command, &["transaction:t", R], ""),
            );
            cases.push(case.error_for(TRANSACTION, "r"));
        }
        let case = Case::new(
            format!("S9 {command} of nothing"),
            V12,
            raw(command, &[R], ""),
        );
        cases.push(case.error_for(TRANSACTION, "r"));
    }
    for (name, stage, header) in [
        ("in 1.0", V10, "transaction:t"),
        ("in 1.1", V11, "transaction:t"),
        ("in 1.2", V12, "transaction:t"),
        ("of no name", V12, "transaction:"),
        (
            "of a long name",
            V12,
            "transaction:ttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt",
        ),
    ] {
        let sent = raw("SEND", &[TYPING, R, header], proper.as_str());
        let case = Case::new(format!("S9 a SEND in a transaction {name}"), stage, sent);
        cases.push(case.error_for(TRANSACTION, "r"));
    }
    let whole = [
        raw("BEGIN", &["transaction:t", R], ""),
        raw("SEND", &[TYPING, "transaction:t"], proper.as_str()),
        raw("COMMIT", &["transaction:t"], ""),
    ];
    let whole = Case::new("S9 a whole transaction in one packet", V12, whole.concat());
    cases.push(whole.error_for(TRANSACTION, "r"));
    let other = raw(
        "SEND",
        &[TYPING, R, "Transaction:t"],
        json!({"roomId": names.second, "isTyping": 0}).to_string(),
    );
    cases.push(Case::new("F6 a header of another name is no transaction", V12, other).receipt("r"));
    cases
}
