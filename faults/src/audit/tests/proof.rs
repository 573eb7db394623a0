use super::*;
use crate::{
    anomaly::{
        Anomaly::{Divergent, Duplicated, Gaps, Lost, Phantom, Unanswered},
        Layer::{Answers, Log, Pushes, Views, WriteStore},
    },
    plan::Bug,
};

fn only(anomaly: Anomaly, layer: Layer) -> Findings {
    let mut findings = Findings::default();
    findings.add(anomaly, layer, String::new);
    findings
}

#[test]
fn a_planted_bug_is_proved_by_what_it_does_and_by_nothing_else() {
    for (bug, anomaly, layer) in [
        (Bug::PublishBeforeCommit, Phantom, Log),
        (Bug::CommitBeforeApply, Divergent, Views),
        (Bug::RelayPollsById, Lost, Log),
        (Bug::DropOnFullQueue, Gaps, Pushes),
    ] {
        assert!(only(anomaly, layer).prove(bug), "{bug:?}");
        assert!(!only(Duplicated, WriteStore).prove(bug), "{bug:?}");
        assert!(!only(Unanswered, Answers).prove(bug), "{bug:?}");
        assert!(!only(anomaly, WriteStore).prove(bug), "{bug:?}");
        assert!(!Findings::default().prove(bug), "{bug:?}");
    }
}

#[test]
fn waiting_mends_what_is_not_there_yet_and_not_what_is_wrong() {
    assert!(!only(Lost, Log).are_final());
    assert!(!only(Divergent, Views).are_final());
    assert!(only(Phantom, Log).are_final());
    assert!(only(Gaps, Pushes).are_final());
}
