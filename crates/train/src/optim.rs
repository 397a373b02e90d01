//! Adam with gradient clipping and the soft update of a target network, for a cohort, in one pass over flat memory.

use crate::kernels::Array;
use crate::kernels::simd::sum_of_squares;
use crate::kernels::slices::{ADAM, AdamStep, adam_soft_update};

/// What may differ between the members of a cohort in one optimiser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Learning rate.
    pub lr: f64,
    /// L2 penalty added to the gradient (as `torch.optim.Adam`'s `weight_decay`).
    pub weight_decay: f64,
    /// Largest gradient norm; 0 does not clip.
    pub clip: f64,
    /// Soft-update rate τ.
    pub tau: f64,
}

/// A network's parameters with all that training keeps beside them, each [C, P].
pub struct Trained {
    /// Parameters θ.
    pub theta: Array,
    /// Target parameters θ'.
    pub target: Array,
    /// Gradients.
    pub gradient: Array,
    /// First moments.
    pub m: Array,
    /// Second moments.
    pub v: Array,
    /// Adam's step count, one for all members.
    pub steps: u64,
    rates: Vec<Rates>,
    size: usize,
}

impl Trained {
    /// Starts from each member's initial parameters; the targets are copies (slides, line 2).
    pub fn new(initial: &[Vec<f32>], rates: Vec<Rates>) -> Self {
        let size = initial[0].len();
        let zeros = || Array::zeros(&[initial.len(), size]);
        let mut trained =
            Self { theta: zeros(), target: zeros(), gradient: zeros(), m: zeros(), v: zeros(), steps: 0, rates, size };
        for (member, values) in initial.iter().enumerate() {
            trained.theta.as_mut_slice()[member * size..][..size].copy_from_slice(values);
            trained.target.as_mut_slice()[member * size..][..size].copy_from_slice(values);
        }
        trained
    }

    /// Number of parameters of one member.
    pub fn size(&self) -> usize {
        self.size
    }

    /// One step of every member from the gradients, then θ' ← τθ + (1-τ)θ'.
    pub fn step(&mut self) {
        self.steps += 1;
        let (beta1, beta2, _) = ADAM;
        let correction = |beta: f32| 1.0 - f64::from(beta).powf(self.steps as f64);
        for (member, rates) in self.rates.iter().enumerate() {
            let range = member * self.size..(member + 1) * self.size;
            let gradient = &self.gradient.as_slice()[range.clone()];
            let clip =
                if rates.clip > 0.0 { (rates.clip / (sum_of_squares(gradient).sqrt() + 1e-6)).min(1.0) } else { 1.0 };
            let step = AdamStep {
                step_size: (rates.lr / correction(beta1)) as f32,
                second_moment_scale: (1.0 / correction(beta2).sqrt()) as f32,
                clip: clip as f32,
                weight_decay: rates.weight_decay as f32,
                tau: rates.tau as f32,
            };
            adam_soft_update(
                step,
                gradient,
                &mut self.m.as_mut_slice()[range.clone()],
                &mut self.v.as_mut_slice()[range.clone()],
                &mut self.theta.as_mut_slice()[range.clone()],
                &mut self.target.as_mut_slice()[range],
            );
        }
    }
}
