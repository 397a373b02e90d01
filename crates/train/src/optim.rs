//! Adam with gradient clipping and the soft update of a target network, for a cohort: on the CPU in one pass over flat
//! memory, on a device by what computes there.

use std::mem;

use drr_core::math;

use crate::kernels::accelerator::{DeviceOptimiser, Rates};
use crate::kernels::simd::sum_of_squares;
use crate::kernels::slices::{ADAM, AdamStep, adam_soft_update};
use crate::kernels::{Array, Backend};
use crate::threads;

/// A network's parameters with all that training keeps beside them, each `[C, P]`.
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
    on_device: Option<Box<dyn DeviceOptimiser>>,
}

impl Trained {
    /// Starts from each member's initial parameters; the targets are copies (slides, line 2).
    pub fn new(initial: &[Vec<f32>], rates: Vec<Rates>, backend: Backend) -> Self {
        let zeros = || Array::zeros(&[initial.len(), initial[0].len()], backend);
        let on_device = match backend {
            Backend::Slices => None,
            Backend::Device(device) => Some(device.optimiser(&rates)),
        };
        let mut trained = Self {
            theta: zeros(),
            target: zeros(),
            gradient: zeros(),
            m: zeros(),
            v: zeros(),
            steps: 0,
            rates,
            on_device,
        };
        let initial = initial.concat();
        trained.theta.fill_from(&initial);
        trained.target.fill_from(&initial);
        trained
    }

    /// One step of every member from the gradients, then θ' ← τθ + (1-τ)θ'.
    pub fn step(&mut self) {
        self.steps += 1;
        let (beta1, beta2, _) = ADAM;
        let correction = |beta: f32| 1.0 - math::pow(f64::from(beta), self.steps as f64);
        let corrections = (correction(beta1), correction(beta2));
        match &self.on_device {
            Some(device) => {
                let moments = (&mut self.m, &mut self.v);
                device.step(corrections, &self.gradient, moments, &mut self.theta, &mut self.target);
            }
            None => self.step_slices(corrections),
        }
    }

    fn step_slices(&mut self, corrections: (f64, f64)) {
        let size = self.theta.size(1);
        let parts = threads::parts(self.rates.len() * size, LEAST).div_ceil(self.rates.len());
        let mut pieces = Vec::with_capacity(self.rates.len() * parts);
        let arrays = [&mut self.m, &mut self.v, &mut self.theta, &mut self.target];
        let mut rest = arrays.map(Array::as_mut_slice);
        for (member, rates) in self.rates.iter().enumerate() {
            let gradient = &self.gradient.as_slice()[member * size..][..size];
            let clip = if rates.clip > 0.0 { (rates.clip / (norm(gradient) + 1e-6)).min(1.0) } else { 1.0 };
            let step = AdamStep {
                step_size: (rates.lr / corrections.0) as f32,
                second_moment_scale: (1.0 / corrections.1.sqrt()) as f32,
                clip: clip as f32,
                weight_decay: rates.weight_decay as f32,
                tau: rates.tau as f32,
            };
            for range in threads::shares(size, parts) {
                let own = rest.each_mut().map(|rest| {
                    let (own, others) = mem::take(rest).split_at_mut(range.len());
                    *rest = others;
                    own
                });
                pieces.push((step, &gradient[range], own));
            }
        }
        threads::each(pieces, |(step, gradient, [m, v, theta, target])| {
            adam_soft_update(step, gradient, m, v, theta, target);
        });
    }
}

/// Parameters that are worth a core of their own.
const LEAST: usize = 1 << 15;

/// Numbers whose squares are summed in single precision.
const BLOCK: usize = 4096;

/// A gradient's Euclidean norm; its blocks' sums are added in their order, whoever computed them.
fn norm(gradient: &[f32]) -> f64 {
    let mut sums = vec![0.0; gradient.len().div_ceil(BLOCK)];
    let of = |block: usize| &gradient[block * BLOCK..gradient.len().min((block + 1) * BLOCK)];
    threads::for_each(&mut sums, |block, sum| *sum = sum_of_squares(of(block)));
    sums.iter().fold(0.0, |total, sum| total + sum).sqrt()
}
