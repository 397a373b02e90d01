//! The actor and the critic of a cohort: acting and one update, lines 13–17 of the slides' training algorithm, with a
//! hand-written backward pass that computes only the gradients that are used. Every tensor carries a leading dimension
//! [C] of members that share all shapes; a lone trial is C = 1.

pub mod forward;
pub mod init;
pub mod network;
pub mod shapes;

use std::sync::Arc;

use drr_core::Seed;
use drr_core::spec::DrrSpec;
use tch::Tensor;

pub use self::forward::ActorPass;
use self::forward::{CriticPass, transposed};
pub use self::network::{Network, Which};
pub use self::shapes::{Layout, Shapes};
use crate::kernels::Array;
use crate::kernels::slices::{self, Columns};
use crate::optim::Rates;
use crate::pmf::PmfModel;
use crate::state;

/// A minibatch of every member, as drawn from replay: ids, not states.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Users, [C, N].
    pub users: Vec<u32>,
    /// The n items before the step, oldest first, [C, N, n].
    pub before: Vec<u32>,
    /// The n items after the step, [C, N, n].
    pub after: Vec<u32>,
    /// Actions taken, [C, N, k].
    pub actions: Vec<f32>,
    /// Rewards, [C, N].
    pub rewards: Vec<f32>,
    /// Importance weights, at most 1, [C, N].
    pub weights: Vec<f32>,
}

/// What one update tells about one member.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Losses {
    /// Mean of weight · δ².
    pub critic: f64,
    /// Mean of Q(s, π(s)).
    pub value: f64,
}

/// The networks of a cohort.
pub struct Agent {
    /// The shapes all members share.
    pub shapes: Shapes,
    /// The actor, with the state's weights w at the end of its parameters.
    pub actor: Network,
    /// The critic.
    pub critic: Network,
    models: Vec<Arc<PmfModel>>,
    gamma: Vec<f32>,
    members: usize,
    act_state: Array,
    act_pass: ActorPass,
    // Taken out while an update runs, so that its buffers and the networks can be borrowed apart.
    work: Option<Box<Workspace>>,
}

/// Memory of an update, allocated once. All tensors are [C, N, ·].
struct Workspace {
    state: Array,
    next_state: Array,
    state_transposed: Tensor,
    policy: ActorPass,
    value: CriticPass,
    policy_first_t: Tensor,
    policy_second_t: Tensor,
    joined_t: Tensor,
    second_t: Tensor,
    d_value: Array,
    d_third: Array,
    d_second: Array,
    d_joined: Array,
    d_h: Array,
    d_action: Array,
    d_policy_second: Array,
    d_policy_first: Array,
    d_state_critic: Array,
    d_state_actor: Array,
    targets: Vec<f32>,
    td: Vec<f32>,
    scratch: Vec<f32>,
    dw: Vec<f32>,
    // Transposed views of θ for the backward pass; `_tail` are the rows whose input gradient is used.
    critic_first_tail_t: Tensor,
    critic_second_t: Tensor,
    critic_second_h_t: Tensor,
    critic_third_t: Tensor,
    actor_first_tail_t: Tensor,
    actor_second_t: Tensor,
    actor_third_t: Tensor,
}

impl Agent {
    /// Freshly initialised networks. `specs` agree in all shapes; `models` are the members' PMF models.
    pub fn new(shapes: &Shapes, specs: &[&DrrSpec], seeds: &[Seed], models: Vec<Arc<PmfModel>>) -> Self {
        let members = specs.len();
        let (actor_layout, critic_layout) = (Layout::actor(shapes), Layout::critic(shapes));
        let actor_initial: Vec<_> = seeds.iter().map(|&seed| init::actor(&actor_layout, seed)).collect();
        let critic_initial: Vec<_> = seeds.iter().map(|&seed| init::critic(&critic_layout, seed)).collect();
        let rates = |lr: fn(&DrrSpec) -> f64, clip: fn(&DrrSpec) -> f64| -> Vec<Rates> {
            specs
                .iter()
                .map(|spec| Rates { lr: lr(spec), weight_decay: spec.weight_decay, clip: clip(spec), tau: spec.tau })
                .collect()
        };
        let actor = Network::new(actor_layout, &actor_initial, rates(|spec| spec.actor_lr, |_| 0.0));
        let critic = Network::new(critic_layout, &critic_initial, rates(|spec| spec.critic_lr, |spec| spec.grad_clip));
        let work = Workspace::new(shapes, members, &actor, &critic);
        Self {
            act_state: Array::zeros(&[members, 1, shapes.state]),
            act_pass: ActorPass::new(shapes, members, 1),
            gamma: specs.iter().map(|spec| spec.gamma as f32).collect(),
            shapes: shapes.clone(),
            actor,
            critic,
            models,
            members,
            work: Some(Box::new(work)),
        }
    }

