//! The session without a socket: frames in, what is queued for the client out.

use std::{
    collections::HashSet,
    sync::{Arc, OnceLock},
};

use async_trait::async_trait;
use bytes::Bytes;
use colloquy_chassis::{
    Clock, Lifecycle, ServiceName, clock::ManualClock, identity::Caller, keys::KeyFolder,
    session_token::SessionVerifier,
};
use colloquy_contracts::{CustomerId, Destination, RoomId, Timestamp};
use colloquy_service_api::{CallError, MembershipCheck, RoomMembership};

use super::*;
use crate::{
    Access, Settings,
    fanout::{outbound::Next, registry::Address},
    stomp::{Decoder, Event, Limits},
};

const ALICE: CustomerId = CustomerId(7);
const ROOM: &str = "/topic/message/roomId/1";
const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Rooms 1 and 2 are Alice's; who is in room 500 nobody can tell.
struct Rooms(HashSet<i64>);

#[async_trait]
impl RoomMembership for Rooms {
    async fn is_member(&self, room: RoomId, customer: CustomerId) -> Result<bool, CallError> {
        match room.0 {
            500 => Err(CallError::Unavailable(ServiceName::ChatCommand, None)),
            room => Ok(customer == ALICE && self.0.contains(&room)),
        }
    }
}

struct Client {
    websocket: Arc<Websocket>,
    outbound: Arc<Outbound>,
    session: Session,
}

/// Making an RSA key takes a while; the keys of these tests verify nothing.
fn verifier(clock: Arc<dyn Clock>) -> SessionVerifier {
    static KEYS: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = KEYS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        KeyFolder::new(folder.path()).complete("test").unwrap();
        folder
    });
    SessionVerifier::load(&KeyFolder::new(folder.path()), clock).unwrap()
}

fn websocket(settings: Settings) -> Arc<Websocket> {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(NOW));
    let rooms: Arc<dyn RoomMembership> = Arc::new(Rooms(HashSet::from([1, 2])));
    let access = Access {
        verifier: verifier(Arc::clone(&clock)),
        membership: MembershipCheck::new(Arc::clone(&rooms), rooms),
        origins: colloquy_chassis::origins::Origins::default(),
    };
    let tasks = Lifecycle::default().tasks();
    Arc::new(Websocket::new(access, clock, settings, &tasks))
}

impl Client {
    fn of(websocket: &Arc<Websocket>, cookie: Option<Box<Token>>) -> Self {
        let outbound = Arc::new(Outbound::new(1 << 20));
        Self {
            session: Session::new(Arc::clone(websocket), Arc::clone(&outbound), cookie),
            websocket: Arc::clone(websocket),
            outbound,
        }
    }

    fn new() -> Self {
        Self::of(&websocket(Settings::default()), Some(cookie(60_000)))
    }

    /// A client that has said CONNECT and read CONNECTED.
    async fn connected() -> Self {
        let mut client = Self::new();
        client.say("CONNECT\naccept-version:1.2\n\n\0").await;
        assert!(client.heard()[0].starts_with("CONNECTED\n"));
        client
    }

    /// Says frames; the answer is what the connection learns from the last one.
    async fn say(&mut self, octets: &str) -> Step {
        let mut decoder = Decoder::new(Limits::default());
        decoder.set_version(Version::V12);
        decoder.feed(octets.as_bytes());
        let mut step = Step::Continue;
        while let Some(event) = decoder.next_event().unwrap() {
            if let Event::Frame(frame) = event {
                step = self.session.receive(frame).await;
            }
        }
        step
    }

    /// What is queued, without the NULs.
    fn heard(&self) -> Vec<String> {
        std::iter::from_fn(|| match self.outbound.next() {
            Next::Frame(frame) => Some(frame.into_text().unwrap().replace('\0', "")),
            _ => None,
        })
        .collect()
    }

    fn publish(&self, destination: &str) {
        let destination: Destination = destination.parse().unwrap();
        let address = Address::of(ALICE, destination);
        let body = Bytes::from_static(b"{}");
        self.websocket
            .registry
            .publish(destination, [address], &body);
    }

    /// The one ERROR's text; the session must have ended with it, and left nothing behind.
    fn error(&self) -> String {
        let heard = self.heard();
        let [frame] = heard.as_slice() else {
            panic!("expected one frame: {heard:?}")
        };
        assert!(frame.starts_with("ERROR\n"), "{frame}");
        assert!(frame.contains("\ncontent-length:"), "{frame}");
        assert!(self.websocket.is_idle());
        header(frame, "message")
            .expect("an ERROR has a message")
            .to_owned()
    }

