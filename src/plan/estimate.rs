//! How long trials take here: the guess made from a spec, corrected by what trials of the same kind took before.

use std::collections::HashMap;

use drr_core::TrialSpec;
use drr_kinds::KindOf as _;

use super::{Sizes, Task, seconds};

/// Trials whose times say something about each other: of one kind, with one policy; commands of the same words.
type Alike = (&'static str, Option<&'static str>, String);

/// Times of past trials, by kind.
#[derive(Clone, Debug, Default)]
pub struct Timings {
    ratios: HashMap<Alike, f64>,
}

fn alike(spec: &TrialSpec) -> Alike {
    // Of commands those of the same words: of any other the guess knows nothing.
    let own = spec.kind().model().filter(|model| model.settings.is_some()).and_then(|_| spec.settings.get("run"));
    let own = own.map_or_else(String::new, ToString::to_string);
    (spec.kind().name, spec.policy_kind().map(|kind| kind.name), own)
}

impl Timings {
    /// From past trials: each with what it stood on, and the seconds it took. Those of datasets that are no longer there
    /// say nothing.
    pub fn new(past: impl IntoIterator<Item = (TrialSpec, Vec<TrialSpec>, f64)>, sizes: &Sizes) -> Self {
        let mut all: HashMap<Alike, Vec<f64>> = HashMap::new();
        for (spec, upstream, took) in past {
            let expected = sizes.of_trial(&spec).map(|size| seconds(&spec, &upstream.iter().collect::<Vec<_>>(), size));
            if let Some(expected) = expected.filter(|expected| *expected > 0.0) {
                all.entry(alike(&spec)).or_default().push(took / expected);
            }
        }
        let median = |mut ratios: Vec<f64>| {
            ratios.sort_by(f64::total_cmp);
            ratios[ratios.len() / 2]
        };
        Self { ratios: all.into_iter().map(|(kind, ratios)| (kind, median(ratios))).collect() }
    }

    /// Expected seconds of a trial on one slot; `None` if no trial of its kind has run.
    pub fn seconds(&self, task: &Task) -> Option<f64> {
        self.ratios.get(&alike(&task.trial.spec)).map(|ratio| ratio * task.cost)
    }

