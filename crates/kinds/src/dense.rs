//! Linear algebra on dense matrices in double precision, rows one after another. Every sum runs in one order that the sizes
//! alone decide, without fused operations: the bits are the same on every processor.

/// Rows and columns that are factored at once.
const BLOCK: usize = 64;

/// Rows and columns whose sums stay in registers.
const TILE: usize = 4;

/// Terms of a sum whose operands stay in the nearest cache together.
const DEPTH: usize = 256;

/// Σ a_i b_i, in eight sums of their own that are added up pairwise.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0_f64; 8];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    for (lane, (a, b)) in a_rest.iter().zip(b_rest).enumerate() {
        sums[lane] += a * b;
    }
    let [a, b, c, d, e, f, g, h] = sums;
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// y += factor · x.
#[inline]
pub fn add_scaled(y: &mut [f64], factor: f64, x: &[f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += factor * x;
    }
}

/// The operand of a product: four of its rows beside each other, term after term.
struct Packed {
    depth: usize,
    values: Vec<f64>,
}

impl Packed {
    /// `width` rows of `depth` terms, by term and row; what is missing to whole tiles is zero.
    fn new(depth: usize, width: usize, at: impl Fn(usize, usize) -> f64) -> Self {
        let mut values = vec![0.0; width.div_ceil(TILE) * depth * TILE];
        for (strip, values) in values.chunks_exact_mut((depth * TILE).max(1)).enumerate() {
            let rows = strip * TILE..width.min((strip + 1) * TILE);
            for (term, values) in values.chunks_exact_mut(TILE).enumerate() {
                values.iter_mut().zip(rows.clone()).for_each(|(value, row)| *value = at(term, row));
            }
        }
        Self { depth, values }
    }

    /// Terms `from..to` of a strip.
    fn terms(&self, strip: usize, from: usize, to: usize) -> &[[f64; TILE]] {
        self.values[(strip * self.depth + from) * TILE..(strip * self.depth + to) * TILE].as_chunks().0
    }
}

/// target[r][c] -= Σ_t left[t][r] · right[t][c] over the terms that both have at their ends, in their order; of `columns`
/// those that `last` names for a row's strip and those before it.
fn subtract_product(
    target: &mut [f64],
    stride: usize,
    (rows, columns): (usize, usize),
    (left, right): (&Packed, &Packed),
    last: impl Fn(usize) -> usize,
) {
    let (depth, skipped) = (right.depth, left.depth - right.depth);
    for from in (0..depth).step_by(DEPTH) {
        let to = depth.min(from + DEPTH);
        for strip in 0..rows.div_ceil(TILE) {
            let left = left.terms(strip, skipped + from, skipped + to);
            for column in 0..columns.div_ceil(TILE).min(last(strip).saturating_add(1)) {
                let right = right.terms(column, from, to);
                let place = |row: usize| {
                    let start = (strip * TILE + row) * stride + column * TILE;
                    start..start + TILE.min(columns - column * TILE)
                };
                let height = TILE.min(rows - strip * TILE);
                let mut sums = [[0.0; TILE]; TILE];
                for (row, sums) in sums.iter_mut().enumerate().take(height) {
                    let own = &target[place(row)];
                    sums[..own.len()].copy_from_slice(own);
                }
                let sums = tile(sums, left, right);
                for (row, sums) in sums.iter().enumerate().take(height) {
                    let own = &mut target[place(row)];
                    own.copy_from_slice(&sums[..own.len()]);
                }
            }
        }
    }
}

#[inline]
fn tile(mut sums: [[f64; TILE]; TILE], left: &[[f64; TILE]], right: &[[f64; TILE]]) -> [[f64; TILE]; TILE] {
    for (left, right) in left.iter().zip(right) {
        for row in 0..TILE {
            for column in 0..TILE {
                sums[row][column] -= left[row] * right[column];
            }
        }
    }
    sums
}

/// The lower triangle of a symmetric matrix, `[size, size]`, becomes its factor L with A = L Lᵀ (Cholesky), and what stands
/// above it becomes undefined. Whether the matrix is positive definite: where it is not, all of it becomes undefined.
#[must_use]
pub fn cholesky(a: &mut [f64], size: usize) -> bool {
    (0..size).step_by(BLOCK).all(|start| factor_from(a, size, start))
}

