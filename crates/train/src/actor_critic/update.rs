//! One update of a cohort: the critic's step, the actor's step, their memory.

use super::forward::{ActorPass, CriticPass};
use super::network::{Network, Which};
use super::shapes::Shapes;
use super::{Agent, Batch, Losses, encode};
use crate::kernels::{self, Array, Backend, Columns, Region, View};

/// Memory of an update, allocated once. All arrays are `[C, N, ·]`.
pub(super) struct Workspace {
    state: Array,
    next_state: Array,
    action: Array,
    reward: Array,
    weight: Array,
    discount: Array,
    policy: ActorPass,
    value: CriticPass,
    target: Array,
    /// Added to the target's actions, where they are smoothed.
    noise: Option<Array>,
    /// The first critic's values of the states after, where there are two.
    first: Option<Array>,
    td: Array,
    d_value: Array,
    d_policy_value: Array,
    d_third: Array,
    d_second: Array,
    d_h: Array,
    d_policy: Array,
    d_policy_second: Array,
    d_policy_first: Array,
    d_state: Array,
    scratch: Vec<f32>,
    host_td: Vec<f32>,
    host_q: Vec<f32>,
    views: Views,
}

/// Where transposed matrices lie: of activations, for gradients of weights; in the parameters, for gradients of inputs.
struct Views {
    state: Region,
    policy_first: Region,
    policy_second: Region,
    joined: Region,
    second: Region,
    /// The rows of h, for the critic's own step.
    critic_second_h: Region,
    /// The rows of the action, for the actor's step.
    critic_second_action: Region,
    critic_third: Region,
    /// The rows that depend on w only: nothing before the others is trained. None where no row does.
    actor_first: Option<Region>,
    actor_second: Region,
    actor_third: Region,
}

impl Workspace {
    pub(super) fn new(shapes: &Shapes, members: usize, actor: &Network, critic: &Network, backend: Backend) -> Self {
        let n = shapes.batch;
        let room = |width| Array::zeros(&[members, n, width], backend);
        let column = || Array::zeros(&[members, n], backend);
        let [h, second, third] = shapes.critic_hidden;
        let (state, policy) = (room(shapes.state), ActorPass::new(shapes, members, n, backend));
        let value = CriticPass::new(shapes, members, n, backend);
        let weighted_from = shapes.weighted_from();
        let views = Views {
            state: Region::whole(&state).transposed(),
            policy_first: Region::whole(&policy.first).transposed(),
            policy_second: Region::whole(&policy.second).transposed(),
            joined: Region::whole(&value.joined).transposed(),
            second: Region::whole(&value.second).transposed(),
            critic_second_action: critic.transposed_rows(1, 0, shapes.action),
            critic_second_h: critic.transposed_rows(1, shapes.action, shapes.action + h),
            critic_third: critic.transposed_rows(2, 0, second),
            actor_first: (weighted_from < shapes.state).then(|| actor.transposed_rows(0, weighted_from, shapes.state)),
            actor_second: actor.transposed_rows(1, 0, shapes.actor_hidden[0]),
            actor_third: actor.transposed_rows(2, 0, shapes.actor_hidden[1]),
        };
        let mut d_policy_value = column();
        d_policy_value.fill_from(&vec![-1.0 / n as f32; members * n]);
        Self {
            next_state: room(shapes.state),
            action: room(shapes.action),
            reward: column(),
            weight: column(),
            discount: column(),
            target: column(),
            noise: shapes.is_smoothed.then(|| room(shapes.action)),
            first: shapes.has_twin.then(column),
            td: column(),
            d_value: column(),
            d_policy_value,
            d_third: room(third),
            d_second: room(second),
            d_h: room(h),
            d_policy: room(shapes.action),
            d_policy_second: room(shapes.actor_hidden[1]),
            d_policy_first: room(shapes.actor_hidden[0]),
            d_state: room(shapes.state - weighted_from),
            scratch: vec![0.0; shapes.k],
            host_td: vec![0.0; members * n],
            host_q: vec![0.0; members * n],
            state,
            policy,
            value,
            views,
        }
    }

    /// From dq to the gradient of the critic's second hidden layer, common to both steps.
    fn backward_to_second(
        critic: &Network,
        views: &Views,
        dq: &Array,
        value: &CriticPass,
        d: (&mut Array, &mut Array),
    ) {
        let (d_third, d_second) = d;
        let head = critic.layout.layers[3];
        kernels::head_backward(dq, &value.third, critic.parameters(Which::Online), head.weight_at, d_third);
        multiply(d_third, critic.trained.theta.view(views.critic_third), d_second);
        kernels::relu_backward(d_second, &value.second, Columns::all(value.second.size(2)));
    }
}

impl Agent {
    /// One update of every member (slides, lines 14–17). Returns the temporal-difference errors δ = y - Q(s, a), `[C, N]`.
    pub fn update(&mut self, batch: &Batch, losses: &mut [Losses]) -> &[f32] {
        let Self { embeddings, actor, work, .. } = self;
        encode(embeddings, actor, &batch.users, &batch.before, &mut work.state);
        encode(embeddings, actor, &batch.users, &batch.after, &mut work.next_state);
        work.action.fill_from(&batch.actions);
        work.reward.fill_from(&batch.rewards);
        work.discount.fill_from(&batch.discounts);
        work.weight.fill_from(&batch.weights);
        if let Some(noise) = &mut work.noise {
            noise.fill_from(&batch.noise);
        }
        self.targets();
        // The twin first: the errors that set priorities are the critic's.
        if let Some(twin) = &mut self.twin {
            critic_step(twin, &mut self.work);
        }
        critic_step(&mut self.critic, &mut self.work);
        self.actor_step(batch);
        self.read(batch, losses);
        &self.work.host_td
    }

