//! What waits, what leaves and what is let go of.

use colloquy_contracts::RoomId;

use super::*;

fn frame(text: &str) -> Message {
    Message::text(text)
}

fn drain(queue: &SendQueue) -> Vec<Next> {
    let mut taken = Vec::new();
    loop {
        let next = queue.next();
        let last = !matches!(next, Next::Frame(_));
        taken.push(next);
        if last {
            return taken;
        }
    }
}

#[test]
fn stomp_s10_frames_leave_in_the_order_they_came() {
    let queue = SendQueue::new(1024);
    queue.push(frame("a"));
    queue.push(frame("b"));

    assert_eq!(
        drain(&queue),
        [
            Next::Frame(frame("a")),
            Next::Frame(frame("b")),
            Next::Nothing
        ]
    );
}

#[test]
fn operators_are_shown_what_waits_until_it_is_taken_or_let_go_of() {
    let queue = SendQueue::new(3 * cost(&frame("abc")));
    assert_eq!(queue.waiting(), 0);
    queue.push(frame("abc"));
    queue.push(frame("abc"));
    assert_eq!(queue.waiting(), 2 * cost(&frame("abc")));
    let _ = queue.next();
    assert_eq!(queue.waiting(), cost(&frame("abc")));
    queue.give_up();
    assert_eq!(queue.waiting(), 0);
}

#[test]
fn f20_an_overflowing_queue_ends_with_a_reason_and_holds_nothing() {
    let queue = SendQueue::new(3 * cost(&frame("abc")));
    let beyond = [(); 6].map(|()| queue.push(frame("abc")));
    assert_eq!(beyond, [false, false, false, true, true, true]);
    assert!(!queue.has_ended());

    assert!(!queue.push(frame("abc")), "there is nothing to wait for");
    queue.push(frame("later"));

    assert_eq!(drain(&queue), [Next::End(CloseReason::TooSlow)]);
}

#[test]
fn b18_a_full_queue_ends_only_when_its_client_has_taken_nothing_for_a_while() {
    let queue = SendQueue::new(cost(&frame("abc")));
    let now = Instant::now();
    queue.push(frame("abc"));
    queue.blocked(now);
    assert_eq!(
        queue.standing(now + NO_PROGRESS_TIMEOUT),
        Standing::Fine,
        "not full"
    );

    queue.push(frame("abc"));
    assert_eq!(queue.standing(now), Standing::Blocked);
    queue.ready();
    assert_eq!(
        queue.standing(now + NO_PROGRESS_TIMEOUT),
        Standing::Unwritten
    );
    queue.busy();
    assert_eq!(
        queue.standing(now + NO_PROGRESS_TIMEOUT),
        Standing::Fine,
        "let grow"
    );
    queue.blocked(now);
    assert_eq!(queue.next(), Next::Frame(frame("abc")));
    queue.push(frame("abc"));
    assert_eq!(
        queue.standing(now + NO_PROGRESS_TIMEOUT),
        Standing::Unwritten,
        "progress"
    );

    queue.blocked(now);
    queue.progressed(now + NO_PROGRESS_TIMEOUT);
    queue.blocked(now + 2 * NO_PROGRESS_TIMEOUT);
    assert_eq!(queue.standing(now + NO_PROGRESS_TIMEOUT), Standing::Blocked);
    assert_eq!(
        queue.standing(now + 2 * NO_PROGRESS_TIMEOUT),
        Standing::Fine
    );
    assert_eq!(queue.next(), Next::End(CloseReason::TooSlow));
}

#[test]
fn decision_20_a_slow_consumer_is_closed_with_4500_and_a_reason() {
    let queue = SendQueue::new(1);
    queue.push(frame("abc"));
    let Next::End(reason) = queue.next() else {
        panic!("the queue has not ended")
    };
    let (code, reason) = reason.code_and_reason();
    assert_eq!(code, 4500);
    assert!(!reason.is_empty());
}

#[test]
fn f20_what_was_written_makes_room_again() {
    let queue = SendQueue::new(2 * cost(&frame("abc")));
    for _ in 0..100 {
        queue.push(frame("abc"));
        assert_eq!(queue.next(), Next::Frame(frame("abc")));
    }
    assert_eq!(queue.next(), Next::Nothing);
}

fn key(customer: i64) -> Arc<ConflationKey> {
    Arc::new(ConflationKey {
        destination: Destination::OnlineStatus(RoomId(1)),
        customer: CustomerId(customer),
        subscription: "0".into(),
    })
}

