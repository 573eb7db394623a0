//! SUBSCRIBE and UNSUBSCRIBE (stomp.md §5).

use super::*;

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
async fn stomp_s11_a_message_after_the_receipt_of_a_subscription_arrives() {
    let mut client = Client::connected().await;
    client
        .say(&format!(
            "SUBSCRIBE\nid:0\ndestination:{ROOM}\nreceipt:r\n\n\0"
        ))
        .await;
    client.publish(ROOM);
    let heard = client.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert_eq!(heard[0], "RECEIPT\nreceipt-id:r\n\n");
    assert!(heard[1].starts_with("MESSAGE\n"), "{heard:?}");
}

/// A client that has the receipt fetches history and then relies on what is pushed.
#[tokio::test]
async fn decision_18_a_subscription_that_does_not_take_effect_has_no_receipt() {
    for (room, message) in [
        (3, "not a member of this room"),
        (500, "temporarily unavailable"),
    ] {
        let mut client = Client::connected().await;
        client
            .say(&format!(
                "SUBSCRIBE\nid:0\ndestination:/topic/message/roomId/{room}\nreceipt:r\n\n\0"
            ))
            .await;
        assert_eq!(client.error(), message, "an ERROR and nothing else");
    }
}

#[tokio::test]
async fn decision_11_undecided_membership_is_no_refusal() {
    let mut client = Client::connected().await;
    client
        .say("SUBSCRIBE\nid:0\ndestination:/topic/message/roomId/500\n\n\0")
        .await;
    assert_eq!(client.error(), "temporarily unavailable");
    assert_eq!(client.close_reason(), CloseReason::Unavailable);
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
    assert_eq!(client.websocket.registry.channels(), 0);
}

/// The header lines of the ERROR that a frame of this version brings, without those that every ERROR has.
async fn names(version: &str, frame: &str) -> Vec<String> {
    let mut client = Client::of(&websocket(Settings::default()), Some(cookie(60_000)));
    client
        .say(&format!("CONNECT\naccept-version:{version}\n\n\0"))
        .await;
    client.heard();
    client.say(frame).await;
    let heard = client.heard();
    let (head, _) = heard[0].split_once("\n\n").unwrap();
    let lines = head.lines().skip(1);
    let is_usual = |line: &&str| line.starts_with("message:") || line.starts_with("content-");
    lines
        .filter(|line| !is_usual(line))
        .map(Into::into)
        .collect()
}

#[tokio::test]
async fn b22_stomp_s14_an_error_names_the_refused_subscribe_or_send_in_the_session_s_version() {
    let subscribe = "SUBSCRIBE\nid:a\\cb\ndestination:/topic/\\c\nreceipt:r\n\n\0";
    for version in ["1.1", "1.2"] {
        assert_eq!(
            names(version, subscribe).await,
            [
                "subscription:a\\cb",
                "destination:/topic/\\c",
                "code:unknown-destination",
                "receipt-id:r"
            ]
        );
    }
    // 1.0 has no escapes, and there a destination may name its subscription.
    assert_eq!(
        names("1.0", "SUBSCRIBE\ndestination:/topic/\\c\n\n\0").await,
        [
            "subscription:/topic/:",
            "destination:/topic/:",
            "code:unknown-destination"
        ]
    );
    for (frame, expected) in [
        (
            "SEND\ndestination:/app/other\n\n\0",
            &["destination:/app/other", "code:unknown-destination"][..],
        ),
        (
            "SEND\ndestination:/app/typing\n\n{\"roomId\":3,\"isTyping\":1}\0",
            &["destination:/app/typing", "code:not-a-member"],
        ),
        (
            "SUBSCRIBE\nid:0\ndestination:/topic/message/roomId/3\n\n\0",
            &[
                "subscription:0",
                "destination:/topic/message/roomId/3",
                "code:not-a-member",
            ],
        ),
        (
            "SUBSCRIBE\nid:0\ndestination:/topic/message/roomId/500\n\n\0",
            &[
                "subscription:0",
                "destination:/topic/message/roomId/500",
                "code:temporarily-unavailable",
            ],
        ),
        (
            "SUBSCRIBE\nid:0\ndestination:/user/topic/rooms\nack:maybe\n\n\0",
            &[
                "subscription:0",
                "destination:/user/topic/rooms",
                "code:unknown-ack-mode",
            ],
        ),
        (
            "SUBSCRIBE\ndestination:/user/topic/rooms\n\n\0",
            &["destination:/user/topic/rooms", "code:missing-header"],
        ),
        (
            "SEND\ntransaction:t\ndestination:/app/typing\n\n\0",
            &["destination:/app/typing", "code:transactions-not-supported"],
        ),
        ("UNSUBSCRIBE\n\n\0", &[]),
    ] {
        assert_eq!(names("1.2", frame).await, expected, "{frame:?}");
    }
}

/// Bob begins or ends typing in Alice's first room, and its subscribers hear of it.
fn bob_types(websocket: &Websocket, typing: bool) {
    let (room, bob) = (RoomId(1), CustomerId(8));
    websocket.presence.typists.note(room, bob, typing, || {
        let body = Bytes::from(format!("{{\"typing\":{typing}}}"));
        let destination = Destination::Typing(room);
        websocket
            .registry
            .publish_conflated(destination, bob, &body);
    });
}

#[tokio::test]
async fn b21_stomp_s13_a_subscription_begins_with_those_who_type_also_under_an_id_used_before() {
    const TYPING: &str = "/topic/typing/roomId/1";
    let mut client = Client::connected().await;
    bob_types(&client.websocket, true);
    let subscribe = format!("SUBSCRIBE\nid:0\ndestination:{TYPING}\nreceipt:s\n\n\0");
    client.say(&subscribe).await;
    let typing = |frame: &str| frame.contains("\"typing\":true");
    let heard = client.heard();
    assert!(typing(&heard[0]), "{heard:?}");
    assert_eq!(heard[1..], ["RECEIPT\nreceipt-id:s\n\n"]);

    // What waits for the subscription that ends is nothing to the next one.
    bob_types(&client.websocket, false);
    client.say("UNSUBSCRIBE\nid:0\nreceipt:u\n\n\0").await;
    bob_types(&client.websocket, true);
    client.say(&subscribe).await;
    let heard = client.heard();
    assert_eq!(heard.len(), 3, "{heard:?}");
    assert_eq!(heard[0], "RECEIPT\nreceipt-id:u\n\n");
    assert!(typing(&heard[1]), "{heard:?}");
    assert_eq!(heard[2], "RECEIPT\nreceipt-id:s\n\n");

    bob_types(&client.websocket, false);
    let heard = client.heard();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert!(!typing(&heard[0]), "{heard:?}");
}
