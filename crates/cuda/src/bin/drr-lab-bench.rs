//! Measures the trainer: one figure a call, as one JSON line. `cargo xtask bench` sets the figures beside their references.
//!
//! ```text
//! drr-lab-bench update STORED SECONDS     updates/s, acting, environment and replay included
//! drr-lab-bench update-alone SECONDS      updates/s of one minibatch, nothing around it: in all, and at its fastest
//! drr-lab-bench roofline                  what one update must cost on this machine
//! drr-lab-bench offline USERS K           seconds of one offline evaluation: recommendations and their scores, and with
//!                                         the description of all lists behind them
//! drr-lab-bench pmf FOLDER [KEY=VALUE]    seconds of a PMF epoch on the ratings in FOLDER/ratings.tsv
//! drr-lab-bench folds FOLDER [KEY=VALUE]  PMF's test RMSE in stars, the mean over 5 folds
//! drr-lab-bench cohort loops|libtorch     16 tiny trials, one after another and in one cohort: by the CPU's loops, or by
//!                                         the libtorch operations that a GPU runs
//! ```

use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use drr_core::Seed;
use drr_core::data::catalogue::Catalogue;
use drr_core::data::{Ratings, Split};
use drr_core::journal::Point;
use drr_core::spec::{RewardRule, SplitSpec};
use drr_cuda::trials::{Clock, member, model, world};
use drr_cuda::{devices, kernels};
use drr_kinds::drr::DrrSpec;
use drr_kinds::error::{Error, Result};
use drr_kinds::offline::OfflineSpec;
use drr_kinds::pmf::PmfSpec;
use drr_kinds::training::{Reporter, Silent};
use drr_kinds::world::World;
use drr_train::actor_critic::{Agent, Batch, Losses, Shapes};
use drr_train::evaluate::Policy;
use drr_train::kernels::Backend;
use drr_train::kernels::accelerator::Rates;
use drr_train::offline;
use drr_train::optim::Trained;
use drr_train::pmf;
use drr_train::trainer::{Member, train};
use serde_json::json;

/// Sizes of MovieLens 100K.
const USERS: u32 = 943;
const ITEMS: u32 = 1682;

