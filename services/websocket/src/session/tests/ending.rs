//! DISCONNECT, ERROR and what is left behind (stomp.md §5).

use super::*;

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
        assert_eq!(client.close_reason(), CloseReason::Normal);
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
    assert_eq!(client.close_reason(), CloseReason::Protocol);
}

#[tokio::test]
async fn decision_23_frames_of_a_session_that_was_logged_out_have_no_effect() {
    for said in [
        "SEND\ndestination:/app/typing\n\n{\"roomId\":1,\"isTyping\":true}\0",
        "SUBSCRIBE\nid:1\ndestination:/user/topic/rooms\nreceipt:r\n\n\0",
        "DISCONNECT\nreceipt:r\n\n\0",
    ] {
        let mut client = Client::connected().await;
        client
            .say(&format!("SUBSCRIBE\nid:0\ndestination:{ROOM}\n\n\0"))
            .await;
        client.publish(ROOM);
        let sessions = &client.websocket.sessions;
        sessions.end_where(&Refusal::Revoked, |_| true);

        assert_eq!(client.say(said).await, Step::Ended);
        assert_eq!(client.error(), "session ended", "and nothing that waited");
        assert_eq!(client.close_reason(), CloseReason::SessionEnded);
    }
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