    fn closing(&self) -> Closing {
        match self.outbound.next() {
            Next::End(closing) => closing,
            other => panic!("expected the end: {other:?}"),
        }
    }
}

fn cookie(lives_millis: i64) -> Box<Token> {
    Box::new(Token {
        caller: Caller {
            customer_id: ALICE,
            full_name: "Alice".into(),
            session_id: "session".into(),
        },
        expires_at: Timestamp::from_millis(NOW.millis() + lives_millis),
    })
}

fn header<'a>(frame: &'a str, name: &str) -> Option<&'a str> {
    frame
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

#[tokio::test]
async fn stomp_n1_the_highest_common_version_is_spoken_whatever_the_command() {
    for (command, accept, version) in [
        ("CONNECT", "accept-version:1.0,1.1,1.2\n", "1.2"),
        ("CONNECT", "accept-version:1.1, 1.0, 9.9\n", "1.1"),
        ("STOMP", "accept-version:1.2\n", "1.2"),
        ("CONNECT", "", "1.0"),
    ] {
        let mut client = Client::new();
        client.say(&format!("{command}\n{accept}\n\0")).await;
        assert_eq!(header(&client.heard()[0], "version"), Some(version));
    }
}

#[tokio::test]
async fn stomp_n2_without_a_common_version_the_error_tells_the_known_ones() {
    let mut client = Client::new();
    client.say("CONNECT\naccept-version:2.0\n\n\0").await;
    let frame = &client.heard()[0];
    assert_eq!(header(frame, "version"), Some("1.0,1.1,1.2"));
    assert_eq!(header(frame, "content-type"), Some("text/plain"));
    assert_eq!(client.closing(), Closing::Protocol);
}

#[tokio::test]
async fn stomp_n3_the_host_does_not_matter() {
    let mut client = Client::new();
    let step = client
        .say("CONNECT\naccept-version:1.2\nhost:nobody\n\n\0")
        .await;
    assert!(matches!(step, Step::Opened(_)));
}

#[tokio::test]
async fn stomp_n4_connect_comes_first_and_once() {
    let mut client = Client::new();
    client
        .say(&format!("SUBSCRIBE\nid:0\ndestination:{ROOM}\n\n\0"))
        .await;
    assert_eq!(client.error(), "connect first");

    let mut client = Client::connected().await;
    client.say("CONNECT\naccept-version:1.2\n\n\0").await;
    assert_eq!(client.error(), "already connected");
}

#[tokio::test]
async fn stomp_n5_every_lack_of_identity_reads_the_same_and_leaves_no_session() {
    let none = websocket(Settings::default());
    for (cookie, headers) in [
        (None, ""),
        (None, "jwt_token:garbage\n"),
        (None, "jwt_token:a.b.c\n"),
        (Some(cookie(0)), ""),
        (Some(cookie(-1)), "jwt_token:garbage\n"),
    ] {
        let mut client = Client::of(&none, cookie);
        client
            .say(&format!("CONNECT\naccept-version:1.2\n{headers}\n\0"))
            .await;
        assert_eq!(client.error(), "authentication failed");
        assert_eq!(client.closing(), Closing::Protocol);
    }
}

#[tokio::test]
async fn stomp_n5_a_valid_cookie_wins_over_whatever_the_header_holds() {
    let mut client = Client::new();
    client
        .say("CONNECT\naccept-version:1.2\njwt_token:garbage\n\n\0")
        .await;
    assert_eq!(header(&client.heard()[0], "user-name"), Some("7"));
}

#[tokio::test]
async fn stomp_n7_frames_behind_connect_are_handled_in_order() {
    let mut client = Client::new();
    client
        .say(&format!(
            "CONNECT\naccept-version:1.2\n\n\0SUBSCRIBE\nid:0\ndestination:{ROOM}\nreceipt:r1\n\n\0\n\nUNSUBSCRIBE\nid:0\nreceipt:r2\n\n\0"
        ))
        .await;
    let heard = client.heard();
    assert!(heard[0].starts_with("CONNECTED\n"));
    let receipts: Vec<_> = heard[1..]
        .iter()
        .map(|frame| header(frame, "receipt-id"))
        .collect();
    assert_eq!(receipts, [Some("r1"), Some("r2")]);
}

