//! What computes instead of this crate's loops: a device with memory of its own, such as a GPU. Its code lies in a crate
//! of its own, which this one does not know.

use std::any::Any;
use std::fmt::Debug;

use drr_kinds::drr::StateKind;
use drr_kinds::pmf::PmfSpec;

use super::{Array, Columns, Departure, View, ViewMut};

/// Members whose products a device computes in one call. A cohort is as many blocks of them as it takes, so that a library,
/// which chooses its algorithm by the shapes, always meets the same ones: a member's bits then depend neither on how many
/// others there are nor on its place among them.
pub const BLOCK: usize = 16;

/// The kernels on a device. Each does for a whole cohort what the function of the same name in [`super`] says, with the
/// same shapes; all arrays of one call lie on this device.
pub trait Accelerator: Debug + Sync {
    /// Zeros of the given shape.
    fn zeros(&self, shape: &[usize]) -> Box<dyn DeviceMemory>;
    /// The embeddings of a cohort, for states of one kind over histories of `n`. `of` tells each member's among `models`.
    fn embeddings(
        &self,
        models: &[EmbeddingTables<'_>],
        of: &[usize],
        kind: StateKind,
        n: usize,
    ) -> Box<dyn DeviceEmbeddings>;
    /// Adam and the soft update of targets, at each member's rates.
    fn optimiser(&self, rates: &[Rates]) -> Box<dyn DeviceOptimiser>;
    /// A factorisation in training, from where it stands.
    fn factors(&self, start: &FactorTables, spec: &PmfSpec) -> Box<dyn DeviceFactors>;
    /// See [`super::product`](fn@super::product).
    fn product(&self, left: View<'_>, right: View<'_>, out: ViewMut<'_>);
    /// See [`super::add_bias`].
    fn add_bias(&self, x: &mut Array, parameters: &Array, at: usize);
    /// See [`super::bias_relu`].
    fn bias_relu(&self, x: &mut Array, parameters: &Array, at: usize);
    /// See [`super::bias_relu_into`].
    fn bias_relu_into(&self, x: &Array, out: &mut Array, columns: Columns, parameters: &Array, at: usize);
    /// See [`super::tanh`].
    fn tanh(&self, x: &mut Array);
    /// See [`super::copy_into`].
    fn copy_into(&self, x: &Array, out: &mut Array, columns: Columns);
    /// See [`super::relu_backward`].
    fn relu_backward(&self, gradient: &mut Array, activation: &Array, columns: Columns);
    /// See [`super::tanh_backward`].
    fn tanh_backward(&self, gradient: &mut Array, y: &Array);
    /// See [`super::to_unit`].
    fn to_unit(&self, x: &mut Array, length: &mut Array);
    /// See [`super::unit_tanh_backward`].
    fn unit_tanh_backward(&self, gradient: &mut Array, x: &Array, length: &Array);
    /// See [`super::unit_backward`].
    fn unit_backward(&self, gradient: &mut Array, x: &Array, length: &Array);
    /// See [`super::depart`].
    fn depart(&self, how: Departure, z: &Array, state: &Array, out: &mut Array);
    /// See [`super::depart_backward`].
    fn depart_backward(&self, how: Departure, gradient: &mut Array, z: &Array);
    /// See [`super::column_sums`].
    fn column_sums(&self, x: &Array, gradient: &mut Array, at: usize);
    /// See [`super::head`].
    fn head(&self, x: &Array, parameters: &Array, weight_at: usize, bias_at: usize, q: &mut Array);
    /// See [`super::head_backward`].
    fn head_backward(&self, dq: &Array, x: &Array, parameters: &Array, weight_at: usize, out: &mut Array);
    /// See [`super::head_gradient`].
    fn head_gradient(&self, dq: &Array, x: &Array, gradient: &mut Array, weight_at: usize, bias_at: usize);
    /// See [`super::add`].
    fn add(&self, x: &mut Array, y: &Array);
    /// See [`super::least`].
    fn least(&self, x: &mut Array, y: &Array);
    /// See [`super::bootstrap`].
    fn bootstrap(&self, rewards: &Array, discounts: &Array, q: &Array, y: &mut Array);
    /// See [`super::temporal_difference`].
    fn temporal_difference(&self, y: &Array, q: &Array, weights: &Array, td: &mut Array, dq: &mut Array);
}

/// What may differ between the members of a cohort in one optimiser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Learning rate.
    pub lr: f64,
    /// L2 penalty added to the gradient (as `torch.optim.Adam`'s `weight_decay`).
    pub weight_decay: f64,
    /// Largest gradient norm; 0 does not clip.
    pub clip: f64,
    /// Soft-update rate τ.
    pub tau: f64,
}

/// The embeddings of one model.
#[derive(Clone, Copy, Debug)]
pub struct EmbeddingTables<'a> {
    /// Numbers of an embedding.
    pub k: usize,
    /// `[users, k]`.
    pub users: &'a [f32],
    /// `[items, k]`.
    pub items: &'a [f32],
}

/// A factorisation's numbers.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct FactorTables {
    /// Numbers of an embedding.
    pub k: usize,
    /// `[users, k]`.
    pub users: Vec<f32>,
    /// `[items, k]`.
    pub items: Vec<f32>,
    /// `[users]`.
    pub user_bias: Vec<f32>,
    /// `[items]`.
    pub item_bias: Vec<f32>,
}

/// What a factorisation's minibatches do, on a device: the rows of a batch alone are touched, and two runs give the same bits.
pub trait DeviceFactors {
    /// One update of mean squared error + L2 by ratings (user, item, reward).
    fn step(&mut self, batch: &[(u32, u32, f32)]);
    /// The summed squared error of all steps since the last call, each before its update.
    fn squares(&mut self) -> f64;
    /// The factorisation as it stands.
    fn read(&self) -> FactorTables;
}

/// The memory of one [`Array`] on a device.
pub trait DeviceMemory {
    /// Replaces all values.
    fn write(&mut self, values: &[f32]);
    /// Copies all values to the host.
    fn read(&self, values: &mut [f32]);
    /// Itself, for the device to know again.
    fn as_any(&self) -> &dyn Any;
}

/// What [`crate::state::Embeddings`] does, on a device.
pub trait DeviceEmbeddings {
    /// See [`crate::state::Embeddings::encode`].
    fn encode(&self, users: &[u32], items: &[u32], parameters: &Array, weight_at: usize, out: &mut Array);
    /// See [`crate::state::Embeddings::weight_gradient`].
    fn weight_gradient(&self, ids: (&[u32], &[u32]), weights: (&Array, usize), d_state: &Array, gradient: &mut Array);
}

/// Adam with clipping and the soft update, on a device.
pub trait DeviceOptimiser {
    /// One step of all members; all arrays `[C, P]`. `corrections` are 1 - β1^t and 1 - β2^t.
    fn step(
        &self,
        corrections: (f64, f64),
        gradient: &Array,
        moments: (&mut Array, &mut Array),
        theta: &mut Array,
        target: &mut Array,
    );
}
