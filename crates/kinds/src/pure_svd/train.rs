//! The decomposition.

use drr_core::journal::Point;
use drr_core::seed::Stream;

use super::PureSvdSpec;
use crate::dense;
use crate::error::{Error, Result};
use crate::factors::FactorModel;
use crate::matrix::RatingMatrix;
use crate::tensors;
use crate::training::{Metrics, Reporter, Trained, Training};

/// A residual ‖XᵀXv - σ²v‖ that is none, in σ_1².
const TOLERANCE: f64 = 1e-10;

/// Products with XᵀX between two looks at the residuals.
const STEPS: usize = 4;

/// Looks at the residuals, at most: what has not been told apart by then differs too little to matter.
const LOOKS: usize = 500;

/// The greatest singular values with their right singular vectors.
pub(super) struct Singular {
    /// σ, the greatest first.
    pub values: Vec<f64>,
    /// V, `[items, k]`.
    pub vectors: Vec<f64>,
    /// Products with XᵀX that they took.
    pub products: usize,
}

/// Finds V and writes it, with x_u V of each user.
///
/// # Errors
/// Settings that are none, a train part without a rating that counts, whatever the reporter says, or a model that cannot be
/// written.
pub(super) fn train(training: &Training<'_>, reporter: &mut dyn Reporter) -> Result<Trained> {
    let settings = training.settings.section();
    let PureSvdSpec { factors, values } =
        settings.map_err(|error| Error::Deterministic(format!("the settings of pure-svd: {error}")))?;
    let x = RatingMatrix::new(training.world, values)?;
    let mut stream = training.seed.stream("pure-svd/start");
    let k = (factors as usize).min(x.users).min(x.items);
    // A wider block tells the last vector that is kept from what follows it.
    let width = (2 * k).max(k + 10).min(x.users).min(x.items);
    let found = singular(&x, (k, width), &mut stream, &mut |done, total| reporter.progress(done, total))?;
    let kept: f64 = found.values.iter().map(|value| value * value).sum();
    let metrics =
        Metrics::from([("explained".to_owned(), kept / x.squares()), ("products".to_owned(), found.products as f64)]);
    reporter.points(0, metrics.iter().map(|(name, value)| Point::new(name.clone(), 1, *value)).collect())?;
    let users = products(&x, &found.vectors, k);
    let model = tensors::write(training.model, &FactorModel::new(k, &users, &found.vectors).tensors())?;
    Ok(Trained { metrics, model })
}

/// The `k` greatest singular values of X and their right singular vectors, by iteration on a block of `width` vectors, `k` at
/// least (Rutishauser 1970).
pub(super) fn singular(
    x: &RatingMatrix,
    (k, width): (usize, usize),
    stream: &mut Stream,
    progress: &mut dyn FnMut(u64, u64) -> Result<()>,
) -> Result<Singular> {
    let mut block: Vec<f64> = (0..x.items * width).map(|_| stream.normal()).collect();
    dense::orthonormalise(&mut block, width);
    for look in 0.. {
        for _ in 0..STEPS {
            progress(look as u64, LOOKS as u64)?;
            block = back(x, &products(x, &block, width), width);
            dense::orthonormalise(&mut block, width);
        }
        let image = products(x, &block, width);
        // (XQ)ᵀXQ, whose eigenvectors turn Q to singular vectors.
        let mut small = vec![0.0; width * width];
        for row in image.chunks_exact(width) {
            for (small, factor) in small.chunks_exact_mut(width).zip(row) {
                dense::add_scaled(small, *factor, row);
            }
        }
        let (squares, turns) = dense::eigen(small, width);
        let turns = dense::transposed(&turns, width);
        let again = turned(&back(x, &image, width), &turns, width);
        let vectors = turned(&block, &turns, width);
        let mut residuals = vec![0.0_f64; width];
        for (vectors, again) in vectors.chunks_exact(width).zip(again.chunks_exact(width)) {
            for (((residual, square), vector), again) in residuals.iter_mut().zip(&squares).zip(vectors).zip(again) {
                let left = again - square * vector;
                *residual += left * left;
            }
        }
        let worst = residuals[..k].iter().fold(0.0_f64, |worst, residual| worst.max(residual.sqrt())) / squares[0];
        if worst <= TOLERANCE || look + 1 == LOOKS {
            let values = squares[..k].iter().map(|square| square.max(0.0).sqrt()).collect();
            let vectors = vectors.chunks_exact(width).flat_map(|row| row[..k].iter().copied()).collect();
            return Ok(Singular { values, vectors, products: (look + 1) * (STEPS + 1) });
        }
        block = again;
        dense::orthonormalise(&mut block, width);
    }
    unreachable!("the last look returns")
}

/// XB of a block B, `[items, width]`.
fn products(x: &RatingMatrix, block: &[f64], width: usize) -> Vec<f64> {
    let mut image = vec![0.0; x.users * width];
    for ((items, values), image) in x.rows().zip(image.chunks_exact_mut(width)) {
        for (&item, value) in items.iter().zip(values) {
            dense::add_scaled(image, *value, &block[item as usize * width..][..width]);
        }
    }
    image
}

/// XᵀA of a block A, `[users, width]`.
fn back(x: &RatingMatrix, image: &[f64], width: usize) -> Vec<f64> {
    let mut block = vec![0.0; x.items * width];
    for ((items, values), image) in x.rows().zip(image.chunks_exact(width)) {
        for (&item, value) in items.iter().zip(values) {
            dense::add_scaled(&mut block[item as usize * width..][..width], *value, image);
        }
    }
    block
}

/// B S of a block B, `[rows, width]`, and S, `[width, width]`.
fn turned(block: &[f64], turns: &[f64], width: usize) -> Vec<f64> {
    let mut all = vec![0.0; block.len()];
    for (row, all) in block.chunks_exact(width).zip(all.chunks_exact_mut(width)) {
        for (factor, turns) in row.iter().zip(turns.chunks_exact(width)) {
            dense::add_scaled(all, *factor, turns);
        }
    }
    all
}