#[tokio::test]
async fn stomp_n8_connected_names_version_heart_beat_and_customer_in_this_order() {
    let mut client = Client::new();
    let step = client
        .say("CONNECT\naccept-version:1.2\nheart-beat:0,5000\n\n\0")
        .await;
    assert_eq!(
        client.heard(),
        ["CONNECTED\nversion:1.2\nheart-beat:10000,0\nuser-name:7\n\n"]
    );
    let Step::Opened(opened) = step else {
        panic!("not opened: {step:?}")
    };
    assert_eq!(opened.intervals.from_server, Some(Duration::from_secs(10)));
    assert_eq!(opened.intervals.from_client, None);
    assert_eq!(opened.expires_in, Duration::from_secs(60));
}

#[tokio::test]
async fn stomp_h4_a_bad_heart_beat_is_refused() {
    for bad in ["abc", "10000", "-1,0", "1,2,3", "99999999999,0"] {
        let mut client = Client::new();
        client
            .say(&format!(
                "CONNECT\naccept-version:1.2\nheart-beat:{bad}\n\n\0"
            ))
            .await;
        assert_eq!(client.error(), "invalid heart-beat", "{bad}");
    }
}

#[tokio::test]
async fn stomp_limits_one_session_too_many_is_refused() {
    let websocket = websocket(Settings {
        sessions_per_customer: 1,
        ..Settings::default()
    });
    let mut first = Client::of(&websocket, Some(cookie(60_000)));
    first.say("CONNECT\n\n\0").await;
    let mut second = Client::of(&websocket, Some(cookie(60_000)));
    second.say("CONNECT\n\n\0").await;
    assert_eq!(
        header(&second.heard()[0], "message"),
        Some("too many sessions")
    );

    drop(first);
    let mut third = Client::of(&websocket, Some(cookie(60_000)));
    assert!(matches!(third.say("CONNECT\n\n\0").await, Step::Opened(_)));
}

#[tokio::test]
async fn stomp_s1_a_subscription_needs_an_id_a_destination_and_a_known_ack_mode() {
    for (headers, message) in [
        (format!("destination:{ROOM}\n"), "missing header id"),
        ("id:0\n".into(), "missing header destination"),
        (
            format!("id:0\ndestination:{ROOM}\nack:maybe\n"),
            "unknown ack mode",
        ),
    ] {
        let mut client = Client::connected().await;
        client.say(&format!("SUBSCRIBE\n{headers}\n\0")).await;
        assert_eq!(client.error(), message);
    }
}

#[tokio::test]
async fn stomp_s1_an_id_in_use_is_refused_and_a_freed_one_is_not() {
    let subscribe = format!("SUBSCRIBE\nid:0\ndestination:{ROOM}\n\n\0");
    let mut client = Client::connected().await;
    client.say(&subscribe).await;
    client.say("UNSUBSCRIBE\nid:0\n\n\0").await;
    assert_eq!(client.say(&subscribe).await, Step::Continue);
    client.say(&subscribe).await;
    assert_eq!(client.error(), "subscription id in use");
}

#[tokio::test]
async fn stomp_s2_acknowledging_modes_are_accepted_and_so_are_their_acks() {
    for mode in ["client", "client-individual"] {
        let mut client = Client::connected().await;
        client
            .say(&format!(
                "SUBSCRIBE\nid:0\ndestination:{ROOM}\nack:{mode}\n\n\0"
            ))
            .await;
        client.publish(ROOM);
        let message = client.heard().remove(0);
        let ack = header(&message, "ack").expect("the message can be acknowledged");
        for command in ["ACK", "NACK"] {
            client
                .say(&format!("{command}\nid:{ack}\nreceipt:r\n\n\0"))
                .await;
            assert_eq!(client.heard(), ["RECEIPT\nreceipt-id:r\n\n"]);
        }
    }
}

#[tokio::test]
async fn stomp_s4_nothing_arrives_after_the_receipt_of_an_unsubscribe() {
    let mut client = Client::connected().await;
    client
        .say(&format!("SUBSCRIBE\nid:0\ndestination:{ROOM}\n\n\0"))
        .await;
    client.publish(ROOM);
    client
        .say("UNSUBSCRIBE\nid:unknown\n\n\0UNSUBSCRIBE\nid:0\nreceipt:r\n\n\0")
        .await;
    client.publish(ROOM);

    let heard = client.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard[0].starts_with("MESSAGE\n"));
    assert_eq!(heard[1], "RECEIPT\nreceipt-id:r\n\n");

    client.say("UNSUBSCRIBE\n\n\0").await;
    assert_eq!(client.error(), "missing header id");
}

