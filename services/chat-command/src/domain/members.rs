//! Who is in a room: its creator and whom they invite.

use std::collections::BTreeSet;

use colloquy_contracts::CustomerId;

/// A room's most members, its creator included (decision 21).
pub const MAX_MEMBERS: usize = 500;

/// The members of a room to be: its creator, and at least one other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members {
    creator: CustomerId,
    invited: BTreeSet<CustomerId>,
}

/// Why these people make no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MembersError {
    /// Nobody is invited.
    #[error("nobody invited")]
    Empty,
    /// The creator invites themselves.
    #[error("creator invited")]
    CreatorInvited,
    /// Somebody is invited twice.
    #[error("somebody invited twice")]
    Repeated,
    /// Over [`MAX_MEMBERS`].
    #[error("too many members")]
    TooMany,
}

impl Members {
    /// Checks whom a creator invites. Whether those people exist is not known here.
    ///
    /// # Errors
    /// It breaks a rule.
    pub fn invite(creator: CustomerId, invited: &[CustomerId]) -> Result<Self, MembersError> {
        if invited.is_empty() {
            return Err(MembersError::Empty);
        }
        if invited.len() >= MAX_MEMBERS {
            return Err(MembersError::TooMany);
        }
        let distinct: BTreeSet<_> = invited.iter().copied().collect();
        if distinct.contains(&creator) {
            return Err(MembersError::CreatorInvited);
        }
        if distinct.len() < invited.len() {
            return Err(MembersError::Repeated);
        }
        Ok(Self {
            creator,
            invited: distinct,
        })
    }

    /// Everybody, ascending.
    #[must_use]
    pub fn all(&self) -> Vec<CustomerId> {
        let mut all: Vec<_> = self.invited.iter().copied().collect();
        let place = all.partition_point(|id| *id < self.creator);
        all.insert(place, self.creator);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invite(invited: &[i64]) -> Result<Members, MembersError> {
        let invited: Vec<_> = invited.iter().copied().map(CustomerId).collect();
        Members::invite(CustomerId(2), &invited)
    }

    #[test]
    fn contract_3_command_whom_a_creator_may_invite() {
        assert_eq!(invite(&[]), Err(MembersError::Empty));
        assert_eq!(invite(&[1, 2]), Err(MembersError::CreatorInvited));
        assert_eq!(invite(&[1, 3, 1]), Err(MembersError::Repeated));
        assert_eq!(
            invite(&[3, 1]).unwrap().all(),
            [1, 2, 3].map(CustomerId).to_vec()
        );
    }

    #[test]
    fn decision_21_a_room_has_at_most_500_members_its_creator_included() {
        let crowd: Vec<i64> = (10..10 + 499).collect();
        assert_eq!(invite(&crowd).unwrap().all().len(), MAX_MEMBERS);
        let crowd: Vec<i64> = (10..10 + 500).collect();
        assert_eq!(invite(&crowd), Err(MembersError::TooMany));
    }
}