/// The columns of the factor that a block begins with, and what they leave of the matrix behind it.
fn factor_from(a: &mut [f64], size: usize, start: usize) -> bool {
    let end = size.min(start + BLOCK);
    if !factor_block(a, size, start, end) {
        return false;
    }
    // Below the block each row solves L_block x = a; by columns, so that every step is a row of the block's transpose.
    let width = end - start;
    let mut upper = vec![0.0; width * width];
    for row in 0..width {
        for column in 0..=row {
            upper[column * width + row] = a[(start + row) * size + start + column];
        }
    }
    for row in end..size {
        let own = &mut a[row * size + start..][..width];
        for column in 0..width {
            let upper = &upper[column * width..][..width];
            own[column] /= upper[column];
            let known = own[column];
            add_scaled(&mut own[column + 1..], -known, &upper[column + 1..]);
        }
    }
    let below = size - end;
    let panel = Packed::new(width, below, |term, row| a[(end + row) * size + start + term]);
    if below > 0 {
        subtract_product(&mut a[end * size + end..], size, (below, below), (&panel, &panel), |strip| strip);
    }
    true
}

/// The factor of a block on the diagonal.
fn factor_block(a: &mut [f64], size: usize, start: usize, end: usize) -> bool {
    let mut known = [0.0; BLOCK];
    for column in start..end {
        let pivot = a[column * size + column];
        // What is not a number is no pivot either.
        if pivot <= 0.0 || !pivot.is_finite() {
            return false;
        }
        let pivot = pivot.sqrt();
        a[column * size + column] = pivot;
        for row in column + 1..end {
            a[row * size + column] /= pivot;
            known[row - column - 1] = a[row * size + column];
            let factor = -known[row - column - 1];
            add_scaled(&mut a[row * size + column + 1..=row * size + row], factor, &known);
        }
    }
    true
}

/// x becomes A⁻¹x, by the factor that [`cholesky`] made of A.
pub fn solve(factor: &[f64], x: &mut [f64]) {
    let size = x.len();
    for row in 0..size {
        let known = dot(&factor[row * size..][..row], &x[..row]);
        x[row] = (x[row] - known) / factor[row * size + row];
    }
    for row in (0..size).rev() {
        x[row] /= factor[row * size + row];
        let known = x[row];
        add_scaled(&mut x[..row], -known, &factor[row * size..][..row]);
    }
}

