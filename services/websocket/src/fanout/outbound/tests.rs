//! What waits, what leaves and what is let go of.

use colloquy_contracts::RoomId;

use super::*;

fn frame(text: &str) -> Message {
    Message::text(text)
}

fn drain(outbound: &Outbound) -> Vec<Next> {
    let mut taken = Vec::new();
    loop {
        let next = outbound.next();
        let last = !matches!(next, Next::Frame(_));
        taken.push(next);
        if last {
            return taken;
        }
    }
}

#[test]
fn stomp_s10_frames_leave_in_the_order_they_came() {
    let outbound = Outbound::new(1024);
    outbound.push(frame("a"));
    outbound.push(frame("b"));

    assert_eq!(
        drain(&outbound),
        [
            Next::Frame(frame("a")),
            Next::Frame(frame("b")),
            Next::Nothing
        ]
    );
}

#[test]
fn f20_an_overflowing_queue_ends_with_a_reason_and_holds_nothing() {
    let outbound = Outbound::new(3 * cost(&frame("abc")));
    let beyond = [(); 6].map(|()| outbound.push(frame("abc")));
    assert_eq!(beyond, [false, false, false, true, true, true]);
    assert!(!outbound.has_ended());

    assert!(!outbound.push(frame("abc")), "there is nothing to wait for");
    outbound.push(frame("later"));

    assert_eq!(drain(&outbound), [Next::End(Closing::TooSlow)]);
}

#[test]
fn b18_a_full_queue_ends_only_when_its_client_has_taken_nothing_for_a_while() {
    let outbound = Outbound::new(cost(&frame("abc")));
    let now = Instant::now();
    outbound.push(frame("abc"));
    outbound.blocked(now);
    assert_eq!(outbound.standing(now + TURN), Standing::Fine, "not full");

    outbound.push(frame("abc"));
    assert_eq!(outbound.standing(now), Standing::Blocked);
    outbound.ready();
    assert_eq!(outbound.standing(now + TURN), Standing::Unwritten);
    outbound.busy();
    assert_eq!(outbound.standing(now + TURN), Standing::Fine, "let grow");
    outbound.blocked(now);
    assert_eq!(outbound.next(), Next::Frame(frame("abc")));
    outbound.push(frame("abc"));
    assert_eq!(
        outbound.standing(now + TURN),
        Standing::Unwritten,
        "progress"
    );

    outbound.blocked(now + TURN);
    outbound.blocked(now + 2 * TURN);
    assert_eq!(outbound.standing(now + 2 * TURN), Standing::Fine);
    assert_eq!(outbound.next(), Next::End(Closing::TooSlow));
}

#[test]
fn decision_20_a_slow_consumer_is_closed_with_4500_and_told_why() {
    let outbound = Outbound::new(1);
    outbound.push(frame("abc"));
    let Next::End(closing) = outbound.next() else {
        panic!("the queue has not ended")
    };
    let (code, reason) = closing.told();
    assert_eq!(code, 4500);
    assert!(!reason.is_empty());
}

#[test]
fn f20_what_was_written_makes_room_again() {
    let outbound = Outbound::new(2 * cost(&frame("abc")));
    for _ in 0..100 {
        outbound.push(frame("abc"));
        assert_eq!(outbound.next(), Next::Frame(frame("abc")));
    }
    assert_eq!(outbound.next(), Next::Nothing);
}

fn about(customer: i64) -> Arc<Passing> {
    Arc::new(Passing {
        destination: Destination::OnlineStatus(RoomId(1)),
        customer: CustomerId(customer),
        subscription: "0".into(),
    })
}