fn main() -> ExitCode {
    if let Err(error) = devices::pin() {
        eprintln!("error: cannot start with pinned numerics: {error}");
        return ExitCode::from(3);
    }
    tch::set_num_threads(1);
    let _no_gradients = tch::no_grad_guard();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let number =
        |word: &str| word.parse::<u64>().map_err(|_| Error::Deterministic(format!("`{word}` is not a number")));
    let figure = match words[..] {
        ["update", stored, seconds] => number(stored).and_then(|stored| update(stored, number(seconds)? as f64)),
        ["update-alone", seconds] => number(seconds).map(|seconds| update_alone(seconds as f64)),
        ["roofline"] => Ok(roofline()),
        ["offline", users, k] => number(users).and_then(|users| offline_seconds(users, number(k)?)),
        ["pmf", folder, ref settings @ ..] => pmf_spec(settings).and_then(|spec| pmf_epoch(Path::new(folder), &spec)),
        ["folds", folder, ref settings @ ..] => pmf_spec(settings).and_then(|spec| folds(Path::new(folder), &spec)),
        ["cohort", "loops"] => cohort(Backend::Slices),
        ["cohort", "libtorch"] => cohort(kernels::backend(tch::Device::Cpu)),
        _ => {
            Err(Error::Deterministic("usage: see the head of drr-lab-bench.rs; `cargo xtask bench` runs it".to_owned()))
        }
    };
    match figure {
        Ok(figure) => {
            println!("{figure}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

fn update(stored: u64, seconds: f64) -> Result<serde_json::Value> {
    let world = Arc::new(world(USERS, ITEMS, 250));
    let model = Arc::new(model(&world, 100));
    let spec = DrrSpec {
        learning_starts: stored,
        replay_capacity: stored.max(200_000),
        eps_steps: stored,
        train_steps: 1 << 40,
        ..DrrSpec::published()
    };
    let mut clock = Clock::new(stored, seconds);
    match train(&[member(&world, &model, spec, 0)], Backend::Slices, &mut clock) {
        Err(Error::Stopped) => Ok(json!({"updates_per_second": clock.rate})),
        Err(error) => Err(error),
        Ok(_) => Err(Error::Deterministic("training ended before the time was over".to_owned())),
    }
}

/// Seconds of the fastest of several runs, each of `count` calls, per call.
fn fastest(count: u32, mut call: impl FnMut()) -> f64 {
    call();
    let mut best = f64::INFINITY;
    for _ in 0..7 {
        let start = Instant::now();
        (0..count).for_each(|_| call());
        best = best.min(start.elapsed().as_secs_f64() / f64::from(count));
    }
    best
}

/// Updates of the published configuration with one minibatch, over and over.
fn update_alone(seconds: f64) -> serde_json::Value {
    let (world, k, batch) = (world(USERS, ITEMS, 250), 100, 64);
    let mut spec = DrrSpec::published();
    spec.resolve(k as u64);
    let mut agent =
        Agent::new(&Shapes::new(&spec, k), &[&spec], &[Seed(0)], vec![Arc::new(model(&world, k))], Backend::Slices);
    let mut stream = Seed(0).stream("bench/batch");
    let mut ids =
        |count: usize, below: u32| -> Vec<u32> { (0..count).map(|_| stream.below(below as usize) as u32).collect() };
    let (users, before, after) = (ids(batch, USERS), ids(batch * 5, ITEMS), ids(batch * 5, ITEMS));
    let mut uniform = |count: usize| -> Vec<f32> { (0..count).map(|_| stream.uniform(0.0, 0.1)).collect() };
    let (actions, rewards) = (uniform(batch * k), uniform(batch));
    let (discounts, weights) = (vec![0.9; batch], vec![1.0; batch]);
    let batch = Batch { users, before, after, actions, rewards, discounts, noise: Vec::new(), weights };
    let mut losses = [Losses::default()];
    // A twentieth of a second or so; the first of them run into cold memory.
    const AT_ONCE: u32 = 25;
    let mut some = || {
        let started = Instant::now();
        for _ in 0..AT_ONCE {
            black_box(agent.update(&batch, &mut losses));
        }
        started.elapsed().as_secs_f64() / f64::from(AT_ONCE)
    };
    some();
    let (mut fastest, mut sum, mut count) = (f64::INFINITY, 0.0, 0.0);
    let started = Instant::now();
    while started.elapsed().as_secs_f64() < seconds {
        let each = some();
        (fastest, sum, count) = (fastest.min(each), sum + each, count + 1.0);
    }
    json!({"updates_per_second": count / sum, "fastest_updates_per_second": 1.0 / fastest})
}

/// What one update must cost: its matrix products at the processor's own rate, and the optimiser's bytes at this machine's
/// bandwidth or the optimiser as it is, whichever is less.
fn roofline() -> serde_json::Value {
    let spec = {
        let mut spec = DrrSpec::published();
        spec.resolve(100);
        spec
    };
    let shapes = Shapes::new(&spec, 100);
    let (n, s, k) = (shapes.batch, shapes.state, shapes.k);
    let ([a1, a2], [h, c2, c3]) = (shapes.actor_hidden, shapes.critic_hidden);
    let actor = [(n, s, a1), (n, a1, a2), (n, a2, k)];
    let critic = [(n, s, h), (n, k + h, c2), (n, c2, c3)];
    // Rows × inner × columns of every product: two forward passes of the actor, three of the critic, ...
    let mut products: Vec<(usize, usize, usize)> = Vec::new();
    products.extend(actor.iter().cycle().take(6));
    products.extend(critic.iter().cycle().take(9));
    // ... the gradients of all weights, ...
    products.extend([(s, n, h), (k + h, n, c2), (c2, n, c3), (s, n, a1), (a1, n, a2), (a2, n, k)]);
    // ... and of the inputs that something trained stands before.
    products.extend([(n, c3, c2), (n, c2, h), (n, c3, c2), (n, c2, k), (n, k, a2), (n, a2, a1), (n, a1, s - k)]);
    let operations = 2.0 * products.iter().map(|(rows, inner, columns)| rows * inner * columns).sum::<usize>() as f64;
    let parameters: usize = [(s, a1), (a1, a2), (a2, k), (s, h), (k + h, c2), (c2, c3), (c3, 1)]
        .iter()
        .map(|(inputs, outputs)| inputs * outputs + outputs)
        .sum();
    // g, m, v, θ, θ' read and m, v, θ, θ' written; the bandwidth is that of adding one array to another as large.
    let bytes = 4.0 * 9.0 * parameters as f64;
    let (mut x, y) = (vec![0.0_f32; 5 * parameters], vec![1.0_f32; 5 * parameters]);
    let sweep = fastest(5, || {
        x.iter_mut().zip(black_box(&y)).for_each(|(x, y)| *x += y);
        black_box(&mut x);
    });
    let bandwidth = 3.0 * 4.0 * (5 * parameters) as f64 / sweep;
    let mut trained = Trained::new(
        &[vec![0.5; parameters]],
        vec![Rates { lr: 1e-3, weight_decay: 0.0, clip: 1.0, tau: 1e-3 }],
        Backend::Slices,
    );
    let optimiser = fastest(5, || trained.step());
    let peak = peak();
    json!({
        "megaflop": operations / 1e6,
        "optimiser_floor_ms": bytes / bandwidth * 1e3,
        "optimiser_ms": optimiser * 1e3,
        "bandwidth_gb_s": bandwidth / 1e9,
        "peak_gflops": peak / 1e9,
        // Where all of it lies in a cache, the optimiser is faster than its bytes from memory.
        "peak_updates_per_second": 1.0 / (operations / peak + optimiser.min(bytes / bandwidth)),
    })
}

/// Rounds of [`peak`]'s loops.
const ROUNDS: usize = 200_000;

/// Operations a second of this core that does nothing but fused multiply-adds in registers, a product and a sum each.
fn peak() -> f64 {
    #[cfg(target_arch = "x86_64")]
    {
        // As many chains as hide the latency of one, in the widest vectors there are.
        let fused: Option<(usize, unsafe fn())> = if is_x86_feature_detected!("avx512f") {
            Some((16 * 16, fused_512))
        } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            Some((12 * 8, fused_256))
        } else {
            None
        };
        if let Some((at_once, fused)) = fused {
            // SAFETY: the processor has these vectors.
            return (2 * at_once * ROUNDS) as f64 / fastest(20, || unsafe { fused() });
        }
    }
    let mut lanes = [1.0_f32; 64];
    let seconds = fastest(20, || {
        for _ in 0..ROUNDS {
            lanes.iter_mut().for_each(|lane| *lane = lane.mul_add(black_box(0.999), 1e-3));
        }
    });
    (2 * 64 * ROUNDS) as f64 / seconds
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn fused_512() {
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_set1_ps};
    let (factor, term) = (_mm512_set1_ps(black_box(0.999)), _mm512_set1_ps(black_box(1e-3)));
    let mut chains = [_mm512_set1_ps(1.0); 16];
    for _ in 0..ROUNDS {
        for chain in &mut chains {
            *chain = _mm512_fmadd_ps(*chain, factor, term);
        }
    }
    black_box(chains);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn fused_256() {
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps};
    let (factor, term) = (_mm256_set1_ps(black_box(0.999)), _mm256_set1_ps(black_box(1e-3)));
    let mut chains = [_mm256_set1_ps(1.0); 12];
    for _ in 0..ROUNDS {
        for chain in &mut chains {
            *chain = _mm256_fmadd_ps(*chain, factor, term);
        }
    }
    black_box(chains);
}

fn offline_seconds(users: u64, k: u64) -> Result<serde_json::Value> {
    let world = world(USERS, ITEMS, 250);
    let model = Arc::new(model(&world, 100));
    let mut drr = DrrSpec::published();
    drr.resolve(100);
    let shapes = Shapes::new(&drr, 100);
    let agent = Agent::new(&shapes, &[&drr], &[Seed(0)], vec![Arc::clone(&model)], Backend::Slices);
    let mut policy = Policy::Recommender(Box::new(agent), Box::new(drr));
    let spec = OfflineSpec { k: vec![k], users, repeats: 1, ..OfflineSpec::default() };
    let (mut judged, mut described) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..5 {
        let mut until = Until(Instant::now());
        let start = until.0;
        offline::run(&world, &model, &mut policy, 5, &spec, Seed(0), &mut until)?;
        judged = judged.min((until.0 - start).as_secs_f64());
        described = described.min(start.elapsed().as_secs_f64());
    }
    Ok(json!({"seconds": judged, "seconds_with_lists": described}))
}

/// When progress was told last: all recommendations are made and judged then, and lists are described.
struct Until(Instant);

impl Reporter for Until {
    fn points(&mut self, _: usize, _: Vec<Point>) -> Result<()> {
        Ok(())
    }

    fn progress(&mut self, _: u64, _: u64) -> Result<()> {
        self.0 = Instant::now();
        Ok(())
    }
}

/// The default PMF with some fields set, each as JSON.
fn pmf_spec(settings: &[&str]) -> Result<PmfSpec> {
    let bad = |text: String| Error::Deterministic(text);
    let mut spec = json!(PmfSpec::default());
    for setting in settings {
        let (key, value) = setting.split_once('=').ok_or_else(|| bad(format!("`{setting}` is not KEY=VALUE")))?;
        spec[key] = serde_json::from_str(value).unwrap_or_else(|_| value.into());
    }
    serde_json::from_value(spec).map_err(|error| bad(error.to_string()))
}

fn ratings(folder: &Path) -> Result<Ratings> {
    let data = folder.parent().unwrap_or(Path::new("."));
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    Catalogue::new(data).open(name, None).map_err(|error| Error::Environment(error.to_string()))
}

/// Every rating is in the test part of exactly one fold.
fn folds(folder: &Path, spec: &PmfSpec) -> Result<serde_json::Value> {
    let ratings = ratings(folder)?;
    let mut order: Vec<u32> = (0..ratings.rows.len() as u32).collect();
    Seed(0).stream("folds").shuffle(&mut order);
    let (mut sum, mut epochs) = (0.0, Vec::new());
    for fold in 0..5 {
        let part = |test: bool| -> Vec<u32> {
            let held_out = |at: usize| (at % 5 == fold) == test;
            let mut rows: Vec<u32> =
                order.iter().enumerate().filter(|(at, _)| held_out(*at)).map(|(_, row)| *row).collect();
            rows.sort_unstable();
            rows
        };
        let parts = Split { train: part(false), test: part(true) };
        let world = World::new(&ratings, &parts, RewardRule::STARS);
        let (_, metrics) = pmf::train(&world, spec, Seed(fold as u64), &mut Silent)?;
        sum += metrics["test_rmse_stars"];
        epochs.push(metrics["best_epoch"]);
    }
    Ok(json!({"rmse_stars": sum / 5.0, "epochs": epochs}))
}

fn pmf_epoch(folder: &Path, spec: &PmfSpec) -> Result<serde_json::Value> {
    let ratings = ratings(folder)?;
    let world = World::new(&ratings, &Split::by_rule(&ratings, &SplitSpec::default()), RewardRule::STARS);
    let seconds = |epochs: u64| -> Result<f64> {
        let spec = PmfSpec { epochs, validation: 0.0, ..spec.clone() };
        let start = Instant::now();
        pmf::train(&world, &spec, Seed(0), &mut Silent)?;
        Ok(start.elapsed().as_secs_f64())
    };
    seconds(2)?;
    // The difference of two lengths leaves out what is done once.
    let epochs = (0..3).map(|_| Ok((seconds(14)? - seconds(4)?) / 10.0)).collect::<Result<Vec<f64>>>()?;
    Ok(json!({"epoch_seconds": epochs.into_iter().fold(f64::INFINITY, f64::min)}))
}

fn cohort(backend: Backend) -> Result<serde_json::Value> {
    let world = Arc::new(world(50, 60, 40));
    let model = Arc::new(model(&world, 4));
    let members: Vec<Member> = (0..16)
        .map(|seed| {
            let spec = DrrSpec {
                actor_hidden: vec![16, 16],
                critic_hidden: vec![16, 16, 16],
                batch_size: 16,
                learning_starts: 64,
                train_steps: 600,
                ..DrrSpec::published()
            };
            member(&world, &model, spec, seed)
        })
        .collect();
    let time = |cohorts: &[&[Member]]| -> Result<f64> {
        let start = Instant::now();
        for cohort in cohorts {
            train(cohort, backend, &mut Silent)?;
        }
        Ok(start.elapsed().as_secs_f64())
    };
    let alone: Vec<&[Member]> = members.chunks(1).collect();
    time(&[&members[..1]])?;
    let (mut apart, mut together) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..3 {
        apart = apart.min(time(&alone)?);
        together = together.min(time(&[&members])?);
    }
    Ok(json!({"one_after_another_seconds": apart, "cohort_seconds": together, "ratio": apart / together}))
}
