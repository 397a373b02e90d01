//! Which running trials are hopeless, by the median rule or by asynchronous successive halving (ASHA). Pure: recorded
//! points in, verdicts out. A trial is only compared with others of its stage that have come as far. Rewards are noisy, so
//! the values that are compared are means over the steps between two looks, where the sources take single ones.
//!
//! Sources: Golovin et al., *Google Vizier*, KDD 2017, section 3.2 (median); Li et al., *A System for Massively Parallel
//! Hyperparameter Tuning*, MLSys 2020 (ASHA, in its stopping form).

use std::collections::BTreeMap;

use drr_core::journal::Point;
use drr_kinds::{KindOf as _, Stage};

use crate::plan::Plan;
use crate::sweep::{EarlyStop, Goal, StopRule};

/// Looks at trials as they go.
#[derive(Debug)]
pub(super) struct EarlyStopping {
    rule: EarlyStop,
    trials: Vec<Watched>,
    /// By stage and step of the look: what each trial that came so far is worth.
    looks: BTreeMap<(Stage, u64), BTreeMap<usize, f64>>,
}

/// What a trial has recorded so far.
#[derive(Clone, Debug)]
struct Watched {
    stage: Stage,
    /// Its last step; there is nothing to save there.
    last: u64,
    /// All it recorded.
    whole: Mean,
    /// What it recorded since it was last looked at.
    recent: Mean,
    /// The best mean between two looks.
    best: f64,
    /// The next step it is looked at.
    next: u64,
}

/// A mean in the making.
#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, value: f64) {
        self.sum += value;
        self.count += 1;
    }

    fn value(self) -> f64 {
        self.sum / self.count as f64
    }
}

impl Watched {
    fn new(stage: Stage, last: u64, next: u64) -> Self {
        Self { stage, last, whole: Mean::default(), recent: Mean::default(), best: f64::NEG_INFINITY, next }
    }
}

impl EarlyStopping {
    /// Watches the trials of a plan.
    pub fn new(rule: EarlyStop, plan: &Plan) -> Self {
        let trials = plan.tasks.iter().map(|task| {
            // Evaluations are over before a comparison would mean much.
            let last = if task.stage == Stage::EVAL { 0 } else { task.trial.spec.last_step() };
            (task.stage, last)
        });
        Self::of(rule, trials)
    }

    fn of(rule: EarlyStop, trials: impl Iterator<Item = (Stage, u64)>) -> Self {
        let next = first_look(&rule);
        let trials = trials.map(|(stage, last)| Watched::new(stage, last, next)).collect();
        Self { trials, looks: BTreeMap::new(), rule }
    }

    /// A trial begins, perhaps anew: what it recorded before does not count.
    pub fn begin(&mut self, job: usize) {
        let Watched { stage, last, .. } = self.trials[job];
        self.trials[job] = Watched::new(stage, last, first_look(&self.rule));
        for look in self.looks.values_mut() {
            look.remove(&job);
        }
    }

    /// Takes in points of a trial; why it should be stopped, if it should.
    pub fn observe(&mut self, job: usize, points: &[Point]) -> Option<String> {
        let mut verdict = None;
        for point in points.iter().filter(|point| point.name == self.rule.metric && point.value.is_finite()) {
            let value = if self.rule.goal == Goal::Max { point.value } else { -point.value };
            let trial = &mut self.trials[job];
            trial.whole.add(value);
            trial.recent.add(value);
            if trial.next > point.step {
                continue;
            }
            let recent = std::mem::take(&mut trial.recent).value();
            trial.best = trial.best.max(recent);
            let (own, for_others) = match self.rule.rule {
                StopRule::Median => (trial.best, trial.whole.value()),
                StopRule::Asha => (recent, recent),
            };
            // A trial that records seldom passes several looks at once.
            // One that leaps over thousands was looked at in none of them.
            if self.rule.rule == StopRule::Median && point.step - trial.next > MOST_LOOKS * self.rule.rung {
                trial.next = point.step - point.step % self.rule.rung;
            }
            while trial.next <= point.step {
                let look = trial.next;
                trial.next = after(&self.rule, look);
                let peers = self.looks.entry((trial.stage, look)).or_default();
                peers.insert(job, for_others);
                if point.step < trial.last && peers.len() > self.rule.peers {
                    verdict = verdict.or_else(|| judge(&self.rule, job, own, peers, look));
                }
            }
        }
        verdict
    }
}

/// Looks that a trial may pass at once.
const MOST_LOOKS: u64 = 1000;

fn first_look(rule: &EarlyStop) -> u64 {
    rule.grace.max(rule.rung)
}

/// The look that follows the one at `step`.
fn after(rule: &EarlyStop, step: u64) -> u64 {
    match rule.rule {
        StopRule::Median => step.saturating_add(rule.rung),
        StopRule::Asha => step.saturating_mul(rule.reduction),
    }
}

