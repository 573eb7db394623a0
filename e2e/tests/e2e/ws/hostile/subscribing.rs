//! SUBSCRIBE, UNSUBSCRIBE and acknowledgements (stomp.md S1, S2, S4), receipts and DISCONNECT (R1–R4).

use super::{
    case::{
        Case,
        Stage::{V10, V11, V12},
        VERSIONS, extend, raw,
        texts::{
            ID_IN_USE, MALFORMED_HEADER, MISSING_DESTINATION, MISSING_ID, NO_SUCH_DESTINATION,
            NOT_A_MEMBER, TRANSACTION, UNKNOWN_ACK, UNKNOWN_COMMAND,
        },
    },
    ground::Names,
};

const ROOMS: &str = "destination:/user/topic/rooms";
const R: &str = "receipt:r";

pub fn cases(names: &Names) -> Vec<Case> {
    [
        without_ids(),
        same_ids(names),
        odd_subscriptions(names),
        ack_modes(),
        unsubscriptions(),
        acknowledgements(),
        receipts(),
        goodbyes(),
        after_an_error(names),
    ]
    .concat()
}

fn without_ids() -> Vec<Case> {
    let mut cases = Vec::new();
    for (version, stage) in [("1.1", V11), ("1.2", V12)] {
        for (name, headers) in [
            ("without an id", vec![ROOMS, R]),
            ("with an id in capitals", vec!["ID:0", ROOMS, R]),
            ("with a space behind id", vec!["id :0", ROOMS, R]),
            (
                "with a subscription instead of an id",
                vec!["subscription:0", ROOMS, R],
            ),
        ] {
            let case = Case::new(
                format!("S1 SUBSCRIBE {name} in {version}"),
                stage,
                raw("SUBSCRIBE", &headers, ""),
            );
            cases.push(case.error_for(MISSING_ID, "r"));
        }
    }
    cases
}

fn same_ids(names: &Names) -> Vec<Case> {
    let room = format!("destination:/topic/message/roomId/{}", names.second);
    let mut cases = Vec::new();
    for stage in VERSIONS {
        let without = raw("SUBSCRIBE", &["id:0", R], "");
        let empty = raw("SUBSCRIBE", &["id:0", "destination:", R], "");
        let one = raw("SUBSCRIBE", &["id:0", ROOMS, "receipt:1"], "");
        let same = raw("SUBSCRIBE", &["id:0", ROOMS, R], "");
        let other = raw("SUBSCRIBE", &["id:0", &room, R], "");
        cases.extend([
            Case::new(
                format!("S1 SUBSCRIBE without a destination ({stage:?})"),
                stage,
                without,
            )
            .error_for(MISSING_DESTINATION, "r"),
            Case::new(
                format!("S1 SUBSCRIBE to an empty destination ({stage:?})"),
                stage,
                empty,
            )
            .error_for(NO_SUCH_DESTINATION, "r"),
            Case::new(
                format!("S1 the same id for the same ({stage:?})"),
                stage,
                [&one[..], &same].concat(),
            )
            .receipt("1")
            .error_for(ID_IN_USE, "r"),
            Case::new(
                format!("S1 the same id for another ({stage:?})"),
                stage,
                [&one[..], &other].concat(),
            )
            .receipt("1")
            .error_for(ID_IN_USE, "r"),
        ]);
    }
    cases
}

