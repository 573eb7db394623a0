//! What the read side announces to the push side once its view is stored: room views and unread flags that changed.
//!
//! The id of an announcement is derived from the event that caused it, so the push side drops a second one, which a crash
//! between storing and publishing makes (decision 9). An announcement also carries how far its room had come, so that one
//! of a stalled projector, published behind a newer one of its successor, is known to be old.

use bytes::Bytes;
use colloquy_contracts::{CustomerId, Topic, views::ReadStatus};
use colloquy_event_log::NewEvent;

use crate::room_state::RoomState;

/// `room-updated`: the room as it is now, because of the event with this id; `None` until its beginning is known.
#[must_use]
pub fn room_updated(room: &RoomState, cause: &str) -> Option<NewEvent> {
    let event_id = format!("room-updated:{cause}");
    Some(announcement(
        room,
        Topic::RoomUpdated,
        event_id,
        &room.view()?,
    ))
}

/// `read-status-updated`: a customer's unread flag as it is now, because of the event with this id; `None` for a customer
/// who is not known to be in the room.
#[must_use]
pub fn read_status_updated(
    room: &RoomState,
    customer_id: CustomerId,
    cause: &str,
) -> Option<NewEvent> {
    let status = ReadStatus {
        room_id: room.room_id,
        customer_id,
        is_unread: room.unread(customer_id)?,
    };
    let event_id = format!("read-status:{cause}");
    Some(announcement(
        room,
        Topic::ReadStatusUpdated,
        event_id,
        &status,
    ))
}

fn announcement(
    room: &RoomState,
    topic: Topic,
    event_id: String,
    payload: &impl serde::Serialize,
) -> NewEvent {
    let payload = serde_json::to_vec(payload).expect("a view holds only strings and numbers");
    NewEvent {
        topic,
        room_id: room.room_id,
        event_id,
        payload: Bytes::from(payload),
        replayed: false,
        version: Some(room.progress()),
        traceparent: None,
    }
}

#[cfg(test)]
mod tests {
    use colloquy_contracts::{
        MessageId, RoomId, Seq, Timestamp,
        events::{ChatMessageSent, ChatRoomCreated, Participant, ReadMarkerUpdated, WriteEvent},
    };
    use serde_json::{Value, json};

    use super::*;
    use crate::projections;

    const CREATOR: CustomerId = CustomerId(1);
    const MEMBER: CustomerId = CustomerId(2);
    const ROOM: RoomId = RoomId(7);

    fn message(id: i64, seq: i64) -> WriteEvent {
        WriteEvent::MessageSent(ChatMessageSent {
            message_id: MessageId(id),
            room_id: ROOM,
            sender_id: MEMBER,
            sender_full_name: "Member".into(),
            content: format!("message {seq}"),
            sent_at: Timestamp::from_millis(10_000 + seq),
            seq: Seq(seq),
            client_key: None,
        })
    }

    /// The member wrote twice, the creator has read the first.
    fn room() -> RoomState {
        let created_at = Timestamp::from_millis(1_000);
        let participants = [MEMBER, CREATOR].map(|id| Participant {
            id,
            full_name: String::new(),
            joined_at: created_at,
        });
        let mut room = RoomState::unknown(ROOM);
        for event in [
            WriteEvent::RoomCreated(ChatRoomCreated {
                room_id: ROOM,
                room_name: "Nhóm".into(),
                created_by: CREATOR,
                created_at,
                participants: participants.into(),
            }),
            message(10, 1),
            message(11, 2),
            WriteEvent::ReadMarkerUpdated(ReadMarkerUpdated {
                room_id: ROOM,
                customer_id: CREATOR,
                last_read_message_id: MessageId(10),
            }),
        ] {
            projections::apply(&mut room, &event).unwrap();
        }
        room
    }

    fn value(event: &NewEvent) -> Value {
        serde_json::from_slice(&event.payload).unwrap()
    }

    #[test]
    fn contract_6_room_updated_is_the_view_under_its_room() {
        let event = room_updated(&room(), "message:11").unwrap();
        assert_eq!(event.topic.name(), "room-updated");
        assert_eq!(event.room_id, ROOM);
        assert_eq!(event.event_id, "room-updated:message:11");
        assert_eq!(
            value(&event),
            json!({
                "roomId": 7, "roomName": "Nhóm", "participantIds": [1, 2],
                "unreadStatus": {"1": true, "2": false},
                "lastMessage": {
                    "messageId": 11, "senderId": 2, "content": "message 2",
                    "sentAt": "1970-01-01T00:00:10.002Z", "seq": 2,
                },
                "createdBy": 1, "createdAt": "1970-01-01T00:00:01.000Z",
                "updatedAt": "1970-01-01T00:00:10.002Z",
            })
        );
        assert_eq!(room_updated(&RoomState::unknown(ROOM), "message:11"), None);
    }

    #[test]
    fn contract_6_read_status_updated_is_the_flag_under_its_room() {
        let event = read_status_updated(&room(), CREATOR, "marker:7:1:10").unwrap();
        assert_eq!(event.topic.name(), "read-status-updated");
        assert_eq!(event.room_id, ROOM);
        assert_eq!(event.event_id, "read-status:marker:7:1:10");
        assert_eq!(
            value(&event),
            json!({"roomId": 7, "customerId": 1, "isUnread": true})
        );
        assert_eq!(
            read_status_updated(&room(), CustomerId(9), "marker:7:9:10"),
            None
        );
    }

    /// A client compares this seq with the newest one that it has, and fetches history when it is behind.
    #[test]
    fn decision_18_a_view_names_the_seq_of_its_newest_message() {
        let mut room = room();
        for (event, newest) in [(message(13, 4), 4), (message(12, 3), 4)] {
            projections::apply(&mut room, &event).unwrap();
            let updated = room_updated(&room, "message").unwrap();
            assert_eq!(value(&updated)["lastMessage"]["seq"], newest);
        }
    }
}
