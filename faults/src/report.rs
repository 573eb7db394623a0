//! What a run showed, and whether it proves anything.

use anyhow::{Result, bail, ensure};

use crate::{
    anomaly::ANOMALIES,
    audit::Findings,
    history::Call,
    nemesis::Fault,
    plan::{Build, Mode, Plan},
    settle::Settled,
};

/// The share of the calls that must have met a fault for the run to count.
const OVERLAP: f64 = 0.3;

/// What a run showed.
pub struct Report {
    pub findings: Findings,
    calls: usize,
    acknowledged: usize,
    pub stored: usize,
    failed_tries: u64,
    faults: usize,
    overlap: f64,
    reconnects: usize,
}

impl Report {
    /// Counts what happened.
    pub fn new(plan: &Plan, calls: &[Call], faults: &[Fault], settled: Settled) -> Self {
        let met = |call: &&Call| {
            call.failed_tries > 0
                || faults
                    .iter()
                    .any(|fault| call.due <= fault.ended && fault.began <= call.ended)
        };
        #[expect(clippy::cast_precision_loss, reason = "a share of some thousands")]
        let overlap = calls.iter().filter(met).count() as f64 / calls.len().max(1) as f64;
        Self {
            findings: settled.findings,
            calls: calls.len(),
            acknowledged: calls
                .iter()
                .filter(|call| call.op.is_acknowledged())
                .count(),
            stored: settled.stored,
            failed_tries: calls.iter().map(|call| u64::from(call.failed_tries)).sum(),
            faults: faults.len(),
            overlap,
            reconnects: settled
                .connections
                .saturating_sub(plan.subscribers as usize),
        }
    }

    /// Prints the counts, and examples of what was found.
    pub fn print(&self, plan: &Plan) {
        let planted = match plan.build() {
            Build::Product => String::new(),
            Build::Planted(None) => ", nothing planted".to_owned(),
            Build::Planted(Some(bug)) => format!(", planted {}", bug.name()),
        };
        println!("checked {:?}{planted}, seed {}", plan.mode, plan.seed);
        println!(
            "  {} calls, {} acknowledged, {} messages stored, {} failed tries, {} faults met by {:.0} % of the calls, {} reconnects",
            self.calls,
            self.acknowledged,
            self.stored,
            self.failed_tries,
            self.faults,
            self.overlap * 100.0,
            self.reconnects
        );
        let counts: Vec<String> = ANOMALIES
            .iter()
            .map(|anomaly| format!("{} {anomaly}", self.findings.count(*anomaly)))
            .collect();
        println!("  {}", counts.join(", "));
        for example in self.findings.examples() {
            println!("    {example}");
        }
    }

    /// A run under kills counts only if messages were sent and clients felt the kills (reliability.md §2).
    ///
    /// # Errors
    /// The run proves nothing.
    pub fn check_validity(&self, plan: &Plan) -> Result<()> {
        if self.stored == 0 {
            bail!("no message is stored: the run proves nothing");
        }
        if plan.kills == 0 || plan.plant.is_some() {
            return Ok(());
        }
        self.check_overlap()?;
        // Where there are two of each service, a call that meets a dead one may be answered by the other; a socket is lost.
        let calls_fail = plan.mode == Mode::AllInOne;
        if self.reconnects == 0 || (calls_fail && self.failed_tries == 0) {
            bail!("no client felt a fault: the run proves nothing");
        }
        Ok(())
    }

    /// The verdict on a scenario with a load: its fault met enough of the calls, and no promise was broken.
    ///
    /// # Errors
    /// A promise was broken, or the scenario proves nothing.
    pub fn verify(&self, plan: &Plan) -> Result<()> {
        self.print(plan);
        ensure!(
            self.stored > 0,
            "no message is stored: the scenario proves nothing"
        );
        ensure!(
            self.faults > 0,
            "no fault fired: the scenario proves nothing"
        );
        self.check_overlap()?;
        ensure!(self.findings.is_clean(), "promises were broken, see above");
        Ok(())
    }

    fn check_overlap(&self) -> Result<()> {
        ensure!(
            self.overlap >= OVERLAP,
            "only {:.0} % of the calls met a fault: the run proves nothing",
            self.overlap * 100.0
        );
        Ok(())
    }
}
