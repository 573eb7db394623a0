use super::*;
use crate::anomaly::{
    Anomaly::{Divergent, Duplicated, Gaps, Lost, Misordered, Phantom, Unanswered},
    Layer::{Answers, Log, Pushes, Views, WriteStore},
};

#[test]
fn p1_an_acknowledged_message_that_is_not_stored_is_lost() {
    let mut run = Run::good();
    run.calls.push(sent(4));
    assert!(run.finds(Lost, WriteStore));
}

#[test]
fn p2_a_message_stored_twice_is_duplicated() {
    let mut run = Run::good();
    run.evidence.written.messages.push(Stored {
        seq: 4,
        message_id: 104,
        ..stored(3)
    });
    assert!(run.finds(Duplicated, WriteStore));
}

#[test]
fn p3_a_missing_seq_is_a_gap_and_an_id_that_falls_is_misordered() {
    let mut run = Run::good();
    run.evidence.written.messages.remove(1);
    assert!(run.finds(Gaps, WriteStore));
    let mut run = Run::good();
    run.evidence.written.messages[2].message_id = 1;
    assert!(run.finds(Misordered, WriteStore));
}

#[test]
fn p4_a_message_that_no_client_sent_is_a_phantom_in_every_layer() {
    let mut run = Run::good();
    run.calls.remove(0);
    assert!(run.finds(Phantom, WriteStore));
    let mut run = Run::good();
    run.evidence.logged.messages.push(stored(4));
    assert!(run.finds(Phantom, Log));
    let mut run = Run::good();
    run.evidence.viewed.messages.push(stored(4));
    assert!(run.finds(Phantom, Views));
    let mut run = Run::good();
    let held = run.log.messages.get_mut(&ROOM).unwrap();
    held.insert(4, (104, "m4".into()));
    assert!(run.finds(Phantom, Pushes));
}

#[test]
fn p4_a_refused_message_is_a_phantom_when_stored_and_lost_when_not() {
    let mut run = Run::good();
    run.calls[2] = message(3, Outcome::Refused(400));
    assert!(run.finds(Phantom, WriteStore));
    let mut run = Run::good();
    run.calls.push(message(4, Outcome::Refused(400)));
    assert!(run.finds(Lost, WriteStore));
}

#[test]
fn p5_a_message_that_is_never_answered_is_found_stored_or_not() {
    let mut run = Run::good();
    run.calls[2] = message(3, Outcome::Unknown);
    assert!(run.finds(Unanswered, Answers));
    let mut run = Run::good();
    run.calls.push(message(4, Outcome::Unknown));
    assert!(run.finds(Unanswered, Answers));
}

#[test]
fn p5_views_that_differ_are_divergent() {
    let mut run = Run::good();
    run.evidence.viewed.messages.pop();
    assert!(run.finds(Divergent, Views));
    let mut run = Run::good();
    run.evidence.shown[0].last = Some((2, 102));
    assert!(run.finds(Divergent, Views));
}

#[test]
fn the_log_may_repeat_but_not_forget_and_not_overtake() {
    let mut run = Run::good();
    run.evidence.logged.messages.insert(1, stored(1));
    run.evidence.logged.messages.push(stored(2));
    assert!(run.findings().is_clean());
    run.evidence.logged.messages = vec![stored(1), stored(3), stored(2)];
    assert!(run.finds(Misordered, Log));
    run.evidence.logged.messages = vec![stored(1), stored(2)];
    assert!(run.finds(Lost, Log));
}

#[test]
fn a_message_that_a_subscriber_never_got_is_lost() {
    let mut run = Run::good();
    run.log.messages.get_mut(&ROOM).unwrap().remove(&1);
    assert!(run.finds(Lost, Pushes));
}
