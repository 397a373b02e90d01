//! The kernels as libtorch operations: a constant number of launches for a whole cohort, no host synchronisation. The
//! mathematics is that of [`drr_train::kernels::slices`]; a test holds the two together.

use std::any::Any;

use drr_kinds::drr::StateKind;
use drr_train::kernels::accelerator::{
    Accelerator, DeviceEmbeddings, DeviceMemory, DeviceOptimiser, EmbeddingTables, Rates,
};
use drr_train::kernels::slices::LEAST_LENGTH;
use drr_train::kernels::{Array, Backend, Columns, Departure, Region, View, ViewMut};
use tch::{Device, Kind, Tensor};

use crate::embeddings::CohortTables;
use crate::optimiser::DeviceRates;

/// One of libtorch's devices.
#[derive(Debug)]
pub struct Libtorch(Device);

/// Computes on one of libtorch's devices. What it takes is never given back: there are a few in a process.
pub fn backend(device: Device) -> Backend {
    Backend::Device(Box::leak(Box::new(Libtorch(device))))
}

struct TensorMemory(Tensor);

impl DeviceMemory for TensorMemory {
    fn write(&mut self, values: &[f32]) {
        self.0.copy_(&Tensor::from_slice(values).view_as(&self.0));
    }

    fn read(&self, values: &mut [f32]) {
        self.0.to_device(Device::Cpu).contiguous().copy_data(values, values.len());
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The tensor of an array on one of libtorch's devices.
pub(crate) fn tensor(array: &Array) -> &Tensor {
    let memory: Option<&TensorMemory> = array.on_device().downcast_ref();
    &memory.expect("libtorch made its memory").0
}

fn columns_of(array: &Array, columns: Columns) -> Tensor {
    tensor(array).narrow(2, columns.offset as i64, columns.width as i64)
}

/// Parameters at `at`, `[C, 1, width]`.
fn row(parameters: &Array, at: usize, width: usize) -> Tensor {
    part(parameters, at, width).unsqueeze(1)
}

/// Parameters at `at`, `[C, width]`.
fn part(parameters: &Array, at: usize, width: usize) -> Tensor {
    tensor(parameters).narrow(1, at as i64, width as i64)
}

/// The array is borrowed as libtorch borrows: its memory is the device's.
pub(crate) fn write(out: &Array, value: &Tensor) {
    tensor(out).shallow_clone().copy_(value);
}

fn view(array: &Array, region: Region) -> Tensor {
    let long = |sizes: [usize; 3]| sizes.map(|size| size as i64);
    tensor(array).as_strided(long(region.shape), long(region.strides), region.offset as i64)
}

impl Accelerator for Libtorch {
    fn zeros(&self, shape: &[usize]) -> Box<dyn DeviceMemory> {
        let sizes: Vec<i64> = shape.iter().map(|&size| size as i64).collect();
        Box::new(TensorMemory(Tensor::zeros(sizes, (Kind::Float, self.0))))
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
        Box::new(DeviceRates::new(rates, self.0))
    }

    fn product(&self, left: View<'_>, right: View<'_>, mut out: ViewMut<'_>) {
        let region = out.region();
        let out = view(out.array(), region);
        let _ = view(left.array(), left.region()).bmm_out(&out, &view(right.array(), right.region()));
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
        let squares = tensor(x).square().sum_dim_intlist(2, false, Kind::Float);
        write(length, &(squares.sqrt() + f64::from(LEAST_LENGTH)));
        write(x, &(tensor(x) / tensor(length).unsqueeze(2)));
    }

    fn unit_tanh_backward(&self, gradient: &mut Array, x: &Array, length: &Array) {
        let (g, x, length) = (tensor(gradient), tensor(x), tensor(length).unsqueeze(2));
        let along = (g * x).sum_dim_intlist(2, true, Kind::Float);
        let slope = 1.0 - (&length * x).square();
        write(gradient, &((g - along * x) / length * slope));
    }

    fn unit_backward(&self, gradient: &mut Array, x: &Array, length: &Array) {
        let (g, x, length) = (tensor(gradient), tensor(x), tensor(length).unsqueeze(2));
        let along = (g * x).sum_dim_intlist(2, true, Kind::Float);
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
        part(gradient, at, x.size(2)).copy_(&tensor(x).sum_dim_intlist(1, false, Kind::Float));
    }

    fn head(&self, x: &Array, parameters: &Array, weight_at: usize, bias_at: usize, q: &mut Array) {
        let product = tensor(x) * row(parameters, weight_at, x.size(2));
        write(q, &(product.sum_dim_intlist(2, false, Kind::Float) + part(parameters, bias_at, 1)));
    }

    fn head_backward(&self, dq: &Array, x: &Array, parameters: &Array, weight_at: usize, out: &mut Array) {
        let mask = tensor(x).gt(0.0).to_kind(Kind::Float);
        write(out, &(tensor(dq).unsqueeze(2) * row(parameters, weight_at, x.size(2)) * mask));
    }

    fn head_gradient(&self, dq: &Array, x: &Array, gradient: &mut Array, weight_at: usize, bias_at: usize) {
        let product = tensor(dq).unsqueeze(2) * tensor(x);
        part(gradient, weight_at, x.size(2)).copy_(&product.sum_dim_intlist(1, false, Kind::Float));
        part(gradient, bias_at, 1).copy_(&tensor(dq).sum_dim_intlist(1, true, Kind::Float));
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
