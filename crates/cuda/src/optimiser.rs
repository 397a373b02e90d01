//! Adam with clipping and the soft update, for a cohort at once.

use drr_train::kernels::Array;
use drr_train::kernels::accelerator::{DeviceOptimiser, Rates};
use drr_train::kernels::slices::ADAM;
use tch::Tensor;

use crate::blocks::{padded, sum, tensor};

/// Per-member constants of an optimiser on the device, each `[C, 1]`.
pub(crate) struct DeviceRates {
    lr: Tensor,
    weight_decay: Tensor,
    clip: Tensor,
    tau: Tensor,
}

impl DeviceRates {
    /// Uploads the rates of all members.
    pub fn new(rates: &[Rates], device: tch::Device) -> Self {
        let column = |value: fn(&Rates) -> f64| {
            // Members up to a whole block learn nothing.
            let mut values: Vec<f32> = rates.iter().map(|rates| value(rates) as f32).collect();
            values.resize(padded(rates.len()), 0.0);
            Tensor::from_slice(&values).view([-1, 1]).to_device(device)
        };
        Self {
            lr: column(|rates| rates.lr),
            weight_decay: column(|rates| rates.weight_decay),
            // No clipping is clipping at infinity.
            clip: column(|rates| if rates.clip > 0.0 { rates.clip } else { f64::INFINITY }),
            tau: column(|rates| rates.tau),
        }
    }
}

impl DeviceOptimiser for DeviceRates {
    fn step(
        &self,
        corrections: (f64, f64),
        gradient: &Array,
        (m, v): (&mut Array, &mut Array),
        theta: &mut Array,
        target: &mut Array,
    ) {
        let (beta1, beta2, epsilon) = ADAM;
        let norm = sum(&tensor(gradient).square(), &[1], true).sqrt() + 1e-6;
        let scale = (&self.clip / norm).clamp_max(1.0);
        let [m, v, theta, target] = [m, v, theta, target].map(|array| tensor(array).shallow_clone());
        // In place wherever it can be: the bytes of these arrays are what a step takes.
        let mut g = tensor(gradient) * scale;
        let _ = g.addcmul_(&theta, &self.weight_decay);
        let _ = m.shallow_clone().lerp_(&g, f64::from(1.0 - beta1));
        let _ = v.shallow_clone().lerp_(&g.square_(), f64::from(1.0 - beta2));
        let mut denominator = v.sqrt();
        let _ = denominator.g_mul_scalar_(1.0 / corrections.1.sqrt()).g_add_scalar_(f64::from(epsilon));
        let mut step = m / denominator;
        let _ = step.g_mul_(&(&self.lr * (1.0 / corrections.0)));
        let _ = theta.shallow_clone().g_sub_(&step);
        let _ = target.shallow_clone().lerp_tensor_(&theta, &self.tau);
    }
}
