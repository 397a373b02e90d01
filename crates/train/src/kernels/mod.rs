//! The arithmetic of networks: matrix products ([`product`](mod@product)) and the small operations between them. Each
//! exists as a loop over slices for the CPU ([`slices`]) and may exist on a device ([`accelerator`]); the functions here
//! choose. Matrices are `[C, rows, width]`, parameters `[C, P]` with offsets into a member's row.

pub mod accelerator;
pub mod array;
pub(crate) mod dot;
pub(crate) mod lanes;
pub mod lines;
pub mod product;
mod region;
pub mod simd;
pub mod slices;
pub mod states;
#[cfg(test)]
mod tests;

pub use self::accelerator::Accelerator;
pub use self::array::{Array, Backend};
pub use self::product::product;
pub use self::region::{Region, View, ViewMut};
pub use self::slices::{Columns, Departure};

/// Calls the loop or the device, by the backend of `$array`.
macro_rules! choose {
    ($array:expr, $slices:expr, $name:ident($($argument:expr),*)) => {
        match $array.backend() {
            Backend::Slices => $slices,
            Backend::Device(device) => device.$name($($argument),*),
        }
    };
}

/// x += bias; the bias lies at `at` in each member's parameters.
pub fn add_bias(x: &mut Array, parameters: &Array, at: usize) {
    let (rows, width, p) = (x.size(1), x.size(2), parameters.size(1));
    choose!(
        x,
        slices::add_bias(x.as_mut_slice(), rows, width, parameters.as_slice(), p, at),
        add_bias(x, parameters, at)
    );
}

/// x = max(x + bias, 0) in place.
pub fn bias_relu(x: &mut Array, parameters: &Array, at: usize) {
    let (rows, width, p) = (x.size(1), x.size(2), parameters.size(1));
    choose!(
        x,
        slices::bias_relu(x.as_mut_slice(), rows, width, parameters.as_slice(), p, at),
        bias_relu(x, parameters, at)
    );
}

/// `out[columns]` = max(x + bias, 0).
pub fn bias_relu_into(x: &Array, out: &mut Array, columns: Columns, parameters: &Array, at: usize) {
    let (rows, p) = (x.size(1), parameters.size(1));
    choose!(
        x,
        slices::bias_relu_into(x.as_slice(), out.as_mut_slice(), columns, rows, parameters.as_slice(), p, at),
        bias_relu_into(x, out, columns, parameters, at)
    );
}

/// x = tanh(x) in place.
pub fn tanh(x: &mut Array) {
    choose!(x, slices::tanh(x.as_mut_slice()), tanh(x));
}

/// `out[columns]` = x.
pub fn copy_into(x: &Array, out: &mut Array, columns: Columns) {
    choose!(x, slices::copy_into(x.as_slice(), out.as_mut_slice(), columns), copy_into(x, out, columns));
}

/// gradient = gradient where `activation[columns]` is positive, else 0; in place.
pub fn relu_backward(gradient: &mut Array, activation: &Array, columns: Columns) {
    choose!(
        gradient,
        slices::relu_backward(gradient.as_mut_slice(), activation.as_slice(), columns),
        relu_backward(gradient, activation, columns)
    );
}

/// gradient = gradient · (1 - y²) in place, with y = tanh(x).
pub fn tanh_backward(gradient: &mut Array, y: &Array) {
    choose!(gradient, slices::tanh_backward(gradient.as_mut_slice(), y.as_slice()), tanh_backward(gradient, y));
}

/// Brings every row of x `[C, rows, width]` to length 1 in place; `length` `[C, rows]` keeps what it was.
pub fn to_unit(x: &mut Array, length: &mut Array) {
    let width = x.size(2);
    choose!(x, slices::to_unit(x.as_mut_slice(), width, length.as_mut_slice()), to_unit(x, length));
}

/// Backward through [`to_unit`] and the tanh before it, in place: x is of length 1, length · x is tanh's result.
pub fn unit_tanh_backward(gradient: &mut Array, x: &Array, length: &Array) {
    let width = x.size(2);
    choose!(
        gradient,
        slices::unit_tanh_backward(gradient.as_mut_slice(), x.as_slice(), width, length.as_slice()),
        unit_tanh_backward(gradient, x, length)
    );
}

