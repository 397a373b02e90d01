//! Aggregates over a matrix of runs × tasks, after Agarwal et al., *Deep Reinforcement Learning at the Edge of the
//! Statistical Precipice* (NeurIPS 2021), equal to those of their library rliable. Intervals resample the runs of each
//! task apart (a stratified bootstrap): every resample keeps every task.

use super::bootstrap::{Interval, Resampling, quantile};
use super::summary::MINIMUM_N;

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
    pub fn iqm_interval(&self, confidence: f64, how: Resampling) -> Option<Interval> {
        let drawn = self.resampled(how, "iqm", |all| vec![trimmed_mean(all)])?;
        Some(middle(drawn.into_iter().map(|values| values[0]).collect(), confidence))
    }

    /// The percentile interval of the profile at each threshold; `None` below [`MINIMUM_N`] runs.
    pub fn profile_interval(&self, thresholds: &[f64], confidence: f64, how: Resampling) -> Option<Vec<Interval>> {
        let drawn = self.resampled(how, "profile", |all| {
            all.sort_by(f64::total_cmp);
            let above = |threshold: &f64| all.len() - all.partition_point(|score| score <= threshold);
            thresholds.iter().map(|threshold| above(threshold) as f64 / all.len() as f64).collect()
        })?;
        let at = |index: usize| middle(drawn.iter().map(|values| values[index]).collect(), confidence);
        Some((0..thresholds.len()).map(at).collect())
    }

    /// A statistic of every stratified resample, which is handed over as one list.
    fn resampled(
        &self,
        how: Resampling,
        purpose: &str,
        statistic: impl Fn(&mut [f64]) -> Vec<f64>,
    ) -> Option<Vec<Vec<f64>>> {
        if self.runs() < MINIMUM_N || how.resamples == 0 {
            return None;
        }
        let mut stream = how.stream(purpose);
        let mut all = Vec::with_capacity(self.runs() * self.tasks());
        let one = |_| {
            all.clear();
            for task in &self.tasks {
                all.extend((0..task.len()).map(|_| task[stream.below(task.len())]));
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
    how: Resampling,
) -> Option<Interval> {
    if x.tasks() != y.tasks() || x.runs().min(y.runs()) < MINIMUM_N || how.resamples == 0 {
        return None;
    }
    let mut stream = how.stream("improvement");
    let (mut some_x, mut some_y) = (Vec::new(), Vec::new());
    let drawn = (0..how.resamples).map(|_| {
        let mut sum = 0.0;
        for (x, y) in x.tasks.iter().zip(&y.tasks) {
            for (from, to) in [(x, &mut some_x), (y, &mut some_y)] {
                to.clear();
                to.extend((0..from.len()).map(|_| from[stream.below(from.len())]));
            }
            sum += beats(&some_x, &some_y);
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
fn trimmed_mean(all: &mut [f64]) -> f64 {
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
    fn ties_improve_by_half() {
        let matrix = |scores: &[f64]| ScoreMatrix::new(vec![scores.to_vec()]).expect("whole");
        assert_eq!(probability_of_improvement(&matrix(&[1.0, 1.0]), &matrix(&[1.0, 1.0])), Some(0.5));
        assert_eq!(probability_of_improvement(&matrix(&[2.0, 3.0]), &matrix(&[1.0, 1.0])), Some(1.0));
    }

    #[test]
    fn two_runs_are_too_few_for_an_interval() {
        let two = ScoreMatrix::new(vec![vec![1.0, 2.0]; 3]).expect("whole");
        assert_eq!(two.iqm_interval(0.95, Resampling::default()), None);
        assert_eq!(two.profile_interval(&[0.5], 0.95, Resampling::default()), None);
        assert_eq!(probability_of_improvement_interval(&two, &two, 0.95, Resampling::default()), None);
    }
}