    /// The state's weights w of one member, [n].
    pub fn state_weights(&self, member: usize) -> &[f32] {
        let layout = &self.actor.layout;
        let start = member * layout.size + layout.state_weight_at;
        &self.actor.parameters(Which::Online)[start..start + layout.state_weights]
    }

    /// Actions π(s) of every member: users [C], histories [C, n] → [C, k].
    pub fn act(&mut self, users: &[u32], histories: &[u32]) -> &[f32] {
        let mut states = std::mem::replace(&mut self.act_state, Array::zeros(&[0]));
        self.states_into(users, histories, 1, &mut states);
        self.act_state = states;
        self.act_pass.run(&self.actor, Which::Online, &self.act_state);
        self.act_pass.action.as_slice()
    }

    /// States of `rows` (user, history) pairs a member into `out`, [C, rows, state].
    pub fn states_into(&self, users: &[u32], histories: &[u32], rows: usize, out: &mut Array) {
        let (n, size) = (self.shapes.history, self.shapes.state);
        let out = out.as_mut_slice();
        for member in 0..self.members {
            let users = &users[member * rows..][..rows];
            let items = &histories[member * rows * n..][..rows * n];
            let out = &mut out[member * rows * size..][..rows * size];
            state::encode(&self.models[member], users, items, self.state_weights(member), out);
        }
    }

    /// One update of every member (slides, lines 14–17). Returns the temporal-difference errors δ = y - Q(s, a), [C, N].
    pub fn update(&mut self, batch: &Batch, losses: &mut [Losses]) -> &[f32] {
        let mut work = self.work.take().expect("put back by every update");
        self.states_into(&batch.users, &batch.before, self.shapes.batch, &mut work.state);
        self.states_into(&batch.users, &batch.after, self.shapes.batch, &mut work.next_state);
        self.targets(batch, &mut work);
        self.critic_step(batch, &mut work, losses);
        self.actor_step(batch, &mut work, losses);
        &self.work.insert(work).td
    }

    /// y = r + γ Q'(s', π'(s')). A session ends by truncation, so y always bootstraps.
    fn targets(&self, batch: &Batch, work: &mut Workspace) {
        work.policy.run(&self.actor, Which::Target, &work.next_state);
        work.value.run(&self.critic, Which::Target, &work.next_state, work.policy.action.as_slice());
        let q = work.value.q.as_slice();
        for (row, (target, (reward, q))) in work.targets.iter_mut().zip(batch.rewards.iter().zip(q)).enumerate() {
            *target = reward + self.gamma[row / self.shapes.batch] * q;
        }
    }

