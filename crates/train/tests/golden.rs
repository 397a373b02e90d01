//! Networks and whole updates against PyTorch with autograd (`goldens/make.py`).

use std::sync::Arc;

use drr_core::Seed;
use drr_kinds::drr::{ActionNorm, DrrSpec, Scoring, StateKind};
use drr_train::actor_critic::{Agent, Batch, Losses, Network, Shapes};
use drr_train::kernels::Backend;
use drr_train::pmf::PmfModel;
#[cfg(feature = "libtorch")]
use drr_train::worker;
use serde::Deserialize;
#[cfg(feature = "libtorch")]
use tch::Device;

#[derive(Deserialize)]
struct Golden {
    torch: String,
    state: StateKind,
    scoring: Scoring,
    action_norm: ActionNorm,
    k: usize,
    history: u64,
    batch: u64,
    actor_hidden: Vec<u64>,
    critic_hidden: Vec<u64>,
    gamma: f64,
    tau: f64,
    actor_lr: f64,
    critic_lr: f64,
    grad_clip: f64,
    weight_decay: f64,
    p: Vec<f32>,
    q: Vec<f32>,
    #[serde(flatten)]
    start: Parameters,
    updates: Vec<Update>,
}

#[derive(Deserialize)]
struct Parameters {
    actor: Vec<f32>,
    critic: Vec<f32>,
    target_actor: Vec<f32>,
    target_critic: Vec<f32>,
}

#[derive(Deserialize)]
struct Update {
    users: Vec<u32>,
    before: Vec<u32>,
    after: Vec<u32>,
    actions: Vec<f32>,
    rewards: Vec<f32>,
    weights: Vec<f32>,
    td: Vec<f32>,
    critic_loss: f64,
    gradient_norm: f64,
    policy: Vec<f32>,
    policy_value: f64,
    #[serde(flatten)]
    end: Parameters,
}

/// The three states, and the options that change networks: a bias coordinate and unit-norm actions.
const GOLDENS: [&str; 4] = [
    include_str!("goldens/drr-ave.json"),
    include_str!("goldens/drr-p.json"),
    include_str!("goldens/drr-u.json"),
    include_str!("goldens/drr-options.json"),
];

fn goldens() -> impl Iterator<Item = Golden> {
    GOLDENS.iter().map(|text| serde_json::from_str(text).expect("the golden file is JSON"))
}

fn agent(golden: &Golden, backend: Backend) -> Agent {
    let spec = DrrSpec {
        state: golden.state,
        scoring: golden.scoring,
        action_norm: golden.action_norm,
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
        ..DrrSpec::default()
    };
    let model = PmfModel { k: golden.k, users: golden.p.clone(), items: golden.q.clone(), ..PmfModel::default() };
    let shapes = Shapes::new(&spec, golden.k);
    let mut agent = Agent::new(&shapes, &[&spec], &[Seed(0)], vec![Arc::new(model)], backend);
    agent.actor.trained.theta.fill_from(&golden.start.actor);
    agent.critic.trained.theta.fill_from(&golden.start.critic);
    agent.actor.trained.target.fill_from(&golden.start.target_actor);
    agent.critic.trained.target.fill_from(&golden.start.target_critic);
    agent
}

/// Largest difference, in units of `1 + |expected|`.
fn distance(actual: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(actual.len(), expected.len());
    actual.iter().zip(expected).map(|(a, e)| (a - e).abs() / (1.0 + e.abs())).fold(0.0, f32::max)
}

#[test]
fn whole_updates_over_slices_agree_with_pytorch() {
    goldens().for_each(|golden| whole_updates_agree_with_pytorch(&golden, Backend::Slices));
}

#[test]
#[cfg(feature = "libtorch")]
fn whole_updates_over_tensors_agree_with_pytorch() {
    goldens().for_each(|golden| whole_updates_agree_with_pytorch(&golden, Backend::Tensors(Device::Cpu)));
}

#[test]
#[cfg(feature = "libtorch")]
#[ignore = "needs a GPU"]
fn whole_updates_over_tensors_of_a_gpu_agree_with_pytorch() {
    assert!(worker::device::load_cuda(), "there is no GPU that libtorch can use");
    goldens().for_each(|golden| whole_updates_agree_with_pytorch(&golden, Backend::Tensors(Device::Cuda(0))));
}

fn whole_updates_agree_with_pytorch(golden: &Golden, backend: Backend) {
    assert!(golden.torch.starts_with("2.11.0"));
    #[cfg(feature = "libtorch")]
    let _no_gradients = tch::no_grad_guard();
    let mut agent = agent(golden, backend);
    let state_weight_at = agent.actor.layout.state_weight_at;
    for (round, update) in golden.updates.iter().enumerate() {
        let batch = Batch {
            users: update.users.clone(),
            before: update.before.clone(),
            after: update.after.clone(),
            actions: update.actions.clone(),
            rewards: update.rewards.clone(),
            weights: update.weights.clone(),
        };
        let mut losses = [Losses::default()];
        let td = agent.update(&batch, &mut losses).to_vec();
        assert!(distance(&td, &update.td) < 1e-5, "update {round}: δ {td:?} is not {:?}", update.td);
        assert!((losses[0].critic - update.critic_loss).abs() < 1e-5 * (1.0 + update.critic_loss));
        assert!((losses[0].value - update.policy_value).abs() < 1e-5);
        // Clipping must have been at work, or the golden would not test it.
        assert!(update.gradient_norm > golden.grad_clip, "norm {}", update.gradient_norm);
        let parts: [(&str, &Network, &[f32], &[f32]); 2] = [
            ("actor", &agent.actor, &update.end.actor, &update.end.target_actor),
            ("critic", &agent.critic, &update.end.critic, &update.end.target_critic),
        ];
        for (name, network, theta, target) in parts {
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

#[test]
fn the_actor_agrees_with_pytorch() {
    #[cfg(feature = "libtorch")]
    let _no_gradients = tch::no_grad_guard();
    for golden in goldens() {
        let mut agent = agent(&golden, Backend::Slices);
        let first = &golden.updates[0];
        let (n, size) = (golden.history as usize, agent.shapes.action);
        for row in 0..first.users.len() {
            let action = agent.act(&first.users[row..=row], &first.before[row * n..][..n]);
            let expected = &first.policy[row * size..][..size];
            assert!(distance(action, expected) < 1e-5, "row {row}: {action:?} is not {expected:?}");
        }
    }
}
