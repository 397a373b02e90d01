//! One network of a cohort as it is multiplied: views of every layer's weight and gradient in flat memory.

use super::shapes::{Layout, Linear};
use crate::kernels::{self, Array, Backend, Columns, Matrix};
use crate::optim::{Rates, Trained};

/// A network with its trained state and its layers' views.
pub struct Network {
    /// Where parameters lie.
    pub layout: Layout,
    /// Parameters, targets, gradients, moments.
    pub trained: Trained,
    weights: Vec<Matrix>,
    target_weights: Vec<Matrix>,
    weight_gradients: Vec<Matrix>,
    members: usize,
}

/// Which parameters a forward pass uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// θ.
    Online,
    /// θ'.
    Target,
}

impl Network {
    /// A network from each member's initial parameters.
    pub fn new(layout: Layout, initial: &[Vec<f32>], rates: Vec<Rates>, backend: Backend) -> Self {
        let trained = Trained::new(initial, rates, backend);
        let members = initial.len();
        let views = |array: &Array| {
            let rows = |layer: &Linear| weight_rows(array, members, layout.size, layer, 0, layer.inputs);
            layout.layers.iter().map(rows).collect::<Vec<_>>()
        };
        let (weights, target_weights) = (views(&trained.theta), views(&trained.target));
        let weight_gradients = views(&trained.gradient);
        Self { layout, trained, weights, target_weights, weight_gradients, members }
    }

    /// Rows `from..to` of a layer's weight, transposed: `[C, outputs, to - from]`. Multiplies an output's gradient into
    /// that of a part of the input.
    pub fn transposed_rows(&self, layer: usize, from: usize, to: usize) -> Matrix {
        let place = &self.layout.layers[layer];
        weight_rows(&self.trained.theta, self.members, self.layout.size, place, from, to).transposed()
    }

    /// Parameters, `[C, P]`.
    pub fn parameters(&self, which: Which) -> &Array {
        match which {
            Which::Online => &self.trained.theta,
            Which::Target => &self.trained.target,
        }
    }

    /// out = x · W, without the bias; x and out are `[C, rows, ·]`.
    fn multiply(&self, which: Which, layer: usize, x: &Array, out: &mut Array) {
        let weights = match which {
            Which::Online => &self.weights,
            Which::Target => &self.target_weights,
        };
        kernels::product(x.backend(), x.operand(), weights[layer].operand(), out.operand());
    }

    /// out = ReLU(x · W + b).
    pub fn relu_layer(&self, which: Which, layer: usize, x: &Array, out: &mut Array) {
        self.multiply(which, layer, x, out);
        kernels::bias_relu(out, self.parameters(which), self.layout.layers[layer].bias_at);
    }

    /// As [`Network::relu_layer`], by way of `scratch` into some columns of `out`.
    pub fn relu_layer_into(
        &self,
        which: Which,
        layer: usize,
        x: &Array,
        scratch: &mut Array,
        out: (&mut Array, Columns),
    ) {
        self.multiply(which, layer, x, scratch);
        let bias_at = self.layout.layers[layer].bias_at;
        kernels::bias_relu_into(scratch, out.0, out.1, self.parameters(which), bias_at);
    }

    /// out = tanh(x · W + b).
    pub fn tanh_layer(&self, which: Which, layer: usize, x: &Array, out: &mut Array) {
        self.multiply(which, layer, x, out);
        kernels::add_bias(out, self.parameters(which), self.layout.layers[layer].bias_at);
        kernels::tanh(out);
    }

    /// Gradients of layer `layer`'s weight and bias from its input (transposed) and its output's gradient.
    pub fn layer_gradient(&mut self, layer: usize, x_transposed: &Matrix, dy: &Array) {
        let gradient = self.weight_gradients[layer].operand();
        kernels::product(dy.backend(), x_transposed.operand(), dy.operand(), gradient);
        kernels::column_sums(dy, &mut self.trained.gradient, self.layout.layers[layer].bias_at);
    }
}

fn weight_rows(array: &Array, members: usize, size: usize, layer: &Linear, from: usize, to: usize) -> Matrix {
    array.matrix([members, to - from, layer.outputs], [size, layer.outputs, 1], layer.weight_at + from * layer.outputs)
}
