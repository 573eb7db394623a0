//! `/user/topic/rooms`.

use crate::harness::{
    ALICE, BOB, CAROL, Node, client::Client, events::room_updated, memory_log::MemoryLog,
};

const ROOMS: &str = "/user/topic/rooms";

#[tokio::test]
async fn stomp_s6_a_new_room_reaches_every_session_of_every_participant() {
    let log = MemoryLog::default();
    let (first, second) = (Node::start(&log).await, Node::start(&log).await);
    let mut sessions = vec![
        Client::connected(first.address, ALICE).await,
        Client::connected(second.address, ALICE).await,
        Client::connected(second.address, BOB).await,
    ];
    for session in &mut sessions {
        session.subscribe("rooms", ROOMS).await;
    }
    let mut carol = Client::connected(first.address, CAROL).await;
    carol.subscribe("rooms", ROOMS).await;

    log.add(room_updated(1, 1, &[ALICE, BOB])).await;
    log.add(room_updated(2, 1, &[CAROL])).await;

    for session in &mut sessions {
        let frame = session.frame().await;
        assert!(
            frame.contains("\ndestination:/user/topic/rooms\n"),
            "{frame}"
        );
        assert!(frame.contains(r#""roomId":1"#), "{frame}");
    }
    assert_eq!(carol.body().await["roomId"], 2);
}

#[tokio::test]
async fn invariant_4_what_a_stalled_projector_announces_late_is_not_pushed() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    alice.subscribe("rooms", ROOMS).await;

    for version in [4, 6, 5, 6, 7] {
        log.add(room_updated(1, version, &[ALICE])).await;
    }

    let mut pushed = vec![];
    while pushed.last() != Some(&7) {
        let view = alice.body().await;
        pushed.push(view["roomName"].as_str().unwrap().parse::<i64>().unwrap());
        assert!(pushed.is_sorted_by(|one, next| one < next), "{pushed:?}");
    }

    log.add(room_updated(1, 6, &[ALICE])).await;
    assert_nothing_left_of_room_1(&log, &mut alice).await;
}

#[tokio::test]
async fn decision_21_the_last_state_is_always_pushed_and_states_never_go_back() {
    let log = MemoryLog::default();
    let node = Node::start(&log).await;
    let mut alice = Client::connected(node.address, ALICE).await;
    alice.subscribe("rooms", ROOMS).await;
    for version in 1..=500 {
        log.add(room_updated(1, version, &[ALICE])).await;
        // Older than the view that was pushed, or than the pending one: of a projector that stalled.
        for late in [version - 1, version / 2] {
            log.add(room_updated(1, late, &[ALICE])).await;
        }
    }

    let mut pushed = vec![];
    while pushed.last() != Some(&500) {
        assert!(pushed.len() < 100, "nothing was coalesced: {pushed:?}");
        let view = alice.body().await;
        pushed.push(view["roomName"].as_str().unwrap().parse::<i64>().unwrap());
    }
    assert_eq!(pushed[0], 1, "the first is pushed at once");
    assert!(pushed.is_sorted_by(|one, next| one < next), "{pushed:?}");
    assert_nothing_left_of_room_1(&log, &mut alice).await;
}

/// Room 1 cools down since before room 2, so a pending view of it would come before the second state of room 2.
async fn assert_nothing_left_of_room_1(log: &MemoryLog, alice: &mut Client) {
    for version in [1, 2] {
        log.add(room_updated(2, version, &[ALICE])).await;
    }
    for version in ["1", "2"] {
        let view = alice.body().await;
        assert_eq!(view["roomId"], 2, "room 1 went back");
        assert_eq!(view["roomName"], version);
    }
}
