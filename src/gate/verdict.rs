//! What a check says: a verdict a gate with the numbers behind it, and the exit code of all.

use std::fmt;

use crate::error::Exit;

/// How a gate ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Worse than allowed.
    Regressed,
    /// The data cannot tell.
    Inconclusive,
    /// Better than the baseline, which should be measured anew.
    Improved,
    /// As it should be.
    Pass,
    /// Bits of another environment class; other gates judge the same groups.
    NotCompared,
}

impl Verdict {
    /// In a word or two.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Regressed => "regressed",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Improved => "improved",
            Verdict::Pass => "pass",
            Verdict::NotCompared => "not compared",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One gate's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The gate's name.
    pub gate: String,
    /// Its line in the gate file.
    pub line: usize,
    /// The group, in words.
    pub group: String,
    /// The metric; `digests` where bits are compared.
    pub metric: String,
    /// What must hold, in words.
    pub rule: String,
    /// The answer.
    pub verdict: Verdict,
    /// Why, in a sentence without a full stop.
    pub reason: String,
    /// What stands behind it, where it is a matter of statistics.
    pub numbers: Option<GateNumbers>,
    /// What must be known beside it.
    pub notes: Vec<String>,
}

/// The numbers behind a verdict. Differences are current minus baseline (or minus the bound).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateNumbers {
    /// Mean and standard deviation over seeds, and how many.
    pub current: (f64, Option<f64>, usize),
    /// The same of the baseline; `None` for a fixed bound.
    pub baseline: Option<(f64, Option<f64>, usize)>,
    /// The difference of the means.
    pub difference: f64,
    /// Its two-sided interval, at the confidence that the false alarms leave.
    pub interval: (f64, f64),
    /// That confidence.
    pub confidence: f64,
    /// How much worse still passes.
    pub margin: f64,
    /// Whether seeds were paired.
    pub paired: bool,
    /// Pairs, or seeds of the smaller side.
    pub n: usize,
    /// The p of "not worse than the margin": small for a regression.
    pub p: f64,
    /// The same after Holm, over all gates of the check.
    pub p_holm: f64,
    /// The permutation test's p, and the least it can be with so many pairs.
    pub permutation: Option<(f64, f64)>,
    /// How much worse than the margin it must be for this n to see it with the stated power.
    pub detectable: Option<f64>,
    /// The n that would decide an inconclusive gate.
    pub deciding_n: Option<usize>,
}

/// What to make of inconclusive gates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inconclusive {
    /// They have an exit code of their own.
    Own,
    /// As a pass.
    Pass,
    /// As a regression.
    Fail,
}

/// A whole check.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The gate file.
    pub file: String,
    /// The sweep.
    pub sweep: String,
    /// What holds for all gates: environments, sources.
    pub notes: Vec<String>,
    /// One a gate, in the order of the file.
    pub findings: Vec<Finding>,
}

impl Checked {
    /// How many gates ended so.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.findings.iter().filter(|finding| finding.verdict == verdict).count()
    }

    /// The worst verdict decides.
    pub fn exit(&self, inconclusive: Inconclusive) -> Exit {
        match () {
            () if self.count(Verdict::Regressed) > 0 => Exit::Failed,
            () if self.count(Verdict::Inconclusive) == 0 => Exit::Done,
            () => match inconclusive {
                Inconclusive::Own => Exit::Inconclusive,
                Inconclusive::Pass => Exit::Done,
                Inconclusive::Fail => Exit::Failed,
            },
        }
    }

    /// `1 regressed, 4 pass`: what there is of each verdict.
    pub fn summary(&self) -> String {
        let all = [Verdict::Regressed, Verdict::Inconclusive, Verdict::Improved, Verdict::Pass, Verdict::NotCompared];
        let counted = all.map(|verdict| (self.count(verdict), verdict));
        let words: Vec<String> = counted
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, verdict)| format!("{count} {verdict}"))
            .collect();
        words.join(", ")
    }
}
