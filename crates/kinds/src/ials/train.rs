//! Alternating least squares.

use drr_core::journal::Point;

use super::IalsSpec;
use crate::dense;
use crate::error::{Error, Result};
use crate::factors::FactorModel;
use crate::matrix::RatingMatrix;
use crate::tensors;
use crate::training::{Metrics, Reporter, Trained, Training};

/// Rows that are solved for between two words to the reporter.
const ROWS: usize = 4096;

/// Factors in double precision, one user's and one item's after another.
pub(super) struct Alternating<'a> {
    x: &'a RatingMatrix,
    by_item: RatingMatrix,
    spec: &'a IalsSpec,
    /// `[users, k]`.
    pub users: Vec<f64>,
    /// `[items, k]`.
    pub items: Vec<f64>,
}

/// Solves for users and items in turn, and writes the factors.
///
/// # Errors
/// Settings that are none, a train part without a rating that counts, whatever the reporter says, or a model that cannot be
/// written.
pub(super) fn train(training: &Training<'_>, reporter: &mut dyn Reporter) -> Result<Trained> {
    let settings = training.settings.section::<IalsSpec>();
    let spec = settings.map_err(|error| Error::Deterministic(format!("the settings of ials: {error}")))?;
    let x = RatingMatrix::new(training.world, spec.values)?;
    let k = spec.factors as usize;
    let mut stream = training.seed.stream("ials/init");
    let scale = 0.1 / (k as f64).sqrt();
    let items = (0..x.items * k).map(|_| scale * stream.normal()).collect();
    let mut model = Alternating::new(&x, &spec, items);
    let mut metrics = Metrics::new();
    for epoch in 1..=spec.epochs {
        model.epoch(&mut || reporter.progress(epoch - 1, spec.epochs))?;
        let loss = model.loss() / x.len() as f64;
        reporter.points(0, vec![Point::new("train/loss".to_owned(), epoch, loss)])?;
        metrics.insert("loss".to_owned(), loss);
    }
    let model = tensors::write(training.model, &FactorModel::new(k, &model.users, &model.items).tensors())?;
    Ok(Trained { metrics, model })
}

impl<'a> Alternating<'a> {
    /// Before the first epoch, with the items' factors as they are drawn.
    pub fn new(x: &'a RatingMatrix, spec: &'a IalsSpec, items: Vec<f64>) -> Self {
        Self { x, by_item: x.transposed(), spec, users: vec![0.0; x.users * spec.factors as usize], items }
    }

    /// Users by the items, then items by the users.
    ///
    /// # Errors
    /// What `alive` says, and where the penalty is too small for these numbers.
    pub fn epoch(&mut self, alive: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        solve_all(self.x, self.spec, &self.items, &mut self.users, alive)?;
        solve_all(&self.by_item, self.spec, &self.users, &mut self.items, alive)
    }

    /// Σ c (p - p_u · q_i)² over all pairs, and the penalty (equation 3).
    pub fn loss(&self) -> f64 {
        let k = self.spec.factors as usize;
        // Pairs that were not rated as well: Σ (p_u · q_i)² is the product of both sides' sums of squares.
        let mut loss = dense::dot(&gram(&self.users, k), &gram(&self.items, k));
        for ((items, values), user) in self.x.rows().zip(self.users.chunks_exact(k)) {
            for (&item, value) in items.iter().zip(values) {
                let score = dense::dot(user, &self.items[item as usize * k..][..k]);
                loss += (1.0 + self.spec.alpha * value) * (1.0 - score) * (1.0 - score) - score * score;
            }
        }
        loss + self.spec.l2 * (dense::dot(&self.users, &self.users) + dense::dot(&self.items, &self.items))
    }
}

/// YᵀY, `[k, k]`.
fn gram(y: &[f64], k: usize) -> Vec<f64> {
    let mut sums = vec![0.0; k * k];
    for row in y.chunks_exact(k) {
        for (sums, factor) in sums.chunks_exact_mut(k).zip(row) {
            dense::add_scaled(sums, *factor, row);
        }
    }
    sums
}

/// Each row's vector given the columns': (YᵀY + Σ alpha x y yᵀ + l2 I)⁻¹ Σ c y (equation 4).
fn solve_all(
    x: &RatingMatrix,
    spec: &IalsSpec,
    columns: &[f64],
    rows: &mut [f64],
    alive: &mut dyn FnMut() -> Result<()>,
) -> Result<()> {
    let k = spec.factors as usize;
    let mut shared = gram(columns, k);
    (0..k).for_each(|at| shared[at * k + at] += spec.l2);
    let mut a = shared.clone();
    for (at, ((places, values), row)) in x.rows().zip(rows.chunks_exact_mut(k)).enumerate() {
        if at % ROWS == 0 {
            alive()?;
        }
        row.fill(0.0);
        if places.is_empty() {
            continue;
        }
        a.copy_from_slice(&shared);
        for (&place, value) in places.iter().zip(values) {
            let y = &columns[place as usize * k..][..k];
            let more = spec.alpha * value;
            for (at, (a, factor)) in a.chunks_exact_mut(k).zip(y).enumerate() {
                dense::add_scaled(&mut a[..=at], more * factor, &y[..=at]);
            }
            dense::add_scaled(row, 1.0 + more, y);
        }
        if !dense::cholesky(&mut a, k) {
            return Err(Error::Deterministic("the factors have no least squares: raise ials.l2".to_owned()));
        }
        dense::solve(&a, row);
    }
    Ok(())
}
