//! Two runs of one trial, step by step: the same to the bit, near, or apart, and then where first.

use std::fmt;

use drr_core::Digest;
use drr_core::finished::Finished;
use drr_core::journal::Point;
use drr_core::result::EnvironmentClass;
use drr_kinds::{KindOf as _, digest_of};

/// How far values may be apart and still count as near: |a - b| ≤ absolute + relative · |a|.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tolerance {
    /// In the value's own unit.
    pub absolute: f64,
    /// As a share of the recorded value.
    pub relative: f64,
}

impl Tolerance {
    /// Whether anything but the same bits is accepted.
    fn is_exact(self) -> bool {
        self.absolute == 0.0 && self.relative == 0.0
    }

    fn accepts(self, recorded: f64, again: f64) -> bool {
        // Infinity is near to nothing but itself.
        let is_near = || (recorded - again).abs() <= self.absolute + self.relative * recorded.abs();
        same(recorded, again) || (recorded.is_finite() && again.is_finite() && is_near())
    }
}

/// What came of doing a trial again.
#[derive(Clone, Debug, PartialEq)]
pub enum ReplayVerdict {
    /// The same to the last bit: metric stream, final metrics, model.
    Bitwise,
    /// The metrics are the same to the bit, and so is the model; these artifacts are not.
    Artifacts(Vec<String>),
    /// Not the same bits, but no value further apart than accepted; this is the furthest.
    Within {
        /// Largest difference of any value.
        largest: f64,
    },
    /// Apart, and where first.
    Diverged(Divergence),
    /// Apart, but recorded in an environment class that is none of this worker's: other bits were to be expected.
    OtherClass {
        /// The class of the record.
        recorded: Box<EnvironmentClass>,
        /// This worker's.
        here: Box<EnvironmentClass>,
        /// Where first.
        first: Divergence,
    },
    /// It could not be done again, and why.
    CannotRun(String),
}

/// The first difference that is not accepted.
#[derive(Clone, Debug, PartialEq)]
pub enum Divergence {
    /// A value of the metric stream.
    Point {
        /// Step, epoch or repeat.
        step: u64,
        /// The metric.
        metric: String,
        /// As recorded.
        recorded: f64,
        /// As it came out again.
        again: f64,
    },
    /// The streams record different things from here on.
    Stream {
        /// What is recorded; `None` past the end.
        recorded: Option<(String, u64)>,
        /// What came again.
        again: Option<(String, u64)>,
    },
    /// A final metric; `None` where a run lacks it.
    Final {
        /// The metric.
        metric: String,
        /// As recorded.
        recorded: Option<f64>,
        /// As it came out again.
        again: Option<f64>,
    },
    /// All metrics agree, the trained parameters do not.
    Model {
        /// As recorded.
        recorded: Option<Digest>,
        /// As it came out again.
        again: Option<Digest>,
    },
}

impl fmt::Display for ReplayVerdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bitwise => f.write_str("bitwise"),
            Self::Artifacts(names) => {
                let shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
                let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
                write!(f, "the same metrics, but other artifacts: {}{more}", shown.join(", "))
            }
            Self::Within { largest } => write!(f, "within tolerance, at most {largest:e} apart"),
            Self::Diverged(divergence) => divergence.fmt(f),
            Self::OtherClass { recorded, here, first } => {
                write!(
                    f,
                    "cannot be compared to the bit: recorded on {recorded}, which is not what computes here ({here}); {first}"
                )
            }
            Self::CannotRun(why) => write!(f, "cannot be run: {why}"),
        }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |point: &Option<(String, u64)>| match point {
            Some((metric, step)) => format!("{metric} at step {step}"),
            None => "nothing more".to_owned(),
        };
        let value = |value: &Option<f64>| value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
        match self {
            Self::Point { step, metric, recorded, again } => {
                let by = (again - recorded).abs();
                write!(f, "diverged at step {step}, metric {metric}, by {by:e} (recorded {recorded}, again {again})")
            }
            Self::Stream { recorded, again } => {
                write!(f, "diverged: recorded is {}, again came {}", place(recorded), place(again))
            }
            Self::Final { metric, recorded, again } => {
                let (recorded, again) = (value(recorded), value(again));
                write!(f, "diverged at the end, metric {metric} (recorded {recorded}, again {again})")
            }
            Self::Model { recorded, again } => {
                let short = |digest: &Option<Digest>| digest.map_or_else(|| "none".to_owned(), |it| it.short());
                write!(f, "diverged in the model alone (recorded {}, again {})", short(recorded), short(again))
            }
        }
    }
}

/// Compares a recorded run of a trial with another run of it, here and now.
pub fn compare_replay(recorded: &Finished, again: &Finished, tolerance: Tolerance) -> ReplayVerdict {
    let (then, here) = (&recorded.result.environment, &again.result.environment);
    match compare(recorded, again, tolerance) {
        ReplayVerdict::Diverged(first) if then != here => {
            ReplayVerdict::OtherClass { recorded: Box::new(then.clone()), here: Box::new(here.clone()), first }
        }
        verdict => verdict,
    }
}

