use super::*;
use crate::anomaly::{
    Anomaly::{Duplicated, Gaps, Lost, Misordered},
    Layer::Pushes,
};

/// Behind every call of the good run.
fn late() -> Instant {
    *BEGIN + Duration::from_secs(60)
}

#[test]
fn a_connection_that_was_not_pushed_everything_is_found() {
    for (pushed, anomaly) in [
        (vec![2], Lost),
        (vec![1, 3], Gaps),
        (vec![2, 2, 3], Duplicated),
        (vec![3, 2], Misordered),
    ] {
        let mut run = Run::good();
        run.room_log().pushed = pushed;
        assert!(run.finds(anomaly, Pushes), "{anomaly}");
    }
}

#[test]
fn the_last_push_of_a_room_is_owed_even_if_a_fetch_mended_it() {
    let mut run = Run::good();
    run.room_log().pushed = vec![2];
    run.room_log().mended = BTreeMap::from([(3, late())]);
    assert!(run.finds(Lost, Pushes));
}

#[test]
fn the_only_push_of_a_connection_is_owed_if_it_was_sent_after_the_receipt() {
    let mut run = Run::good();
    run.room_log().subscribed = run.calls[1].ended;
    run.room_log().pushed.clear();
    assert!(run.finds(Lost, Pushes));
}

#[test]
fn decision_18_what_was_sent_before_the_receipt_may_come_by_history_alone() {
    let mut run = Run::good();
    run.room_log().subscribed = late();
    run.room_log().pushed.clear();
    run.room_log().mended = BTreeMap::from([(3, late())]);
    assert!(run.findings().is_clean());
    run.room_log().pushed = vec![3];
    assert!(run.findings().is_clean());
}

#[test]
fn a_hole_between_the_receipt_and_the_first_push_is_found() {
    let mut run = Run::good();
    run.room_log().pushed = vec![3];
    assert!(run.finds(Lost, Pushes));
}

#[test]
fn a_connection_that_broke_owes_nothing_behind_its_last_push() {
    let mut run = Run::good();
    let mut broken = run.log.connections[0].clone();
    broken.ended = Some(late() + Duration::from_secs(1));
    broken.rooms.get_mut(&ROOM).unwrap().pushed = vec![2];
    run.log.connections.insert(0, broken);
    assert!(run.findings().is_clean());
}

#[test]
fn a_connection_that_lived_on_after_a_fetch_owes_the_push() {
    let mut run = Run::good();
    let mut broken = run.log.connections[0].clone();
    broken.ended = Some(late() + Duration::from_secs(31));
    let room_log = broken.rooms.get_mut(&ROOM).unwrap();
    room_log.pushed = vec![2];
    room_log.mended = BTreeMap::from([(3, late())]);
    run.log.connections.insert(0, broken);
    assert!(run.finds(Lost, Pushes));
}

#[test]
fn p5_a_subscriber_that_cannot_subscribe_again_is_found() {
    let mut run = Run::good();
    run.log.connections[0].ended = Some(late());
    assert!(run.finds(Lost, Pushes));
    run.log.connections.push(Connection::default());
    assert!(run.finds(Lost, Pushes));
}
