//! Forward passes and the activations they leave for the backward pass.

use drr_core::math;
use drr_kinds::drr::ActionNorm;

use super::network::{Network, Which};
use super::shapes::Shapes;
use crate::kernels::{self, Array, Backend, Columns, Departure};

/// The actor's activations for a number of states a member.
pub struct ActorPass {
    /// First hidden layer, `[C, rows, actor_hidden[0]]`.
    pub first: Array,
    /// Second hidden layer.
    pub second: Array,
    /// Actions, `[C, rows, A]`.
    pub action: Array,
    /// Length of the actor's output before it was brought to 1, `[C, rows]`; only where actions are of unit length.
    pub length: Option<Array>,
    /// The last layer's sums, and how they become the action; only where that is more than tanh.
    pub sums: Option<(Array, Departure)>,
}

impl ActorPass {
    /// Room for `members` × `rows` states.
    pub fn new(shapes: &Shapes, members: usize, rows: usize, backend: Backend) -> Self {
        let [first, second] = shapes.actor_hidden;
        let room = |width| Array::zeros(&[members, rows, width], backend);
        let length = match shapes.action_norm {
            ActionNorm::None => None,
            ActionNorm::Unit => Some(Array::zeros(&[members, rows], backend)),
        };
        let how = shapes.departure;
        let is_plain = (Departure { penalty: 0.0, ..how }) == Departure::NONE && how.penalty == 0.0;
        let sums = (!is_plain).then(|| (room(shapes.action), how));
        Self { first: room(first), second: room(second), action: room(shapes.action), length, sums }
    }

    /// action = π(state): Linear–ReLU–Linear–ReLU–Linear–tanh, added to its base where it has one, and brought to length 1
    /// where that is asked for.
    pub fn run(&mut self, actor: &Network, which: Which, state: &Array) {
        actor.relu_layer(which, 0, state, &mut self.first);
        actor.relu_layer(which, 1, &self.first, &mut self.second);
        match &mut self.sums {
            None => actor.tanh_layer(which, 2, &self.second, &mut self.action),
            Some((sums, how)) => {
                actor.layer(which, 2, &self.second, sums);
                kernels::depart(*how, sums, state, &mut self.action);
            }
        }
        if let Some(length) = &mut self.length {
            kernels::to_unit(&mut self.action, length);
        }
    }

    /// The last layer's output between its bounds -1 and 1, before it was scaled, added to a base or brought to length 1, on the
    /// host: `[C, rows, A]`.
    pub fn bounded(&self) -> Vec<f32> {
        match (&self.length, &self.sums) {
            (_, Some((sums, how))) if how.is_tanh => sums.to_vec().into_iter().map(math::tanh).collect(),
            (_, Some((sums, _))) => sums.to_vec(),
            (Some(length), None) => {
                let (action, length) = (self.action.to_vec(), length.to_vec());
                let width = self.action.size(2);
                action.iter().enumerate().map(|(at, value)| value * length[at / width]).collect()
            }
            (None, None) => self.action.to_vec(),
        }
    }

    /// Turns the gradient of the action, in place, into that of the last layer's sum before it is bounded.
    pub fn backward_to_sum(&self, gradient: &mut Array) {
        match (&self.length, &self.sums) {
            (None, None) => kernels::tanh_backward(gradient, &self.action),
            (Some(length), None) => kernels::unit_tanh_backward(gradient, &self.action, length),
            (length, Some((sums, how))) => {
                if let Some(length) = length {
                    kernels::unit_backward(gradient, &self.action, length);
                }
                kernels::depart_backward(*how, gradient, sums);
            }
        }
    }
}

/// The critic's activations for a number of states and actions a member.
pub struct CriticPass {
    /// `[action ; h]`, `[C, rows, A + h]`.
    pub joined: Array,
    /// Second hidden layer.
    pub second: Array,
    /// Third hidden layer.
    pub third: Array,
    /// Q values, `[C, rows]`.
    pub q: Array,
    /// Columns of the action in `joined`.
    pub action_columns: Columns,
    /// Columns of h in `joined`.
    pub h_columns: Columns,
    scratch: Array,
}

impl CriticPass {
    /// Room for `members` × `rows` states.
    pub fn new(shapes: &Shapes, members: usize, rows: usize, backend: Backend) -> Self {
        let [h, second, third] = shapes.critic_hidden;
        let room = |width| Array::zeros(&[members, rows, width], backend);
        let stride = shapes.action + h;
        Self {
            joined: room(stride),
            second: room(second),
            third: room(third),
            q: Array::zeros(&[members, rows], backend),
            action_columns: Columns { stride, offset: 0, width: shapes.action },
            h_columns: Columns { stride, offset: shapes.action, width: h },
            scratch: room(h),
        }
    }

    /// q = Q(state, action): h = ReLU(Linear(state)); `[action ; h]` → Linear–ReLU–Linear–ReLU–Linear.
    pub fn run(&mut self, critic: &Network, which: Which, state: &Array, action: &Array) {
        kernels::copy_into(action, &mut self.joined, self.action_columns);
        critic.relu_layer_into(which, 0, state, &mut self.scratch, (&mut self.joined, self.h_columns));
        critic.relu_layer(which, 1, &self.joined, &mut self.second);
        critic.relu_layer(which, 2, &self.second, &mut self.third);
        let head = critic.layout.layers[3];
        kernels::head(&self.third, critic.parameters(which), head.weight_at, head.bias_at, &mut self.q);
    }
}
