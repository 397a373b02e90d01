//! Whether two rankings of the same things agree.

use std::collections::BTreeSet;

use super::bootstrap::{Interval, Resampling, quantile};

/// Kendall's τ_b of two lists of values of the same things: 1 where they stand in the same order, -1 in the opposite one;
/// pairs that are equal in either count in neither. `None` for fewer than two things, or where either list has no order.
fn kendall(first: &[f64], second: &[f64]) -> Option<f64> {
    let n = first.len().min(second.len());
    let (mut agree, mut pairs, mut second_pairs) = (0.0, 0.0, 0.0_f64);
    for one in 0..n {
        for other in one + 1..n {
            let (a, b) = (first[one] - first[other], second[one] - second[other]);
            if a.is_nan() || b.is_nan() {
                return None;
            }
            pairs += f64::from(u8::from(a != 0.0));
            second_pairs += f64::from(u8::from(b != 0.0));
            if a != 0.0 && b != 0.0 {
                agree += a.signum() * b.signum();
            }
        }
    }
    let scale: f64 = (pairs * second_pairs).sqrt();
    (scale > 0.0).then(|| agree / scale)
}

/// Kendall's τ_b of published values with our means, and its interval by resampling seeds: things that share their seeds are
/// drawn together. `ours` are (seed, score) of each thing. `None` where there is no τ.
pub fn kendall_interval(
    published: &[f64],
    ours: &[Vec<(u64, f64)>],
    confidence: f64,
    how: Resampling,
) -> Option<(f64, Interval)> {
    let mean = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len() as f64;
    let all = |scores: &Vec<(u64, f64)>| mean(&scores.iter().map(|(_, score)| *score).collect::<Vec<_>>());
    let observed = kendall(published, &ours.iter().map(all).collect::<Vec<_>>())?;
    let seeds: Vec<u64> = ours.iter().flatten().map(|(seed, _)| *seed).collect::<BTreeSet<_>>().into_iter().collect();
    let mut stream = how.stream("order");
    let mut drawn = Vec::with_capacity(how.resamples);
    for _ in 0..how.resamples {
        let draw: Vec<u64> = seeds.iter().map(|_| seeds[stream.below(seeds.len())]).collect();
        let of = |scores: &Vec<(u64, f64)>| {
            let own: Vec<f64> = draw
                .iter()
                .filter_map(|seed| Some(scores[scores.binary_search_by_key(seed, |(seed, _)| *seed).ok()?].1))
                .collect();
            // None of the thing's own seeds was drawn: what is known of it is its mean.
            if own.is_empty() { all(scores) } else { mean(&own) }
        };
        drawn.extend(kendall(published, &ours.iter().map(of).collect::<Vec<_>>()));
    }
    if drawn.is_empty() {
        return None;
    }
    let tail = (1.0 - confidence) / 2.0;
    Some((observed, (quantile(&drawn, tail), quantile(&drawn, 1.0 - tail))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tau_is_that_of_the_book() {
        // scipy.stats.kendalltau([1,2,3,4,5],[1,3,2,5,4]) = 0.6; with ties ([1,2,2,3],[1,2,3,3]) = 0.8.
        assert_eq!(kendall(&[1.0, 2.0, 3.0, 4.0, 5.0], &[1.0, 3.0, 2.0, 5.0, 4.0]), Some(0.6));
        assert!((kendall(&[1.0, 2.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 3.0]).expect("an order") - 0.8).abs() < 1e-12);
        assert_eq!(kendall(&[1.0, 2.0, 3.0], &[9.0, 5.0, 1.0]), Some(-1.0));
        assert_eq!((kendall(&[1.0], &[1.0]), kendall(&[1.0, 1.0], &[1.0, 2.0])), (None, None));
        assert_eq!(kendall(&[1.0, f64::NAN], &[1.0, 2.0]), None);
    }

    #[test]
    fn noise_makes_the_order_uncertain() {
        let scores = |means: &[f64], noise: f64| -> Vec<Vec<(u64, f64)>> {
            let of = |(at, mean): (usize, &f64)| {
                (0..6).map(|seed| (seed, mean + noise * ((seed * 7 + at as u64 * 3) % 5) as f64)).collect()
            };
            means.iter().enumerate().map(of).collect()
        };
        let interval = |noise| {
            kendall_interval(&[0.1, 0.2, 0.3, 0.4], &scores(&[0.5, 0.6, 0.7, 0.8], noise), 0.95, Resampling::default())
        };
        assert_eq!(interval(0.0), Some((1.0, (1.0, 1.0))));
        let (_, (low, high)) = interval(0.2).expect("an order");
        assert!(low < 0.7 && high <= 1.0, "{low} {high}");
    }
}
