//! What was found, counted.

use std::{collections::BTreeMap, fmt};

use crate::plan::Bug;

/// How a promise was broken (reliability.md §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    Lost,
    Duplicated,
    Phantom,
    Gaps,
    Misordered,
    Divergent,
    /// P5: still no answer although the faults had stopped.
    Unanswered,
}

/// Where it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    WriteStore,
    Log,
    Views,
    Pushes,
    Answers,
}

/// Every harm, in the order they are reported.
pub const HARMS: [Harm; 7] = [
    Harm::Lost,
    Harm::Duplicated,
    Harm::Phantom,
    Harm::Gaps,
    Harm::Misordered,
    Harm::Divergent,
    Harm::Unanswered,
];

/// Examples of each kind that are kept for a person.
const EXAMPLES: u64 = 4;

/// The counts of a run, with the first few examples of each.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    counts: BTreeMap<(Harm, Place), u64>,
    examples: Vec<String>,
}

impl Findings {
    pub fn add(&mut self, harm: Harm, place: Place, what: impl FnOnce() -> String) {
        let count = self.counts.entry((harm, place)).or_default();
        *count += 1;
        if *count <= EXAMPLES {
            self.examples.push(format!("{harm} {place}: {}", what()));
        }
    }

    /// How often a promise was broken, wherever it shows.
    pub fn count(&self, harm: Harm) -> u64 {
        let of_harm = self.counts.iter().filter(|((found, _), _)| *found == harm);
        of_harm.map(|(_, count)| count).sum()
    }

    /// How often a promise was broken there.
    pub fn count_in(&self, harm: Harm, place: Place) -> u64 {
        self.counts.get(&(harm, place)).copied().unwrap_or_default()
    }

    /// Whether no promise was broken.
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty()
    }

    /// Whether something was found that no waiting can mend: what was told twice, wrongly or in the wrong order stays so.
    pub fn are_final(&self) -> bool {
        [
            Harm::Duplicated,
            Harm::Phantom,
            Harm::Gaps,
            Harm::Misordered,
        ]
        .iter()
        .any(|harm| self.count(*harm) > 0)
    }

    /// Whether what was found is what this bug does, and not merely something.
    pub fn prove(&self, bug: Bug) -> bool {
        bug.does()
            .iter()
            .any(|(harm, place)| self.count_in(*harm, *place) > 0)
    }

    /// Some of what was found, for a person.
    pub fn examples(&self) -> &[String] {
        &self.examples
    }
}

impl fmt::Display for Harm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lost => "lost",
            Self::Duplicated => "duplicated",
            Self::Phantom => "phantom",
            Self::Gaps => "gaps",
            Self::Misordered => "misordered",
            Self::Divergent => "divergent",
            Self::Unanswered => "unanswered",
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WriteStore => "in the write store",
            Self::Log => "in the log",
            Self::Views => "in the views",
            Self::Pushes => "in pushes",
            Self::Answers => "in answers",
        })
    }
}