#[test]
fn stomp_limits_of_each_state_only_the_newest_waits_in_the_place_of_the_first() {
    let queue = SendQueue::new(4096);
    queue.push_conflated(key(1), frame("one online"));
    queue.push(frame("message"));
    queue.push_conflated(key(2), frame("two online"));
    for _ in 0..1_000 {
        queue.push_conflated(key(1), frame("one comes"));
        queue.push_conflated(key(1), frame("one goes"));
    }

    assert_eq!(
        drain(&queue),
        [
            Next::Frame(frame("one goes")),
            Next::Frame(frame("message")),
            Next::Frame(frame("two online")),
            Next::Nothing
        ]
    );
    queue.push_conflated(key(1), frame("one online"));
    assert_eq!(queue.next(), Next::Frame(frame("one online")));
    assert_eq!(queue.lock().state_octets, 0);
}

#[test]
fn b19_decision_19_states_take_no_room_from_messages_and_all_of_both_come() {
    let room_for = 10;
    let queue = SendQueue::new(room_for * cost(&frame("m0")));
    let mut expected = Vec::new();
    for number in 0..room_for {
        for customer in [2 * number, 2 * number + 1] {
            queue.push_conflated(key(customer as i64), frame("on"));
            expected.push(Next::Frame(frame("off")));
        }
        let message = frame(&format!("m{number}"));
        assert!(!queue.push(message.clone()));
        expected.push(Next::Frame(message));
    }
    for customer in 0..2 * room_for {
        queue.push_conflated(key(customer as i64), frame("off"));
    }
    expected.push(Next::Nothing);
    assert_eq!(drain(&queue), expected);
}

#[test]
fn b19_more_states_than_there_is_room_for_end_the_queue_with_a_reason() {
    let queue = SendQueue::new(1_000);
    let room_for = STATES * 1_000 / state_cost(&frame("on"));
    for customer in 0..room_for {
        queue.push_conflated(key(customer as i64), frame("on"));
    }
    assert!(!queue.has_ended());
    queue.push_conflated(key(-1), frame("on"));
    assert_eq!(drain(&queue), [Next::End(CloseReason::TooSlow)]);
}

#[test]
fn stomp_r4_nothing_follows_the_last_frame_and_the_first_end_counts() {
    let queue = SendQueue::new(1024);
    queue.push(frame("a"));
    queue.end(Some(frame("ERROR")), CloseReason::Protocol);
    queue.push(frame("b"));
    queue.end(Some(frame("another")), CloseReason::GoingAway);

    assert_eq!(
        drain(&queue),
        [
            Next::Frame(frame("a")),
            Next::Frame(frame("ERROR")),
            Next::End(CloseReason::Protocol)
        ]
    );
}

#[tokio::test]
async fn stomp_n10_an_end_at_once_drops_what_waits_and_comes_before_any_other() {
    for earlier in [None, Some(CloseReason::Missed)] {
        let queue = SendQueue::new(1024);
        queue.push(frame("a"));
        queue.push_conflated(key(1), frame("on"));
        if let Some(earlier) = earlier {
            queue.end(None, earlier);
        }
        queue.end(Some(frame("ERROR")), CloseReason::SessionEnded);
        queue.end(Some(frame("another")), CloseReason::SessionEnded);

        queue.cut().await;
        assert_eq!(
            drain(&queue),
            [
                Next::Frame(frame("ERROR")),
                Next::End(CloseReason::SessionEnded)
            ]
        );
    }
}

#[cfg(feature = "planted-bugs")]
#[test]
fn the_planted_bug_loses_frames_in_silence() {
    let queue = SendQueue {
        drops_when_full: true,
        ..SendQueue::new(1 << 20)
    };
    for _ in 0..1_000 {
        queue.push(frame("abc"));
    }
    let taken = drain(&queue);
    assert!(taken.len() < 1_000);
    assert_eq!(taken.last(), Some(&Next::Nothing));
}

#[tokio::test]
async fn a_waiting_connection_is_woken_by_a_frame_and_by_the_end() {
    let queue = SendQueue::new(1024);
    queue.push(frame("a"));
    queue.changed().await;
    assert_eq!(drain(&queue).len(), 2);
    queue.end(None, CloseReason::Normal);
    queue.changed().await;
    assert_eq!(drain(&queue), [Next::End(CloseReason::Normal)]);
}
