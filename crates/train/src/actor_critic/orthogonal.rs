//! Matrices with orthonormal rows or columns, drawn uniformly: the same bits on every machine.

use drr_core::seed::Stream;

/// A matrix `[rows, columns]`, row after row, with orthonormal rows or columns, whichever are fewer: the Q of a normal
/// matrix, its signs fixed by R's diagonal so that the distribution is uniform (Saxe et al. 2014; Mezzadri 2007).
pub fn orthogonal(rows: usize, columns: usize, stream: &mut Stream) -> Vec<f32> {
    let (long, short) = (rows.max(columns), rows.min(columns));
    let normal: Vec<f64> = (0..long * short).map(|_| stream.normal()).collect();
    // Column after column, so that a column is contiguous.
    let mut matrix: Vec<f64> =
        (0..short).flat_map(|c| (0..long).map(move |r| r * short + c)).map(|at| normal[at]).collect();
    let q = householder(&mut matrix, long);
    let at = |row: usize, column: usize| if rows < columns { q[row * long + column] } else { q[column * long + row] };
    (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))).map(|(r, c)| at(r, c) as f32).collect()
}

/// The reduced Q of a QR decomposition by Householder's reflections, column after column, each times the sign of R's
/// diagonal. `matrix` holds columns of `long` numbers; the reflections are left in it.
fn householder(matrix: &mut [f64], long: usize) -> Vec<f64> {
    let short = matrix.len() / long;
    let (mut scales, mut signs) = (vec![0.0; short], vec![1.0; short]);
    for column in 0..short {
        let (before, rest) = matrix[column * long..].split_at_mut(long);
        let own = &mut before[column..];
        let norm = dot(own, own).sqrt();
        // Away from the number on the diagonal: nothing is cancelled.
        let diagonal = if own[0] > 0.0 { -norm } else { norm };
        signs[column] = if diagonal < 0.0 { -1.0 } else { 1.0 };
        own[0] -= diagonal;
        let square = dot(own, own);
        scales[column] = if square > 0.0 { 2.0 / square } else { 0.0 };
        for other in rest.chunks_exact_mut(long) {
            reflect(own, scales[column], &mut other[column..]);
        }
    }
    let mut q = vec![0.0; matrix.len()];
    for (column, out) in q.chunks_exact_mut(long).enumerate() {
        out[column] = signs[column];
        // The reflections of later columns leave it alone.
        for reflection in (0..=column).rev() {
            reflect(
                &matrix[reflection * long + reflection..][..long - reflection],
                scales[reflection],
                &mut out[reflection..],
            );
        }
    }
    q
}

/// x - scale · (v · x) · v.
fn reflect(v: &[f64], scale: f64, x: &mut [f64]) {
    let factor = scale * dot(v, x);
    x.iter_mut().zip(v).for_each(|(x, v)| *x -= factor * v);
}

/// Sums side by side, in an order that no processor changes.
const SUMS: usize = 8;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; SUMS];
    let (wholes, others) = (a.chunks_exact(SUMS), b.chunks_exact(SUMS));
    let (rest, other_rest) = (wholes.remainder(), others.remainder());
    for (a, b) in wholes.zip(others) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let tail: f64 = rest.iter().zip(other_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + tail
}

#[cfg(test)]
mod tests {
    use drr_core::{Digest, Seed};

    use super::*;

    #[test]
    fn rows_or_columns_are_orthonormal() {
        for (rows, columns) in [(6, 4), (4, 6), (5, 5), (3, 1), (1, 1), (40, 33), (300, 100)] {
            let w = orthogonal(rows, columns, &mut Seed(1).stream("test"));
            let (long, short) = (rows.max(columns), rows.min(columns));
            let at = |one: usize, along: usize| {
                f64::from(if rows < columns { w[one * columns + along] } else { w[along * columns + one] })
            };
            for a in 0..short {
                for b in 0..short {
                    let product: f64 = (0..long).map(|i| at(a, i) * at(b, i)).sum();
                    assert!(
                        (product - f64::from(u8::from(a == b))).abs() < 1e-6,
                        "{rows}×{columns}: ({a}, {b}) = {product}"
                    );
                }
            }
        }
    }

    #[test]
    fn q_times_a_triangle_with_a_positive_diagonal_is_the_drawn_matrix() {
        let (long, short) = (7, 5);
        let mut stream = Seed(3).stream("test");
        let drawn: Vec<f64> = (0..long * short).map(|_| stream.normal()).collect();
        let q = householder(&mut drawn.clone(), long);
        let column = |of: &[f64], at: usize| of[at * long..][..long].to_vec();
        for a in 0..short {
            for b in 0..short {
                let r = dot(&column(&q, a), &column(&drawn, b));
                assert!(if a == b { r > 0.0 } else { a < b || r.abs() < 1e-12 }, "R({a}, {b}) = {r}");
            }
        }
    }

    #[test]
    fn the_bits_are_the_same_on_every_machine() {
        let bytes: Vec<u8> =
            orthogonal(48, 100, &mut Seed(7).stream("test")).iter().flat_map(|x| x.to_le_bytes()).collect();
        assert_eq!(Digest::of(&bytes).short(), "3c9513521160");
    }
}
