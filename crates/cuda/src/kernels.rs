//! The kernels as libtorch operations: for a whole cohort at once, no host synchronisation; products and sums
//! block by block (`blocks`). The
//! mathematics is that of [`drr_train::kernels::slices`]; a test holds the two together.

use drr_kinds::drr::StateKind;
use drr_kinds::pmf::PmfSpec;
use drr_train::kernels::accelerator::{
    Accelerator, DeviceEmbeddings, DeviceFactors, DeviceMemory, DeviceOptimiser, EmbeddingTables, FactorTables, Rates,
};
use drr_train::kernels::slices::LEAST_LENGTH;
use drr_train::kernels::{Array, Backend, Columns, Departure, View, ViewMut};
use tch::{Device, Kind, Tensor};

use crate::blocks::{TensorMemory, columns_of, part, product_into, row, sum, tensor, view, write};
use crate::embeddings::CohortTables;
use crate::factors::FactorTensors;
use crate::forced;
use crate::optimiser::DeviceRates;

/// One of libtorch's devices.
#[derive(Debug)]
pub struct Libtorch(Device);

/// Computes on one of libtorch's devices. What it takes is never given back: there are a few in a process.
pub fn backend(device: Device) -> Backend {
    Backend::Device(Box::leak(Box::new(Libtorch(device))))
}

impl Accelerator for Libtorch {
    fn zeros(&self, shape: &[usize]) -> Box<dyn DeviceMemory> {
        Box::new(TensorMemory::zeros(shape, self.0))
    }

