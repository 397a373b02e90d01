//! The actor and the critic of a cohort: acting and one update, lines 13–17 of the slides' training algorithm, with a
//! hand-written backward pass that computes only the gradients that are used. Every tensor carries a leading dimension
//! `[C]` of members that share all shapes; a lone trial is C = 1.

pub mod forward;
pub mod init;
pub mod network;
mod orthogonal;
pub mod shapes;
mod update;

use std::sync::Arc;

use drr_core::Seed;
use drr_core::seed::Stream;
use drr_kinds::drr::DrrSpec;

pub use self::forward::ActorPass;
pub use self::network::{Network, Which};
pub use self::shapes::{Layout, Shapes};
use self::update::Workspace;
use crate::kernels::accelerator::Rates;
use crate::kernels::{Array, Backend};
use crate::pmf::PmfModel;
use crate::state::Embeddings;

/// A minibatch of every member, as drawn from replay: ids, not states.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Users, `[C, N]`.
    pub users: Vec<u32>,
    /// The n items before the step, oldest first, `[C, N, n]`.
    pub before: Vec<u32>,
    /// The n items after the step, `[C, N, n]`.
    pub after: Vec<u32>,
    /// Actions taken, `[C, N, A]`.
    pub actions: Vec<f32>,
    /// Rewards, `[C, N]`.
    pub rewards: Vec<f32>,
    /// What the value after the step is multiplied by, `[C, N]`.
    pub discounts: Vec<f32>,
    /// What is added to the target's actions, `[C, N, A]`; empty where they are not smoothed.
    pub noise: Vec<f32>,
    /// Importance weights, at most 1, `[C, N]`.
    pub weights: Vec<f32>,
}

/// Appends a member's noise on the target's actions, where they are smoothed: normal, clipped as TD3 does it.
pub fn smooth(spec: &DrrSpec, count: usize, stream: &mut Stream, noise: &mut Vec<f32>) {
    if spec.smoothing > 0.0 {
        noise.extend((0..count).map(|_| (spec.smoothing * stream.normal().clamp(-CLIP, CLIP)) as f32));
    }
}

/// Deviations at which the noise on the target's actions is clipped.
const CLIP: f64 = 2.5;

/// What one update tells about one member.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Losses {
    /// Mean of weight · δ².
    pub critic: f64,
    /// Mean of Q(s, π(s)).
    pub value: f64,
}

/// The parameters that networks begin with, each member's own.
struct Initial {
    actor: Vec<Vec<f32>>,
    critic: Vec<Vec<f32>>,
    twin: Option<Vec<Vec<f32>>>,
}

/// The networks of a cohort.
pub struct Agent {
    /// The shapes all members share.
    pub shapes: Shapes,
    /// The actor, with the state's weights w at the end of its parameters.
    pub actor: Network,
    /// The critic.
    pub critic: Network,
    /// A second one, where there are two.
    pub twin: Option<Network>,
    backend: Backend,
    models: Vec<Arc<PmfModel>>,
    embeddings: Embeddings,
    act_state: Array,
    act_pass: ActorPass,
    actions: Vec<f32>,
    work: Workspace,
}

impl Agent {
    /// Freshly initialised networks. `specs` agree in all shapes; `models` are the members' PMF models.
    pub fn new(
        shapes: &Shapes,
        specs: &[&DrrSpec],
        seeds: &[Seed],
        models: Vec<Arc<PmfModel>>,
        backend: Backend,
    ) -> Self {
        let (actor_layout, critic_layout) = (Layout::actor(shapes), Layout::critic(shapes));
        let actor = seeds.iter().map(|&seed| init::actor(&actor_layout, shapes, seed)).collect();
        let critic = |stream| seeds.iter().map(|&seed| init::critic(&critic_layout, seed, stream)).collect();
        let twin = shapes.has_twin.then(|| critic("init/twin"));
        let initial = Initial { actor, critic: critic("init/critic"), twin };
        Self::from(shapes, specs, &initial, models, backend)
    }

