//! Forward passes and the activations they leave for the backward pass.

use tch::Tensor;

use super::network::{Network, Which};
use super::shapes::Shapes;
use crate::kernels::Array;
use crate::kernels::slices::{self, Columns};

/// The actor's activations for `rows` states a member.
pub struct ActorPass {
    /// First hidden layer, [C, rows, actor_hidden[0]].
    pub first: Array,
    /// Second hidden layer.
    pub second: Array,
    /// Actions, [C, rows, k].
    pub action: Array,
    rows: usize,
}

impl ActorPass {
    /// Room for `members` × `rows` states.
    pub fn new(shapes: &Shapes, members: usize, rows: usize) -> Self {
        let [first, second] = shapes.actor_hidden;
        let room = |width| Array::zeros(&[members, rows, width]);
        Self { first: room(first), second: room(second), action: room(shapes.k), rows }
    }

    /// action = π(state): Linear–ReLU–Linear–ReLU–Linear–tanh.
    pub fn run(&mut self, actor: &Network, which: Which, state: &Array) {
        actor.relu_layer(which, 0, state.tensor(), &mut self.first, self.rows);
        actor.relu_layer(which, 1, self.first.tensor(), &mut self.second, self.rows);
        let place = actor.layout.layers[2];
        let _ = self.second.tensor().bmm_out(self.action.tensor(), &actor.weights(which)[2]);
        let (size, parameters) = (actor.layout.size, actor.parameters(which));
        slices::add_bias(self.action.as_mut_slice(), self.rows, place.outputs, parameters, size, place.bias_at);
        let _ = self.action.tensor().shallow_clone().tanh_();
    }
}

/// The critic's activations for `rows` states and actions a member.
pub struct CriticPass {
    /// [action ; h], [C, rows, k + h].
    pub joined: Array,
    /// Second hidden layer.
    pub second: Array,
    /// Third hidden layer.
    pub third: Array,
    /// Q values, [C, rows].
    pub q: Array,
    /// Columns of the action in `joined`.
    pub action_columns: Columns,
    /// Columns of h in `joined`.
    pub h_columns: Columns,
    scratch: Array,
    rows: usize,
}

impl CriticPass {
    /// Room for `members` × `rows` states.
    pub fn new(shapes: &Shapes, members: usize, rows: usize) -> Self {
        let [h, second, third] = shapes.critic_hidden;
        let room = |width| Array::zeros(&[members, rows, width]);
        let stride = shapes.k + h;
        Self {
            joined: room(stride),
            second: room(second),
            third: room(third),
            q: Array::zeros(&[members, rows]),
            action_columns: Columns { stride, offset: 0, width: shapes.k },
            h_columns: Columns { stride, offset: shapes.k, width: h },
            scratch: room(h),
            rows,
        }
    }

    /// q = Q(state, action).
    pub fn run(&mut self, critic: &Network, which: Which, state: &Array, action: &[f32]) {
        slices::copy_into(action, self.joined.as_mut_slice(), self.action_columns);
        let joined = (&mut self.joined, self.h_columns);
        critic.relu_layer_into(which, 0, state.tensor(), &mut self.scratch, joined, self.rows);
        critic.relu_layer(which, 1, self.joined.tensor(), &mut self.second, self.rows);
        critic.relu_layer(which, 2, self.second.tensor(), &mut self.third, self.rows);
        let place = critic.layout.layers[3];
        slices::head(
            self.third.as_slice(),
            self.rows,
            place.inputs,
            critic.parameters(which),
            critic.layout.size,
            place.weight_at,
            place.bias_at,
            self.q.as_mut_slice(),
        );
    }
}

/// The transposed view [C, width, rows] of activations [C, rows, width].
pub fn transposed(array: &Array) -> Tensor {
    array.tensor().transpose(1, 2)
}
