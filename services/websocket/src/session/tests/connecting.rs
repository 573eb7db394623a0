//! CONNECT (stomp.md §3).

use super::*;

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
    assert_eq!(client.close_reason(), CloseReason::Protocol);
}

#[tokio::test]
async fn stomp_n3_the_host_does_not_matter() {
    for host in ["", "host:\n", "host:nobody\n"] {
        let mut client = Client::new();
        let step = client
            .say(&format!("CONNECT\naccept-version:1.2\n{host}\n\0"))
            .await;
        assert!(matches!(step, Step::Opened(_)), "{host}");
    }
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
async fn stomp_h1_a_setting_answers_that_neither_side_beats() {
    let websocket = websocket(Settings {
        heart_beat: HeartBeat::default(),
        ..Settings::default()
    });
    let mut client = Client::of(&websocket, Some(cookie(60_000)));
    let step = client
        .say("CONNECT\naccept-version:1.2\nheart-beat:5000,5000\n\n\0")
        .await;
    assert_eq!(header(&client.heard()[0], "heart-beat"), Some("0,0"));
    let Step::Opened(opened) = step else {
        panic!("not opened: {step:?}")
    };
    assert_eq!(opened.intervals, Intervals::default());
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