/// A symmetric positive definite matrix, `[size, size]`, of which the lower triangle is read, becomes its inverse, both
/// triangles of it. `progress` hears of each part: blocks done, of so many. Whether the matrix is positive definite.
///
/// # Errors
/// What `progress` says.
pub fn invert<E>(
    a: &mut [f64],
    size: usize,
    progress: &mut dyn FnMut(usize, usize) -> Result<(), E>,
) -> Result<bool, E> {
    let blocks = size.div_ceil(BLOCK);
    for (done, start) in (0..size).step_by(BLOCK).enumerate() {
        progress(done, 3 * blocks)?;
        if !factor_from(a, size, start) {
            return Ok(false);
        }
    }
    let mut rows = vec![0.0; BLOCK * size];
    // L becomes W = L⁻¹: a block of rows is L_block⁻¹ (E - Σ L W), the sum over the rows before it.
    for (done, start) in (0..size).step_by(BLOCK).enumerate() {
        progress(blocks + done, 3 * blocks)?;
        let end = size.min(start + BLOCK);
        let rows = &mut rows[..(end - start) * size];
        rows.fill(0.0);
        (start..end).for_each(|row| rows[(row - start) * size + row] = 1.0);
        let left = Packed::new(start, end - start, |term, row| a[(start + row) * size + term]);
        for first in (0..start).step_by(BLOCK) {
            // Above its diagonal W is zero.
            let right = Packed::new(start - first, BLOCK, |term, column| a[(first + term) * size + first + column]);
            subtract_product(&mut rows[first..], size, (end - start, BLOCK), (&left, &right), |_| usize::MAX);
        }
        for row in 0..end - start {
            let (before, own) = rows.split_at_mut(row * size);
            let own = &mut own[..end];
            let factors = &a[(start + row) * size + start..][..=row];
            for (factor, before) in factors[..row].iter().zip(before.chunks_exact(size)) {
                add_scaled(own, -factor, before);
            }
            own.iter_mut().for_each(|value| *value /= factors[row]);
        }
        for (row, rows) in rows.chunks_exact(size).enumerate() {
            a[(start + row) * size..][..end].copy_from_slice(&rows[..end]);
        }
    }
    // WᵀW, block after block: one needs no row of W before its own.
    for (done, start) in (0..size).step_by(BLOCK).enumerate() {
        progress(2 * blocks + done, 3 * blocks)?;
        let end = size.min(start + BLOCK);
        let rows = &mut rows[..(end - start) * size];
        rows.fill(0.0);
        let pack = |first: usize, width| {
            Packed::new(size - start, width, |term, column| a[(start + term) * size + first + column])
        };
        let left = pack(start, end - start);
        for first in (0..end).step_by(BLOCK) {
            let width = size.min(first + BLOCK) - first;
            let right = pack(first, width);
            subtract_product(&mut rows[first..], size, (end - start, width), (&left, &right), |_| usize::MAX);
        }
        for (row, rows) in rows.chunks_exact(size).enumerate() {
            a[(start + row) * size..][..end].iter_mut().zip(rows).for_each(|(value, sum)| *value = -sum);
        }
    }
    for row in 1..size {
        for column in 0..row {
            a[column * size + row] = a[row * size + column];
        }
    }
    Ok(true)
}

/// The columns of a matrix `[rows, columns]` become orthonormal, each from what it has beside those before it (Gram and
/// Schmidt, twice). One that has nothing of its own becomes zero.
pub fn orthonormalise(a: &mut [f64], columns: usize) {
    let rows = a.len() / columns;
    let mut turned = transposed(a, columns);
    for column in 0..columns {
        let (before, own) = turned.split_at_mut(column * rows);
        let own = &mut own[..rows];
        let whole = dot(own, own).sqrt();
        for _ in 0..2 {
            for before in before.chunks_exact(rows) {
                let share = dot(before, own);
                add_scaled(own, -share, before);
            }
        }
        let length = dot(own, own).sqrt();
        let scale = if length > 1e-13 * whole { 1.0 / length } else { 0.0 };
        own.iter_mut().for_each(|value| *value *= scale);
    }
    a.copy_from_slice(&transposed(&turned, rows));
}

/// Aᵀ of a matrix with so many columns.
pub fn transposed(a: &[f64], columns: usize) -> Vec<f64> {
    let rows = a.len() / columns;
    (0..a.len()).map(|at| a[at % rows * columns + at / rows]).collect()
}