    /// Expected seconds of trials of one stage on some slots; `None` if one of them is of an unknown kind.
    pub fn together<'a>(&self, tasks: impl Iterator<Item = &'a Task>, slots: usize) -> Option<f64> {
        let each: Vec<f64> = tasks.map(|task| self.seconds(task)).collect::<Option<_>>()?;
        let longest = each.iter().copied().fold(0.0, f64::max);
        Some((each.iter().sum::<f64>() / slots.max(1) as f64).max(longest))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::made_up::{expanded, factorisation};
    use super::super::{FailedBefore, Plan, USUAL};
    use super::*;
    use drr_kinds::DataSize;

    fn pmf(epochs: u64) -> Task {
        let sweep = expanded(
            &format!("dataset = \"ml-100k\"\nseeds = 1\nbaselines = [\"pmf\"]\n[pmf]\nepochs = {epochs}"),
            &[],
        );
        let plan = Plan::new(&sweep, Path::new("/nowhere"), &Sizes::of_recipes(), FailedBefore::Skip);
        plan.tasks.into_iter().find(|task| task.trial.spec.kind.as_str() == "pmf").expect("a factorisation")
    }

    #[test]
    fn estimates_scale_with_the_work_and_are_honest_about_the_unknown() {
        // On a machine on which everything takes twice as long as expected.
        let timings = Timings { ratios: HashMap::from([(("pmf", None, String::new()), 2.0)]) };
        let (long, estimate) = (pmf(100), timings.seconds(&pmf(100)).expect("the kind is known"));
        assert!((estimate - 2.0 * long.cost).abs() < 1e-9, "{estimate}");
        assert!(long.cost > 5.0 * pmf(10).cost, "ten times the epochs");
        let together = timings.together([&long, &long, &long].into_iter(), 2).expect("known");
        assert!((together - 1.5 * estimate).abs() < 1e-9);
        assert!((timings.together([&long].into_iter(), 8).expect("known") - estimate).abs() < 1e-9);
        assert_eq!(Timings::default().together([&long].into_iter(), 2), None);
    }

    #[test]
    fn the_median_of_past_trials_says_how_fast_the_machine_is_and_what_is_gone_says_nothing() {
        let world = "dataset = \"synthetic\"\nseeds = 1\nbaselines = [\"pmf\"]\n\
                     [synthetic]\nusers = 50\nitems = 40\nratings = 900\n";
        let sweep = expanded(world, &[]);
        let spec = sweep.trials.iter().map(|trial| &trial.spec).find(|spec| spec.kind.as_str() == "pmf");
        let spec = spec.expect("a factorisation").clone();
        let size = Sizes::of_recipes().of_trial(&spec).expect("a recipe says it");
        assert_eq!(size, DataSize { users: 50, items: 40, ratings: 900 });
        let took = |times| (spec.clone(), Vec::new(), times * seconds(&spec, &[], size));
        let gone = (factorisation("epochs = 1"), Vec::new(), 1e9);
        let timings = Timings::new([took(1.0), took(2.0), took(30.0), gone], &Sizes::of_recipes());
        assert!((timings.ratios[&("pmf", None, String::new())] - 2.0).abs() < 1e-9);
    }

    /// Ratings of a power law like MovieLens', of three sizes.
    const SIZES: [DataSize; 3] = [
        USUAL,
        DataSize { users: 6_040, items: 3_706, ratings: 1_000_209 },
        DataSize { users: 270_896, items: 45_115, ratings: 26_024_289 },
    ];

    /// Seconds on one core of an AMD EPYC: a kind, its policy, the factors k below, and one for each of [`SIZES`].
    type Measured = (&'static str, &'static str, u64, [f64; 3]);
    const MEASURED: [Measured; 24] = [
        ("pmf", "", 16, [0.020, 0.300, 31.7]),
        ("pmf", "", 100, [0.050, 0.647, 72.3]),
        ("item-knn", "", 0, [0.152, 2.17, 143.6]),
        ("drr", "", 16, [0.156, 0.163, 0.346]),
        ("drr", "", 100, [3.84, 4.13, 6.31]),
        ("offline", "random", 16, [0.002, 0.002, 0.007]),
        ("offline", "popularity", 16, [0.002, 0.009, 0.135]),
        ("offline", "item-mean", 16, [0.001, 0.006, 0.072]),
        ("offline", "item-knn", 16, [0.128, 0.526, 0.839]),
        ("offline", "pmf", 16, [0.002, 0.006, 0.015]),
        ("offline", "pmf", 100, [0.003, 0.011, 0.023]),
        ("offline", "drr", 16, [0.004, 0.008, 0.016]),
        ("offline", "drr", 100, [0.065, 0.076, 0.100]),
        ("offline", "drr-untrained", 100, [0.066, 0.079, 0.097]),
        ("online", "random", 16, [0.001, 0.002, 0.020]),
        ("online", "popularity", 16, [0.003, 0.009, 0.178]),
        ("online", "item-mean", 16, [0.002, 0.007, 0.116]),
        ("online", "item-knn", 16, [0.618, 1.21, 11.3]),
        ("online", "pmf", 16, [0.005, 0.010, 0.129]),
        ("online", "pmf", 100, [0.008, 0.018, 0.283]),
        ("online", "drr", 16, [0.044, 0.044, 0.086]),
        ("online", "drr", 100, [1.094, 1.144, 1.667]),
        ("online", "drr-untrained", 16, [0.042, 0.043, 0.086]),
        ("online", "drr-untrained", 100, [1.089, 1.154, 1.696]),
    ];

    /// What nobody waits for need not be known.
    const UNFELT: f64 = 0.05;

    #[test]
    fn one_trial_of_any_size_tells_within_a_factor_of_two_what_any_other_takes() {
        let sweep = expanded(
            "dataset = \"ml-100k\"\nseeds = 1\nbaselines = [\"random\", \"popularity\", \"pmf\", \"item-mean\", \
             \"item-knn\", \"drr-untrained\"]\n[pmf]\nepochs = 4\nk = [16, 100]\n[drr]\ntrain_steps = 2500\n\
             learning_starts = 500\neps_steps = 1000\n[offline]\nk = [5, 10]\nrepeats = 2\n[online]\nk = [10]\n\
             repeats = 1\nsteps = 600\n",
            &[],
        );
        let specs: HashMap<_, &TrialSpec> = sweep.trials.iter().map(|trial| (trial.id, &trial.spec)).collect();
        let mut seen = std::collections::BTreeSet::new();
        for spec in specs.values() {
            let above: Vec<&TrialSpec> = spec.upstream().iter().map(|id| specs[id]).collect();
            let policy = spec.policy_kind().map_or("", |kind| kind.name);
            if spec.kind.as_str() == "drr" && !spec.learns() {
                continue;
            }
            let below = |spec: &TrialSpec| spec.settings.whole("k");
            let k = above.iter().find_map(|it| below(it)).or_else(|| below(spec)).unwrap_or_default();
            let row = MEASURED.iter().find(|row| (row.0, row.1) == (spec.kind.as_str(), policy) && row.2 == k);
            let Some((_, _, _, measured)) = row else { continue };
            seen.insert((spec.kind.as_str(), policy, k));
            for (one, took) in SIZES.iter().zip(measured) {
                for (other, truth) in SIZES.iter().zip(measured) {
                    let estimate = took / seconds(spec, &above, *one) * seconds(spec, &above, *other);
                    let is_near = (0.5..=2.0).contains(&(estimate / truth)) || (estimate - truth).abs() < UNFELT;
                    assert!(
                        is_near || took < &UNFELT,
                        "{} {policy} k = {k}: from {took} s of {one:?} follow {estimate:.3} s of {other:?}, not {truth}",
                        spec.kind
                    );
                }
            }
        }
        assert_eq!(seen.len(), MEASURED.len(), "{seen:?}");
    }
}
