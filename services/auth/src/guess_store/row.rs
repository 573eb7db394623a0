//! A budget as both databases hold it: its state is the rule's own and never looked into by SQL.

use std::collections::HashMap;

use colloquy_contracts::Timestamp;
use colloquy_sql::StoreError;

use super::Charge;
use crate::{
    digest::Digest,
    guess_limits::{Admission, Budget, Outcome},
};

/// `budget`, `state`.
pub type Row = (String, String);

/// The budgets of some charges, in the same order; one without a row is as in the beginning.
pub struct Budgets<'a>(Vec<(&'a Charge, Budget)>);

/// What to write: `budget`, `state`, `forgotten_at`, `account`.
pub struct Changed {
    pub budget: String,
    pub state: String,
    pub forgotten_at: i64,
    pub account: Option<String>,
}

impl<'a> Budgets<'a> {
    /// The state in the beginning.
    pub const BEGINNING: &'static str = "{}";

    pub fn new(charges: &'a [Charge], rows: Vec<Row>) -> Result<Self, StoreError> {
        let mut states: HashMap<String, String> = rows.into_iter().collect();
        charges
            .iter()
            .map(|charge| match states.remove(charge.budget.as_str()) {
                Some(state) => Ok((charge, serde_json::from_str(&state).map_err(broken)?)),
                None => Ok((charge, Budget::default())),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// What the strictest of them says, and whether there is something to write. A try counts only if all of them admit it;
    /// what a clock has spoilt is set right in any case.
    pub fn admit(&mut self, now: Timestamp) -> (Admission, bool) {
        let mut is_mended = false;
        for (charge, budget) in &mut self.0 {
            is_mended |= budget.set_right(&charge.limit, now);
        }
        let mended = self.0.clone();
        let admission = self.strictest(now);
        let is_admitted = admission == Admission::Admitted;
        if !is_admitted {
            self.0 = mended;
        }
        (admission, is_admitted || is_mended)
    }

    fn strictest(&mut self, now: Timestamp) -> Admission {
        let mut strictest = Admission::Admitted;
        for (charge, budget) in &mut self.0 {
            strictest = match (strictest, budget.admit(&charge.limit, now)) {
                (Admission::Locked(one), Admission::Locked(other)) => {
                    Admission::Locked(one.max(other))
                }
                (locked @ Admission::Locked(_), _) | (_, locked @ Admission::Locked(_)) => locked,
                (Admission::Undecided, _) | (_, Admission::Undecided) => Admission::Undecided,
                (Admission::Admitted, Admission::Admitted) => Admission::Admitted,
            };
        }
        strictest
    }

    pub fn settle(&mut self, admitted_at: Timestamp, outcome: Outcome, now: Timestamp) {
        for (charge, budget) in &mut self.0 {
            budget.set_right(&charge.limit, now);
            budget.settle(&charge.limit, admitted_at, outcome, now);
        }
    }

    pub fn changed(self) -> impl Iterator<Item = Result<Changed, StoreError>> {
        self.0.into_iter().map(|(charge, budget)| {
            Ok(Changed {
                budget: charge.budget.to_string(),
                state: serde_json::to_string(&budget).map_err(broken)?,
                forgotten_at: budget.forgotten_at(&charge.limit).millis(),
                account: charge.account.as_ref().map(Digest::to_string),
            })
        })
    }
}

fn broken(error: serde_json::Error) -> StoreError {
    StoreError::Defect(sqlx::Error::Decode(Box::new(error)))
}