    fn embeddings(
        &self,
        models: &[EmbeddingTables<'_>],
        of: &[usize],
        kind: StateKind,
        n: usize,
    ) -> Box<dyn DeviceEmbeddings> {
        Box::new(CohortTables::new(models, of, kind, n, self.0))
    }

    fn optimiser(&self, rates: &[Rates]) -> Box<dyn DeviceOptimiser> {
        forced::perhaps(rates.len());
        Box::new(DeviceRates::new(rates, self.0))
    }

    fn factors(&self, start: &FactorTables, spec: &PmfSpec) -> Box<dyn DeviceFactors> {
        Box::new(FactorTensors::new(start, spec, self.0))
    }

    fn product(&self, left: View<'_>, right: View<'_>, mut out: ViewMut<'_>) {
        let region = out.region();
        let out = view(out.array(), region);
        product_into(&view(left.array(), left.region()), &view(right.array(), right.region()), &out);
    }

    fn add_bias(&self, x: &mut Array, parameters: &Array, at: usize) {
        let _ = tensor(x).shallow_clone().g_add_(&row(parameters, at, x.size(2)));
    }

    fn bias_relu(&self, x: &mut Array, parameters: &Array, at: usize) {
        self.add_bias(x, parameters, at);
        let _ = tensor(x).shallow_clone().relu_();
    }

    fn bias_relu_into(&self, x: &Array, out: &mut Array, columns: Columns, parameters: &Array, at: usize) {
        columns_of(out, columns).copy_(&(tensor(x) + row(parameters, at, x.size(2))).relu());
    }

    fn copy_into(&self, x: &Array, out: &mut Array, columns: Columns) {
        columns_of(out, columns).copy_(tensor(x));
    }

    fn relu_backward(&self, gradient: &mut Array, activation: &Array, columns: Columns) {
        let mask = columns_of(activation, columns).gt(0.0);
        let _ = tensor(gradient).shallow_clone().g_mul_(&mask.to_kind(Kind::Float));
    }

    fn tanh(&self, x: &mut Array) {
        let _ = tensor(x).shallow_clone().tanh_();
    }

    fn tanh_backward(&self, gradient: &mut Array, y: &Array) {
        write(gradient, &Tensor::tanh_backward(tensor(gradient), tensor(y)));
    }

    fn to_unit(&self, x: &mut Array, length: &mut Array) {
        let squares = sum(&tensor(x).square(), &[2], false);
        write(length, &(squares.sqrt() + f64::from(LEAST_LENGTH)));
        write(x, &(tensor(x) / tensor(length).unsqueeze(2)));
    }

    fn unit_tanh_backward(&self, gradient: &mut Array, x: &Array, length: &Array) {
        let (g, x, length) = (tensor(gradient), tensor(x), tensor(length).unsqueeze(2));
        let along = sum(&(g * x), &[2], true);
        let slope = 1.0 - (&length * x).square();
        write(gradient, &((g - along * x) / length * slope));
    }

    fn unit_backward(&self, gradient: &mut Array, x: &Array, length: &Array) {
        let (g, x, length) = (tensor(gradient), tensor(x), tensor(length).unsqueeze(2));
        let along = sum(&(g * x), &[2], true);
        write(gradient, &((g - along * x) / length));
    }

    fn depart(&self, how: Departure, z: &Array, state: &Array, out: &mut Array) {
        let z = tensor(z);
        let bounded = if how.is_tanh { z.tanh() } else { z.shallow_clone() };
        write(out, &(bounded * f64::from(how.range)));
        if how.base > 0 {
            let (out, factors) = (tensor(out), how.base as i64);
            let _ = out.narrow(2, 0, factors).g_add_(&tensor(state).narrow(2, 0, factors));
            let _ = out.narrow(2, factors, out.size()[2] - factors).g_add_scalar_(1.0);
        }
    }

    fn depart_backward(&self, how: Departure, gradient: &mut Array, z: &Array) {
        let (g, z) = (tensor(gradient), tensor(z));
        let slope = if how.is_tanh {
            1.0 - z.tanh().square()
        } else {
            let towards = z.neg().where_self(&g.lt(0.0), z);
            (towards + 1.0) * 0.5
        };
        write(gradient, &(g * slope * f64::from(how.range) + z * f64::from(how.penalty)));
    }

    fn column_sums(&self, x: &Array, gradient: &mut Array, at: usize) {
        part(gradient, at, x.size(2)).copy_(&sum(tensor(x), &[1], false));
    }

    fn head(&self, x: &Array, parameters: &Array, weight_at: usize, bias_at: usize, q: &mut Array) {
        let product = tensor(x) * row(parameters, weight_at, x.size(2));
        write(q, &(sum(&product, &[2], false) + part(parameters, bias_at, 1)));
    }

    fn head_backward(&self, dq: &Array, x: &Array, parameters: &Array, weight_at: usize, out: &mut Array) {
        let mask = tensor(x).gt(0.0).to_kind(Kind::Float);
        write(out, &(tensor(dq).unsqueeze(2) * row(parameters, weight_at, x.size(2)) * mask));
    }

    fn head_gradient(&self, dq: &Array, x: &Array, gradient: &mut Array, weight_at: usize, bias_at: usize) {
        let product = tensor(dq).unsqueeze(2) * tensor(x);
        part(gradient, weight_at, x.size(2)).copy_(&sum(&product, &[1], false));
        part(gradient, bias_at, 1).copy_(&sum(tensor(dq), &[1], true));
    }

    fn add(&self, x: &mut Array, y: &Array) {
        let _ = tensor(x).shallow_clone().g_add_(tensor(y));
    }

    fn least(&self, x: &mut Array, y: &Array) {
        write(x, &tensor(x).minimum(tensor(y)));
    }

    fn bootstrap(&self, rewards: &Array, discounts: &Array, q: &Array, y: &mut Array) {
        write(y, &(tensor(rewards) + tensor(discounts) * tensor(q)));
    }

    fn temporal_difference(&self, y: &Array, q: &Array, weights: &Array, td: &mut Array, dq: &mut Array) {
        let difference = tensor(y) - tensor(q);
        write(td, &difference);
        write(dq, &(difference * tensor(weights) * (-2.0 / y.size(1) as f64)));
    }
}
