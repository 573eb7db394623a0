//! What can be wrong, and in which layer.

use std::fmt;

/// How a promise was broken: what the audit looks for (reliability.md §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Anomaly {
    Lost,
    Duplicated,
    Phantom,
    Gaps,
    Misordered,
    Divergent,
    /// P5: still no answer although the faults had stopped.
    Unanswered,
}

/// Where an anomaly shows: the layers that a message passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    WriteStore,
    Log,
    Views,
    Pushes,
    Answers,
}

/// Every anomaly, in the order they are reported.
pub const ANOMALIES: [Anomaly; 7] = [
    Anomaly::Lost,
    Anomaly::Duplicated,
    Anomaly::Phantom,
    Anomaly::Gaps,
    Anomaly::Misordered,
    Anomaly::Divergent,
    Anomaly::Unanswered,
];

impl fmt::Display for Anomaly {
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

impl fmt::Display for Layer {
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
