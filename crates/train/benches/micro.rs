//! The parts of a training step, each alone: `cargo bench --profile dev -p drr-train --bench micro [FILTER]`.

use std::fmt::Write as _;
use std::hint::black_box;
use std::sync::Arc;

use divan::Bencher;
use drr_core::Seed;
use drr_core::data::load;
use drr_core::seed::Stream;
use drr_kinds::drr::DrrSpec;
use drr_train::actor_critic::{Agent, Batch, Losses, Shapes};
use drr_train::kernels::accelerator::Rates;
use drr_train::kernels::{Array, Backend, Region, product};
use drr_train::optim::Trained;
use drr_train::pmf::PmfModel;
use drr_train::replay::{Replay, Transition};
use drr_train::sum_tree::SumTree;
use drr_train::threads;

/// Sizes of MovieLens 100K, of the published buffer and of a minibatch.
const USERS: usize = 943;
const ITEMS: usize = 1682;
const K: usize = 100;
const STORED: usize = 200_000;
const BATCH: usize = 64;

fn main() {
    divan::main();
}

fn stream() -> Stream {
    Seed(0).stream("bench")
}

fn uniform(count: usize) -> Vec<f32> {
    let mut stream = stream();
    (0..count).map(|_| stream.uniform(0.0, 0.1)).collect()
}

fn model() -> PmfModel {
    PmfModel {
        k: K,
        users: uniform(USERS * K),
        items: uniform(ITEMS * K),
        user_bias: uniform(USERS),
        item_bias: uniform(ITEMS),
    }
}

/// One update of the published configuration, on so many cores.
#[divan::bench(args = [1, 2])]
fn update(bencher: Bencher, cores: usize) {
    threads::set(cores);
    let mut spec = DrrSpec::published();
    spec.resolve(K as u64);
    let shapes = Shapes::new(&spec, K);
    let mut agent = Agent::new(&shapes, &[&spec], &[Seed(0)], vec![Arc::new(model())], Backend::Slices);
    let mut stream = stream();
    let mut ids = |count: usize, below: usize| -> Vec<u32> { (0..count).map(|_| stream.below(below) as u32).collect() };
    let batch = Batch {
        users: ids(BATCH, USERS),
        before: ids(BATCH * 5, ITEMS),
        after: ids(BATCH * 5, ITEMS),
        actions: uniform(BATCH * K),
        rewards: uniform(BATCH),
        discounts: vec![0.9; BATCH],
        noise: Vec::new(),
        weights: vec![1.0; BATCH],
    };
    let mut losses = [Losses::default()];
    bencher.bench_local(|| black_box(agent.update(&batch, &mut losses)).len());
}

/// Rows × inner × columns of the critic's widest layer: forward, weight gradient, input gradient.
#[divan::bench(args = ["forward", "weight-gradient", "input-gradient"])]
fn layer_product(bencher: Bencher, which: &str) {
    let array = |rows: usize, columns: usize| {
        let mut array = Array::zeros(&[1, rows, columns], Backend::Slices);
        array.fill_from(&uniform(rows * columns));
        array
    };
    let (x, dy, weight) = (array(64, 400), array(64, 400), array(400, 400));
    let (mut out, mut dw) = (array(64, 400), array(400, 400));
    let (x_transposed, weight_transposed) = (Region::whole(&x).transposed(), Region::whole(&weight).transposed());
    bencher.bench_local(|| match which {
        "forward" => product(x.whole(), weight.whole(), out.whole_mut()),
        "weight-gradient" => product(x.view(x_transposed), dy.whole(), dw.whole_mut()),
        _ => product(dy.whole(), weight.view(weight_transposed), out.whole_mut()),
    });
}

/// Clip, Adam and soft update of as many parameters as the published critic has.
#[divan::bench]
fn optimiser_step(bencher: Bencher) {
    let rates = Rates { lr: 1e-3, weight_decay: 0.0, clip: 1.0, tau: 1e-3 };
    let mut trained = Trained::new(&[uniform(411_601)], vec![rates], Backend::Slices);
    trained.gradient.fill_from(&uniform(411_601));
    bencher.bench_local(|| trained.step());
}

fn full_tree() -> SumTree {
    let mut tree = SumTree::new(STORED);
    let mut stream = stream();
    (0..STORED).for_each(|leaf| tree.set(leaf, stream.unit()));
    tree
}

#[divan::bench]
fn sum_tree_set(bencher: Bencher) {
    let (mut tree, mut stream) = (full_tree(), stream());
    bencher.bench_local(|| tree.set(stream.below(STORED), 0.5));
}

#[divan::bench]
fn sum_tree_find(bencher: Bencher) {
    let (tree, mut stream) = (full_tree(), stream());
    bencher.bench_local(|| tree.find(stream.unit() * tree.total()));
}

/// A minibatch drawn from a full buffer.
#[divan::bench]
fn replay_draw(bencher: Bencher) {
    let (mut replay, mut stream) = (Replay::new(STORED, 5, K, 0.3), stream());
    let action = uniform(K);
    for step in 0..STORED as u32 {
        let ids = [step % ITEMS as u32; 5];
        replay.push(Transition {
            user: step % USERS as u32,
            before: &ids,
            after: &ids,
            action: &action,
            reward: 0.5,
            discount: 0.9,
        });
    }
    let mut batch = Batch::default();
    bencher.bench_local(|| {
        batch.clear();
        replay.draw(BATCH, 0.4, &mut stream, &mut batch);
    });
}

/// All items' scores for one action.
#[divan::bench]
fn score_all_items(bencher: Bencher) {
    let (model, action, mut scores) = (model(), uniform(K), vec![0.0; ITEMS]);
    bencher.bench_local(|| model.scores_into(black_box(&action), &mut scores));
}

/// A file as large as MovieLens 100K, parsed into a table.
#[divan::bench]
fn load_100_000_ratings(bencher: Bencher) {
    let mut stream = stream();
    let mut file = String::new();
    for user in 1..=USERS {
        for item in 0..106 {
            let stars = 1 + stream.below(5);
            let _ = writeln!(file, "{user}\t{}\t{stars}\t{}", 1 + (user + 15 * item) % ITEMS, 880_000_000 + item);
        }
    }
    bencher.bench_local(|| load::ratings("u.data", black_box(file.as_bytes()), None).expect("it is well formed"));
}
