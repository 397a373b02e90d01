//! Aggregates over a matrix of runs × tasks, after Agarwal et al., *Deep Reinforcement Learning at the Edge of the
//! Statistical Precipice* (NeurIPS 2021), equal to those of their library rliable. Intervals resample the runs of each
//! task apart, as theirs do (a stratified bootstrap: every resample keeps every task), or runs with all of their tasks.

use super::bootstrap::{Interval, Resampling, quantile};
use super::summary::{MINIMUM_N, Summary, t_quantile};

/// Below so many runs a bootstrap covers less than 93 % of what its 95 % interval should (`coverage` measures it): no
/// report shows one.
pub const BOOTSTRAP_N: usize = 20;

/// What is drawn in a resample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// The runs of each task apart: the stratified bootstrap, for tasks whose runs have nothing to do with each other.
    EachTask,
    /// Runs with all of their tasks, for tasks that one run was measured on, as precision@5 to @20 of one model.
    WholeRuns,
}

/// Scores by task and run. All tasks have the same number of runs, and every score is finite.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreMatrix {
    /// `tasks[t][r]`: the score of run r on task t.
    tasks: Vec<Vec<f64>>,
}

impl ScoreMatrix {
    /// The matrix of `tasks[t][r]`; `None` without a score, for tasks with different numbers of runs, and where a score
    /// is not finite.
    pub fn new(tasks: Vec<Vec<f64>>) -> Option<Self> {
        let runs = tasks.first()?.len();
        let whole = runs > 0 && tasks.iter().all(|task| task.len() == runs);
        (whole && tasks.iter().flatten().all(|score| score.is_finite())).then_some(Self { tasks })
    }

    /// Runs of each task.
    pub fn runs(&self) -> usize {
        self.tasks[0].len()
    }

    /// Number of tasks.
    pub fn tasks(&self) -> usize {
        self.tasks.len()
    }

    /// The interquartile mean: the mean of the middle half of all scores.
    pub fn iqm(&self) -> f64 {
        trimmed_mean(&mut self.tasks.concat())
    }

    /// The share of scores above each of `thresholds`.
    pub fn profile(&self, thresholds: &[f64]) -> Vec<f64> {
        let all = self.tasks.concat();
        let share = |threshold: &f64| all.iter().filter(|score| *score > threshold).count() as f64 / all.len() as f64;
        thresholds.iter().map(share).collect()
    }

    /// The percentile interval of the IQM; `None` below [`MINIMUM_N`] runs.
    pub fn iqm_interval(&self, confidence: f64, draw: Draw, how: Resampling) -> Option<Interval> {
        let drawn = self.resampled(draw, how, "iqm", |all| vec![trimmed_mean(all)])?;
        Some(middle(drawn.into_iter().map(|values| values[0]).collect(), confidence))
    }

    /// The interval of the IQM by the jackknife over runs: each run is left out of all tasks at once, so that tasks which
    /// one run was measured on may hang together, and Student's t has as many degrees of freedom as there are runs but
    /// one. It covers with a handful of runs, where [`Self::iqm_interval`] does not. `None` below [`MINIMUM_N`] runs.
    pub fn iqm_jackknife(&self, confidence: f64) -> Option<Interval> {
        let n = self.runs();
        if n < MINIMUM_N {
            return None;
        }
        let whole = self.iqm();
        let without = |left_out: usize| {
            let kept = self
                .tasks
                .iter()
                .flat_map(|task| task.iter().enumerate().filter(|(run, _)| *run != left_out).map(|(_, score)| *score));
            trimmed_mean(&mut kept.collect::<Vec<f64>>())
        };
        let pseudo: Vec<f64> = (0..n).map(|run| n as f64 * whole - (n - 1) as f64 * without(run)).collect();
        let std = Summary::of(&pseudo)?.std?;
        let half = t_quantile(0.5 + confidence / 2.0, (n - 1) as f64) * std / (n as f64).sqrt();
        Some((whole - half, whole + half))
    }

    /// The percentile interval of the profile at each threshold; `None` below [`MINIMUM_N`] runs.
    pub fn profile_interval(
        &self,
        thresholds: &[f64],
        confidence: f64,
        draw: Draw,
        how: Resampling,
    ) -> Option<Vec<Interval>> {
        let drawn = self.resampled(draw, how, "profile", |all| {
            all.sort_by(f64::total_cmp);
            let above = |threshold: &f64| all.len() - all.partition_point(|score| score <= threshold);
            thresholds.iter().map(|threshold| above(threshold) as f64 / all.len() as f64).collect()
        })?;
        let at = |index: usize| middle(drawn.iter().map(|values| values[index]).collect(), confidence);
        Some((0..thresholds.len()).map(at).collect())
    }

    /// The profile of each run by itself, over its tasks.
    pub fn profiles_of_runs(&self, thresholds: &[f64]) -> Vec<Vec<f64>> {
        let share = |run: usize, threshold: f64| {
            self.tasks.iter().filter(|task| task[run] > threshold).count() as f64 / self.tasks() as f64
        };
        (0..self.runs()).map(|run| thresholds.iter().map(|threshold| share(run, *threshold)).collect()).collect()
    }

    /// A statistic of every resample, which is handed over as one list.
    fn resampled(
        &self,
        draw: Draw,
        how: Resampling,
        purpose: &str,
        statistic: impl Fn(&mut [f64]) -> Vec<f64>,
    ) -> Option<Vec<Vec<f64>>> {
        if self.runs() < MINIMUM_N || how.resamples == 0 {
            return None;
        }
        let mut stream = how.stream(purpose);
        let mut all = Vec::with_capacity(self.runs() * self.tasks());
        let mut runs = vec![0; self.runs()];
        let one = |_| {
            all.clear();
            for (at, task) in self.tasks.iter().enumerate() {
                if at == 0 || draw == Draw::EachTask {
                    runs.iter_mut().for_each(|run| *run = stream.below(task.len()));
                }
                all.extend(runs.iter().map(|run| task[*run]));
            }
            statistic(&mut all)
        };
        Some((0..how.resamples).map(one).collect())
    }
}

