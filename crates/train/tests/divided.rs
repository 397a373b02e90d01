//! On any number of cores a training and an evaluation have the bits they have on one.

mod points;

use std::sync::Arc;

use drr_core::Seed;
use drr_core::data::Split;
use drr_core::journal::Point;
use drr_core::spec::{RewardRule, SplitSpec, SyntheticSpec};
use drr_kinds::drr::{ActionNorm, DrrSpec, Exploration, StateKind};
use drr_kinds::online::OnlineSpec;
use drr_kinds::pmf::PmfSpec;
use drr_kinds::protocol::Protocol;
use drr_kinds::training::Metrics;
use drr_kinds::world::World;
use drr_train::evaluate::Policy;
use drr_train::kernels::Backend;
use drr_train::online::{self, Scene};
use drr_train::pmf::{self, PmfModel};
use drr_train::threads;
use drr_train::trainer::{Member, train};
use points::PointLog;

/// Factors wide enough that products, states and steps of the optimiser are divided.
fn world() -> (Arc<World>, Arc<PmfModel>) {
    let ratings = drr_core::data::synthetic::generate(&SyntheticSpec::default()).expect("the default world fits");
    let world = World::new(&ratings, &Split::by_rule(&ratings, &SplitSpec::default()), RewardRule::STARS);
    let spec = PmfSpec { k: 60, epochs: 2, ..PmfSpec::default() };
    let (model, _) = pmf::train(&world, &spec, Seed(0), &mut PointLog::default()).expect("PMF trains");
    (Arc::new(world), Arc::new(model))
}

fn members(count: u64, spec: &DrrSpec) -> Vec<Member> {
    let (world, model) = world();
    let mut spec = spec.clone();
    spec.resolve(60);
    let member =
        |seed| Member { spec: spec.clone(), seed: Seed(seed), world: Arc::clone(&world), model: Arc::clone(&model) };
    (0..count).map(member).collect()
}

/// What a training records, and all parameters.
fn trained(members: &[Member]) -> (Vec<(usize, Point)>, Vec<Vec<u32>>) {
    let mut points = PointLog::default();
    let (agent, _) = train(members, Backend::Slices, &mut points).expect("the cohort trains");
    let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect();
    let networks = agent.networks();
    let all = networks.iter().flat_map(|(_, it)| [&it.trained.theta, &it.trained.target, &it.trained.v]);
    (points.0, all.map(|array| bits(array.to_vec())).collect())
}

/// The same calculation on one core and on others.
fn is_the_same_on_any<T: PartialEq>(what: &str, calculation: impl Fn() -> T) {
    threads::set(1);
    let alone = calculation();
    for cores in [2, 5] {
        threads::set(cores);
        assert!(calculation() == alone, "{what} on {cores} cores");
    }
    threads::set(1);
}

fn short() -> DrrSpec {
    DrrSpec { learning_starts: 64, train_steps: 76, record_every: 10, grad_clip: 0.5, ..DrrSpec::published() }
}

#[test]
fn a_training_has_the_same_bits_on_any_number_of_cores() {
    for (count, spec) in [
        (1, short()),
        (3, DrrSpec { state: StateKind::U, history: 3, critics: 2, smoothing: 0.1, ..short() }),
        (
            1,
            DrrSpec {
                state: StateKind::P,
                history: 3,
                action_norm: ActionNorm::Unit,
                exploration: Exploration::Near,
                ..short()
            },
        ),
    ] {
        let members = members(count, &spec);
        is_the_same_on_any(&format!("{count} of {:?}", spec.state), || trained(&members));
    }
}

#[test]
fn repeats_side_by_side_have_the_bits_they_have_one_by_one() {
    let member = members(1, &short()).remove(0);
    let scene = Scene::own(&member.world, &member.model, 5);
    // `strict` with sessions of 300: somebody runs out of candidates, and nothing goes in step.
    for (protocol, k, epsilon, n_step) in
        [(Protocol::Published, 8, 0.2, 1), (Protocol::Strict, 8, 0.0, 3), (Protocol::Strict, 300, 0.1, 1)]
    {
        let spec = OnlineSpec {
            protocol,
            k: vec![k],
            steps: 80,
            repeats: 5,
            epsilon,
            learning_starts: 64,
            ..OnlineSpec::default()
        };
        let drr = DrrSpec { n_step, ..member.spec.clone() };
        is_the_same_on_any(&format!("{protocol:?}, {k}"), || -> (Metrics, Vec<(usize, Point)>) {
            let mut points = PointLog::default();
            let member = Member { spec: drr.clone(), ..member.clone() };
            let (agent, _) = train(&[member], Backend::Slices, &mut PointLog::default()).expect("it trains");
            let mut policy = Policy::Recommender(Box::new(agent), Box::new(drr.clone()));
            let metrics = online::run(&scene, &mut policy, &spec, Seed(3), &mut points).expect("it is measured");
            (metrics, points.0)
        });
    }
}
