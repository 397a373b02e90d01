//! The kernels on CPU memory. One pass each, no allocation. `c` is the number of
//! cohort members, `n` the rows of each; matrices are `[c, n, width]`, parameters `[c, p]` with offsets into a member's row.

use drr_core::math;

use super::dot::dot;
use super::simd::{add_scaled, simd};

/// Where a block of columns lies: `offset..offset + width` of rows that are `stride` wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Width of a whole row.
    pub stride: usize,
    /// First column.
    pub offset: usize,
    /// Number of columns.
    pub width: usize,
}

impl Columns {
    /// All columns of rows `width` wide.
    pub fn all(width: usize) -> Self {
        Self { stride: width, offset: 0, width }
    }

    #[inline(always)]
    fn of<'a>(&self, matrix: &'a [f32], row: usize) -> &'a [f32] {
        &matrix[row * self.stride + self.offset..][..self.width]
    }

    #[inline(always)]
    fn of_mut<'a>(&self, matrix: &'a mut [f32], row: usize) -> &'a mut [f32] {
        &mut matrix[row * self.stride + self.offset..][..self.width]
    }
}

simd! {
    /// x += bias for every row; `bias_at` is the bias's offset in a member's parameters.
    pub fn add_bias(x: &mut [f32], rows: usize, width: usize, parameters: &[f32], p: usize, bias_at: usize) {
        for (member, block) in x.chunks_exact_mut(rows * width).enumerate() {
            let bias = &parameters[member * p + bias_at..][..width];
            for row in block.chunks_exact_mut(width) {
                for (x, b) in row.iter_mut().zip(bias) {
                    *x += b;
                }
            }
        }
    }
}

simd! {
    /// x = max(x + bias, 0) in place.
    pub fn bias_relu(x: &mut [f32], rows: usize, width: usize, parameters: &[f32], p: usize, bias_at: usize) {
        for (member, block) in x.chunks_exact_mut(rows * width).enumerate() {
            let bias = &parameters[member * p + bias_at..][..width];
            for row in block.chunks_exact_mut(width) {
                for (x, b) in row.iter_mut().zip(bias) {
                    let sum = *x + b;
                    *x = if sum > 0.0 || sum.is_nan() { sum } else { 0.0 };
                }
            }
        }
    }
}

simd! {
    /// `out[columns]` = max(x + bias, 0).
    pub fn bias_relu_into(x: &[f32], out: &mut [f32], columns: Columns, rows: usize, parameters: &[f32], p: usize, bias_at: usize) {
        for (row, x) in x.chunks_exact(columns.width).enumerate() {
            let bias = &parameters[row / rows * p + bias_at..][..columns.width];
            for ((out, x), b) in columns.of_mut(out, row).iter_mut().zip(x).zip(bias) {
                let sum = x + b;
                *out = if sum > 0.0 || sum.is_nan() { sum } else { 0.0 };
            }
        }
    }
}

simd! {
    /// `out[columns]` = x.
    pub fn copy_into(x: &[f32], out: &mut [f32], columns: Columns) {
        for (row, x) in x.chunks_exact(columns.width).enumerate() {
            columns.of_mut(out, row).copy_from_slice(x);
        }
    }
}

simd! {
    /// gradient = gradient where the activation is positive, else 0; in place.
    pub fn relu_backward(gradient: &mut [f32], activation: &[f32], columns: Columns) {
        for (row, gradient) in gradient.chunks_exact_mut(columns.width).enumerate() {
            for (g, a) in gradient.iter_mut().zip(columns.of(activation, row)) {
                *g = if *a > 0.0 { *g } else { 0.0 };
            }
        }
    }
}

simd! {
    /// x = tanh(x).
    pub fn tanh(x: &mut [f32]) {
        for x in x {
            *x = math::tanh(*x);
        }
    }
}

simd! {
    /// gradient = gradient · (1 - y²), with y = tanh(x).
    pub fn tanh_backward(gradient: &mut [f32], y: &[f32]) {
        for (g, y) in gradient.iter_mut().zip(y) {
            *g *= 1.0 - y * y;
        }
    }
}

/// How an actor's sums z become its action: `base + range · bound(z)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Departure {
    /// Factors of the base, which are the first columns of the state; behind them it is 1. 0 for none.
    pub base: usize,
    /// What the bounded sums are multiplied by.
    pub range: f32,
    /// Whether tanh bounds them, or their gradients alone do.
    pub is_tanh: bool,
    /// Weight of the sums' penalty, divided by the rows of a batch.
    pub penalty: f32,
}

