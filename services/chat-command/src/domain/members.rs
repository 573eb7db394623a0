//! The members of a new room: its creator and the customers that the creator invites.

use std::collections::BTreeSet;

use colloquy_contracts::CustomerId;

/// The most members of a room, its creator included (limits, decision 21).
pub const MAX_MEMBERS: usize = 500;

/// The members of a new room: its creator, and at least one other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Members(BTreeSet<CustomerId>);

/// Why a list of customers is not that of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MembersError {
    /// The list is empty.
    #[error("empty list of members")]
    Empty,
    /// The list contains the creator.
    #[error("creator invited")]
    CreatorInvited,
    /// A customer is in the list twice.
    #[error("customer invited twice")]
    Repeated,
    /// Over [`MAX_MEMBERS`].
    #[error("too many members")]
    TooMany,
}

impl Members {
    /// Checks the customers that a creator invites. Whether they exist is not known here.
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
        let mut members: BTreeSet<_> = invited.iter().copied().collect();
        let distinct = members.len();
        if !members.insert(creator) {
            return Err(MembersError::CreatorInvited);
        }
        if distinct < invited.len() {
            return Err(MembersError::Repeated);
        }
        Ok(Self(members))
    }

    /// Every member, ascending by id.
    #[must_use]
    pub fn all(&self) -> Vec<CustomerId> {
        self.0.iter().copied().collect()
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
