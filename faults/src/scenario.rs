//! Short stories with one fault each, told to the end. They fail with what went wrong.

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

/// What can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Story {
    /// P2: a key makes one message, also after a restart
    Idempotency,
    /// S08, F16: what was revoked stays revoked, whatever dies, and no half of a password change is seen
    Revocation,
    /// Decision 11: a room that the read side does not know yet is open to its members
    StoppedProjector,
    /// P6: a store that is away is 503 in time (distributed alone)
    StoresAway,
    /// F07: the relay that publishes falls asleep (distributed alone)
    RelayAsleep,
    /// F13: a projector dies between what it stores, tells and commits (distributed alone)
    ProjectorCrashes,
    /// F14: the views are wiped
    ViewsWiped,
    /// F15: projectors come and go (distributed alone)
    ProjectorsComeAndGo,
    /// F16: Redis forgets everything, ten times (distributed alone)
    RedisFlushed,
    /// F17: Redis is down (distributed alone)
    RedisAway,
    /// F18: events that nobody can read or apply
    Poison,
    /// F20: subscribers that do not read
    SlowReaders,
    /// F21: one of two WebSocket nodes is cut off from Kafka (distributed alone)
    NodeCutOff,
    /// F22: rooms are opened while they are written in
    OpenedRooms,
    /// F26, F36: the disk is full, is not, and is full again (all-in-one alone; as root)
    DiskFull,
    /// F23: a WebSocket node is killed with somebody online and typing on it (distributed alone)
    NodeKilled,
    /// F28: the wall clock jumps, and is wrong at a start (all-in-one alone)
    ClockShifted,
}

impl Story {
    /// Every story in every mode that has the parts for it.
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

    /// Those that are short, and true on a machine that has something else to do as well.
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

/// Tells one story.
///
/// # Errors
/// It did not end well, or the mode lacks the parts for it.
pub async fn tell(story: Story, mode: Mode, size: Size) -> Result<()> {
    ensure!(
        Story::ALL.contains(&(story, mode)),
        "this scenario does not run in this mode: choose the other with `--mode`"
    );
    match story {
        Story::Idempotency => idempotency::a_key_makes_one_message(mode).await,
        Story::Revocation => revocation::what_was_revoked_stays_revoked(mode).await,
        Story::StoppedProjector => stopped_projector::members_notice_nothing(mode).await,
        Story::StoresAway => stores_away::a_store_that_is_away_is_503_in_time(mode).await,
        Story::RelayAsleep => relay_asleep::another_takes_over_in_order(mode, size).await,
        Story::ProjectorCrashes => projector_crashes::every_announcement_is_told(mode, size).await,
        Story::ViewsWiped => views_wiped::they_are_rebuilt_equal(mode, size).await,
        Story::ProjectorsComeAndGo => projectors_come_and_go::no_gap_is_left(mode, size).await,
        Story::RedisFlushed => redis_flushed::presence_comes_back(mode, size).await,
        Story::RedisAway => redis_away::chat_goes_on(mode, size).await,
        Story::Poison => poison::it_is_set_aside_and_all_else_goes_on(mode, size).await,
        Story::SlowReaders => slow_readers::they_hurt_themselves_alone(mode, size).await,
        Story::NodeCutOff => node_cut_off::the_other_goes_on_and_it_converges(mode, size).await,
        Story::OpenedRooms => opened_rooms::the_seam_has_no_gap(mode, size).await,
        Story::ClockShifted => clock_shifted::nothing_rests_on_it(mode, size).await,
        Story::DiskFull => disk_full::it_heals_without_a_restart(mode, size).await,
        Story::NodeKilled => node_killed::ghosts_go_and_tabs_do_not_flap(mode, size).await,
    }
}

/// A load for a story: 10,000 messages in 20 rooms for 20 subscribers, or a tenth of it for 9, at so many a second.
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