impl Departure {
    /// The plain action, tanh's result.
    pub const NONE: Self = Self { base: 0, range: 1.0, is_tanh: true, penalty: 0.0 };
}

simd! {
    /// out = base + range · bound(z); rows of out and z are `width` wide, those of the state `state_width`.
    pub fn depart(how: Departure, z: &[f32], state: &[f32], out: &mut [f32], width: usize, state_width: usize) {
        for (row, (z, out)) in z.chunks_exact(width).zip(out.chunks_exact_mut(width)).enumerate() {
            for (out, z) in out.iter_mut().zip(z) {
                *out = how.range * if how.is_tanh { math::tanh(*z) } else { *z };
            }
            if how.base > 0 {
                for (out, p) in out.iter_mut().zip(&state[row * state_width..][..how.base]) {
                    *out += p;
                }
                for out in &mut out[how.base..] {
                    *out += 1.0;
                }
            }
        }
    }
}

simd! {
    /// Backward through [`depart`], in place: the gradient of the action becomes that of the sums z. Where gradients bound, one
    /// that points at a bound (it is the loss's, so downhill) is multiplied by half the room left to it.
    pub fn depart_backward(how: Departure, gradient: &mut [f32], z: &[f32]) {
        for (g, z) in gradient.iter_mut().zip(z) {
            let slope = if how.is_tanh {
                let y = math::tanh(*z);
                1.0 - y * y
            } else if *g < 0.0 {
                0.5 * (1.0 - z)
            } else {
                0.5 * (1.0 + z)
            };
            *g = *g * how.range * slope + how.penalty * z;
        }
    }
}

/// Kept away from zero, so that an action of length 0 stays one.
pub const LEAST_LENGTH: f32 = 1e-6;

simd! {
    /// Brings every row to length 1; `length` keeps what it was.
    pub fn to_unit(x: &mut [f32], width: usize, length: &mut [f32]) {
        for (row, length) in x.chunks_exact_mut(width).zip(length) {
            *length = dot::<Wide>(row, row).sqrt() + LEAST_LENGTH;
            for x in row {
                *x /= *length;
            }
        }
    }
}

simd! {
    /// gradient = (gradient - (gradient · x) x) / length · (1 - (length · x)²), row by row.
    pub fn unit_tanh_backward(gradient: &mut [f32], x: &[f32], width: usize, length: &[f32]) {
        for ((gradient, x), length) in gradient.chunks_exact_mut(width).zip(x.chunks_exact(width)).zip(length) {
            let along = dot::<Wide>(gradient, x);
            for (g, x) in gradient.iter_mut().zip(x) {
                let y = length * x;
                *g = (*g - along * x) / length * (1.0 - y * y);
            }
        }
    }
}

simd! {
    /// gradient = (gradient - (gradient · x) x) / length, row by row.
    pub fn unit_backward(gradient: &mut [f32], x: &[f32], width: usize, length: &[f32]) {
        for ((gradient, x), length) in gradient.chunks_exact_mut(width).zip(x.chunks_exact(width)).zip(length) {
            let along = dot::<Wide>(gradient, x);
            for (g, x) in gradient.iter_mut().zip(x) {
                *g = (*g - along * x) / length;
            }
        }
    }
}

simd! {
    /// Sums every column over a member's rows into its gradient at `bias_at`.
    pub fn column_sums(x: &[f32], rows: usize, width: usize, gradient: &mut [f32], p: usize, bias_at: usize) {
        for (member, block) in x.chunks_exact(rows * width).enumerate() {
            let sums = &mut gradient[member * p + bias_at..][..width];
            sums.fill(0.0);
            for row in block.chunks_exact(width) {
                for (sum, x) in sums.iter_mut().zip(row) {
                    *sum += x;
                }
            }
        }
    }
}

simd! {
    /// The critic's last layer, one output column: q = x · w + b per row. A product and a sum, since a matrix product
    /// with one column is not the same to the bit for every cohort size.
    pub fn head(x: &[f32], rows: usize, width: usize, parameters: &[f32], p: usize, weight_at: usize, bias_at: usize, q: &mut [f32]) {
        for (row, (x, q)) in x.chunks_exact(width).zip(q).enumerate() {
            let member = &parameters[row / rows * p..][..p];
            *q = dot::<Wide>(x, &member[weight_at..][..width]) + member[bias_at];
        }
    }
}

