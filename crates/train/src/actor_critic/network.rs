//! One network of a cohort as it is multiplied: where every layer's weight lies in flat memory, and so its gradient.

use super::shapes::{Layout, Linear};
use crate::kernels::accelerator::Rates;
use crate::kernels::{self, Array, Backend, Columns, Region, View};
use crate::optim::Trained;

/// A network with its trained state and its layers' views.
pub struct Network {
    /// Where parameters lie.
    pub layout: Layout,
    /// Parameters, targets, gradients, moments.
    pub trained: Trained,
    /// Of every layer; in parameters, targets and gradients alike.
    weights: Vec<Region>,
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
        let rows = |layer: &Linear| weight_rows(members, layout.size, layer, 0, layer.inputs);
        let weights = layout.layers.iter().map(rows).collect();
        Self { layout, trained, weights, members }
    }

    /// Rows `from..to` of a layer's weight, transposed: `[C, outputs, to - from]`. Multiplies an output's gradient into
    /// that of a part of the input.
    pub fn transposed_rows(&self, layer: usize, from: usize, to: usize) -> Region {
        weight_rows(self.members, self.layout.size, &self.layout.layers[layer], from, to).transposed()
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
        kernels::product(x.whole(), self.parameters(which).view(self.weights[layer]), out.whole_mut());
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

    /// out = x · W + b.
    pub fn layer(&self, which: Which, layer: usize, x: &Array, out: &mut Array) {
        self.multiply(which, layer, x, out);
        kernels::add_bias(out, self.parameters(which), self.layout.layers[layer].bias_at);
    }

    /// out = tanh(x · W + b).
    pub fn tanh_layer(&self, which: Which, layer: usize, x: &Array, out: &mut Array) {
        self.layer(which, layer, x, out);
        kernels::tanh(out);
    }

    /// Gradients of layer `layer`'s weight and bias from its input (transposed) and its output's gradient.
    pub fn layer_gradient(&mut self, layer: usize, x_transposed: View<'_>, dy: &Array) {
        kernels::product(x_transposed, dy.whole(), self.trained.gradient.view_mut(self.weights[layer]));
        kernels::column_sums(dy, &mut self.trained.gradient, self.layout.layers[layer].bias_at);
    }
}

fn weight_rows(members: usize, size: usize, layer: &Linear, from: usize, to: usize) -> Region {
    Region::new([members, to - from, layer.outputs], [size, layer.outputs, 1], layer.weight_at + from * layer.outputs)
}