    /// Networks that begin with these parameters.
    fn from(
        shapes: &Shapes,
        specs: &[&DrrSpec],
        initial: &Initial,
        models: Vec<Arc<PmfModel>>,
        backend: Backend,
    ) -> Self {
        let members = specs.len();
        let rates = |lr: fn(&DrrSpec) -> f64, clip: fn(&DrrSpec) -> f64| -> Vec<Rates> {
            specs
                .iter()
                .map(|spec| Rates { lr: lr(spec), weight_decay: spec.weight_decay, clip: clip(spec), tau: spec.tau })
                .collect()
        };
        let actor_rates = rates(|spec| spec.actor_lr, |_| 0.0);
        let actor = Network::new(Layout::actor(shapes), &initial.actor, actor_rates, backend);
        let critic = |initial: &Vec<Vec<f32>>| {
            let rates = rates(|spec| spec.critic_lr, |spec| spec.grad_clip);
            Network::new(Layout::critic(shapes), initial, rates, backend)
        };
        let (twin, critic) = (initial.twin.as_ref().map(critic), critic(&initial.critic));
        Self {
            act_state: Array::zeros(&[members, 1, shapes.state], backend),
            act_pass: ActorPass::new(shapes, members, 1, backend),
            actions: vec![0.0; members * shapes.action],
            work: Workspace::new(shapes, members, &actor, &critic, backend),
            embeddings: Embeddings::new(models.clone(), shapes.kind, shapes.history, backend),
            models,
            shapes: shapes.clone(),
            actor,
            critic,
            twin,
            backend,
        }
    }

    /// A cohort of so many members that each are as this one's only member is now, optimiser and targets included.
    ///
    /// # Panics
    /// If it has several.
    pub fn repeated(&self, members: usize, spec: &DrrSpec) -> Self {
        assert_eq!(self.models.len(), 1, "one member can be repeated");
        let of = |network: &Network| vec![network.trained.theta.to_vec(); members];
        let initial = Initial { actor: of(&self.actor), critic: of(&self.critic), twin: self.twin.as_ref().map(of) };
        let models = vec![Arc::clone(&self.models[0]); members];
        let mut cohort = Self::from(&self.shapes, &vec![spec; members], &initial, models, self.backend);
        cohort.restore(&self.snapshot().repeated(members));
        cohort
    }

    /// How and where it computes.
    pub fn backend(&self) -> Backend {
        self.backend
    }

    /// Actions π(s) of every member: users `[C]`, histories `[C, n]` → `[C, A]`, on the host; A is k, or k + 1 where biases
    /// are scored.
    pub fn act(&mut self, users: &[u32], histories: &[u32]) -> &[f32] {
        let Self { embeddings, actor, act_state, act_pass, .. } = self;
        encode(embeddings, actor, users, histories, act_state);
        act_pass.run(actor, Which::Online, act_state);
        act_pass.action.read_into(&mut self.actions);
        &self.actions
    }

    /// States of (user, history) pairs into `out`, `[C, rows, state]`.
    pub fn states_into(&self, users: &[u32], histories: &[u32], out: &mut Array) {
        encode(&self.embeddings, &self.actor, users, histories, out);
    }
}

fn encode(embeddings: &Embeddings, actor: &Network, users: &[u32], histories: &[u32], out: &mut Array) {
    embeddings.encode(users, histories, actor.parameters(Which::Online), actor.layout.state_weight_at, out);
}

/// Networks and optimiser state at one moment, on the host.
pub struct Snapshot(Vec<TrainedValues>);

/// θ, θ', m, v and the step count of one network.
type TrainedValues = ([Vec<f32>; 4], u64);

impl Snapshot {
    /// One of so many members that each are as all of these are.
    fn repeated(&self, members: usize) -> Self {
        let repeat = |(values, steps): &TrainedValues| (values.each_ref().map(|it| it.repeat(members)), *steps);
        Self(self.0.iter().map(repeat).collect())
    }
}

impl Agent {
    /// Its networks, by name.
    pub fn networks(&self) -> Vec<(&'static str, &Network)> {
        let both = [("actor", &self.actor), ("critic", &self.critic)];
        both.into_iter().chain(self.twin.as_ref().map(|twin| ("twin", twin))).collect()
    }

    /// The same, to change.
    pub fn networks_mut(&mut self) -> Vec<(&'static str, &mut Network)> {
        let both = [("actor", &mut self.actor), ("critic", &mut self.critic)];
        both.into_iter().chain(self.twin.as_mut().map(|twin| ("twin", twin))).collect()
    }

    /// Remembers networks and optimiser state.
    pub fn snapshot(&self) -> Snapshot {
        let values = |network: &Network| {
            let trained = &network.trained;
            ([&trained.theta, &trained.target, &trained.m, &trained.v].map(Array::to_vec), trained.steps)
        };
        Snapshot(self.networks().into_iter().map(|(_, network)| values(network)).collect())
    }

    /// Goes back to what was remembered.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        for ((_, network), (values, steps)) in self.networks_mut().into_iter().zip(&snapshot.0) {
            let trained = &mut network.trained;
            let arrays = [&mut trained.theta, &mut trained.target, &mut trained.m, &mut trained.v];
            arrays.into_iter().zip(values).for_each(|(array, values)| array.fill_from(values));
            trained.steps = *steps;
        }
    }
}
