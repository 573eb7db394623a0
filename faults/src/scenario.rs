//! Short stories with one fault each, told to the end. They fail with what went wrong.

mod idempotency;
mod revocation;
mod stopped_projector;
mod stores_away;

use anyhow::Result;
use clap::ValueEnum;

use crate::plan::Mode;

/// What can be told.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Story {
    /// P2: a key makes one message, also after a restart
    Idempotency,
    /// S08, F16: what was revoked stays revoked, whatever dies, and no half of a password change is seen
    Revocation,
    /// Decision 11: a room that the read side does not know yet is open to its members
    StoppedProjector,
    /// P6: a store that is away is 503 in time (distributed alone)
    StoresAway,
}

impl Story {
    /// Every story in every mode that has the parts for it.
    pub const ALL: [(Self, Mode); 7] = [
        (Self::Idempotency, Mode::AllInOne),
        (Self::Revocation, Mode::AllInOne),
        (Self::StoppedProjector, Mode::AllInOne),
        (Self::Idempotency, Mode::Distributed),
        (Self::Revocation, Mode::Distributed),
        (Self::StoppedProjector, Mode::Distributed),
        (Self::StoresAway, Mode::Distributed),
    ];
}

/// Tells one story.
///
/// # Errors
/// It did not end well.
pub async fn tell(story: Story, mode: Mode) -> Result<()> {
    match story {
        Story::Idempotency => idempotency::a_key_makes_one_message(mode).await,
        Story::Revocation => revocation::what_was_revoked_stays_revoked(mode).await,
        Story::StoppedProjector => stopped_projector::members_notice_nothing(mode).await,
        Story::StoresAway => stores_away::a_store_that_is_away_is_503_in_time(mode).await,
    }
}