fn odd_subscriptions(names: &Names) -> Vec<Case> {
    let room = format!("destination:/topic/message/roomId/{}", names.second);
    let foreign = format!("destination:/topic/message/roomId/{}", names.foreign);
    let nameless = raw("SUBSCRIBE", &[ROOMS, R], "");
    let two_ids = ["id:0", "id:1", ROOMS, R];
    let two = raw("SUBSCRIBE", &["id:0", &room, &foreign, R], "");
    let turned = raw("SUBSCRIBE", &["id:0", &foreign, &room, R], "");
    vec![
        Case::new("S1 SUBSCRIBE without an id in 1.0", V10, nameless.clone()).receipt("r"),
        Case::new(
            "S1 twice the same without an id in 1.0",
            V10,
            nameless.repeat(2),
        )
        .receipt("r")
        .error_for(ID_IN_USE, "r"),
        Case::new(
            "S1 an id of nothing",
            V12,
            raw("SUBSCRIBE", &["id:", ROOMS, R], ""),
        )
        .receipt("r"),
        Case::new(
            "S1 an id of a space",
            V12,
            raw("SUBSCRIBE", &["id: ", ROOMS, R], ""),
        )
        .receipt("r"),
        Case::new(
            "S1 an id of line ends",
            V12,
            raw("SUBSCRIBE", &["id:\\n\\r\\n", ROOMS, R], ""),
        )
        .receipt("r"),
        Case::new(
            "S1 F7 two ids",
            V12,
            [
                raw("SUBSCRIBE", &two_ids, ""),
                raw("SUBSCRIBE", &["id:1", ROOMS, R], ""),
            ]
            .concat(),
        )
        .receipt("r")
        .receipt("r"),
        Case::new("S7 F7 a foreign room as second destination", V12, two).receipt("r"),
        Case::new("S7 F7 a foreign room as first destination", V12, turned)
            .error_for(NOT_A_MEMBER, "r"),
        Case::new(
            "S1 ids that differ in an escape",
            V12,
            [
                raw("SUBSCRIBE", &["id:a:b", ROOMS, "receipt:1"], ""),
                raw("SUBSCRIBE", &["id:a\\cb", ROOMS, R], ""),
            ]
            .concat(),
        )
        .receipt("1")
        .error_for(ID_IN_USE, "r"),
        Case::new(
            "S1 a selector is no concern of ours",
            V12,
            raw(
                "SUBSCRIBE",
                &[
                    "id:0",
                    ROOMS,
                    "selector:1=1",
                    "durable:true",
                    "prefetch-count:-1",
                    R,
                ],
                "",
            ),
        )
        .receipt("r"),
    ]
}

fn ack_modes() -> Vec<Case> {
    let subscribe = |ack: &str| raw("SUBSCRIBE", &["id:0", ROOMS, R, &format!("ack:{ack}")], "");
    let mut cases = Vec::new();
    for mode in [
        "",
        " ",
        "AUTO",
        "Auto",
        "auto ",
        " auto",
        "auto,client",
        "none",
        "both",
        "true",
        "1",
        "client_individual",
        "clientindividual",
        "client-individual ",
        "CLIENT",
        "clients",
        "ａｕｔｏ",
        "auto\\n",
    ] {
        let case = Case::new(format!("S1 the ack mode {mode:?}"), V12, subscribe(mode));
        cases.push(case.error_for(UNKNOWN_ACK, "r"));
    }
    for mode in ["auto", "client", "client-individual"] {
        cases.push(
            Case::new(format!("S2 the ack mode {mode:?}"), V12, subscribe(mode)).receipt("r"),
        );
    }
    cases
}

