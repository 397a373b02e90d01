//! Principal components, written out: the same embeddings give the same picture on every machine. Sums run in a fixed
//! order in double precision, and a component's sign is that which makes its largest entry positive.

/// Rounds of the power iteration; it ends sooner where it stands still.
const ROUNDS: usize = 500;

/// Points on their first two principal components.
pub(super) struct Plane {
    pub(super) places: Vec<(f64, f64)>,
    /// Shares of the variance that the two components hold.
    pub(super) shares: [f64; 2],
}

/// Projects rows of `k` values onto their first two principal components.
pub(super) fn principal_components(rows: &[f32], k: usize) -> Plane {
    let count = (rows.len() / k).max(1) as f64;
    let mut mean = vec![0.0; k];
    for row in rows.chunks_exact(k) {
        mean.iter_mut().zip(row).for_each(|(mean, value)| *mean += f64::from(*value) / count);
    }
    let centred: Vec<Vec<f64>> = rows
        .chunks_exact(k)
        .map(|row| row.iter().zip(&mean).map(|(value, mean)| f64::from(*value) - mean).collect())
        .collect();
    let mut covariance = vec![0.0; k * k];
    for row in &centred {
        for (a, value) in row.iter().enumerate() {
            let line = &mut covariance[a * k..][..k];
            line.iter_mut().zip(row).for_each(|(sum, other)| *sum += value * other / count);
        }
    }
    let total: f64 = (0..k).map(|at| covariance[at * k + at]).sum();
    let mut components = Vec::new();
    let mut shares = [0.0; 2];
    for share in &mut shares {
        let (vector, variance) = leading(&covariance, k);
        for a in 0..k {
            for b in 0..k {
                covariance[a * k + b] -= variance * vector[a] * vector[b];
            }
        }
        *share = if total > 0.0 { variance / total } else { 0.0 };
        components.push(vector);
    }
    let along = |row: &[f64], component: &[f64]| row.iter().zip(component).map(|(a, b)| a * b).sum::<f64>();
    let places = centred.iter().map(|row| (along(row, &components[0]), along(row, &components[1]))).collect();
    Plane { places, shares }
}

/// The leading eigenvector of a symmetric matrix, by power iteration from a fixed start, and its eigenvalue.
fn leading(matrix: &[f64], k: usize) -> (Vec<f64>, f64) {
    let norm = |vector: &[f64]| vector.iter().map(|value| value * value).sum::<f64>().sqrt();
    // No axis and no pattern: hardly anything is at right angles to it.
    let mut vector: Vec<f64> = (0..k).map(|at| 1.0 + ((at * 7919 + 13) % 101) as f64 / 101.0).collect();
    let length = norm(&vector);
    vector.iter_mut().for_each(|value| *value /= length);
    let mut variance = 0.0;
    for _ in 0..ROUNDS {
        let product: Vec<f64> =
            matrix.chunks_exact(k).map(|row| row.iter().zip(&vector).map(|(a, b)| a * b).sum()).collect();
        variance = norm(&product);
        if variance <= 1e-300 {
            return (vec![0.0; k], 0.0);
        }
        let next: Vec<f64> = product.iter().map(|value| value / variance).collect();
        let moved = norm(&next.iter().zip(&vector).map(|(a, b)| a - b).collect::<Vec<_>>());
        vector = next;
        if moved < 1e-13 {
            break;
        }
    }
    let largest = vector.iter().copied().reduce(|best, value| if value.abs() > best.abs() { value } else { best });
    if largest.is_some_and(|value| value < 0.0) {
        vector.iter_mut().for_each(|value| *value = -*value);
    }
    (vector, variance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_those_the_points_were_made_of() {
        // Three units along (0.6, 0.8, 0), one along (-0.8, 0.6, 0), nothing else.
        let mut rows = Vec::new();
        for (along, across) in [(3.0, 0.0), (-3.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
            rows.extend([0.6f32 * along - 0.8 * across + 5.0, 0.8 * along + 0.6 * across, 7.0]);
        }
        let plane = principal_components(&rows, 3);
        assert!((plane.shares[0] - 0.9).abs() < 1e-6 && (plane.shares[1] - 0.1).abs() < 1e-6, "{:?}", plane.shares);
        let close = |place: (f64, f64), x: f64, y: f64| (place.0 - x).abs() < 1e-5 && (place.1.abs() - y).abs() < 1e-5;
        assert!(close(plane.places[0], 3.0, 0.0) && close(plane.places[2], 0.0, 1.0), "{:?}", plane.places);
    }

    #[test]
    fn equal_points_and_none_have_a_plane() {
        assert_eq!(principal_components(&[1.0, 2.0, 1.0, 2.0], 2).places, [(0.0, 0.0); 2]);
        assert!(principal_components(&[], 2).places.is_empty());
    }
}