/// Whether `job`, which is worth `own`, is hopeless beside `peers`, itself among them; larger is better.
fn judge(rule: &EarlyStop, job: usize, own: f64, peers: &BTreeMap<usize, f64>, step: u64) -> Option<String> {
    let sign = if rule.goal == Goal::Max { 1.0 } else { -1.0 };
    let metric = &rule.metric;
    match rule.rule {
        StopRule::Median => {
            let mut others: Vec<f64> = peers.iter().filter(|(peer, _)| **peer != job).map(|(_, it)| *it).collect();
            others.sort_by(f64::total_cmp);
            let half = others.len() / 2;
            let median = if others.len() % 2 == 1 { others[half] } else { (others[half - 1] + others[half]) / 2.0 };
            (own < median).then(|| {
                let (own, median, count) = (sign * own, sign * median, others.len());
                format!("median rule at step {step}: best {metric} {own:.4}, median of {count} others {median:.4}")
            })
        }
        StopRule::Asha => {
            let rank = peers.values().filter(|value| **value > own).count();
            let kept = (peers.len() / rule.reduction as usize).max(1);
            (rank >= kept).then(|| {
                let (own, count) = (sign * own, peers.len());
                format!("asha at step {step}: mean {metric} {own:.4} is number {} of {count}, {kept} go on", rank + 1)
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(rule: EarlyStop, trials: usize) -> EarlyStopping {
        EarlyStopping::of(rule, (0..trials).map(|_| (Stage::named("drr"), 1000)))
    }

    fn rule(rule: StopRule) -> EarlyStop {
        EarlyStop { rule, grace: 100, rung: 100, reduction: 3, peers: 3, ..EarlyStop::default() }
    }

    /// Records `value` every 50 steps up to `to`; the first verdict and its step.
    fn play(watch: &mut EarlyStopping, job: usize, to: u64, value: impl Fn(u64) -> f64) -> Option<(u64, String)> {
        (1..=to / 50).map(|n| n * 50).find_map(|step| {
            let point = Point::new("train/reward", step, value(step));
            watch.observe(job, &[point]).map(|why| (step, why))
        })
    }

    #[test]
    fn the_median_rule_stops_what_is_worse_than_most_and_nobody_in_grace() {
        let mut watch = watch(rule(StopRule::Median), 6);
        for (job, value) in [0.5, 0.6, 0.7].into_iter().enumerate() {
            assert_eq!(play(&mut watch, job, 1000, |_| value), None, "there are too few to compare with");
        }
        let (step, why) = play(&mut watch, 3, 1000, |_| 0.1).expect("it is hopeless");
        assert_eq!(step, 100);
        assert_eq!(why, "median rule at step 100: best train/reward 0.1000, median of 3 others 0.6000");
        assert_eq!(play(&mut watch, 4, 1000, |_| 0.65), None);
        assert_eq!(play(&mut watch, 5, 1000, |step| if step <= 100 { 0.9 } else { 0.0 }), None, "its best counts");
    }

    #[test]
    fn smaller_is_better_where_the_goal_says_so() {
        let mut watch = watch(EarlyStop { goal: Goal::Min, ..rule(StopRule::Median) }, 4);
        for (job, value) in [0.5, 0.6, 0.7].into_iter().enumerate() {
            play(&mut watch, job, 1000, |_| value);
        }
        let (_, why) = play(&mut watch, 3, 1000, |_| 0.9).expect("it is hopeless");
        assert!(why.contains("0.9000, median of 3 others 0.6000"), "{why}");
    }

    #[test]
    fn asha_looks_further_and_further_apart_and_keeps_the_best_third() {
        let mut watch = watch(EarlyStop { peers: 2, ..rule(StopRule::Asha) }, 9);
        let mut steps = Vec::new();
        for job in 0..9 {
            let stopped = play(&mut watch, job, 1000, |_| 0.1 * job as f64);
            steps.push(stopped.map(|(step, _)| step));
        }
        assert_eq!(steps, [None; 9], "each is better than all before it");
        let mut watch = self::watch(EarlyStop { peers: 2, ..rule(StopRule::Asha) }, 9);
        let steps: Vec<_> =
            (0..9).map(|job| play(&mut watch, job, 1000, |_| -0.1 * job as f64).map(|it| it.0)).collect();
        assert_eq!(steps[..2], [None; 2], "too few to compare with");
        assert!(steps[2..].iter().all(|step| *step == Some(100)), "{steps:?}");
        let looks: Vec<u64> = watch.looks.keys().map(|(_, step)| *step).collect();
        assert_eq!(looks, [100, 300, 900]);
    }

    #[test]
    fn a_trial_that_begins_anew_is_not_its_own_rival_and_the_last_step_is_not_judged() {
        let mut watch = watch(rule(StopRule::Median), 4);
        for job in 0..3 {
            play(&mut watch, job, 1000, |_| 0.5);
        }
        play(&mut watch, 3, 50, |_| 0.1);
        watch.begin(3);
        assert_eq!(play(&mut watch, 3, 1000, |_| 0.5), None);
        watch.begin(3);
        watch.trials[3].last = 100;
        assert_eq!(play(&mut watch, 3, 100, |_| 0.1), None);
    }

    #[test]
    fn other_metrics_and_values_that_are_none_are_passed_over() {
        let mut watch = watch(rule(StopRule::Median), 4);
        for job in 0..3 {
            play(&mut watch, job, 1000, |_| 0.5);
        }
        assert_eq!(watch.observe(3, &[Point::new("train/q", 500, -9.0)]), None);
        assert_eq!(watch.observe(3, &[Point::new("train/reward", 500, f64::NAN)]), None);
    }
}