    /// Minimises the mean of weight · (y - Q(s, a))².
    fn critic_step(&mut self, batch: &Batch, work: &mut Workspace, losses: &mut [Losses]) {
        let n = self.shapes.batch;
        work.value.run(&self.critic, Which::Online, &work.state, &batch.actions);
        let q = work.value.q.as_slice();
        let d_value = work.d_value.as_mut_slice();
        for (member, losses) in losses.iter_mut().enumerate() {
            let mut loss = 0.0;
            for row in member * n..(member + 1) * n {
                let (td, weight) = (work.targets[row] - q[row], batch.weights[row]);
                work.td[row] = td;
                d_value[row] = -2.0 / n as f32 * weight * td;
                loss += f64::from(weight * td * td);
            }
            losses.critic = loss / n as f64;
        }
        work.backward_to_second(&self.critic, n);
        let critic = &mut self.critic;
        let head = critic.layout.layers[3];
        slices::head_gradient(
            work.d_value.as_slice(),
            work.value.third.as_slice(),
            n,
            head.inputs,
            critic.trained.gradient.as_mut_slice(),
            critic.layout.size,
            head.weight_at,
            head.bias_at,
        );
        critic.layer_gradient(2, &work.second_t, &work.d_third, n);
        critic.layer_gradient(1, &work.joined_t, &work.d_second, n);
        let _ = work.d_second.tensor().bmm_out(work.d_h.tensor(), &work.critic_second_h_t);
        slices::relu_backward(work.d_h.as_mut_slice(), work.value.joined.as_slice(), work.value.h_columns);
        critic.layer_gradient(0, &work.state_transposed, &work.d_h, n);
        critic.trained.step();
    }

    /// Maximises the mean of Q(s, π(s)) over the actor and w; w's gradient comes through the actor and the critic.
    fn actor_step(&mut self, batch: &Batch, work: &mut Workspace, losses: &mut [Losses]) {
        let n = self.shapes.batch;
        work.policy.run(&self.actor, Which::Online, &work.state);
        work.value.run(&self.critic, Which::Online, &work.state, work.policy.action.as_slice());
        let q = work.value.q.as_slice();
        for (member, losses) in losses.iter_mut().enumerate() {
            losses.value = q[member * n..(member + 1) * n].iter().map(|&q| f64::from(q)).sum::<f64>() / n as f64;
        }
        work.d_value.as_mut_slice().fill(-1.0 / n as f32);
        work.backward_to_second(&self.critic, n);
        let _ = work.d_second.tensor().bmm_out(work.d_joined.tensor(), &work.critic_second_t);
        slices::relu_backward_from(
            work.d_joined.as_slice(),
            work.value.joined.as_slice(),
            work.value.h_columns,
            work.d_h.as_mut_slice(),
        );
        let _ = work.d_h.tensor().bmm_out(work.d_state_critic.tensor(), &work.critic_first_tail_t);
        slices::tanh_backward_from(
            work.d_joined.as_slice(),
            work.value.action_columns,
            work.policy.action.as_slice(),
            work.d_action.as_mut_slice(),
        );
        self.actor.layer_gradient(2, &work.policy_second_t, &work.d_action, n);
        let _ = work.d_action.tensor().bmm_out(work.d_policy_second.tensor(), &work.actor_third_t);
        let [first, second] = self.shapes.actor_hidden;
        let mask = work.d_policy_second.as_mut_slice();
        slices::relu_backward(mask, work.policy.second.as_slice(), Columns::all(second));
        self.actor.layer_gradient(1, &work.policy_first_t, &work.d_policy_second, n);
        let _ = work.d_policy_second.tensor().bmm_out(work.d_policy_first.tensor(), &work.actor_second_t);
        let mask = work.d_policy_first.as_mut_slice();
        slices::relu_backward(mask, work.policy.first.as_slice(), Columns::all(first));
        self.actor.layer_gradient(0, &work.state_transposed, &work.d_policy_first, n);
        let _ = work.d_policy_first.tensor().bmm_out(work.d_state_actor.tensor(), &work.actor_first_tail_t);
        self.state_weight_gradient(batch, work);
        self.actor.trained.step();
    }

    fn state_weight_gradient(&mut self, batch: &Batch, work: &mut Workspace) {
        let (rows, n, k) = (self.shapes.batch, self.shapes.history, self.shapes.k);
        let part = rows * (self.shapes.state - k);
        for member in 0..self.members {
            let range = member * part..(member + 1) * part;
            state::weight_gradient(
                &self.models[member],
                &batch.users[member * rows..][..rows],
                &batch.before[member * rows * n..][..rows * n],
                (&work.d_state_critic.as_slice()[range.clone()], &work.d_state_actor.as_slice()[range]),
                &mut work.scratch,
                &mut work.dw,
            );
            let at = member * self.actor.layout.size + self.actor.layout.state_weight_at;
            self.actor.trained.gradient.as_mut_slice()[at..at + n].copy_from_slice(&work.dw);
        }
    }
}

