//! The kernels as libtorch operations: a constant number of launches for a whole cohort, no host synchronisation. The
//! mathematics is that of [`super::slices`]; a test holds the two together.

use tch::{Kind, Tensor};

use super::{Array, Columns};
use crate::optim::Rates;

fn columns_of(array: &Array, columns: Columns) -> Tensor {
    array.tensor().narrow(2, columns.offset as i64, columns.width as i64)
}

/// Parameters at `at`, `[C, 1, width]`.
fn row(parameters: &Array, at: usize, width: usize) -> Tensor {
    part(parameters, at, width).unsqueeze(1)
}

/// Parameters at `at`, `[C, width]`.
fn part(parameters: &Array, at: usize, width: usize) -> Tensor {
    parameters.tensor().narrow(1, at as i64, width as i64)
}

fn write(out: &Array, value: &Tensor) {
    out.tensor().shallow_clone().copy_(value);
}

/// See [`super::add_bias`].
pub fn add_bias(x: &Array, parameters: &Array, at: usize) {
    let _ = x.tensor().shallow_clone().g_add_(&row(parameters, at, x.size(2)));
}

/// See [`super::bias_relu`].
pub fn bias_relu(x: &Array, parameters: &Array, at: usize) {
    add_bias(x, parameters, at);
    let _ = x.tensor().shallow_clone().relu_();
}

/// See [`super::bias_relu_into`].
pub fn bias_relu_into(x: &Array, out: &Array, columns: Columns, parameters: &Array, at: usize) {
    columns_of(out, columns).copy_(&(x.tensor() + row(parameters, at, x.size(2))).relu());
}

/// See [`super::copy_into`].
pub fn copy_into(x: &Array, out: &Array, columns: Columns) {
    columns_of(out, columns).copy_(x.tensor());
}

/// See [`super::relu_backward`].
pub fn relu_backward(gradient: &Array, activation: &Array, columns: Columns) {
    let mask = columns_of(activation, columns).gt(0.0);
    let _ = gradient.tensor().shallow_clone().g_mul_(&mask.to_kind(Kind::Float));
}

/// See [`super::tanh`].
pub fn tanh(x: &Array) {
    let _ = x.tensor().shallow_clone().tanh_();
}

/// See [`super::tanh_backward`].
pub fn tanh_backward(gradient: &Array, y: &Array) {
    write(gradient, &Tensor::tanh_backward(gradient.tensor(), y.tensor()));
}

/// See [`super::to_unit`].
pub fn to_unit(x: &Array, length: &Array) {
    let squares = x.tensor().square().sum_dim_intlist(2, false, Kind::Float);
    write(length, &(squares.sqrt() + f64::from(super::slices::LEAST_LENGTH)));
    write(x, &(x.tensor() / length.tensor().unsqueeze(2)));
}

/// See [`super::unit_tanh_backward`].
pub fn unit_tanh_backward(gradient: &Array, x: &Array, length: &Array) {
    let (g, x, length) = (gradient.tensor(), x.tensor(), length.tensor().unsqueeze(2));
    let along = (g * x).sum_dim_intlist(2, true, Kind::Float);
    let slope = 1.0 - (&length * x).square();
    write(gradient, &((g - along * x) / length * slope));
}

/// See [`super::column_sums`].
pub fn column_sums(x: &Array, gradient: &Array, at: usize) {
    part(gradient, at, x.size(2)).copy_(&x.tensor().sum_dim_intlist(1, false, Kind::Float));
}

/// See [`super::head`].
pub fn head(x: &Array, parameters: &Array, weight_at: usize, bias_at: usize, q: &Array) {
    let product = x.tensor() * row(parameters, weight_at, x.size(2));
    write(q, &(product.sum_dim_intlist(2, false, Kind::Float) + part(parameters, bias_at, 1)));
}

/// See [`super::head_backward`].
pub fn head_backward(dq: &Array, x: &Array, parameters: &Array, weight_at: usize, out: &Array) {
    let mask = x.tensor().gt(0.0).to_kind(Kind::Float);
    write(out, &(dq.tensor().unsqueeze(2) * row(parameters, weight_at, x.size(2)) * mask));
}

/// See [`super::head_gradient`].
pub fn head_gradient(dq: &Array, x: &Array, gradient: &Array, weight_at: usize, bias_at: usize) {
    let product = dq.tensor().unsqueeze(2) * x.tensor();
    part(gradient, weight_at, x.size(2)).copy_(&product.sum_dim_intlist(1, false, Kind::Float));
    part(gradient, bias_at, 1).copy_(&dq.tensor().sum_dim_intlist(1, true, Kind::Float));
}

/// See [`super::bootstrap`].
pub fn bootstrap(rewards: &Array, gamma: &Array, q: &Array, y: &Array) {
    write(y, &(rewards.tensor() + gamma.tensor() * q.tensor()));
}

/// See [`super::temporal_difference`].
pub fn temporal_difference(y: &Array, q: &Array, weights: &Array, td: &Array, dq: &Array) {
    let difference = y.tensor() - q.tensor();
    write(td, &difference);
    write(dq, &(difference * weights.tensor() * (-2.0 / y.size(1) as f64)));
}

/// Per-member constants of an optimiser on the device, each `[C, 1]`.
pub struct DeviceRates {
    lr: Tensor,
    weight_decay: Tensor,
    clip: Tensor,
    tau: Tensor,
}

impl DeviceRates {
    /// Uploads the rates of all members.
    pub fn new(rates: &[Rates], device: tch::Device) -> Self {
        let column = |value: fn(&Rates) -> f64| {
            let values: Vec<f32> = rates.iter().map(|rates| value(rates) as f32).collect();
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

    /// Clip, Adam and soft update of all members; all arrays `[C, P]`. `corrections` are 1 - β1^t and 1 - β2^t.
    pub fn step(
        &self,
        corrections: (f64, f64),
        gradient: &Array,
        moments: (&Array, &Array),
        theta: &Array,
        target: &Array,
    ) {
        let (beta1, beta2, epsilon) = super::slices::ADAM;
        let norm = gradient.tensor().square().sum_dim_intlist(1, true, Kind::Float).sqrt() + 1e-6;
        let scale = (&self.clip / norm).clamp_max(1.0);
        let g = gradient.tensor() * scale + theta.tensor() * &self.weight_decay;
        let (m, v) = moments;
        write(m, &(m.tensor() + (&g - m.tensor()) * (1.0 - f64::from(beta1))));
        write(v, &(v.tensor() * f64::from(beta2) + g.square() * (1.0 - f64::from(beta2))));
        let denominator = v.tensor().sqrt() * (1.0 / corrections.1.sqrt()) + f64::from(epsilon);
        let step = m.tensor() / denominator * (&self.lr * (1.0 / corrections.0));
        write(theta, &(theta.tensor() - step));
        write(target, &(target.tensor() + (theta.tensor() - target.tensor()) * &self.tau));
    }
}
