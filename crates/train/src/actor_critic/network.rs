//! One network of a cohort as libtorch multiplies it: views of every layer's weight and gradient in flat memory.

use tch::Tensor;

use super::shapes::{Layout, Linear};
use crate::kernels::Array;
use crate::kernels::slices::{self, Columns};
use crate::optim::{Rates, Trained};

/// A network with its trained state and its layers' views.
pub struct Network {
    /// Where parameters lie.
    pub layout: Layout,
    /// Parameters, targets, gradients, moments.
    pub trained: Trained,
    /// Weights of θ by layer, [C, inputs, outputs].
    pub weights: Vec<Tensor>,
    /// Weights of θ', likewise.
    pub target_weights: Vec<Tensor>,
    /// Gradients of the weights, likewise.
    pub weight_gradients: Vec<Tensor>,
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
    pub fn new(layout: Layout, initial: &[Vec<f32>], rates: Vec<Rates>) -> Self {
        let trained = Trained::new(initial, rates);
        let members = initial.len();
        let views = |array: &Array| {
            layout
                .layers
                .iter()
                .map(|layer| weight_rows(array, members, layout.size, layer, 0, layer.inputs))
                .collect::<Vec<_>>()
        };
        let (weights, target_weights) = (views(&trained.theta), views(&trained.target));
        let weight_gradients = views(&trained.gradient);
        Self { layout, trained, weights, target_weights, weight_gradients }
    }

    /// Rows `from..to` of a layer's weight, for gradients of a part of its input.
    pub fn rows(&self, members: usize, layer: usize, from: usize, to: usize) -> Tensor {
        weight_rows(&self.trained.theta, members, self.layout.size, &self.layout.layers[layer], from, to)
    }

    /// Weights by layer.
    pub fn weights(&self, which: Which) -> &[Tensor] {
        match which {
            Which::Online => &self.weights,
            Which::Target => &self.target_weights,
        }
    }

    /// Parameters, [C, P].
    pub fn parameters(&self, which: Which) -> &[f32] {
        match which {
            Which::Online => self.trained.theta.as_slice(),
            Which::Target => self.trained.target.as_slice(),
        }
    }

    /// out = ReLU(x · W + b) for layer `layer`; x and out are [C, rows, ·].
    pub fn relu_layer(&self, which: Which, layer: usize, x: &Tensor, out: &mut Array, rows: usize) {
        let place = self.layout.layers[layer];
        let _ = x.bmm_out(out.tensor(), &self.weights(which)[layer]);
        let parameters = self.parameters(which);
        slices::bias_relu(out.as_mut_slice(), rows, place.outputs, parameters, self.layout.size, place.bias_at);
    }

    /// As [`Network::relu_layer`], by way of `scratch` into some columns of `out`.
    pub fn relu_layer_into(
        &self,
        which: Which,
        layer: usize,
        x: &Tensor,
        scratch: &mut Array,
        out: (&mut Array, Columns),
        rows: usize,
    ) {
        let place = self.layout.layers[layer];
        let _ = x.bmm_out(scratch.tensor(), &self.weights(which)[layer]);
        let (out, columns) = out;
        let parameters = self.parameters(which);
        slices::bias_relu_into(
            scratch.as_slice(),
            out.as_mut_slice(),
            columns,
            rows,
            parameters,
            self.layout.size,
            place.bias_at,
        );
    }

    /// Gradients of layer `layer`'s weight and bias from its input (transposed) and its output's gradient.
    pub fn layer_gradient(&mut self, layer: usize, x_transposed: &Tensor, dy: &Array, rows: usize) {
        let place = self.layout.layers[layer];
        let _ = x_transposed.bmm_out(&self.weight_gradients[layer], dy.tensor());
        let size = self.layout.size;
        let gradient = self.trained.gradient.as_mut_slice();
        slices::column_sums(dy.as_slice(), rows, place.outputs, gradient, size, place.bias_at);
    }
}

fn weight_rows(array: &Array, members: usize, size: usize, layer: &Linear, from: usize, to: usize) -> Tensor {
    array.view([members, to - from, layer.outputs], [size, layer.outputs, 1], layer.weight_at + from * layer.outputs)
}
