//! Who is let in by CONNECT (stomp.md N5).

use colloquy_contracts::SessionNumber;
use colloquy_credentials::session_token::{AUDIENCE, Claims, ISSUER};
use colloquy_service_api::revocations::{Ended, Revocation};

use super::*;

/// Alice's session, and another one that she has logged out of.
const SESSION: SessionId = SessionId::from_bits(1);
const LOGGED_OUT: SessionId = SessionId::from_bits(2);

/// All there is to be heard: short, fixed, nothing of the token (stomp.md R5).
const REFUSED: &str = "ERROR\nmessage:authentication failed\ncontent-type:text/plain\n\
    content-length:21\n\nauthentication failed";

/// Alice's token, good for a minute.
fn claims() -> Claims {
    Claims {
        sub: "alice".into(),
        customer_id: ALICE.to_string(),
        full_name: "Alice".into(),
        roles: vec!["ROLE_USER".into()],
        iat: NOW.seconds(),
        session_number: SessionNumber(1),
        exp: NOW.seconds() + 60,
        jti: SESSION.to_string(),
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
    }
}

fn signed(claims: &Claims) -> String {
    let (kid, pem) = keys().session_private().unwrap();
    let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
    header.kid = Some(kid);
    let key = jsonwebtoken::EncodingKey::from_rsa_pem(&pem).unwrap();
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

/// The same claims under a signature that is another one in its middle, where no bit is padding.
fn forged(token: &str) -> String {
    let (claims, signature) = token.rsplit_once('.').unwrap();
    let (begin, end) = signature.split_at(signature.len() / 2);
    let other = if end.starts_with('A') { "B" } else { "A" };
    format!("{claims}.{begin}{other}{}", &end[1..])
}

fn log_out(websocket: &Websocket) {
    let entry = Revocation {
        number: 1,
        customer_id: ALICE,
        ended: Ended::Session {
            session_id: LOGGED_OUT,
        },
        expires_at: Timestamp::from_millis(i64::MAX),
    };
    let read = Revocations {
        revocations: vec![entry],
        up_to: 1,
        is_end: true,
    };
    let later = Instant::now() + Duration::from_secs(3600);
    websocket.revocations.apply(&read, later);
}

/// Headers that prove nothing, each with what is wrong with it.
fn worthless_headers() -> Vec<(&'static str, String)> {
    let good = signed(&claims());
    let unsigned = good[..=good.rfind('.').unwrap()].to_owned();
    let expired = |exp| signed(&Claims { exp, ..claims() });
    vec![
        ("nothing in it", String::new()),
        ("no token", "garbage".into()),
        ("a token's dots alone", "a.b.c".into()),
        ("no signature", unsigned),
        ("another signature", forged(&good)),
        ("a token that ends now", expired(NOW.seconds())),
        ("a token that ended", expired(NOW.seconds() - 1)),
        (
            "a token that another key has signed",
            signed(&Claims {
                iss: "elsewhere".into(),
                ..claims()
            }),
        ),
        (
            "a token for another audience",
            signed(&Claims {
                aud: "elsewhere".into(),
                ..claims()
            }),
        ),
        (
            "a token that was logged out",
            signed(&Claims {
                jti: LOGGED_OUT.to_string(),
                ..claims()
            }),
        ),
    ]
}

/// What comes of a CONNECT with this identity: the step, what is heard, and how the socket closes, if it does.
async fn connect(
    websocket: &Arc<Websocket>,
    cookie: Option<Box<Token>>,
    header: Option<&str>,
) -> (Step, Vec<String>, Next) {
    let mut client = Client::of(websocket, cookie);
    let header = header.map_or_else(String::new, |token| format!("jwt_token:{token}\n"));
    let step = client
        .say(&format!("CONNECT\naccept-version:1.2\n{header}\n\0"))
        .await;
    (step, client.heard(), client.queue.next())
}

#[tokio::test]
async fn stomp_n5_every_lack_of_identity_reads_the_same_and_leaves_no_session() {
    let websocket = websocket(Settings::default());
    log_out(&websocket);
    // The one that is not worthless: it shows that the others are refused for what is wrong with them.
    let (step, heard, _) = connect(&websocket, None, Some(&signed(&claims()))).await;
    assert!(matches!(step, Step::Opened(_)), "{step:?}");
    assert_eq!(header(&heard[0], "user-name"), Some("7"));

    let mut logged_out = cookie(60_000);
    logged_out.caller.session_id = LOGGED_OUT;
    let cookies = [
        ("no cookie", None),
        ("a cookie that ends now", Some(cookie(0))),
        ("a cookie that ended", Some(cookie(-1))),
        ("a cookie that was logged out", Some(logged_out)),
    ];
    for (about_cookie, cookie) in cookies {
        let none = ("no header", None);
        let headers = worthless_headers();
        let headers = headers.iter().map(|(about, token)| (*about, Some(token)));
        for (about_header, token) in [none].into_iter().chain(headers) {
            let what = format!("{about_cookie}, {about_header}");
            let (step, heard, end) =
                connect(&websocket, cookie.clone(), token.map(String::as_str)).await;
            assert_eq!(step, Step::Ended, "{what}");
            assert_eq!(heard, [REFUSED], "{what}");
            assert_eq!(end, Next::End(CloseReason::Protocol), "{what}");
            assert!(websocket.is_idle(), "{what}");
        }
    }
}

#[tokio::test]
async fn stomp_n5_a_valid_cookie_wins_over_whatever_the_header_holds() {
    let websocket = websocket(Settings::default());
    log_out(&websocket);
    let of_another_customer = signed(&Claims {
        customer_id: "8".into(),
        ..claims()
    });
    let good = ("a good token of another customer", of_another_customer);
    for (about, token) in worthless_headers().into_iter().chain([good]) {
        let (_, heard, _) = connect(&websocket, Some(cookie(60_000)), Some(&token)).await;
        assert_eq!(header(&heard[0], "user-name"), Some("7"), "{about}");
    }
}
