//! Where planning pays DRR plans: small forms of the made-up worlds whose optimal values are known, trained and measured as a sweep
//! does it (`sweeps/worlds.toml` is the large one).

use std::sync::Arc;

use drr_core::Seed;
use drr_core::data::worlds::Dynamics;
use drr_core::data::{Split, synthetic};
use drr_core::spec::{RewardRule, SplitSpec, SyntheticSpec, WorldKind};
use drr_kinds::drr::{ActionBase, ActionNorm, CriticAction, DrrSpec, Exploration, Remembers};
use drr_kinds::kind::Extreme;
use drr_kinds::online::OnlineSpec;
use drr_kinds::pmf::PmfSpec;
use drr_kinds::training::Silent;
use drr_kinds::world::World;
use drr_train::evaluate::Policy;
use drr_train::kernels::Backend;
use drr_train::online::{self, Scene};
use drr_train::pmf;
use drr_train::trainer::{Member, train};

const SEED: Seed = Seed(0);

/// Mean rewards of sessions of ten: of DRR with γ 0.9, of the best answer of the moment, of an optimal plan.
struct Worth {
    drr: f64,
    greedy: f64,
    optimum: f64,
}

fn worth(world: WorldKind, history: u64, remembers: Remembers) -> Worth {
    let recipe =
        SyntheticSpec { world, users: 600, items: 80, ratings: 36_000, noise: 0.3, ..SyntheticSpec::default() };
    let ratings = synthetic::generate(&recipe).expect("a possible world");
    let world = World::new(&ratings, &Split::by_rule(&ratings, &SplitSpec::default()), RewardRule::STARS);
    let dynamics = Dynamics::of(recipe.world, &ratings).map(Arc::new);
    let world = Arc::new(World { dynamics, ..world });
    let factors =
        PmfSpec { k: 8, l2: 0.01, l2_bias: 0.01, lr: 0.01, patience: 40, batch_size: 1024, ..PmfSpec::default() };
    let model = Arc::new(pmf::train(&world, &factors, SEED, &mut Silent).expect("it trains").0);
    let mut spec = DrrSpec {
        history,
        remembers,
        action_base: ActionBase::None,
        action_range: 1.0,
        sum_penalty: 0.0,
        action_norm: ActionNorm::Unit,
        exploration: Exploration::Item,
        critic_action: CriticAction::Item,
        tau: 0.05,
        critic_lr: 0.001,
        actor_hidden: vec![64, 64],
        critic_hidden: vec![128, 128, 128],
        train_steps: 16_000,
        learning_starts: 500,
        eps_end: 0.2,
        ..DrrSpec::default()
    };
    spec.resolve(model.k as u64);
    let member = Member { spec: spec.clone(), seed: SEED, world: Arc::clone(&world), model: Arc::clone(&model) };
    let (agent, mut outcomes) = train(&[member], Backend::Slices, &mut Silent).expect("it trains");
    outcomes.remove(0).expect("it does not diverge");
    let measure = OnlineSpec {
        k: vec![10],
        repeats: 1,
        steps: 1_000,
        epsilon: 0.0,
        learning_starts: 1_000_000,
        ..OnlineSpec::default()
    };
    let scene = Scene::own(&world, &model, history as usize);
    let mean = |mut policy: Policy| {
        online::run(&scene, &mut policy, &measure, SEED, &mut Silent).expect("it is measured")["reward@10"]
    };
    Worth {
        drr: mean(Policy::Recommender(Box::new(agent), Box::new(spec))),
        greedy: mean(Policy::Oracle(Extreme::Best)),
        optimum: mean(Policy::Plan),
    }
}

fn plans(world: WorldKind, history: u64, remembers: Remembers) {
    let Worth { drr, greedy, optimum } = worth(world, history, remembers);
    assert!(greedy <= 0.75 * optimum, "{world:?}: greedy {greedy} of {optimum}");
    assert!(drr >= 0.9 * optimum, "{world:?}: {drr} of {optimum}");
}

#[test]
fn it_rests_where_tastes_tire() {
    plans(WorldKind::Satiation, 2, Remembers::Any);
}

#[test]
fn it_bears_what_is_disliked_where_that_opens_what_is_loved() {
    plans(WorldKind::DelayedTaste, 1, Remembers::Any);
}

#[test]
fn it_leads_where_tastes_drift() {
    plans(WorldKind::Drift, 1, Remembers::Positive);
}

#[test]
fn it_loses_nothing_where_greedy_is_optimal() {
    let Worth { drr, greedy, optimum } = worth(WorldKind::Plain, 1, Remembers::Positive);
    assert!((greedy - optimum).abs() < 1e-6, "{greedy} {optimum}");
    assert!(drr >= 0.97 * greedy, "{drr} of {greedy}");
}
