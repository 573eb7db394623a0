//! SEND, transactions and receipts (stomp.md §5).

use super::*;

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
        "[3,1]",
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
