//! The bits of trainings and evaluations, on whatever this runs: other vectors, another make of processor, another
//! architecture, another C library. `cargo xtask portable` runs it under emulated processors and for other targets.

use std::sync::Arc;

use drr_core::data::Split;
use drr_core::journal::Point;
use drr_core::spec::{RewardRule, SplitSpec, SyntheticSpec};
use drr_core::{Digest, Seed};
use drr_kinds::drr::{
    ActionBase, ActionNorm, Bounding, CriticAction, DrrSpec, Exploration, Remembers, Scoring, StateKind, TrainItems,
};
use drr_kinds::error::Result;
use drr_kinds::offline::OfflineSpec;
use drr_kinds::online::OnlineSpec;
use drr_kinds::pmf::PmfSpec;
use drr_kinds::training::{Metrics, Reporter};
use drr_kinds::world::World;
use drr_train::evaluate::Policy;
use drr_train::kernels::Backend;
use drr_train::online::Scene;
use drr_train::pmf::{self, PmfModel};
use drr_train::trainer::{Member, train};
use drr_train::{offline, online};

/// Every bit that was reported.
#[derive(Default)]
struct Bits(Vec<u8>);

impl Bits {
    fn numbers(&mut self, values: &[f32]) {
        values.iter().for_each(|value| self.0.extend(value.to_bits().to_le_bytes()));
    }

    fn metrics(&mut self, metrics: &Metrics) {
        for (name, value) in metrics {
            self.0.extend(name.as_bytes());
            self.0.extend(value.to_bits().to_le_bytes());
        }
    }

    fn digest(&self) -> String {
        Digest::of(&self.0).short()
    }
}

impl Reporter for Bits {
    fn points(&mut self, _: usize, points: Vec<Point>) -> Result<()> {
        for point in points {
            self.0.extend(point.name.as_bytes());
            self.0.extend(point.step.to_le_bytes());
            self.0.extend(point.value.to_bits().to_le_bytes());
        }
        Ok(())
    }

    fn progress(&mut self, _: u64, _: u64) -> Result<()> {
        Ok(())
    }
}

/// Factors of an embedding: no multiple of a vector.
const K: u64 = 19;

fn factorised(seed: u64) -> (Arc<World>, Arc<PmfModel>, String) {
    let ratings = drr_core::data::synthetic::generate(&SyntheticSpec::default()).expect("the default world fits");
    let world = World::new(&ratings, &Split::by_rule(&ratings, &SplitSpec::default()), RewardRule::STARS);
    let mut bits = Bits::default();
    let spec = PmfSpec { k: K, epochs: 4, ..PmfSpec::default() };
    let (model, metrics) = pmf::train(&world, &spec, Seed(seed), &mut bits).expect("PMF trains");
    bits.numbers(&model.users);
    bits.numbers(&model.items);
    bits.metrics(&metrics);
    (Arc::new(world), Arc::new(model), bits.digest())
}

/// 300 updates of a recommender, and what it is worth offline and online.
fn recommended(world: &Arc<World>, model: &Arc<PmfModel>, spec: &DrrSpec, seed: u64) -> String {
    let mut spec = spec.clone();
    spec.resolve(K);
    let mut bits = Bits::default();
    let member = Member { spec: spec.clone(), seed: Seed(seed), world: Arc::clone(world), model: Arc::clone(model) };
    let (agent, outcomes) = train(&[member], Backend::Slices, &mut bits).expect("it trains");
    outcomes.into_iter().for_each(|outcome| bits.metrics(&outcome.expect("every member trains")));
    for network in [&agent.actor, &agent.critic] {
        bits.numbers(network.trained.theta.as_slice());
        bits.numbers(network.trained.target.as_slice());
    }
    let n = spec.history as usize;
    let mut policy = Policy::Recommender(Box::new(agent), Box::new(spec));
    let measure = OfflineSpec { k: vec![3, 5], repeats: 2, users: 30, ..OfflineSpec::default() };
    let found = offline::run(world, model, &mut policy, n, &measure, Seed(seed), &mut bits);
    bits.metrics(&found.expect("users enough"));
    let measure = OnlineSpec { k: vec![5], repeats: 1, steps: 60, ..OnlineSpec::default() };
    let found = online::run(&Scene::own(world, model, n), &mut policy, &measure, Seed(seed), &mut bits);
    bits.metrics(&found.expect("users enough"));
    bits.digest()
}

fn common() -> DrrSpec {
    DrrSpec {
        batch_size: 24,
        learning_starts: 60,
        train_steps: 360,
        eps_steps: 200,
        record_every: 60,
        ..DrrSpec::published()
    }
}

#[test]
fn the_bits_are_those_of_every_other_machine() {
    let variants = [
        common(),
        DrrSpec { state: StateKind::P, history: 3, ..common() },
        DrrSpec { state: StateKind::U, history: 3, alpha: 0.6, ..common() },
        DrrSpec { state: StateKind::N, history: 3, ..common() },
        DrrSpec { scoring: Scoring::DotBias, ..common() },
        DrrSpec {
            action_norm: ActionNorm::Unit,
            exploration: Exploration::Item,
            critic_action: CriticAction::Item,
            grad_clip: 0.5,
            weight_decay: 1e-4,
            ..common()
        },
        DrrSpec { batch_size: 24, learning_starts: 60, train_steps: 360, eps_steps: 200, ..DrrSpec::default() },
        DrrSpec {
            action_base: ActionBase::Pmf,
            bounding: Bounding::Inverting,
            train_items: TrainItems::Rated,
            remembers: Remembers::Any,
            ..common()
        },
        DrrSpec { critics: 2, smoothing: 0.2, n_step: 3, ..common() },
    ];
    let mut found = Vec::new();
    // An emulated processor without fused multiply-adds takes minutes a seed.
    let seeds = std::env::var("DRR_LAB_PORTABLE_SEEDS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(3);
    for seed in 0..seeds {
        let (world, model, digest) = factorised(seed);
        found.push(format!("pmf {seed} {digest}"));
        for (at, variant) in variants.iter().enumerate() {
            found.push(format!("drr {seed}.{at} {}", recommended(&world, &model, variant, seed)));
        }
    }
    if std::env::var_os("UPDATE_BITS").is_some() {
        std::fs::write("tests/portable_bits.txt", found.join("\n") + "\n").expect("written");
    }
    let known: Vec<&str> = include_str!("portable_bits.txt").lines().take(found.len()).collect();
    assert!(!found.is_empty() && known.len() == found.len());
    assert_eq!(found, known, "portable_bits.txt is written anew where the arithmetic was changed on purpose");
}