fn unsubscriptions() -> Vec<Case> {
    let subscribe = raw("SUBSCRIBE", &["id:0", ROOMS, "receipt:1"], "");
    let unsubscribe = raw("UNSUBSCRIBE", &["id:0", "receipt:2"], "");
    let again = raw("SUBSCRIBE", &["id:0", ROOMS, "receipt:3"], "");
    let mut cases = vec![
        Case::new(
            "S4 twice",
            V12,
            [&subscribe[..], &unsubscribe, &unsubscribe].concat(),
        )
        .receipt("1")
        .receipt("2")
        .receipt("2"),
        Case::new(
            "S4 and again under the same id",
            V12,
            [&subscribe[..], &unsubscribe, &again].concat(),
        )
        .receipt("1")
        .receipt("2")
        .receipt("3"),
        Case::new(
            "S4 by a destination in 1.0",
            V10,
            [
                raw("SUBSCRIBE", &[ROOMS, "receipt:1"], ""),
                raw("UNSUBSCRIBE", &[ROOMS, "receipt:2"], ""),
                raw("SUBSCRIBE", &[ROOMS, "receipt:3"], ""),
            ]
            .concat(),
        )
        .receipt("1")
        .receipt("2")
        .receipt("3"),
        Case::new("S4 by neither in 1.0", V10, raw("UNSUBSCRIBE", &[R], ""))
            .error_for(MISSING_ID, "r"),
        Case::new(
            "S4 of nothing, silently",
            V12,
            raw("UNSUBSCRIBE", &["id:never"], ""),
        ),
    ];
    for (version, stage) in [("1.1", V11), ("1.2", V12)] {
        for (name, headers) in [
            ("nothing", vec![R]),
            ("a destination", vec![ROOMS, R]),
            ("ID", vec!["ID:0", R]),
        ] {
            let case = Case::new(
                format!("S4 by {name} in {version}"),
                stage,
                raw("UNSUBSCRIBE", &headers, ""),
            );
            cases.push(case.error_for(MISSING_ID, "r"));
        }
    }
    for id in [
        "", "*", "**", "0,1", "0 ", " 0", "00", "-1", "' OR 1=1", "\\n", "%30", "０",
    ] {
        let other = raw("UNSUBSCRIBE", &[&format!("id:{id}"), "receipt:2"], "");
        let twice = raw("SUBSCRIBE", &["id:0", ROOMS, "receipt:3"], "");
        let case = Case::new(
            format!("S4 {id:?} ends no other subscription"),
            V12,
            [&subscribe[..], &other, &twice].concat(),
        );
        cases.push(case.receipt("1").receipt("2").error_for(ID_IN_USE, "3"));
    }
    cases
}

fn acknowledgements() -> Vec<Case> {
    let mut cases = Vec::new();
    for command in ["ACK", "NACK"] {
        for (name, headers) in [
            ("an unknown id", vec!["id:never", R]),
            ("a huge number", vec!["id:99999999999999999999999", R]),
            ("an empty id", vec!["id:", R]),
            (
                "the headers of 1.1",
                vec!["subscription:0", "message-id:1", R],
            ),
        ] {
            for stage in VERSIONS {
                let case = Case::new(
                    format!("S2 {command} of {name} ({stage:?})"),
                    stage,
                    raw(command, &headers, ""),
                );
                cases.push(case.receipt("r"));
            }
        }
        let sent = raw(command, &["id:1", "transaction:t", R], "");
        cases.push(
            Case::new(format!("S9 {command} in a transaction"), V12, sent)
                .error_for(TRANSACTION, "r"),
        );
        let many = raw(command, &["id:1"], "").repeat(400);
        cases.push(Case::new(format!("S2 400 times {command}"), V12, many));
    }
    cases
}

fn receipts() -> Vec<Case> {
    let mut cases = Vec::new();
    for (name, value) in [
        ("of nothing", ""),
        ("of a space", " "),
        ("of all escapes", "\\c\\n\\r\\\\"),
        ("of a comma", "a,b;c=d"),
        ("of quotes", "'\"`"),
        ("of an element", "<b onclick=x>"),
        ("of combining marks", "e\u{301}\u{301}\u{301}"),
        ("of one emoji of many parts", "👩‍👩‍👧‍👦"),
        ("of the last character", "\u{10ffff}"),
        ("of a byte order mark", "\u{feff}"),
        ("that looks like a header", "x\\nmessage\\cforged"),
        ("that looks like a frame", "x\\n\\nMESSAGE"),
        ("with percent signs", "%s%n%00%0a"),
    ] {
        for (command, header) in [
            ("SEND", "destination:/app/extendOnline"),
            ("UNSUBSCRIBE", "id:never"),
        ] {
            let receipt = format!("receipt:{value}");
            let case = Case::new(
                format!("R1 {command} with a receipt {name}"),
                V12,
                raw(command, &[header, &receipt], ""),
            );
            cases.push(case.receipt(value));
        }
        let receipt = format!("receipt:{value}");
        let case = Case::new(
            format!("R3 an ERROR for a receipt {name}"),
            V12,
            raw("SEND", &["destination:/nowhere", &receipt], ""),
        );
        cases.push(case.error_for(NO_SUCH_DESTINATION, value));
    }
    let same = Case::new(
        "R1 the same receipt fifty times",
        V12,
        extend(&[], "").repeat(50),
    );
    cases.push((0..50).fold(same, |case, _| case.receipt("r")));
    cases
}

