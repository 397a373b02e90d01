//! The weights in closed form.

use drr_core::journal::Point;

use super::{EaseSpec, ranking};
use crate::dense;
use crate::error::{Error, Result};
use crate::matrix::RatingMatrix;
use crate::tensors;
use crate::training::{Metrics, Reporter, Trained, Training};

/// The largest catalogue: from there on the weights alone would be more than a worker should take, and the inverse hours.
pub(super) const MOST_ITEMS: usize = 20_000;

/// The weights B, and how much of X they explain.
pub(super) struct Weights {
    /// Bᵀ, `[items, items]`: of each item the weights of all others in its score.
    pub by_item: Vec<f32>,
    /// 1 - ‖X - XB‖² / ‖X‖².
    pub explained: f64,
}

/// Finds the weights and writes them.
///
/// # Errors
/// Settings that are none, a train part without a rating, a catalogue that is too large, no penalty where there must be one,
/// whatever the reporter says, or a model that cannot be written.
pub(super) fn train(training: &Training<'_>, reporter: &mut dyn Reporter) -> Result<Trained> {
    let settings = training.settings.section();
    let EaseSpec { l2, values } =
        settings.map_err(|error| Error::Deterministic(format!("the settings of ease: {error}")))?;
    let x = RatingMatrix::new(training.world, values)?;
    let Weights { by_item, explained } = weights(&x, l2, &mut |done, total| reporter.progress(done, total))?;
    let metrics = Metrics::from([("explained".to_owned(), explained)]);
    reporter.points(0, vec![Point::new("explained".to_owned(), 1, explained)])?;
    let model = tensors::write(training.model, &ranking::tensors(by_item, x.items, values))?;
    Ok(Trained { metrics, model })
}

/// B = I - P · diag(1 / diag P), P = (XᵀX + l2 I)⁻¹ (Steck 2019, equation 8).
pub(super) fn weights(x: &RatingMatrix, l2: f64, progress: &mut dyn FnMut(u64, u64) -> Result<()>) -> Result<Weights> {
    let items = x.items;
    if items > MOST_ITEMS {
        return Err(Error::Deterministic(format!(
            "ease inverts a matrix of items × items, and {items} are more than {MOST_ITEMS}: take pure-svd or ials, whose \
             time and memory grow with the ratings, or a dataset of fewer items"
        )));
    }
    let mut p = vec![0.0; items * items];
    for (columns, values) in x.rows() {
        for (at, (&row, value)) in columns.iter().zip(values).enumerate() {
            let row = &mut p[row as usize * items..][..items];
            for (&column, other) in columns[..=at].iter().zip(values) {
                row[column as usize] += value * other;
            }
        }
    }
    (0..items).for_each(|item| p[item * items + item] += l2);
    if !dense::invert(&mut p, items, &mut |done, total| progress(done as u64, total as u64))? {
        return Err(Error::Deterministic("XᵀX + l2 I has no inverse: raise ease.l2".to_owned()));
    }
    // ‖X - XB‖² without X: a column of I - B is P's over P_jj, so that XᵀX = P⁻¹ - l2 I leaves 1 / P_jj - l2 ‖column‖².
    let mut left = 0.0;
    for (item, own) in p.chunks_exact_mut(items).enumerate() {
        let own_p = own[item];
        own.iter_mut().for_each(|value| *value /= own_p);
        left += 1.0 / own_p - l2 * dense::dot(own, own);
        own.iter_mut().for_each(|value| *value = -*value);
        own[item] = 0.0;
    }
    let by_item = p.iter().map(|weight| *weight as f32).collect();
    Ok(Weights { by_item, explained: 1.0 - left / x.squares() })
}
