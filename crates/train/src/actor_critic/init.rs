//! Initial parameters: orthogonal weights (Saxe et al. 2014), zero biases, and w that starts as the plain mean of the
//! history for state `ave` (1/n) and as the plain embeddings for `p` and `u` (1).

use drr_core::Seed;
use drr_core::seed::Stream;
use drr_kinds::drr::StateKind;
use tch::{Kind, Tensor};

use super::shapes::Layout;

/// A member's initial actor parameters.
pub fn actor(layout: &Layout, kind: StateKind, seed: Seed) -> Vec<f32> {
    let mut values = network(layout, &mut seed.stream("init/actor"));
    let weight = match kind {
        StateKind::Ave => 1.0 / layout.state_weights as f32,
        StateKind::P | StateKind::U => 1.0,
    };
    values[layout.state_weight_at..].fill(weight);
    values
}

/// A member's initial critic parameters.
pub fn critic(layout: &Layout, seed: Seed) -> Vec<f32> {
    network(layout, &mut seed.stream("init/critic"))
}

fn network(layout: &Layout, stream: &mut Stream) -> Vec<f32> {
    let mut values = vec![0.0; layout.size];
    for layer in &layout.layers {
        let weight = &mut values[layer.weight_at..layer.bias_at];
        weight.copy_from_slice(&orthogonal(layer.inputs, layer.outputs, stream));
    }
    values
}

/// A matrix `[rows, columns]` with orthonormal rows or columns, whichever are fewer: the Q of a normal matrix, its signs
/// fixed by R's diagonal so that the distribution is uniform.
fn orthogonal(rows: usize, columns: usize, stream: &mut Stream) -> Vec<f32> {
    let (long, short) = (rows.max(columns), rows.min(columns));
    let normal: Vec<f64> = (0..long * short).map(|_| stream.normal()).collect();
    let matrix = Tensor::from_slice(&normal).view([long as i64, short as i64]);
    let (q, r) = Tensor::linalg_qr(&matrix, "reduced");
    let q = q * r.diagonal(0, 0, 1).sign();
    let q = if rows < columns { q.transpose(0, 1) } else { q };
    let flat = q.to_kind(Kind::Float).contiguous().view(-1);
    Vec::<f32>::try_from(flat).expect("a flat float tensor is a vector")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orthogonal_matrices_are_orthogonal() {
        for (rows, columns) in [(6, 4), (4, 6), (5, 5), (3, 1)] {
            let w = orthogonal(rows, columns, &mut Seed(1).stream("test"));
            let short = rows.min(columns);
            for a in 0..short {
                for b in 0..short {
                    let product: f32 = (0..rows.max(columns))
                        .map(|i| {
                            if rows < columns {
                                w[a * columns + i] * w[b * columns + i]
                            } else {
                                w[i * columns + a] * w[i * columns + b]
                            }
                        })
                        .sum();
                    assert!(
                        (product - f32::from(u8::from(a == b))).abs() < 1e-5,
                        "{rows}×{columns}: ({a}, {b}) = {product}"
                    );
                }
            }
        }
    }
}