    /// y = r + γ Q'(s', π'(s')), where r and γ may be of several steps, π' noisy and Q' the lesser of two. A session ends by
    /// truncation, so y always bootstraps.
    fn targets(&mut self) {
        let Self { actor, critic, twin, work, .. } = self;
        work.policy.run(actor, Which::Target, &work.next_state);
        if let Some(noise) = &work.noise {
            kernels::add(&mut work.policy.action, noise);
        }
        work.value.run(critic, Which::Target, &work.next_state, &work.policy.action);
        if let (Some(twin), Some(first)) = (twin, &mut work.first) {
            std::mem::swap(first, &mut work.value.q);
            work.value.run(twin, Which::Target, &work.next_state, &work.policy.action);
            kernels::least(&mut work.value.q, first);
        }
        kernels::bootstrap(&work.reward, &work.discount, &work.value.q, &mut work.target);
    }

    /// Maximises the mean of Q(s, π(s)) over the actor and w by the sampled policy gradient ∇_a Q · ∇π (slides, line 16):
    /// w's gradient comes through the action alone. Through the critic's view of the state, w would learn to look good
    /// to the critic instead of to act well.
    fn actor_step(&mut self, batch: &Batch) {
        let Self { actor, critic, work, embeddings, .. } = self;
        let Workspace {
            policy,
            value,
            views,
            d_third,
            d_second,
            d_policy,
            d_policy_second,
            d_policy_first,
            d_state,
            ..
        } = work;
        policy.run(actor, Which::Online, &work.state);
        value.run(critic, Which::Online, &work.state, &policy.action);
        Workspace::backward_to_second(critic, views, &work.d_policy_value, value, (d_third, d_second));
        multiply(d_second, critic.trained.theta.view(views.critic_second_action), d_policy);
        policy.backward_to_sum(d_policy);
        actor.layer_gradient(2, policy.second.view(views.policy_second), d_policy);
        multiply(d_policy, actor.trained.theta.view(views.actor_third), d_policy_second);
        kernels::relu_backward(d_policy_second, &policy.second, Columns::all(policy.second.size(2)));
        actor.layer_gradient(1, policy.first.view(views.policy_first), d_policy_second);
        multiply(d_policy_second, actor.trained.theta.view(views.actor_second), d_policy_first);
        kernels::relu_backward(d_policy_first, &policy.first, Columns::all(policy.first.size(2)));
        actor.layer_gradient(0, work.state.view(views.state), d_policy_first);
        if let Some(actor_first) = views.actor_first {
            multiply(d_policy_first, actor.trained.theta.view(actor_first), d_state);
            let Network { layout, trained, .. } = actor;
            let weights = (&trained.theta, layout.state_weight_at);
            let ids = (&batch.users[..], &batch.before[..]);
            embeddings.weight_gradient(ids, weights, d_state, &mut work.scratch, &mut trained.gradient);
        }
        actor.trained.step();
    }

    /// Brings δ and Q to the host, once an update, and sums up the losses.
    fn read(&mut self, batch: &Batch, losses: &mut [Losses]) {
        let (work, n) = (&mut self.work, self.shapes.batch);
        work.td.read_into(&mut work.host_td);
        work.value.q.read_into(&mut work.host_q);
        for (member, losses) in losses.iter_mut().enumerate() {
            let rows = member * n..(member + 1) * n;
            let weighted =
                rows.clone().map(|row| f64::from(batch.weights[row] * work.host_td[row] * work.host_td[row]));
            losses.critic = weighted.sum::<f64>() / n as f64;
            losses.value = work.host_q[rows].iter().map(|&q| f64::from(q)).sum::<f64>() / n as f64;
        }
    }
}

/// Minimises the mean of weight · (y - Q(s, a))² of one critic.
fn critic_step(critic: &mut Network, work: &mut Workspace) {
    let Workspace { value, views, d_value, d_third, d_second, d_h, .. } = work;
    value.run(critic, Which::Online, &work.state, &work.action);
    kernels::temporal_difference(&work.target, &value.q, &work.weight, &mut work.td, d_value);
    Workspace::backward_to_second(critic, views, d_value, value, (d_third, d_second));
    let head = critic.layout.layers[3];
    kernels::head_gradient(d_value, &value.third, &mut critic.trained.gradient, head.weight_at, head.bias_at);
    critic.layer_gradient(2, value.second.view(views.second), d_third);
    critic.layer_gradient(1, value.joined.view(views.joined), d_second);
    multiply(d_second, critic.trained.theta.view(views.critic_second_h), d_h);
    kernels::relu_backward(d_h, &value.joined, value.h_columns);
    critic.layer_gradient(0, work.state.view(views.state), d_h);
    critic.trained.step();
}

/// out = gradient · matrix for every member.
fn multiply(gradient: &Array, matrix: View<'_>, out: &mut Array) {
    kernels::product(gradient.whole(), matrix, out.whole_mut());
}
