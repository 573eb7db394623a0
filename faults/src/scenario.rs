//! Scenarios: each is one fault and the promises that must hold meanwhile and afterwards.

mod clock_shifted;
mod disk_full;
mod idempotency;
mod node_cut_off;
mod node_killed;
mod opened_rooms;
mod poison;
mod projector_crashes;
mod projectors_come_and_go;
mod redis_away;
mod redis_flushed;
mod relay_asleep;
mod revocation;
mod slow_readers;
mod stopped_projector;
mod stores_away;
mod views_wiped;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use crate::plan::{Mode, Plan, Size};

/// A scenario, by the name that the command line takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    /// P2: a key makes one message, also after a restart
    Idempotency,
    /// S08, F16: what was revoked stays revoked, whatever dies, and a password change is whole
    Revocation,
    /// Decision 11: a room that the read side does not know yet is open to its members
    StoppedProjector,
    /// P6: a store that is away is 503 in time (distributed alone)
    StoresAway,
    /// F07: the relay that publishes falls asleep (distributed alone)
    RelayAsleep,
    /// F13: a projector dies between storing, announcing and committing (distributed alone)
    ProjectorCrashes,
    /// F14: the views are wiped
    ViewsWiped,
    /// F15: projectors come and go (distributed alone)
    ProjectorsComeAndGo,
    /// F16: Redis forgets everything, ten times (distributed alone)
    RedisFlushed,
    /// F17: Redis is down (distributed alone)
    RedisAway,
    /// F18: events that cannot be read or applied
    Poison,
    /// F20: subscribers that do not read
    SlowReaders,
    /// F21: one of two WebSocket nodes is cut off from Kafka (distributed alone)
    NodeCutOff,
    /// F22: rooms are opened while they are written in
    OpenedRooms,
    /// F26, F36: the disk is full, is not, and is full again (all-in-one alone; as root)
    DiskFull,
    /// F23: a WebSocket node is killed with customers online and typing on it (distributed alone)
    NodeKilled,
    /// F28: the wall clock jumps, and is wrong at a start (all-in-one alone)
    ClockShifted,
}

impl Scenario {
    /// Every scenario in every mode that has the parts for it.
    pub const ALL: [(Self, Mode); 24] = [
        (Self::Idempotency, Mode::AllInOne),
        (Self::Revocation, Mode::AllInOne),
        (Self::StoppedProjector, Mode::AllInOne),
        (Self::ViewsWiped, Mode::AllInOne),
        (Self::Poison, Mode::AllInOne),
        (Self::SlowReaders, Mode::AllInOne),
        (Self::OpenedRooms, Mode::AllInOne),
        (Self::ClockShifted, Mode::AllInOne),
        (Self::DiskFull, Mode::AllInOne),
        (Self::Idempotency, Mode::Distributed),
        (Self::Revocation, Mode::Distributed),
        (Self::StoppedProjector, Mode::Distributed),
        (Self::StoresAway, Mode::Distributed),
        (Self::RelayAsleep, Mode::Distributed),
        (Self::ProjectorCrashes, Mode::Distributed),
        (Self::ViewsWiped, Mode::Distributed),
        (Self::ProjectorsComeAndGo, Mode::Distributed),
        (Self::RedisFlushed, Mode::Distributed),
        (Self::RedisAway, Mode::Distributed),
        (Self::Poison, Mode::Distributed),
        (Self::SlowReaders, Mode::Distributed),
        (Self::NodeCutOff, Mode::Distributed),
        (Self::OpenedRooms, Mode::Distributed),
        (Self::NodeKilled, Mode::Distributed),
    ];

    /// Those that are short, and reliable on a machine with other work.
    pub const QUICK: [(Self, Mode); 11] = [
        (Self::Idempotency, Mode::AllInOne),
        (Self::Revocation, Mode::AllInOne),
        (Self::StoppedProjector, Mode::AllInOne),
        (Self::Poison, Mode::AllInOne),
        (Self::OpenedRooms, Mode::AllInOne),
        (Self::ClockShifted, Mode::AllInOne),
        (Self::DiskFull, Mode::AllInOne),
        (Self::Idempotency, Mode::Distributed),
        (Self::Revocation, Mode::Distributed),
        (Self::StoppedProjector, Mode::Distributed),
        (Self::StoresAway, Mode::Distributed),
    ];
}

/// Runs one scenario.
///
/// # Errors
/// A promise was broken, or the mode lacks the parts for the scenario.
pub async fn run(scenario: Scenario, mode: Mode, size: Size) -> Result<()> {
    ensure!(
        Scenario::ALL.contains(&(scenario, mode)),
        "this scenario does not run in this mode: choose the other with `--mode`"
    );
    match scenario {
        Scenario::Idempotency => idempotency::a_key_makes_one_message(mode).await,
        Scenario::Revocation => revocation::what_was_revoked_stays_revoked(mode).await,
        Scenario::StoppedProjector => stopped_projector::members_notice_nothing(mode).await,
        Scenario::StoresAway => stores_away::a_store_that_is_away_is_503_in_time(mode).await,
        Scenario::RelayAsleep => relay_asleep::another_takes_over_in_order(mode, size).await,
        Scenario::ProjectorCrashes => {
            projector_crashes::every_announcement_is_published(mode, size).await
        }
        Scenario::ViewsWiped => views_wiped::they_are_rebuilt_equal(mode, size).await,
        Scenario::ProjectorsComeAndGo => projectors_come_and_go::no_gap_is_left(mode, size).await,
        Scenario::RedisFlushed => redis_flushed::presence_comes_back(mode, size).await,
        Scenario::RedisAway => redis_away::chat_goes_on(mode, size).await,
        Scenario::Poison => poison::it_is_parked_and_all_else_goes_on(mode, size).await,
        Scenario::SlowReaders => slow_readers::they_delay_no_other_reader(mode, size).await,
        Scenario::NodeCutOff => node_cut_off::the_other_goes_on_and_it_converges(mode, size).await,
        Scenario::OpenedRooms => opened_rooms::the_seam_has_no_gap(mode, size).await,
        Scenario::ClockShifted => clock_shifted::nothing_rests_on_it(mode, size).await,
        Scenario::DiskFull => disk_full::it_heals_without_a_restart(mode, size).await,
        Scenario::NodeKilled => node_killed::ghosts_go_and_tabs_do_not_flap(mode, size).await,
    }
}

/// The load of a scenario: 10,000 messages in 20 rooms for 20 subscribers, or a tenth of it for 9, at so many a second.
fn load(mode: Mode, size: Size, rate: u32) -> Plan {
    Plan {
        mode,
        messages: size.of(1_000, 10_000),
        rooms: size.of(10, 20),
        subscribers: size.of(9, 20),
        rate,
        kills: 0,
        ..Plan::default()
    }
}
