//! Rooms, their members, and texts.

use colloquy_contracts::{
    RoomId,
    events::{ChatRoomCreated, Participant, WriteEvent},
};

use super::{
    ALICE, BOB, Fixture, NOW, STRANGER, message, messages_of, new_room, ok, record, record_one,
    room, room_of,
};

/// A yes for members, a no for other customers and for a room that does not exist.
pub async fn decision_11_membership_is_what_was_recorded<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    assert!(ok(store.is_member(room, ALICE).await));
    assert!(ok(store.is_member(room, BOB).await));
    assert!(!ok(store.is_member(room, STRANGER).await));
    assert!(!ok(store.is_member(RoomId(room.0 + 1), ALICE).await));
}

/// The event of a room names all its members, its creator included (contract §6).
pub async fn a_room_tells_its_members_their_names_and_when_they_joined<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let answer = record_one(store.as_ref(), room("Nhóm  1 ", &[ALICE, BOB])).await;
    let member = |id| Participant {
        id,
        full_name: format!("Name {id}"),
        joined_at: NOW,
    };
    let created = ChatRoomCreated {
        room_id: room_of(&answer),
        room_name: "Nhóm  1 ".to_owned(),
        created_by: ALICE,
        created_at: NOW,
        participants: vec![member(ALICE), member(BOB)],
    };
    assert_eq!(fixture.events().await, [WriteEvent::RoomCreated(created)]);
}

/// Texts go through unchanged: any script, quotes, control characters, the longest ones.
pub async fn any_text_without_a_nul_is_kept_as_typed<F: Fixture>() {
    let fixture = F::fresh().await;
    let store = fixture.open().await;
    let room = new_room(store.as_ref(), &[ALICE, BOB]).await;
    let longest = "ữ".repeat(8192);
    let texts = [
        "Huỳnh Đặng Tấn Phát",
        "👩‍👩‍👧‍👦 \u{202e}rtl\u{feff}",
        r#"'; DROP TABLE messages; -- " \ {"a":[1]}"#,
        "\u{1}\u{7f}\t\r\n {1,2} NULL $1 ?1",
        &longest,
    ];
    record(
        store.as_ref(),
        &texts.map(|text| message(room, ALICE, text)),
    )
    .await;
    let kept: Vec<_> = messages_of(&fixture.events().await, room)
        .into_iter()
        .map(|message| message.content)
        .collect();
    assert_eq!(kept, texts);
}