/// The eigenvalues of a symmetric matrix, `[size, size]`, the greatest first, and their eigenvectors, a row each (Jacobi).
pub fn eigen(mut a: Vec<f64>, size: usize) -> (Vec<f64>, Vec<f64>) {
    /// Each pass squares what is left beside the diagonal, once it is small.
    const PASSES: usize = 50;
    let mut vectors = vec![0.0; size * size];
    (0..size).for_each(|at| vectors[at * size + at] = 1.0);
    let all = dot(&a, &a);
    for _ in 0..PASSES {
        let beside: f64 = (1..size).map(|row| dot(&a[row * size..][..row], &a[row * size..][..row])).sum();
        if beside <= 1e-32 * all {
            break;
        }
        for p in 0..size {
            for q in p + 1..size {
                let element = a[p * size + q];
                if element == 0.0 {
                    continue;
                }
                let theta = (a[q * size + q] - a[p * size + p]) / (2.0 * element);
                let tangent = 1.0_f64.copysign(theta) / (theta.abs() + (theta * theta + 1.0).sqrt());
                let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
                let sine = tangent * cosine;
                rotate(&mut a, size, (p, q), (cosine, sine));
                rotate(&mut vectors, size, (p, q), (cosine, sine));
                for row in a.chunks_exact_mut(size) {
                    (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(|one, other| a[other * size + other].total_cmp(&a[one * size + one]));
    let values = order.iter().map(|at| a[at * size + at]).collect();
    (values, order.iter().flat_map(|at| vectors[at * size..][..size].iter().copied()).collect())
}

/// Two rows, turned.
fn rotate(a: &mut [f64], size: usize, (p, q): (usize, usize), (cosine, sine): (f64, f64)) {
    let (before, after) = a.split_at_mut(q * size);
    for (p, q) in before[p * size..][..size].iter_mut().zip(&mut after[..size]) {
        (*p, *q) = (cosine * *p - sine * *q, sine * *p + cosine * *q);
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use drr_core::Seed;

    use super::*;

    fn drawn(rows: usize, columns: usize) -> Vec<f64> {
        let mut stream = Seed(1).stream("test");
        (0..rows * columns).map(|_| stream.normal()).collect()
    }

    /// A Aᵀ + I of a drawn A.
    fn definite(size: usize) -> Vec<f64> {
        let a = drawn(size, size);
        let of = |at: usize| dot(&a[at / size * size..][..size], &a[at % size * size..][..size]);
        (0..size * size).map(|at| of(at) + f64::from(at / size == at % size)).collect()
    }

    fn product(a: &[f64], b: &[f64], size: usize) -> Vec<f64> {
        let turned = transposed(b, size);
        (0..size * size).map(|at| dot(&a[at / size * size..][..size], &turned[at % size * size..][..size])).collect()
    }

    fn is_identity(a: &[f64], size: usize, within: f64) -> bool {
        a.iter().enumerate().all(|(at, value)| (value - f64::from(at / size == at % size)).abs() < within)
    }

    #[test]
    fn an_inverse_of_any_size_times_its_matrix_is_the_identity() {
        for size in [1, 3, 4, 63, 64, 65, 130, 201] {
            let a = definite(size);
            let mut inverse = a.clone();
            assert_eq!(invert(&mut inverse, size, &mut |_, _| Ok::<_, Infallible>(())), Ok(true));
            assert!(is_identity(&product(&a, &inverse, size), size, 1e-8), "size {size}");
            let mut factor = a.clone();
            assert!(cholesky(&mut factor, size));
            let mut x = a[..size].to_vec();
            solve(&factor, &mut x);
            assert!((x[0] - 1.0).abs() < 1e-9 && x[1..].iter().all(|x| x.abs() < 1e-9), "size {size}");
        }
    }

    #[test]
    fn what_is_not_positive_definite_is_said() {
        let mut a = definite(100);
        a[99 * 100 + 99] = -1.0;
        assert!(!cholesky(&mut a, 100));
        assert!(!cholesky(&mut [1.0, f64::NAN, f64::NAN, f64::NAN], 2));
    }

    #[test]
    fn columns_become_orthonormal_and_those_without_a_direction_zero() {
        let (rows, columns) = (50, 7);
        let mut a = drawn(rows, columns);
        a.chunks_exact_mut(columns).for_each(|row| row[4] = row[1] - 2.0 * row[3]);
        orthonormalise(&mut a, columns);
        let turned = transposed(&a, columns);
        let column = |at: usize| &turned[at * rows..][..rows];
        for (one, other) in (0..columns).flat_map(|one| (0..columns).map(move |other| (one, other))) {
            let expected = f64::from(one == other && one != 4);
            assert!((dot(column(one), column(other)) - expected).abs() < 1e-14);
        }
    }

    #[test]
    fn eigenvectors_are_those_of_their_values_in_order() {
        let size = 30;
        let a = definite(size);
        let (values, vectors) = eigen(a.clone(), size);
        assert!(values.windows(2).all(|pair| pair[0] >= pair[1]));
        for (value, vector) in values.iter().zip(vectors.chunks_exact(size)) {
            for (row, x) in a.chunks_exact(size).zip(vector) {
                assert!((dot(row, vector) - value * x).abs() < 1e-10);
            }
        }
        assert!(is_identity(&product(&vectors, &transposed(&vectors, size), size), size, 1e-12));
    }
}
