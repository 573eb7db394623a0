//! Each finding is found, and a good run has none.

use colloquy_e2e::client::Sent;
use tokio::time::Instant;

use super::*;

const ROOM: i64 = 5;

fn stored(seq: i64) -> Stored {
    Stored {
        room_id: ROOM,
        seq,
        message_id: 100 + seq,
        sender_id: 1,
        content: format!("m{seq}"),
    }
}

/// Three messages, acknowledged, logged, projected, and pushed to one subscriber behind a history of one.
struct Run {
    calls: Vec<Call>,
    evidence: Evidence,
    holding: Holding,
}

impl Run {
    fn good() -> Self {
        let messages: Vec<Stored> = (1..=3).map(stored).collect();
        let held = messages
            .iter()
            .map(|stored| (stored.seq, (stored.message_id, stored.content.clone())))
            .collect();
        let seen = Seen {
            fetched: Some(1),
            pushed: vec![2, 3],
        };
        Self {
            calls: messages.iter().map(|stored| call(stored.seq)).collect(),
            evidence: Evidence {
                written: messages.clone(),
                logged: messages.clone(),
                viewed: messages,
                last: vec![(ROOM, 3, 103)],
            },
            holding: Holding {
                messages: BTreeMap::from([(ROOM, held)]),
                connections: vec![BTreeMap::from([(ROOM, seen)])],
                contradictions: Vec::new(),
            },
        }
    }

    fn seen(&mut self) -> &mut Seen {
        self.holding.connections[0].get_mut(&ROOM).unwrap()
    }

    fn finds(&self, kind: &str) -> bool {
        audit(
            &self.calls,
            &self.evidence,
            std::slice::from_ref(&self.holding),
        )
        .count(kind)
            > 0
    }
}

fn call(seq: i64) -> Call {
    let sent = Sent {
        message_id: 100 + seq,
        room_id: ROOM,
        seq,
        sent_at: String::new(),
    };
    let now = Instant::now();
    Call {
        content: format!("m{seq}"),
        outcome: Outcome::Ok(sent),
        failed_tries: 0,
        due: now,
        ended: now,
    }
}

#[test]
fn a_good_run_has_no_findings() {
    let run = Run::good();
    let findings = audit(&run.calls, &run.evidence, &[run.holding]);
    assert!(findings.is_clean(), "{:?}", findings.examples());
}

#[test]
fn p1_an_acknowledged_message_that_is_not_stored_is_lost() {
    let mut run = Run::good();
    run.calls.push(call(4));
    assert!(run.finds("lost"));
}

#[test]
fn p2_a_message_stored_twice_is_duplicated() {
    let mut run = Run::good();
    run.evidence.written.push(Stored {
        seq: 4,
        message_id: 104,
        ..stored(3)
    });
    assert!(run.finds("duplicated"));
}

#[test]
fn p3_a_missing_seq_is_a_gap_and_an_id_that_falls_is_misordered() {
    let mut run = Run::good();
    run.evidence.written.remove(1);
    assert!(run.finds("gaps"));
    let mut run = Run::good();
    run.evidence.written[2].message_id = 1;
    assert!(run.finds("misordered"));
}

#[test]
fn p4_what_nobody_sent_is_a_phantom_wherever_it_is() {
    let mut run = Run::good();
    run.calls.pop();
    assert!(run.finds("phantom"), "write store");
    let mut run = Run::good();
    run.evidence.logged.push(stored(4));
    assert!(run.finds("phantom"), "log");
    let mut run = Run::good();
    run.evidence.viewed.push(stored(4));
    assert!(run.finds("phantom"), "views");
    let mut run = Run::good();
    run.holding
        .messages
        .get_mut(&ROOM)
        .unwrap()
        .insert(4, (104, "m4".into()));
    assert!(run.finds("phantom"), "subscriber");
}

#[test]
fn p5_views_that_differ_are_divergent() {
    let mut run = Run::good();
    run.evidence.viewed.pop();
    assert!(run.finds("divergent"));
    let mut run = Run::good();
    run.evidence.last = vec![(ROOM, 2, 102)];
    assert!(run.finds("divergent"));
}

#[test]
fn the_log_may_repeat_but_not_forget_and_not_overtake() {
    let mut run = Run::good();
    run.evidence.logged.insert(1, stored(1));
    run.evidence.logged.push(stored(2));
    assert!(audit(&run.calls, &run.evidence, &[]).is_clean());
    run.evidence.logged = vec![stored(1), stored(3), stored(2)];
    assert!(run.finds("misordered"));
    run.evidence.logged = vec![stored(1), stored(2)];
    assert!(run.finds("lost"));
}

#[test]
fn a_connection_that_was_not_pushed_everything_is_found() {
    for (pushed, kind) in [
        (vec![2], "lost"),
        (vec![1, 3], "gaps"),
        (vec![2, 2, 3], "duplicated"),
        (vec![3, 2], "misordered"),
    ] {
        let mut run = Run::good();
        run.seen().pushed = pushed;
        assert!(run.finds(kind), "{kind}");
    }
}

#[test]
fn a_message_that_a_subscriber_never_got_is_lost() {
    let mut run = Run::good();
    run.holding.messages.get_mut(&ROOM).unwrap().remove(&2);
    assert!(run.finds("lost"));
}