/// Compares two runs of a trial.
pub fn compare(recorded: &Finished, again: &Finished, tolerance: Tolerance) -> ReplayVerdict {
    let mut largest: f64 = 0.0;
    for at in 0..recorded.points.len().max(again.points.len()) {
        let (one, two) = (recorded.points.get(at), again.points.get(at));
        match (one, two) {
            (Some(one), Some(two)) if one.name == two.name && one.step == two.step => {
                if !tolerance.accepts(one.value, two.value) {
                    let (step, metric) = (one.step, one.name.clone());
                    return ReplayVerdict::Diverged(Divergence::Point {
                        step,
                        metric,
                        recorded: one.value,
                        again: two.value,
                    });
                }
                largest = largest.max(apart(one.value, two.value));
            }
            (one, two) => {
                let place = |point: Option<&Point>| point.map(|point| (point.name.clone(), point.step));
                return ReplayVerdict::Diverged(Divergence::Stream { recorded: place(one), again: place(two) });
            }
        }
    }
    // A command's sources are its own.
    let is_command = recorded.spec.is_command();
    // What other sources recorded may lack what is measured beside it today; what they measured must come out.
    let is_of_today = is_command || recorded.spec.digest == digest_of(recorded.spec.kind());
    let more = again.result.metrics.keys().filter(|_| is_of_today);
    for metric in recorded.result.metrics.keys().chain(more) {
        let (one, two) = (recorded.result.metrics.get(metric), again.result.metrics.get(metric));
        match (one, two) {
            (Some(&one), Some(&two)) if tolerance.accepts(one, two) => largest = largest.max(apart(one, two)),
            _ => {
                let (metric, recorded, again) = (metric.clone(), one.copied(), two.copied());
                return ReplayVerdict::Diverged(Divergence::Final { metric, recorded, again });
            }
        }
    }
    let (one, two) = (recorded.result.model_digest, again.result.model_digest);
    match () {
        () if one == two && largest == 0.0 => match other_artifacts(recorded, again) {
            names if names.is_empty() => ReplayVerdict::Bitwise,
            // Who permits metrics to differ asks for no bits of files.
            _ if !tolerance.is_exact() => ReplayVerdict::Within { largest },
            names => ReplayVerdict::Artifacts(names),
        },
        () if one != two && (tolerance.is_exact() || one.is_none() || two.is_none()) => {
            ReplayVerdict::Diverged(Divergence::Model { recorded: one, again: two })
        }
        () => ReplayVerdict::Within { largest },
    }
}

/// The artifacts that are not the same in both, or only in one.
fn other_artifacts(recorded: &Finished, again: &Finished) -> Vec<String> {
    let (one, two) = (&recorded.result.artifacts, &again.result.artifacts);
    let mut names: Vec<String> =
        one.keys().chain(two.keys()).filter(|name| one.get(*name) != two.get(*name)).cloned().collect();
    names.sort();
    names.dedup();
    names
}

/// The largest difference between two runs: infinite where they do not tell the same metrics at the same steps.
pub fn largest_difference(recorded: &Finished, again: &Finished) -> f64 {
    let (one, two) = (&recorded.points, &again.points);
    let is_alike =
        one.len() == two.len() && one.iter().zip(two).all(|(one, two)| one.name == two.name && one.step == two.step);
    if !is_alike || !recorded.result.metrics.keys().eq(again.result.metrics.keys()) {
        return f64::INFINITY;
    }
    let points = one.iter().zip(two).map(|(one, two)| (one.value, two.value));
    let finals = recorded.result.metrics.values().copied().zip(again.result.metrics.values().copied());
    // What is not a number is as far from one as can be.
    let far = |(one, two)| if apart(one, two).is_nan() { f64::INFINITY } else { apart(one, two) };
    points.chain(finals).map(far).fold(0.0, f64::max)
}

fn apart(one: f64, two: f64) -> f64 {
    if same(one, two) { 0.0 } else { (one - two).abs() }
}

/// The same bits; all NaNs are one value, as in the journal's digest.
fn same(one: f64, two: f64) -> bool {
    one.to_bits() == two.to_bits() || (one.is_nan() && two.is_nan())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use drr_core::finished;

    use super::*;
    use crate::store::fabricate::{MadeTrials, finish_with};

    fn run(values: &[f64], last: f64) -> Finished {
        let runs = tempfile::tempdir().expect("a folder");
        let points = (1..).zip(values).map(|(step, &value)| Point::new("loss", step, value)).collect();
        let metrics = BTreeMap::from([("rmse".to_owned(), last)]);
        finished::read(&finish_with(runs.path(), &MadeTrials::new().pmf(1), points, metrics, 1)).expect("whole")
    }

    #[test]
    fn verdicts_are_told_apart() {
        let loose = Tolerance { absolute: 0.0, relative: 1e-3 };
        let base = run(&[1.0, f64::NAN, 3.0], 0.5);
        assert_eq!(compare(&base, &run(&[1.0, f64::NAN, 3.0], 0.5), Tolerance::default()), ReplayVerdict::Bitwise);
        let near = run(&[1.0, f64::NAN, 3.0 + 1e-12], 0.5);
        let verdict = compare(&base, &near, Tolerance::default());
        assert!(verdict.to_string().starts_with("diverged at step 3, metric loss, by 1.00"), "{verdict}");
        assert!(matches!(compare(&base, &near, loose), ReplayVerdict::Within { largest } if largest < 2e-12));
        let far = compare(&base, &run(&[1.0, 2.0, 3.0], 0.5), loose).to_string();
        assert_eq!(far, "diverged at step 2, metric loss, by NaN (recorded NaN, again 2)");
        let short = compare(&base, &run(&[1.0, f64::NAN], 0.5), loose).to_string();
        assert_eq!(short, "diverged: recorded is loss at step 3, again came nothing more");
        let last = compare(&base, &run(&[1.0, f64::NAN, 3.0], 0.6), loose).to_string();
        assert_eq!(last, "diverged at the end, metric rmse (recorded 0.5, again 0.6)");
        let mut other = base.clone();
        other.result.model_digest = Some(Digest::of(b"model"));
        assert!(matches!(compare(&base, &other, loose), ReplayVerdict::Diverged(Divergence::Model { .. })));
    }
}