#[test]
fn stomp_limits_of_each_state_only_the_newest_waits_in_the_place_of_the_first() {
    let outbound = Outbound::new(4096);
    outbound.push_passing(about(1), frame("one online"));
    outbound.push(frame("message"));
    outbound.push_passing(about(2), frame("two online"));
    for _ in 0..1_000 {
        outbound.push_passing(about(1), frame("one comes"));
        outbound.push_passing(about(1), frame("one goes"));
    }

    assert_eq!(
        drain(&outbound),
        [
            Next::Frame(frame("one goes")),
            Next::Frame(frame("message")),
            Next::Frame(frame("two online")),
            Next::Nothing
        ]
    );
    outbound.push_passing(about(1), frame("one online"));
    assert_eq!(outbound.next(), Next::Frame(frame("one online")));
    assert_eq!(outbound.queue().passing_octets, 0);
}

#[test]
fn b19_decision_19_states_take_no_room_from_messages_and_all_of_both_come() {
    let room_for = 10;
    let outbound = Outbound::new(room_for * cost(&frame("m0")));
    let mut expected = Vec::new();
    for number in 0..room_for {
        for customer in [2 * number, 2 * number + 1] {
            outbound.push_passing(about(customer as i64), frame("on"));
            expected.push(Next::Frame(frame("off")));
        }
        let message = frame(&format!("m{number}"));
        assert!(!outbound.push(message.clone()));
        expected.push(Next::Frame(message));
    }
    for customer in 0..2 * room_for {
        outbound.push_passing(about(customer as i64), frame("off"));
    }
    expected.push(Next::Nothing);
    assert_eq!(drain(&outbound), expected);
}

#[test]
fn b19_more_states_than_there_is_room_for_end_the_queue_with_a_reason() {
    let outbound = Outbound::new(1_000);
    let room_for = STATES * 1_000 / passing_cost(&frame("on"));
    for customer in 0..room_for {
        outbound.push_passing(about(customer as i64), frame("on"));
    }
    assert!(!outbound.has_ended());
    outbound.push_passing(about(-1), frame("on"));
    assert_eq!(drain(&outbound), [Next::End(Closing::TooSlow)]);
}

#[test]
fn stomp_r4_nothing_follows_the_last_frame_and_the_first_end_counts() {
    let outbound = Outbound::new(1024);
    outbound.push(frame("a"));
    outbound.end(Some(frame("ERROR")), Closing::Protocol);
    outbound.push(frame("b"));
    outbound.end(Some(frame("another")), Closing::GoingAway);

    assert_eq!(
        drain(&outbound),
        [
            Next::Frame(frame("a")),
            Next::Frame(frame("ERROR")),
            Next::End(Closing::Protocol)
        ]
    );
}

#[tokio::test]
async fn stomp_n10_an_end_at_once_drops_what_waits_and_comes_before_any_other() {
    for earlier in [None, Some(Closing::Missed)] {
        let outbound = Outbound::new(1024);
        outbound.push(frame("a"));
        outbound.push_passing(about(1), frame("on"));
        if let Some(earlier) = earlier {
            outbound.end(None, earlier);
        }
        outbound.end(Some(frame("ERROR")), Closing::Over);
        outbound.end(Some(frame("another")), Closing::Over);

        outbound.cut().await;
        assert_eq!(
            drain(&outbound),
            [Next::Frame(frame("ERROR")), Next::End(Closing::Over)]
        );
    }
}

#[cfg(feature = "planted-bugs")]
#[test]
fn the_planted_bug_loses_frames_in_silence() {
    let outbound = Outbound {
        drops_when_full: true,
        ..Outbound::new(1 << 20)
    };
    for _ in 0..1_000 {
        outbound.push(frame("abc"));
    }
    let taken = drain(&outbound);
    assert!(taken.len() < 1_000);
    assert_eq!(taken.last(), Some(&Next::Nothing));
}

#[tokio::test]
async fn a_waiting_connection_is_woken_by_a_frame_and_by_the_end() {
    let outbound = Outbound::new(1024);
    outbound.push(frame("a"));
    outbound.changed().await;
    assert_eq!(drain(&outbound).len(), 2);
    outbound.end(None, Closing::Normal);
    outbound.changed().await;
    assert_eq!(drain(&outbound), [Next::End(Closing::Normal)]);
}
