//! Curves of several seeds: their mean and spread at each step, and smoothing.

use super::aggregate::trimmed_mean;
use super::bootstrap::quantile;
use super::summary::{Summary, t_interval};

/// What a band over several seeds' curves shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spread {
    /// Mean ± sample standard deviation over seeds.
    #[default]
    Std,
    /// Mean and its 95 % interval by Student's t; from three seeds on.
    Ci,
    /// Interquartile mean and quartiles over seeds.
    Iqm,
}

/// Several seeds' curves at one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// The step.
    pub step: u64,
    /// Mean or interquartile mean over the seeds.
    pub value: f64,
    /// The band's lower end; the value itself where the seeds are too few for a band.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// The band over `curves`, each sorted by step, at the steps that all of them have with a finite value. A step that a
/// seed lacks is left out: a mean over changing seeds would jump where one of them ends.
pub fn band(curves: &[Vec<(u64, f64)>], spread: Spread) -> Vec<Band> {
    let Some((first, others)) = curves.split_first() else { return Vec::new() };
    let mut scores = Vec::with_capacity(curves.len());
    let mut band = Vec::with_capacity(first.len());
    for &(step, value) in first {
        scores.clear();
        scores.push(value);
        scores.extend(others.iter().filter_map(|curve| {
            let at = curve.binary_search_by_key(&step, |point| point.0).ok()?;
            Some(curve[at].1)
        }));
        if scores.len() < curves.len() || scores.iter().any(|score| !score.is_finite()) {
            continue;
        }
        let Some(summary) = Summary::of(&scores) else { continue };
        let mean = summary.mean;
        let (value, (low, high)) = match spread {
            Spread::Std => {
                let std = summary.std.unwrap_or(0.0);
                (mean, (mean - std, mean + std))
            }
            Spread::Ci => (mean, t_interval(&summary, 0.95).unwrap_or((mean, mean))),
            Spread::Iqm => {
                let iqm = trimmed_mean(&mut scores);
                (iqm, (quantile(&scores, 0.25), quantile(&scores, 0.75)))
            }
        };
        band.push(Band { step, value, low, high });
    }
    band
}

/// The centred moving average over `window` points (odd), over fewer towards the ends. Non-finite values stay as they
/// are and count for nobody else.
pub fn moving_average(curve: &[(u64, f64)], window: usize) -> Vec<(u64, f64)> {
    let reach = window / 2;
    let smooth = |(at, &(step, value)): (usize, &(u64, f64))| {
        if !value.is_finite() {
            return (step, value);
        }
        // The same reach on both sides, or the ends would lean towards the middle of the curve.
        let reach = reach.min(at).min(curve.len() - 1 - at);
        let finite = curve[at - reach..=at + reach].iter().map(|point| point.1).filter(|value| value.is_finite());
        let (sum, count) = finite.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
        (step, sum / count)
    };
    curve.iter().enumerate().map(smooth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_spans_the_steps_all_seeds_have() {
        let curves = [vec![(1, 1.0), (2, 2.0), (3, f64::NAN)], vec![(1, 3.0), (3, 1.0), (4, 1.0)]];
        let [at] = band(&curves, Spread::Std)[..] else { panic!("one step is common") };
        assert_eq!((at.step, at.value, at.low, at.high), (1, 2.0, 2.0 - 2f64.sqrt(), 2.0 + 2f64.sqrt()));
        let [at] = band(&curves, Spread::Ci)[..] else { panic!("one step is common") };
        assert_eq!((at.low, at.high), (2.0, 2.0), "two seeds have no interval");
    }

    #[test]
    fn bands_are_what_they_are_called() {
        let curves: Vec<Vec<(u64, f64)>> = [1.0, 2.0, 4.0, 100.0].into_iter().map(|value| vec![(1, value)]).collect();
        let one = |spread| band(&curves, spread)[0];
        // numpy.quantile([1, 2, 4, 100], [0.25, 0.75]) = [1.75, 28.0]; the middle half's mean is 3.
        let iqm = one(Spread::Iqm);
        assert_eq!((iqm.value, iqm.low, iqm.high), (3.0, 1.75, 28.0));
        let (ci, std) = (one(Spread::Ci), one(Spread::Std));
        // t(0.975, 3) / sqrt(4) = 1.5912 standard deviations.
        assert!(((ci.high - ci.value) / (std.high - std.value) - 1.5912).abs() < 1e-4);
    }

    #[test]
    fn smoothing_keeps_a_line_a_line() {
        let line: Vec<(u64, f64)> = (0..20).map(|step| (step, step as f64 * 0.5)).collect();
        assert_eq!(moving_average(&line, 5), line);
        assert_eq!(moving_average(&[(0, 0.0), (1, 3.0), (2, 0.0)], 3)[1], (1, 1.0));
    }
}
