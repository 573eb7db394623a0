//! The server's frames; stomp.md §5.

use bytes::Bytes;
use colloquy_websocket::stomp::{DecodeError, MessageTemplate, Version, encoder};

const DESTINATION: &str = "/topic/message/roomId/7";

#[test]
fn stomp_s5_message_has_its_headers_in_the_usual_order() {
    let template = MessageTemplate::new(DESTINATION, "m-1", Bytes::from("{\"a\":\"é\"}"));
    assert_eq!(
        template.encode("sub-0", None),
        "MESSAGE\ndestination:/topic/message/roomId/7\ncontent-type:application/json\n\
         subscription:sub-0\nmessage-id:m-1\ncontent-length:10\n\n{\"a\":\"é\"}\0"
    );
}

#[test]
fn stomp_s2_message_carries_ack_when_asked() {
    let template = MessageTemplate::new(DESTINATION, "m-1", Bytes::from("{}"));
    assert_eq!(
        template.encode("sub-0", Some("m-1/0")),
        "MESSAGE\ndestination:/topic/message/roomId/7\ncontent-type:application/json\n\
         subscription:sub-0\nmessage-id:m-1\ncontent-length:2\nack:m-1/0\n\n{}\0"
    );
}

#[test]
fn stomp_s3_one_template_serves_every_subscription() {
    let template = MessageTemplate::new(DESTINATION, "m-1", Bytes::from("{}"));
    let frame_of = |id| String::from_utf8(template.encode(id, None).to_vec()).unwrap();
    let first = frame_of("sub-0");
    assert_eq!(frame_of("a\\cb"), first.replace("sub-0", "a\\cb"));
    assert_eq!(frame_of("sub-0"), first);
}

#[test]
fn stomp_r1_receipt_escapes_the_id_by_version() {
    for (version, expected) in [
        (Version::V10, "RECEIPT\nreceipt-id:a:b\\\r\n\n\0"),
        (Version::V11, "RECEIPT\nreceipt-id:a\\cb\\\\\r\n\n\0"),
        (Version::V12, "RECEIPT\nreceipt-id:a\\cb\\\\\\r\n\n\0"),
    ] {
        assert_eq!(encoder::receipt(version, "a:b\\\r"), expected);
    }
    assert_eq!(
        encoder::receipt(Version::V12, "a\nb"),
        "RECEIPT\nreceipt-id:a\\nb\n\n\0"
    );
}

#[test]
fn stomp_r5_error_has_a_short_text_and_its_length() {
    let message = DecodeError::UnknownCommand.to_string();
    assert_eq!(
        encoder::error(Version::V12, &message, []),
        "ERROR\nmessage:unknown command\ncontent-type:text/plain\ncontent-length:15\n\n\
         unknown command\0"
    );
}

#[test]
fn stomp_r3_error_names_the_receipt_of_the_failed_frame() {
    assert_eq!(
        encoder::error(Version::V11, "malformed header", [("receipt-id", "a:b")]),
        "ERROR\nmessage:malformed header\ncontent-type:text/plain\nreceipt-id:a\\cb\n\
         content-length:16\n\nmalformed header\0"
    );
}
