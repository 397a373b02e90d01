//! How long trials take here: the guess made from a spec, corrected by what trials of the same kind took before.

use std::collections::HashMap;

use drr_core::TrialSpec;
use drr_kinds::KindOf as _;

use super::seconds;

/// Trials whose times say something about each other: of one kind, with one policy.
type Alike = (&'static str, Option<&'static str>);

/// Times of past trials, by kind.
#[derive(Clone, Debug, Default)]
pub struct Timings {
    ratios: HashMap<Alike, f64>,
}

fn alike(spec: &TrialSpec) -> Alike {
    (spec.kind().name, spec.policy_kind().map(|kind| kind.name))
}

impl Timings {
    /// From past trials and the seconds they took.
    pub fn new(past: impl IntoIterator<Item = (TrialSpec, f64)>) -> Self {
        let mut all: HashMap<Alike, Vec<f64>> = HashMap::new();
        for (spec, took) in past {
            all.entry(alike(&spec)).or_default().push(took / seconds(&spec));
        }
        let median = |mut ratios: Vec<f64>| {
            ratios.sort_by(f64::total_cmp);
            ratios[ratios.len() / 2]
        };
        Self { ratios: all.into_iter().map(|(kind, ratios)| (kind, median(ratios))).collect() }
    }

    /// Expected seconds of a trial on one slot; `None` if no trial of its kind has run.
    pub fn seconds(&self, spec: &TrialSpec) -> Option<f64> {
        self.ratios.get(&alike(spec)).map(|ratio| ratio * seconds(spec))
    }

    /// Expected seconds of trials of one stage on some slots; `None` if one of them is of an unknown kind.
    pub fn together<'a>(&self, specs: impl Iterator<Item = &'a TrialSpec>, slots: usize) -> Option<f64> {
        let each: Vec<f64> = specs.map(|spec| self.seconds(spec)).collect::<Option<_>>()?;
        let longest = each.iter().copied().fold(0.0, f64::max);
        Some((each.iter().sum::<f64>() / slots.max(1) as f64).max(longest))
    }
}

#[cfg(test)]
mod tests {
    use super::super::made_up::factorisation;
    use super::*;

    fn pmf(epochs: u64) -> TrialSpec {
        factorisation(&format!("epochs = {epochs}"))
    }

    #[test]
    fn estimates_scale_with_the_work_and_are_honest_about_the_unknown() {
        let past = [1.0, 2.0, 30.0].map(|times| (pmf(10), times * seconds(&pmf(10))));
        let timings = Timings::new(past);
        let (long, estimate) = (pmf(100), timings.seconds(&pmf(100)).expect("the kind is known"));
        assert!((estimate - 2.0 * seconds(&long)).abs() < 1e-9, "the median past trial took twice the guess");
        let together = timings.together([&long, &long, &long].into_iter(), 2).expect("known");
        assert!((together - 1.5 * estimate).abs() < 1e-9);
        assert!((timings.together([&long].into_iter(), 8).expect("known") - estimate).abs() < 1e-9);
        assert_eq!(Timings::default().together([&long].into_iter(), 2), None);
    }
}