#[tokio::test]
async fn stomp_s5_a_message_has_its_headers_in_order() {
    let mut client = Client::connected().await;
    client
        .say(&format!("SUBSCRIBE\nid:s:1\ndestination:{ROOM}\n\n\0"))
        .await;
    client.publish(ROOM);
    let message = client.heard().remove(0);
    let names: Vec<_> = message
        .lines()
        .skip(1)
        .map_while(|line| Some(line.split_once(':')?.0))
        .collect();
    assert_eq!(
        names,
        [
            "destination",
            "content-type",
            "subscription",
            "message-id",
            "content-length"
        ]
    );
    assert_eq!(header(&message, "destination"), Some(ROOM));
    assert_eq!(header(&message, "subscription"), Some("s\\c1"));
    assert!(message.ends_with("\n\n{}"), "{message}");
}

#[tokio::test]
async fn stomp_s7_members_may_subscribe_to_all_six_and_to_nothing_else() {
    let mut client = Client::connected().await;
    for (id, destination) in [
        "/user/topic/rooms",
        "/user/topic/readStatus",
        "/topic/message/roomId/1",
        "/topic/onlineStatus/roomId/1",
        "/topic/readMarkers/roomId/1",
        "/topic/typing/roomId/2",
    ]
    .into_iter()
    .enumerate()
    {
        let step = client
            .say(&format!(
                "SUBSCRIBE\nid:{id}\ndestination:{destination}\n\n\0"
            ))
            .await;
        assert_eq!(step, Step::Continue, "{destination}");
    }
    for (destination, message) in [
        ("/topic/message/roomId/3", "not a member of this room"),
        ("/topic/**", "no such destination"),
        ("/topic/message/roomId/1/x", "no such destination"),
        ("/user/8/topic/rooms", "no such destination"),
        ("/queue/rooms", "no such destination"),
    ] {
        let mut client = Client::connected().await;
        client
            .say(&format!("SUBSCRIBE\nid:0\ndestination:{destination}\n\n\0"))
            .await;
        assert_eq!(client.error(), message, "{destination}");
    }
}

