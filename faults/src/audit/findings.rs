//! The anomalies that were found, counted.

use std::collections::BTreeMap;

use crate::{
    anomaly::{Anomaly, Layer},
    plan::Bug,
};

/// How many examples of each kind are kept for the report.
const EXAMPLES: u64 = 4;

/// The counts of a run, with the first few examples of each.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    counts: BTreeMap<(Anomaly, Layer), u64>,
    examples: Vec<String>,
}

impl Findings {
    pub fn add(&mut self, anomaly: Anomaly, layer: Layer, what: impl FnOnce() -> String) {
        let count = self.counts.entry((anomaly, layer)).or_default();
        *count += 1;
        if *count <= EXAMPLES {
            self.examples.push(format!("{anomaly} {layer}: {}", what()));
        }
    }

    /// How often this anomaly was found, in any layer.
    pub fn count(&self, anomaly: Anomaly) -> u64 {
        let of_kind = self
            .counts
            .iter()
            .filter(|((found, _), _)| *found == anomaly);
        of_kind.map(|(_, count)| count).sum()
    }

    /// How often this anomaly was found in this layer.
    pub fn count_in(&self, anomaly: Anomaly, layer: Layer) -> u64 {
        self.counts
            .get(&(anomaly, layer))
            .copied()
            .unwrap_or_default()
    }

    /// Whether no anomaly was found.
    pub fn is_clean(&self) -> bool {
        self.counts.is_empty()
    }

    /// Whether an anomaly was found that no waiting can mend: a repeat, a phantom, a gap or a wrong order stays.
    pub fn are_final(&self) -> bool {
        [
            Anomaly::Duplicated,
            Anomaly::Phantom,
            Anomaly::Gaps,
            Anomaly::Misordered,
        ]
        .iter()
        .any(|anomaly| self.count(*anomaly) > 0)
    }

    /// Whether an anomaly was found that this bug must cause; any other one proves nothing.
    pub fn prove(&self, bug: Bug) -> bool {
        bug.causes()
            .iter()
            .any(|(anomaly, layer)| self.count_in(*anomaly, *layer) > 0)
    }

    /// The first few anomalies of each kind, described.
    pub fn examples(&self) -> &[String] {
        &self.examples
    }
}