simd! {
    /// Backward through [`head`] and the ReLU before it: out = dq · w where x > 0.
    pub fn head_backward(dq: &[f32], x: &[f32], rows: usize, width: usize, parameters: &[f32], p: usize, weight_at: usize, out: &mut [f32]) {
        for (row, (x, out)) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)).enumerate() {
            let weight = &parameters[row / rows * p + weight_at..][..width];
            for ((out, x), w) in out.iter_mut().zip(x).zip(weight) {
                *out = if *x > 0.0 { dq[row] * w } else { 0.0 };
            }
        }
    }
}

simd! {
    /// Gradients of [`head`]'s weight and bias.
    pub fn head_gradient(dq: &[f32], x: &[f32], rows: usize, width: usize, gradient: &mut [f32], p: usize, weight_at: usize, bias_at: usize) {
        for (member, (dq, x)) in dq.chunks_exact(rows).zip(x.chunks_exact(rows * width)).enumerate() {
            let gradient = &mut gradient[member * p..][..p];
            gradient[bias_at] = 0.0;
            gradient[weight_at..][..width].fill(0.0);
            for (dq, x) in dq.iter().zip(x.chunks_exact(width)) {
                gradient[bias_at] += dq;
                add_scaled(&mut gradient[weight_at..][..width], *dq, x);
            }
        }
    }
}

simd! {
    /// x += y.
    pub fn add(x: &mut [f32], y: &[f32]) {
        for (x, y) in x.iter_mut().zip(y) {
            *x += y;
        }
    }
}

simd! {
    /// x = min(x, y); what is no number stays.
    pub fn least(x: &mut [f32], y: &[f32]) {
        for (x, y) in x.iter_mut().zip(y) {
            *x = if *y < *x || y.is_nan() { *y } else { *x };
        }
    }
}

simd! {
    /// y = r + γ q'.
    pub fn bootstrap(rewards: &[f32], discounts: &[f32], q: &[f32], y: &mut [f32]) {
        for (((y, reward), discount), q) in y.iter_mut().zip(rewards).zip(discounts).zip(q) {
            *y = reward + discount * q;
        }
    }
}

simd! {
    /// δ = y - q and dq = -2/N · weight · δ.
    pub fn temporal_difference(y: &[f32], q: &[f32], weights: &[f32], n: usize, td: &mut [f32], dq: &mut [f32]) {
        for row in 0..y.len() {
            td[row] = y[row] - q[row];
            dq[row] = -2.0 / n as f32 * weights[row] * td[row];
        }
    }
}

/// Constants of one Adam step of one member.
#[derive(Clone, Copy, Debug)]
pub struct AdamStep {
    /// lr / (1 - β1^t).
    pub step_size: f32,
    /// 1 / sqrt(1 - β2^t).
    pub second_moment_scale: f32,
    /// Factor that brings the gradient below the clipping norm.
    pub clip: f32,
    /// L2 penalty added to the gradient.
    pub weight_decay: f32,
    /// Soft-update rate τ.
    pub tau: f32,
}

/// Adam's β1, β2 and ε (Kingma & Ba 2015), as everywhere.
pub const ADAM: (f32, f32, f32) = (0.9, 0.999, 1e-8);

/// A first moment below this is zero. Where a unit has died the moment decays into the subnormal numbers, which most
/// processors multiply a hundred times more slowly.
const SMALLEST_MOMENT: f32 = 1e-30;

simd! {
    /// Clip, Adam and soft update of one member in one pass: g scaled; m, v, θ, θ' updated.
    pub fn adam_soft_update(step: AdamStep, g: &[f32], m: &mut [f32], v: &mut [f32], theta: &mut [f32], target: &mut [f32]) {
        let (beta1, beta2, epsilon) = ADAM;
        let size = g.len();
        let (m, v, theta, target) = (&mut m[..size], &mut v[..size], &mut theta[..size], &mut target[..size]);
        for i in 0..size {
            let g = g[i] * step.clip + step.weight_decay * theta[i];
            let moment = m[i] + (g - m[i]) * (1.0 - beta1);
            m[i] = if moment.abs() < SMALLEST_MOMENT { 0.0 } else { moment };
            v[i] = v[i] * beta2 + (1.0 - beta2) * g * g;
            theta[i] -= step.step_size * m[i] / (v[i].sqrt() * step.second_moment_scale + epsilon);
            target[i] = step.tau * theta[i] + (1.0 - step.tau) * target[i];
        }
    }
}