#[tokio::test]
async fn stomp_s7_two_application_destinations_may_be_sent_to() {
    let mut client = Client::connected().await;
    for (destination, body) in [
        ("/app/extendOnline", "anything"),
        ("/app/typing", r#"{"roomId":1,"isTyping":1}"#),
        ("/app/typing", r#"{"roomId":1,"isTyping":false}"#),
    ] {
        let step = client
            .say(&format!("SEND\ndestination:{destination}\n\n{body}\0"))
            .await;
        assert_eq!(step, Step::Continue, "{destination} {body}");
    }
    for (destination, body, message) in [
        (
            "/app/typing",
            r#"{"roomId":3,"isTyping":1}"#,
            "not a member of this room",
        ),
        ("/app/other", "", "no such destination"),
        (ROOM, "{}", "no such destination"),
    ] {
        let mut client = Client::connected().await;
        client
            .say(&format!("SEND\ndestination:{destination}\n\n{body}\0"))
            .await;
        assert_eq!(client.error(), message, "{destination}");
    }
}

#[tokio::test]
async fn stomp_s8_an_unreadable_typing_body_does_no_harm() {
    let mut client = Client::connected().await;
    for body in [
        "",
        "{",
        "[]",
        r#"{"roomId":1,"isTyping":2}"#,
        r#"{"isTyping":1}"#,
    ] {
        let step = client
            .say(&format!(
                "SEND\ndestination:/app/typing\nreceipt:r\n\n{body}\0"
            ))
            .await;
        assert_eq!(step, Step::Continue, "{body}");
        assert_eq!(client.heard(), ["RECEIPT\nreceipt-id:r\n\n"]);
    }
}

#[tokio::test]
async fn stomp_s9_transactions_are_refused() {
    for frame in [
        "BEGIN\ntransaction:t\n\n\0",
        "COMMIT\ntransaction:t\n\n\0",
        "ABORT\ntransaction:t\n\n\0",
        "SEND\ndestination:/app/extendOnline\ntransaction:t\n\n\0",
    ] {
        let mut client = Client::connected().await;
        client.say(frame).await;
        assert_eq!(client.error(), "transactions are not supported", "{frame}");
    }
}

#[tokio::test]
async fn decision_11_undecided_membership_is_no_refusal() {
    let mut client = Client::connected().await;
    client
        .say("SUBSCRIBE\nid:0\ndestination:/topic/message/roomId/500\n\n\0")
        .await;
    assert_eq!(client.error(), "temporarily unavailable");
    assert_eq!(client.closing(), Closing::Unavailable);
}

#[tokio::test]
async fn stomp_limits_one_subscription_too_many_is_refused() {
    let websocket = websocket(Settings {
        subscriptions: 1,
        ..Settings::default()
    });
    let mut client = Client::of(&websocket, Some(cookie(60_000)));
    client.say("CONNECT\n\n\0").await;
    client.heard();
    client
        .say("SUBSCRIBE\nid:0\ndestination:/user/topic/rooms\n\n\0")
        .await;
    client
        .say("SUBSCRIBE\nid:1\ndestination:/user/topic/rooms\n\n\0")
        .await;
    assert_eq!(client.error(), "too many subscriptions");
}

#[tokio::test]
async fn stomp_r1_a_receipt_is_escaped_and_never_asked_of_connect() {
    let mut client = Client::new();
    client
        .say("CONNECT\naccept-version:1.2\nreceipt:r\n\n\0")
        .await;
    assert!(
        client
            .heard()
            .iter()
            .all(|frame| !frame.starts_with("RECEIPT"))
    );
    client
        .say("SEND\ndestination:/app/extendOnline\nreceipt:a\\cb\\n\n\n\0")
        .await;
    assert_eq!(client.heard(), ["RECEIPT\nreceipt-id:a\\cb\\n\n\n"]);
}

#[tokio::test]
async fn stomp_r2_disconnect_is_receipted_and_closes_normally() {
    for (frame, heard) in [
        (
            "DISCONNECT\nreceipt:bye\n\n\0",
            vec!["RECEIPT\nreceipt-id:bye\n\n"],
        ),
        ("DISCONNECT\n\n\0", vec![]),
    ] {
        let mut client = Client::connected().await;
        assert_eq!(client.say(frame).await, Step::Ended);
        assert_eq!(client.heard(), heard);
        assert_eq!(client.closing(), Closing::Normal);
        assert!(client.websocket.is_idle());
    }
}

#[tokio::test]
async fn stomp_r3_the_error_names_the_receipt_of_the_frame_that_failed() {
    let mut client = Client::connected().await;
    client
        .say("SUBSCRIBE\nid:0\ndestination:/nowhere\nreceipt:r:3\n\n\0")
        .await;
    assert_eq!(header(&client.heard()[0], "receipt-id"), Some("r\\c3"));
}

#[tokio::test]
async fn stomp_r4_after_an_error_nothing_is_processed_or_sent() {
    let mut client = Client::connected().await;
    client
        .say(&format!("SUBSCRIBE\nid:0\ndestination:{ROOM}\n\n\0"))
        .await;
    client.say("SEND\ndestination:/nowhere\n\n\0").await;
    let step = client
        .say("SEND\ndestination:/app/extendOnline\nreceipt:r\n\n\0")
        .await;
    client.publish(ROOM);

    assert_eq!(step, Step::Ended);
    assert_eq!(client.error(), "no such destination");
    assert_eq!(client.closing(), Closing::Protocol);
}

#[tokio::test]
async fn stomp_r6_what_a_session_held_is_given_back_once_when_it_is_cut() {
    let websocket = websocket(Settings::default());
    let mut stays = Client::of(&websocket, Some(cookie(60_000)));
    let mut cut = Client::of(&websocket, Some(cookie(60_000)));
    for client in [&mut stays, &mut cut] {
        client
            .say(&format!(
                "CONNECT\n\n\0SUBSCRIBE\nid:0\ndestination:{ROOM}\n\n\0"
            ))
            .await;
        client.heard();
    }
    drop(cut);
    stays.publish(ROOM);
    assert_eq!(stays.heard().len(), 1);
    drop(stays);
    assert!(websocket.is_idle());
}

#[tokio::test]
async fn stomp_s1_version_1_0_names_a_subscription_by_its_destination() {
    let mut client = Client::new();
    client
        .say(&format!("CONNECT\n\n\0SUBSCRIBE\ndestination:{ROOM}\n\n\0"))
        .await;
    client.heard();
    client.publish(ROOM);
    assert_eq!(header(&client.heard()[0], "subscription"), Some(ROOM));
    client
        .say(&format!("UNSUBSCRIBE\ndestination:{ROOM}\n\n\0"))
        .await;
    assert!(client.websocket.registry.is_empty());
}