impl Workspace {
    fn new(shapes: &Shapes, members: usize, actor: &Network, critic: &Network) -> Self {
        let room = |width| Array::zeros(&[members, shapes.batch, width]);
        let [h, second, third] = shapes.critic_hidden;
        let (state, policy) = (room(shapes.state), ActorPass::new(shapes, members, shapes.batch));
        let value = CriticPass::new(shapes, members, shapes.batch);
        let rows = |network: &Network, layer, from, to| network.rows(members, layer, from, to).transpose(1, 2);
        Self {
            state_transposed: transposed(&state),
            policy_first_t: transposed(&policy.first),
            policy_second_t: transposed(&policy.second),
            joined_t: transposed(&value.joined),
            second_t: transposed(&value.second),
            next_state: room(shapes.state),
            d_value: Array::zeros(&[members, shapes.batch]),
            d_third: room(third),
            d_second: room(second),
            d_joined: room(shapes.k + h),
            d_h: room(h),
            d_action: room(shapes.k),
            d_policy_second: room(shapes.actor_hidden[1]),
            d_policy_first: room(shapes.actor_hidden[0]),
            d_state_critic: room(shapes.state - shapes.k),
            d_state_actor: room(shapes.state - shapes.k),
            targets: vec![0.0; members * shapes.batch],
            td: vec![0.0; members * shapes.batch],
            scratch: vec![0.0; shapes.k],
            dw: vec![0.0; shapes.history],
            // p_u has no trained part in it, so the first k columns of the state need no gradient.
            critic_first_tail_t: rows(critic, 0, shapes.k, shapes.state),
            critic_second_t: rows(critic, 1, 0, shapes.k + h),
            critic_second_h_t: rows(critic, 1, shapes.k, shapes.k + h),
            critic_third_t: rows(critic, 2, 0, second),
            actor_first_tail_t: rows(actor, 0, shapes.k, shapes.state),
            actor_second_t: rows(actor, 1, 0, shapes.actor_hidden[0]),
            actor_third_t: rows(actor, 2, 0, shapes.actor_hidden[1]),
            state,
            policy,
            value,
        }
    }

    /// From dq to the gradient of the critic's second hidden layer, common to both steps.
    fn backward_to_second(&mut self, critic: &Network, n: usize) {
        let head = critic.layout.layers[3];
        slices::head_backward(
            self.d_value.as_slice(),
            self.value.third.as_slice(),
            n,
            head.inputs,
            critic.parameters(Which::Online),
            critic.layout.size,
            head.weight_at,
            self.d_third.as_mut_slice(),
        );
        let _ = self.d_third.tensor().bmm_out(self.d_second.tensor(), &self.critic_third_t);
        let width = critic.layout.layers[2].inputs;
        slices::relu_backward(self.d_second.as_mut_slice(), self.value.second.as_slice(), Columns::all(width));
    }
}

/// Networks and optimiser state at one moment.
pub struct Snapshot {
    actor: TrainedValues,
    critic: TrainedValues,
}

/// θ, θ', m, v and the step count of one network.
type TrainedValues = ([Vec<f32>; 4], u64);

impl Agent {
    /// Remembers networks and optimiser state.
    pub fn snapshot(&self) -> Snapshot {
        let values = |network: &Network| {
            let trained = &network.trained;
            let arrays = [&trained.theta, &trained.target, &trained.m, &trained.v];
            (arrays.map(|array| array.as_slice().to_vec()), trained.steps)
        };
        Snapshot { actor: values(&self.actor), critic: values(&self.critic) }
    }

    /// Goes back to what was remembered.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        for (network, (values, steps)) in [(&mut self.actor, &snapshot.actor), (&mut self.critic, &snapshot.critic)] {
            let trained = &mut network.trained;
            let arrays = [&mut trained.theta, &mut trained.target, &mut trained.m, &mut trained.v];
            for (array, values) in arrays.into_iter().zip(values) {
                array.as_mut_slice().copy_from_slice(values);
            }
            trained.steps = *steps;
        }
    }
}
