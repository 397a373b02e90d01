//! 100,000 trials: how long until they are expanded, hashed and planned, and how much memory it takes.
//!
//!     cargo bench --profile dev --bench expansion

use std::path::Path;
use std::time::{Duration, Instant};

use drr_lab::plan::{FailedBefore, Plan, Sizes};
use drr_lab::sweep::{ByName, Request, Source, expand, parse};

/// 12,500 configurations, their evaluations, and one PMF, with four seeds.
const GRID: &str = r#"dataset = "ml-100k"
seeds = 4
baselines = []
max_trials = 200_000
[drr]
tau = { log = [1e-5, 0.1], n = 50 }
actor_lr = { log = [1e-5, 0.01], n = 50 }
alpha = { range = [0, 1], n = 5 }
"#;

/// The same number of samples of twelve fields, PMF's among them, so that no two trials share anything.
const SEARCH: &str = r#"dataset = "ml-100k"
seeds = [0]
baselines = []
max_trials = 200_000
search.samples = 33_334
[pmf]
lr = { log_uniform = [1e-5, 0.1] }
l2 = { log_uniform = [1e-5, 0.1] }
[drr]
tau = { log_uniform = [1e-5, 0.1] }
actor_lr = { log_uniform = [1e-5, 0.1] }
critic_lr = { log_uniform = [1e-5, 0.1] }
alpha = { uniform = [0, 1] }
beta = { uniform = [0, 1] }
gamma = { uniform = [0, 1] }
batch_size = { int = [8, 256] }
episode_length = { int = [5, 50] }
eps_end = { uniform = [0, 0.5] }
grad_clip = { uniform = [0.1, 10] }
"#;

fn main() {
    let runs = std::env::temp_dir().join("drr-lab-bench-of-expansion-has-no-runs");
    for (name, text) in [("grid", GRID), ("search", SEARCH)] {
        let mut best = (Duration::MAX, Duration::ZERO, 0, 0.0);
        for _ in 0..3 {
            let (start, busy) = (Instant::now(), cpu_s());
            let source = Source::new("bench.toml", text);
            let file = parse(&source, Path::new("."), &Request::default(), &mut ByName).expect("a whole file");
            let sweep = expand(&file, &mut ByName).expect("it expands");
            let expanded = start.elapsed();
            let plan = Plan::new(&sweep, &runs, &Sizes::of_recipes(), FailedBefore::Skip);
            let took = (start.elapsed(), expanded, plan.to_run(), cpu_s() - busy);
            if took.0 < best.0 {
                best = took;
            }
        }
        let (all, expanded, trials, cpu) = best;
        println!(
            "{name}: {trials} trials expanded and hashed in {:.2} s, planned in {:.2} s, {:.2} s in all, {cpu:.2} s of CPU; at most {} MB so far",
            expanded.as_secs_f64(),
            (all - expanded).as_secs_f64(),
            all.as_secs_f64(),
            most_memory_mb()
        );
    }
}

/// Seconds of CPU this process has used, all threads together: what a busy machine does not change.
fn cpu_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// The most memory this process has had, in megabytes.
fn most_memory_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() / 1000
}
