//! What becomes of a cell. Pure: scores in, a verdict out.

use drr_stats::{Equivalence, Interval, Published, Summary, equivalence, prediction_limits, seeds_to_decide};

/// Each of the two one-sided tests behind "reproduced" is at this level.
pub(super) const LEVEL: f64 = 0.05;

/// How sure it must be that a bound excludes a number: one in ten million, so that of all tables ever judged none is wrong.
const CERTAIN: f64 = 1.0 - 2e-7;

/// More seeds than this nobody runs.
const MOST_SEEDS: usize = 10_000;

/// What becomes of a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum CellVerdict {
    /// Equivalent within the margin.
    Reproduced,
    /// The interval of the difference lies outside of the margin.
    Differs,
    /// It differs, and the ranking of the column's rows comes out.
    OrderOnly {
        /// Kendall's τ with what was published, and its interval.
        tau: (f64, Interval),
    },
    /// Nothing can be said.
    Inconclusive {
        /// Why.
        why: String,
        /// How many seeds would decide it, were mean and spread as they are.
        seeds: Option<usize>,
    },
    /// No order of the candidates can have this score under this protocol on this data.
    Impossible {
        /// The score that nobody leaves.
        bound: f64,
        /// Whether it is the highest, and not the lowest.
        is_best: bool,
    },
    /// The ratings are not at hand.
    NoData {
        /// How they are to be had.
        have: String,
    },
    /// Nobody tried.
    NotTried {
        /// Why.
        why: String,
    },
    /// The paper's number is not known here.
    NotKnown,
    /// Ours, where the paper has no number.
    Beside,
}

impl CellVerdict {
    /// In a word or two.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Reproduced => "reproduced",
            Self::Differs => "differs",
            Self::OrderOnly { .. } => "order only",
            Self::Inconclusive { .. } => "inconclusive",
            Self::Impossible { .. } => "impossible",
            Self::NoData { .. } => "data not available",
            Self::NotTried { .. } => "not tried",
            Self::NotKnown => "not known",
            Self::Beside => "beside the paper",
        }
    }

    /// All names, as they are counted.
    pub const NAMES: [&'static str; 9] = [
        "reproduced",
        "order only",
        "differs",
        "impossible",
        "inconclusive",
        "data not available",
        "not tried",
        "not known",
        "beside the paper",
    ];
}

/// The numbers behind a verdict, in the paper's units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers {
    /// What was published: mean, standard deviation, number of runs.
    pub published: Option<(f64, Option<f64>, Option<usize>)>,
    /// Ours.
    pub ours: Option<Summary>,
    /// Ours less what was published.
    pub difference: Option<f64>,
    /// The interval of the difference, at 90 %: two one-sided tests at 5 %.
    pub interval: Option<Interval>,
}

/// What is known of a cell whose data is at hand and whose row was tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct CellEvidence {
    /// Mean, standard deviation, number of runs.
    pub published: Option<(f64, Option<f64>, Option<usize>)>,
    /// Our scores.
    pub ours: Vec<f64>,
    /// The scores that nobody leaves: the highest and the lowest, by seed.
    pub bounds: (Vec<f64>, Vec<f64>),
    /// What is in the way, if anything is.
    pub hindrance: Option<String>,
    /// A difference of this much or less does not matter.
    pub margin: f64,
}

impl CellEvidence {
    /// The numbers, and what they say of this cell alone.
    pub fn judge(&self) -> (Numbers, CellVerdict) {
        let ours = Summary::of(&self.ours);
        let mut numbers = Numbers { published: self.published, ours, ..Numbers::default() };
        let Some((mean, std, n)) = self.published else {
            let verdict = if ours.is_some() { CellVerdict::Beside } else { CellVerdict::NotKnown };
            return (numbers, verdict);
        };
        numbers.difference = ours.map(|ours| ours.mean - mean);
        if let Some(impossible) = self.excluded(mean) {
            return (numbers, impossible);
        }
        let inconclusive = |why: String| CellVerdict::Inconclusive { why, seeds: None };
        let Some(summary) = ours else {
            let why = self.hindrance.clone().unwrap_or_else(|| "nothing is measured".to_owned());
            return (numbers, inconclusive(why));
        };
        let published = Published { mean, std, n };
        let tested = equivalence(&summary, published, self.margin, LEVEL);
        if let Equivalence::Equivalent(interval)
        | Equivalence::Different(interval)
        | Equivalence::Inconclusive(interval) = tested
        {
            numbers.interval = Some(interval);
        }
        let verdict = match (&self.hindrance, tested) {
            (Some(why), _) => inconclusive(why.clone()),
            (None, Equivalence::TooFew) => inconclusive(format!("n = {}, no interval", summary.n)),
            (None, Equivalence::Equivalent(_)) => CellVerdict::Reproduced,
            (None, Equivalence::Different(_)) => CellVerdict::Differs,
            (None, Equivalence::Inconclusive(_)) => CellVerdict::Inconclusive {
                why: "the interval crosses the margin".to_owned(),
                seeds: seeds_to_decide(&summary, published, self.margin, LEVEL, MOST_SEEDS),
            },
        };
        (numbers, verdict)
    }

