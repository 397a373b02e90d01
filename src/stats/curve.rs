//! Curves of several seeds: their mean and spread at each step, and smoothing.

use super::Summary;

/// Mean and spread of several seeds' curves at one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Band {
    /// The step.
    pub step: u64,
    /// Mean over the seeds.
    pub mean: f64,
    /// Sample standard deviation over the seeds; 0 for a single one.
    pub std: f64,
}

/// The band over `curves`, each sorted by step, at the steps that all of them have with a finite value. A step that a
/// seed lacks is left out: a mean over changing seeds would jump where one of them ends.
pub fn band(curves: &[Vec<(u64, f64)>]) -> Vec<Band> {
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
        band.push(Band { step, mean: summary.mean, std: summary.std.unwrap_or(0.0) });
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
        let band = band(&[vec![(1, 1.0), (2, 2.0), (3, f64::NAN)], vec![(1, 3.0), (3, 1.0), (4, 1.0)]]);
        assert_eq!(band, [Band { step: 1, mean: 2.0, std: 2f64.sqrt() }]);
    }

    #[test]
    fn smoothing_keeps_a_line_a_line() {
        let line: Vec<(u64, f64)> = (0..20).map(|step| (step, step as f64 * 0.5)).collect();
        assert_eq!(moving_average(&line, 5), line);
        assert_eq!(moving_average(&[(0, 0.0), (1, 3.0), (2, 0.0)], 3)[1], (1, 1.0));
    }
}