fn goodbyes() -> Vec<Case> {
    let disconnect = |headers: &[&str]| raw("DISCONNECT", headers, "");
    let mut cases = Vec::new();
    for stage in VERSIONS {
        cases.extend([
            Case::new(
                format!("R2 a receipt ({stage:?})"),
                stage,
                disconnect(&["receipt:bye"]),
            )
            .receipt("bye")
            .closed(1000),
            Case::new(format!("R2 no receipt ({stage:?})"), stage, disconnect(&[])).closed(1000),
        ]);
    }
    for (name, behind) in [
        ("itself", disconnect(&["receipt:again"])),
        ("a SEND", extend(&[], "")),
        ("a CONNECT", raw("CONNECT", &[], "")),
        ("nonsense", b"NONSENSE\n\n\0".to_vec()),
        ("half a frame", b"SEND\n".to_vec()),
    ] {
        let sent = [disconnect(&["receipt:bye"]), behind].concat();
        let case = Case::new(format!("R2 {name} behind DISCONNECT"), V12, sent);
        cases.push(case.receipt("bye").closed(1000));
    }
    let last = [extend(&[], ""), disconnect(&["receipt:\\c"])].concat();
    cases.extend([
        Case::new("R2 a SEND before DISCONNECT", V12, last)
            .receipt("r")
            .receipt("\\c")
            .closed(1000),
        Case::new("R2 an empty receipt", V12, disconnect(&["receipt:"]))
            .receipt("")
            .closed(1000),
        Case::new(
            "R2 headers of no meaning",
            V12,
            disconnect(&["id:0", ROOMS, "x:y"]),
        )
        .closed(1000),
        Case::new(
            "F8 a disconnect in small letters",
            V12,
            raw("disconnect", &[], ""),
        )
        .error(UNKNOWN_COMMAND),
    ]);
    cases
}

/// R4: whatever stands behind a frame in error is neither carried out nor answered.
fn after_an_error(names: &Names) -> Vec<Case> {
    let typing = format!("{{\"roomId\":{},\"isTyping\":1}}", names.room);
    let behind = [
        ("SEND", extend(&[], "")),
        (
            "typing",
            raw("SEND", &["destination:/app/typing", R], typing),
        ),
        ("SUBSCRIBE", raw("SUBSCRIBE", &["id:0", ROOMS, R], "")),
        ("DISCONNECT", raw("DISCONNECT", &[R], "")),
        ("CONNECT", raw("CONNECT", &["accept-version:1.2"], "")),
        ("another error", b"NONSENSE\n\n\0".to_vec()),
    ];
    let mut cases = Vec::new();
    for (name, behind) in behind {
        let wrong = raw("SEND", &["destination:/nowhere", "receipt:1"], "");
        let nonsense = raw("NONSENSE", &[], "");
        let malformed = raw("SEND", &["receipt:1", "x"], "");
        cases.extend([
            Case::new(
                format!("R4 {name} behind a wrong frame"),
                V12,
                [&wrong[..], &behind].concat(),
            )
            .error_for(NO_SUCH_DESTINATION, "1"),
            Case::new(
                format!("R4 {name} behind nonsense"),
                V12,
                [&nonsense[..], &behind].concat(),
            )
            .error(UNKNOWN_COMMAND),
            Case::new(
                format!("R4 {name} behind a malformed header, in messages"),
                V12,
                malformed,
            )
            .then(behind)
            .error_for(MALFORMED_HEADER, "1"),
        ]);
    }
    cases
}
