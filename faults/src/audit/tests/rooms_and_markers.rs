use super::*;
use crate::anomaly::{
    Anomaly::{Divergent, Duplicated, Lost, Misordered, Phantom, Unanswered},
    Layer::{Answers, Log, Views, WriteStore},
};

const OTHER: i64 = 6;

#[test]
fn p1_an_acknowledged_room_that_is_not_stored_is_lost() {
    let mut run = Run::good();
    run.calls.push(created(OTHER));
    assert!(run.finds(Lost, WriteStore));
}

#[test]
fn p2_a_room_made_twice_is_duplicated() {
    let mut run = Run::good();
    let twice = Room {
        room_id: OTHER,
        ..room(ROOM)
    };
    run.evidence.written.rooms.push(twice);
    assert!(run.finds(Duplicated, WriteStore));
}

#[test]
fn p4_a_room_that_no_client_created_is_a_phantom_in_every_layer() {
    let mut run = Run::good();
    run.evidence.written.rooms.push(room(OTHER));
    assert!(run.finds(Phantom, WriteStore));
    let mut run = Run::good();
    run.evidence.logged.rooms.push(room(OTHER));
    assert!(run.finds(Phantom, Log));
    let mut run = Run::good();
    run.evidence.viewed.rooms.push(room(OTHER));
    assert!(run.finds(Phantom, Views));
    let mut run = Run::good();
    let strange = Shown {
        room_id: OTHER,
        ..shown(READER)
    };
    run.evidence.shown.push(strange);
    assert!(run.finds(Phantom, Views));
}

#[test]
fn p5_a_room_or_marker_that_is_never_answered_is_found() {
    let mut run = Run::good();
    run.calls.push(new_room(OTHER, Outcome::Unknown));
    assert!(run.finds(Unanswered, Answers));
    let mut run = Run::good();
    run.calls.push(mark(103, Outcome::Unknown));
    assert!(run.finds(Unanswered, Answers));
}

#[test]
fn p5_participants_that_differ_are_divergent_wherever_they_are() {
    let mut run = Run::good();
    run.evidence.written.rooms[0].participants.pop();
    assert!(run.finds(Divergent, WriteStore));
    let mut run = Run::good();
    run.evidence.viewed.rooms[0].participants.pop();
    assert!(run.finds(Divergent, Views));
    let mut run = Run::good();
    run.evidence.shown[2].participants.pop();
    assert!(run.finds(Divergent, Views));
    let mut run = Run::good();
    run.evidence.logged.rooms[0].participants.pop();
    assert!(run.finds(Phantom, Log));
}

#[test]
fn p5_a_room_that_is_not_projected_or_not_shown_is_divergent() {
    let mut run = Run::good();
    run.evidence.viewed.rooms.pop();
    assert!(run.finds(Divergent, Views));
    let mut run = Run::good();
    run.evidence.shown[1].room_id = OTHER;
    assert!(run.finds(Divergent, Views));
}

#[test]
fn p1_an_acknowledged_marker_that_is_not_stored_is_lost() {
    let mut run = Run::good();
    run.calls.push(marked(103));
    assert!(run.finds(Lost, WriteStore));
    let mut run = Run::good();
    run.evidence.written.markers.clear();
    assert!(run.finds(Lost, WriteStore));
}

#[test]
fn decision_13_marking_an_older_message_changes_nothing() {
    let mut run = Run::good();
    run.calls.push(marked(101));
    assert!(run.findings().is_clean());
    run.evidence.written.markers = vec![marker(101)];
    assert!(run.finds(Lost, WriteStore));
}

#[test]
fn p4_a_marker_that_no_client_asked_for_is_a_phantom() {
    let mut run = Run::good();
    run.evidence.written.markers = vec![marker(103)];
    assert!(run.finds(Phantom, WriteStore));
    let mut run = Run::good();
    run.evidence.logged.markers.push(marker(103));
    assert!(run.finds(Phantom, Log));
}

#[test]
fn a_marker_is_at_a_message_of_its_room() {
    let mut run = Run::good();
    run.evidence.written.markers = vec![marker(104)];
    assert!(run.finds(Divergent, WriteStore));
}

#[test]
fn p5_a_marker_that_differs_in_the_views_is_divergent() {
    for markers in [vec![], vec![marker(101)], vec![marker(103)]] {
        let mut run = Run::good();
        run.evidence.viewed.markers = markers;
        assert!(run.finds(Divergent, Views));
    }
}

#[test]
fn the_log_may_repeat_a_marker_but_not_forget_it_and_not_go_back() {
    let mut run = Run::good();
    run.calls.push(marked(101));
    run.evidence.logged.markers = vec![marker(101), marker(102), marker(101), marker(102)];
    assert!(run.findings().is_clean());
    run.evidence.logged.markers = vec![marker(102), marker(101)];
    assert!(run.finds(Misordered, Log));
    run.evidence.logged.markers = vec![marker(101)];
    assert!(run.finds(Lost, Log));
    run.evidence.logged.markers.clear();
    assert!(run.finds(Lost, Log));
}

#[test]
fn a_room_that_the_log_never_told_is_lost() {
    let mut run = Run::good();
    run.evidence.logged.rooms.clear();
    assert!(run.finds(Lost, Log));
}

#[test]
fn decision_13_an_unread_flag_that_does_not_follow_from_the_write_store_is_divergent() {
    for wrong in [CREATOR, READER, IDLE] {
        let mut run = Run::good();
        let flag = run.evidence.shown[0].unread.get_mut(&wrong).unwrap();
        *flag = !*flag;
        assert!(run.finds(Divergent, Views), "{wrong}");
    }
}

#[test]
fn decision_13_a_room_without_messages_is_unread_for_all_but_its_creator() {
    let mut run = Run::good();
    run.calls.push(created(OTHER));
    let evidence = &mut run.evidence;
    for contents in [
        &mut evidence.written,
        &mut evidence.logged,
        &mut evidence.viewed,
    ] {
        contents.rooms.push(room(OTHER));
    }
    let shown = [CREATOR, READER, IDLE].map(|to| Shown {
        room_id: OTHER,
        name: room(OTHER).name,
        last: None,
        ..shown(to)
    });
    evidence.shown.extend(shown);
    let findings = run.findings();
    assert!(findings.is_clean(), "{:?}", findings.examples());
    run.evidence.shown[3].unread.insert(CREATOR, true);
    assert!(run.finds(Divergent, Views));
}