/// The probability that a run of `x` beats one of `y` on a task drawn at random (ties count half): the mean over the
/// tasks of Mann and Whitney's U over its greatest value. `None` for different numbers of tasks.
pub fn probability_of_improvement(x: &ScoreMatrix, y: &ScoreMatrix) -> Option<f64> {
    (x.tasks() == y.tasks()).then(|| {
        let tasks = x.tasks.iter().zip(&y.tasks).map(|(x, y)| beats(x, y));
        tasks.sum::<f64>() / x.tasks() as f64
    })
}

/// The percentile interval of [`probability_of_improvement`]; `None` below [`MINIMUM_N`] runs of either.
pub fn probability_of_improvement_interval(
    x: &ScoreMatrix,
    y: &ScoreMatrix,
    confidence: f64,
    draw: Draw,
    how: Resampling,
) -> Option<Interval> {
    if x.tasks() != y.tasks() || x.runs().min(y.runs()) < MINIMUM_N || how.resamples == 0 {
        return None;
    }
    let mut stream = how.stream("improvement");
    let (mut runs_x, mut runs_y) = (vec![0; x.runs()], vec![0; y.runs()]);
    let drawn = (0..how.resamples).map(|_| {
        let mut sum = 0.0;
        for (at, (x, y)) in x.tasks.iter().zip(&y.tasks).enumerate() {
            if at == 0 || draw == Draw::EachTask {
                for runs in [&mut runs_x, &mut runs_y] {
                    let count = runs.len();
                    runs.iter_mut().for_each(|run| *run = stream.below(count));
                }
            }
            let some = |from: &[f64], runs: &[usize]| runs.iter().map(|run| from[*run]).collect::<Vec<f64>>();
            sum += beats(&some(x, &runs_x), &some(y, &runs_y));
        }
        sum / x.tasks() as f64
    });
    Some(middle(drawn.collect(), confidence))
}

/// Share of pairs in which the first is greater, ties counting half.
fn beats(x: &[f64], y: &[f64]) -> f64 {
    // In halves, which are whole: no rounding.
    let halves: usize = x.iter().flat_map(|x| y.iter().map(move |y| usize::from(x > y) + usize::from(x >= y))).sum();
    halves as f64 / (2 * x.len() * y.len()) as f64
}

/// The mean without the lowest and the highest quarter, each rounded down.
pub(super) fn trimmed_mean(all: &mut [f64]) -> f64 {
    all.sort_by(f64::total_cmp);
    let cut = all.len() / 4;
    let kept = &all[cut..all.len() - cut];
    kept.iter().sum::<f64>() / kept.len() as f64
}

fn middle(mut drawn: Vec<f64>, confidence: f64) -> Interval {
    drawn.sort_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    (quantile(&drawn, tail), quantile(&drawn, 1.0 - tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_whole_and_finite() {
        assert_eq!(ScoreMatrix::new(vec![]), None);
        assert_eq!(ScoreMatrix::new(vec![vec![1.0], vec![]]), None);
        assert_eq!(ScoreMatrix::new(vec![vec![1.0, f64::NAN]]), None);
        assert_eq!(ScoreMatrix::new(vec![vec![1.0, 2.0]]).map(|matrix| (matrix.runs(), matrix.tasks())), Some((2, 1)));
    }

    #[test]
    fn outliers_do_not_move_the_iqm() {
        let with = |last| ScoreMatrix::new(vec![vec![1.0, 2.0, 3.0, last]]).expect("whole").iqm();
        assert_eq!(with(4.0), 2.5);
        assert_eq!(with(4e9), 2.5);
    }

    #[test]
    fn the_jackknife_of_one_task_of_three_runs_is_students_interval() {
        // Of three scores nothing is cut off, so the IQM is the mean and the jackknife its standard error.
        let scores = [0.70, 0.74, 0.75];
        let ours = ScoreMatrix::new(vec![scores.to_vec()]).expect("whole").iqm_jackknife(0.95).expect("three runs");
        let student = super::super::t_interval(&Summary::of(&scores).expect("scores"), 0.95).expect("three");
        assert!((ours.0 - student.0).abs() < 1e-12 && (ours.1 - student.1).abs() < 1e-12, "{ours:?} {student:?}");
    }

    #[test]
    fn ties_improve_by_half() {
        let matrix = |scores: &[f64]| ScoreMatrix::new(vec![scores.to_vec()]).expect("whole");
        assert_eq!(probability_of_improvement(&matrix(&[1.0, 1.0]), &matrix(&[1.0, 1.0])), Some(0.5));
        assert_eq!(probability_of_improvement(&matrix(&[2.0, 3.0]), &matrix(&[1.0, 1.0])), Some(1.0));
    }

    #[test]
    fn two_runs_are_too_few_for_an_interval() {
        let two = ScoreMatrix::new(vec![vec![1.0, 2.0]; 3]).expect("whole");
        assert_eq!(two.iqm_interval(0.95, Draw::EachTask, Resampling::default()), None);
        assert_eq!(two.iqm_jackknife(0.95), None);
        assert_eq!(two.profile_interval(&[0.5], 0.95, Draw::EachTask, Resampling::default()), None);
        let improvement = probability_of_improvement_interval(&two, &two, 0.95, Draw::EachTask, Resampling::default());
        assert_eq!(improvement, None);
    }
}