    /// Whether a bound excludes the number: it lies beyond every score of the bound, and beyond what one more would be.
    fn excluded(&self, published: f64) -> Option<CellVerdict> {
        for (scores, is_best) in [(&self.bounds.0, true), (&self.bounds.1, false)] {
            let Some(summary) = Summary::of(scores) else { continue };
            let Some((low, high)) = prediction_limits(&summary, CERTAIN) else { continue };
            // ColumnScores are sums of rounded numbers: what lies beyond by less than this is equal.
            let slack = 1e-9 * summary.mean.abs().max(1.0);
            let is_beyond = if is_best {
                published > high.max(summary.max) + slack
            } else {
                published < low.min(summary.min) - slack
            };
            if is_beyond {
                return Some(CellVerdict::Impossible { bound: summary.mean, is_best });
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(ours: &[f64], published: f64) -> CellEvidence {
        CellEvidence {
            published: Some((published, None, None)),
            ours: ours.to_vec(),
            margin: 0.01,
            ..CellEvidence::default()
        }
    }

    fn verdict(evidence: &CellEvidence) -> CellVerdict {
        evidence.judge().1
    }

    #[test]
    fn the_whole_interval_decides() {
        let ours = [0.774, 0.776, 0.775, 0.774];
        assert_eq!(verdict(&evidence(&ours, 0.775)), CellVerdict::Reproduced);
        assert_eq!(verdict(&evidence(&ours, 0.70)), CellVerdict::Differs);
        let CellVerdict::Inconclusive { seeds, .. } = verdict(&evidence(&ours, 0.7652)) else { panic!("it crosses") };
        assert!(seeds.is_some_and(|seeds| seeds > 4), "{seeds:?}");
        assert_eq!(verdict(&CellEvidence { published: None, ..evidence(&ours, 0.0) }), CellVerdict::Beside);
        assert_eq!(verdict(&CellEvidence { published: None, ..evidence(&[], 0.0) }), CellVerdict::NotKnown);
    }

    #[test]
    fn what_is_in_the_way_is_said() {
        let hindered =
            CellEvidence { hindrance: Some("2 of 4 seeds are finished".to_owned()), ..evidence(&[0.7; 4], 0.7) };
        assert!(matches!(verdict(&hindered), CellVerdict::Inconclusive { why, .. } if why.starts_with("2 of 4")));
        let few = verdict(&evidence(&[0.7, 0.7], 0.7));
        assert!(matches!(few, CellVerdict::Inconclusive { why, .. } if why == "n = 2, no interval"));
    }

    #[test]
    fn a_bound_excludes_what_lies_clearly_beyond() {
        let under = |best: &[f64], published: f64| {
            verdict(&CellEvidence { bounds: (best.to_vec(), Vec::new()), ..evidence(&[0.5; 4], published) })
        };
        assert_eq!(under(&[0.68; 5], 0.69), CellVerdict::Impossible { bound: 0.68, is_best: true });
        assert_eq!(under(&[0.68; 5], 0.68), CellVerdict::Differs);
        assert_eq!(under(&[0.67, 0.68, 0.69, 0.68, 0.68], 0.7), CellVerdict::Differs, "another split may have it");
        let over = CellEvidence { bounds: (Vec::new(), vec![0.3; 3]), ..evidence(&[0.5; 4], 0.2) };
        assert_eq!(verdict(&over), CellVerdict::Impossible { bound: 0.3, is_best: false });
        // A bound of nothing says nothing.
        assert_eq!(under(&[], 7.0), CellVerdict::Differs);
    }
}
