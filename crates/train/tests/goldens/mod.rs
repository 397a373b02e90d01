//! Whole updates as PyTorch computed them with autograd (`make.py`), and a backend held against them.

#![allow(dead_code, reason = "each of the tests that share it uses a part")]

use std::sync::Arc;

use drr_core::Seed;
use drr_kinds::drr::{ActionBase, ActionNorm, Bounding, DrrSpec, Scoring, StateKind};
use drr_train::actor_critic::{Agent, Batch, Losses, Shapes};
use drr_train::kernels::Backend;
use drr_train::pmf::PmfModel;
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Golden {
    pub torch: String,
    pub state: StateKind,
    pub scoring: Scoring,
    pub action_norm: ActionNorm,
    pub action_base: ActionBase,
    pub action_range: f64,
    pub bounding: Bounding,
    pub sum_penalty: f64,
    #[serde(default = "one")]
    pub critics: u64,
    #[serde(default)]
    pub smoothing: f64,
    pub k: usize,
    pub history: u64,
    pub batch: u64,
    pub actor_hidden: Vec<u64>,
    pub critic_hidden: Vec<u64>,
    pub gamma: f64,
    pub tau: f64,
    pub actor_lr: f64,
    pub critic_lr: f64,
    pub grad_clip: f64,
    pub weight_decay: f64,
    pub p: Vec<f32>,
    pub q: Vec<f32>,
    #[serde(flatten)]
    pub start: Parameters,
    pub updates: Vec<Update>,
}

fn one() -> u64 {
    1
}

#[derive(Deserialize)]
pub struct Parameters {
    pub actor: Vec<f32>,
    pub critic: Vec<f32>,
    pub target_actor: Vec<f32>,
    pub target_critic: Vec<f32>,
    /// Of a second critic, where there is one.
    #[serde(default)]
    pub twin: Vec<f32>,
    #[serde(default)]
    pub target_twin: Vec<f32>,
}

#[derive(Deserialize)]
pub struct Update {
    pub users: Vec<u32>,
    pub before: Vec<u32>,
    pub after: Vec<u32>,
    pub actions: Vec<f32>,
    pub rewards: Vec<f32>,
    pub weights: Vec<f32>,
    #[serde(default)]
    pub noise: Vec<f32>,
    pub td: Vec<f32>,
    pub critic_loss: f64,
    pub gradient_norm: f64,
    pub policy: Vec<f32>,
    pub policy_value: f64,
    #[serde(flatten)]
    pub end: Parameters,
}

/// The three states, and the options that change networks: a bias coordinate and unit-norm actions; a departure from PMF's action
/// with a penalty of its sums; inverting gradients in place of tanh, of length 1 at the end; two
/// critics with smoothed targets.
const GOLDENS: [&str; 8] = [
    include_str!("drr-ave.json"),
    include_str!("drr-p.json"),
    include_str!("drr-u.json"),
    include_str!("drr-n.json"),
    include_str!("drr-options.json"),
    include_str!("drr-departure.json"),
    include_str!("drr-inverting.json"),
    include_str!("drr-twin.json"),
];

/// Every recorded update.
pub fn goldens() -> impl Iterator<Item = Golden> {
    GOLDENS.iter().map(|text| serde_json::from_str(text).expect("the golden file is JSON"))
}

/// The agent that a golden starts from.
pub fn agent(golden: &Golden, backend: Backend) -> Agent {
    let spec = DrrSpec {
        state: golden.state,
        scoring: golden.scoring,
        action_norm: golden.action_norm,
        action_base: golden.action_base,
        action_range: golden.action_range,
        bounding: golden.bounding,
        sum_penalty: golden.sum_penalty,
        critics: golden.critics,
        smoothing: golden.smoothing,
        history: golden.history,
        batch_size: golden.batch,
        actor_hidden: golden.actor_hidden.clone(),
        critic_hidden: golden.critic_hidden.clone(),
        gamma: golden.gamma,
        tau: golden.tau,
        actor_lr: golden.actor_lr,
        critic_lr: golden.critic_lr,
        grad_clip: golden.grad_clip,
        weight_decay: golden.weight_decay,
        ..DrrSpec::published()
    };
    let model = PmfModel { k: golden.k, users: golden.p.clone(), items: golden.q.clone(), ..PmfModel::default() };
    let shapes = Shapes::new(&spec, golden.k);
    let mut agent = Agent::new(&shapes, &[&spec], &[Seed(0)], vec![Arc::new(model)], backend);
    agent.actor.trained.theta.fill_from(&golden.start.actor);
    agent.critic.trained.theta.fill_from(&golden.start.critic);
    agent.actor.trained.target.fill_from(&golden.start.target_actor);
    agent.critic.trained.target.fill_from(&golden.start.target_critic);
    if let Some(twin) = &mut agent.twin {
        twin.trained.theta.fill_from(&golden.start.twin);
        twin.trained.target.fill_from(&golden.start.target_twin);
    }
    agent
}

/// Largest difference, in units of `1 + |expected|`.
pub fn distance(actual: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(actual.len(), expected.len());
    actual.iter().zip(expected).map(|(a, e)| (a - e).abs() / (1.0 + e.abs())).fold(0.0, f32::max)
}

/// Holds every update of a golden against what the backend computes.
pub fn whole_updates_agree_with_pytorch(golden: &Golden, backend: Backend) {
    assert!(golden.torch.starts_with("2.11.0"));
    let mut agent = agent(golden, backend);
    let state_weight_at = agent.actor.layout.state_weight_at;
    for (round, update) in golden.updates.iter().enumerate() {
        let batch = Batch {
            users: update.users.clone(),
            before: update.before.clone(),
            after: update.after.clone(),
            actions: update.actions.clone(),
            rewards: update.rewards.clone(),
            discounts: vec![golden.gamma as f32; update.rewards.len()],
            weights: update.weights.clone(),
            noise: update.noise.clone(),
        };
        let mut losses = [Losses::default()];
        let td = agent.update(&batch, &mut losses).to_vec();
        assert!(distance(&td, &update.td) < 1e-5, "update {round}: δ {td:?} is not {:?}", update.td);
        assert!((losses[0].critic - update.critic_loss).abs() < 1e-5 * (1.0 + update.critic_loss));
        assert!((losses[0].value - update.policy_value).abs() < 1e-5);
        // Clipping must have been at work, or the golden would not test it.
        assert!(update.gradient_norm > golden.grad_clip, "norm {}", update.gradient_norm);
        let ends = |network: &str| match network {
            "actor" => (&update.end.actor, &update.end.target_actor),
            "critic" => (&update.end.critic, &update.end.target_critic),
            _ => (&update.end.twin, &update.end.target_twin),
        };
        assert_eq!(agent.twin.is_some(), !update.end.twin.is_empty());
        for (name, network) in agent.networks() {
            let (theta, target) = ends(name);
            let far = distance(&network.trained.theta.to_vec(), theta);
            assert!(far < 2e-5, "update {round}: {name} is {far} away");
            let far = distance(&network.trained.target.to_vec(), target);
            assert!(far < 2e-5, "update {round}: the target {name} is {far} away");
        }
        let before = if round == 0 { &golden.start.actor } else { &golden.updates[round - 1].end.actor };
        let moved = distance(&update.end.actor[state_weight_at..], &before[state_weight_at..]);
        assert!(moved > 1e-4, "w must move for its gradient to be tested");
    }
}