/// Backward through [`to_unit`], in place: x is of length 1.
pub fn unit_backward(gradient: &mut Array, x: &Array, length: &Array) {
    let width = x.size(2);
    choose!(
        gradient,
        slices::unit_backward(gradient.as_mut_slice(), x.as_slice(), width, length.as_slice()),
        unit_backward(gradient, x, length)
    );
}

/// out = base + range · bound(z), with the base in the first columns of the state.
pub fn depart(how: Departure, z: &Array, state: &Array, out: &mut Array) {
    let (width, state_width) = (z.size(2), state.size(2));
    choose!(
        z,
        slices::depart(how, z.as_slice(), state.as_slice(), out.as_mut_slice(), width, state_width),
        depart(how, z, state, out)
    );
}

/// Backward through [`depart`] to the sums z, their penalty included; in place.
pub fn depart_backward(how: Departure, gradient: &mut Array, z: &Array) {
    choose!(
        gradient,
        slices::depart_backward(how, gradient.as_mut_slice(), z.as_slice()),
        depart_backward(how, gradient, z)
    );
}

/// Sums every column of x over a member's rows into its gradient at `at`.
pub fn column_sums(x: &Array, gradient: &mut Array, at: usize) {
    let (rows, width, p) = (x.size(1), x.size(2), gradient.size(1));
    choose!(
        x,
        slices::column_sums(x.as_slice(), rows, width, gradient.as_mut_slice(), p, at),
        column_sums(x, gradient, at)
    );
}

/// The critic's last layer, q `[C, rows]` = x · w + b: a product and a sum, since a matrix product with one output
/// column is not the same to the bit for every cohort size.
pub fn head(x: &Array, parameters: &Array, weight_at: usize, bias_at: usize, q: &mut Array) {
    let (rows, width, p) = (x.size(1), x.size(2), parameters.size(1));
    choose!(
        x,
        slices::head(x.as_slice(), rows, width, parameters.as_slice(), p, weight_at, bias_at, q.as_mut_slice()),
        head(x, parameters, weight_at, bias_at, q)
    );
}

/// Backward through [`head`] and the ReLU before it: out = dq · w where x > 0.
pub fn head_backward(dq: &Array, x: &Array, parameters: &Array, weight_at: usize, out: &mut Array) {
    let (rows, width, p) = (x.size(1), x.size(2), parameters.size(1));
    choose!(
        x,
        slices::head_backward(
            dq.as_slice(),
            x.as_slice(),
            rows,
            width,
            parameters.as_slice(),
            p,
            weight_at,
            out.as_mut_slice()
        ),
        head_backward(dq, x, parameters, weight_at, out)
    );
}

/// Gradients of [`head`]'s weight and bias.
pub fn head_gradient(dq: &Array, x: &Array, gradient: &mut Array, weight_at: usize, bias_at: usize) {
    let (rows, width, p) = (x.size(1), x.size(2), gradient.size(1));
    choose!(
        x,
        slices::head_gradient(dq.as_slice(), x.as_slice(), rows, width, gradient.as_mut_slice(), p, weight_at, bias_at),
        head_gradient(dq, x, gradient, weight_at, bias_at)
    );
}

/// x += y, of one shape.
pub fn add(x: &mut Array, y: &Array) {
    choose!(x, slices::add(x.as_mut_slice(), y.as_slice()), add(x, y));
}

/// x = min(x, y), of one shape.
pub fn least(x: &mut Array, y: &Array) {
    choose!(x, slices::least(x.as_mut_slice(), y.as_slice()), least(x, y));
}

/// y = r + γ q'; all `[C, N]`.
pub fn bootstrap(rewards: &Array, discounts: &Array, q: &Array, y: &mut Array) {
    choose!(
        rewards,
        slices::bootstrap(rewards.as_slice(), discounts.as_slice(), q.as_slice(), y.as_mut_slice()),
        bootstrap(rewards, discounts, q, y)
    );
}

/// δ = y - q and the gradient of the critic's loss, dq = -2/N · weight · δ; all `[C, N]`.
pub fn temporal_difference(y: &Array, q: &Array, weights: &Array, td: &mut Array, dq: &mut Array) {
    let n = y.size(1);
    choose!(
        y,
        slices::temporal_difference(
            y.as_slice(),
            q.as_slice(),
            weights.as_slice(),
            n,
            td.as_mut_slice(),
            dq.as_mut_slice()
        ),
        temporal_difference(y, q, weights, td, dq)
    );
}
