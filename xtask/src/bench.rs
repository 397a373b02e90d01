//! `cargo xtask bench`: drr-lab's trainer beside its references, the two taking turns on one machine in one run, each
//! pinned to one core; one table, and the figures as JSON.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use serde_json::{Map, Value};

use crate::arguments::{BenchOptions, SetupOptions};
use crate::problem::Problem;
use crate::setup::{self, cache};
use crate::steps::{Outcome, Step, sibling};

const BUILD: Step = Step::cargo("build", &["build", "--workspace", "--features", "drr-cuda/libtorch"]);
const DATA: Step = Step::drr_lab("data", &["data", "fetch", "ml-100k"]);

/// Measures everything and prints the table.
pub fn run(root: &Path, options: &BenchOptions) -> Result<bool, Problem> {
    setup::run(root, &SetupOptions::default())?;
    if BUILD.run(root)?.outcome != Outcome::Passed || DATA.run(root)?.outcome != Outcome::Passed {
        return Ok(false);
    }
    let bench = Bench {
        root,
        ours: sibling("drr-lab-bench")?,
        python: match &options.python {
            Some(python) => python.clone(),
            None => environment(root)?,
        },
        seconds: if options.quick { 4 } else { 15 },
        rounds: if options.quick { 1 } else { 3 },
    };
    let figures = bench.figures(&data_folder())?;
    print!("{}", table(&figures));
    if let Some(file) = &options.json {
        let text = format!("{:#}\n", Value::Object(figures));
        fs::write(file, text)
            .map_err(|error| Problem::file(&file.display().to_string(), &error, "name a file that can be written"))?;
    }
    Ok(true)
}

struct Bench<'a> {
    root: &'a Path,
    ours: PathBuf,
    python: PathBuf,
    seconds: u32,
    rounds: usize,
}

impl Bench<'_> {
    fn figures(&self, data: &Path) -> Result<Map<String, Value>, Problem> {
        let mut figures = Map::new();
        let mut put = |name: &str, value: f64| figures.insert(name.to_owned(), value.into());
        let seconds = self.seconds.to_string();
        let mut training = 0.0;
        for (name, stored) in [("full", "200000"), ("2k", "2000")] {
            let reference = ["benches/pytorch/drr.py", "--stored", stored, "--seconds", &seconds];
            let (ours, theirs) = self.pair("updates_per_second", &["update", stored, &seconds], &reference)?;
            put(&format!("updates_{name}"), ours);
            put(&format!("pytorch_updates_{name}"), theirs);
            put(&format!("update_ratio_{name}"), ours / theirs);
            training = if name == "full" { ours } else { training };
        }
        let jax = ["benches/jax/update.py", "--seconds", &seconds];
        let (ours, theirs) = self.pair("updates_per_second", &["update-alone", &seconds], &jax)?;
        put("updates_alone", ours);
        put("jax_updates", theirs);
        put("jax_ratio", ours / theirs);
        // The limit is what the core does at its best, so ours is too.
        let (mut share, mut fastest, mut peak) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            let alone = number(&self.ours(&["update-alone", "4"])?, "fastest_updates_per_second")?;
            let limit = self.ours(&["roofline"])?;
            put("peak_gflops", number(&limit, "peak_gflops")?);
            let limit = number(&limit, "peak_updates_per_second")?;
            fastest.push(alone);
            peak.push(limit);
            share.push(alone / limit);
        }
        put("fastest_alone", median(fastest));
        let median_peak = median(peak);
        put("peak_updates", median_peak);
        put("peak_share", median(share));
        put("peak_share_training", training / median_peak);
        let offline = ["benches/pytorch/drr.py", "--offline", "--users", "500", "--k", "20"];
        let (ours, theirs) = self.pair("seconds", &["offline", "500", "20"], &offline)?;
        put("offline_eval_seconds", ours);
        put("offline_eval_ratio", theirs / ours);
        let described = number(&self.ours(&["offline", "500", "20"])?, "seconds_with_lists")?;
        put("offline_eval_seconds_with_lists", described);
        put("offline_eval_ratio_with_lists", theirs / described);
        let folder = data.display().to_string();
        let (ours, theirs) = self.pair("epoch_seconds", &["pmf", &folder], &["benches/surprise/svd.py", &folder])?;
        put("pmf_epoch_seconds", ours);
        put("pmf_epoch_ratio", ours / theirs);
        put("pmf_rmse_5fold", number(&self.ours(&["folds", &folder])?, "rmse_stars")?);
        put("cohort16_tiny_ratio", number(&self.ours(&["cohort", "libtorch"])?, "ratio")?);
        put("cohort16_tiny_ratio_loops", number(&self.ours(&["cohort", "loops"])?, "ratio")?);
        Ok(figures)
    }

    /// Median of one figure of ours and of the reference, taking turns.
    fn pair(&self, figure: &str, ours: &[&str], theirs: &[&str]) -> Result<(f64, f64), Problem> {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for _ in 0..self.rounds {
            left.push(number(&self.ours(ours)?, figure)?);
            right.push(number(&self.reference(theirs)?, figure)?);
        }
        Ok((median(left), median(right)))
    }

    fn ours(&self, arguments: &[&str]) -> Result<Value, Problem> {
        self.measure(pinned().arg(&self.ours), arguments)
    }

    /// A reference runs as its users run it: on one thread, with whatever instructions its libraries choose.
    fn reference(&self, arguments: &[&str]) -> Result<Value, Problem> {
        let mut command = pinned();
        command.arg(&self.python).env_remove("MKL_CBWR").env_remove("ATEN_CPU_CAPABILITY");
        self.measure(&mut command, arguments)
    }

    /// Runs a program that prints one JSON line, on one core.
    fn measure(&self, command: &mut Command, arguments: &[&str]) -> Result<Value, Problem> {
        let program = command.get_args().last().unwrap_or_default().to_string_lossy().into_owned();
        let line = format!("{program} {}", arguments.join(" "));
        eprintln!("measuring {line}");
        let output = command
            .args(arguments)
            .current_dir(self.root)
            .env("OMP_NUM_THREADS", "1")
            .env("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
            .stderr(Stdio::inherit())
            .output()
            .map_err(|error| Problem::file("taskset", &error, "install util-linux"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let last = text.lines().last().unwrap_or_default();
        serde_json::from_str(last)
            .map_err(|_| Problem::new(format!("{line} printed no figure"), "run it by hand to see why".to_owned()))
    }
}

/// Runs what follows on the last core: the first one serves interrupts.
fn pinned() -> Command {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mut command = Command::new("taskset");
    command.arg("-c").arg(last_core(&status));
    command
}

/// The last of the cores that a process may use, as its `/proc/PID/status` lists them.
fn last_core(status: &str) -> &str {
    let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or_default();
    list.trim().rsplit([',', '-']).next().filter(|core| !core.is_empty()).unwrap_or("0")
}

fn number(value: &Value, key: &str) -> Result<f64, Problem> {
    let missing = || Problem::new(format!("a measurement lacks {key}"), "run it by hand to see why".to_owned());
    value.get(key).and_then(Value::as_f64).ok_or_else(missing)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Ours, the reference, the ratio and what is aimed for.
fn table(figures: &Map<String, Value>) -> String {
    let get = |name: &str| figures.get(name).and_then(Value::as_f64).unwrap_or(f64::NAN);
    let mut text = format!("\n{:<46}{:>10}{:>12}{:>9}   aim\n", "", "drr-lab", "reference", "ratio");
    let mut row = |what: &str, ours: f64, theirs: f64, ratio: f64, aim: &str| {
        let line = format!("{what:<46}{ours:>10.3}{theirs:>12.3}{ratio:>9.2}   {aim}");
        text += line.trim_end();
        text += "\n";
    };
    let pytorch = |name: &str| (get(&format!("updates_{name}")), get(&format!("pytorch_updates_{name}")));
    let (full, small) = (pytorch("full"), pytorch("2k"));
    row("updates/s, 200,000 stored · PyTorch", full.0, full.1, get("update_ratio_full"), "≥ 4");
    row("updates/s, 2,000 stored · PyTorch", small.0, small.1, get("update_ratio_2k"), "≥ 4");
    row("updates/s, the update alone · JAX", get("updates_alone"), get("jax_updates"), get("jax_ratio"), "≥ 1.7");
    let (fastest, peak) = (get("fastest_alone"), get("peak_updates"));
    row("updates/s, alone, the fastest · limit", fastest, peak, get("peak_share"), "≥ 0.85");
    let training = get("peak_share_training");
    row("updates/s, 200,000 stored · limit", full.0, peak, training, "");
    let (offline, ratio) = (get("offline_eval_seconds"), get("offline_eval_ratio"));
    row("offline evaluation, s · PyTorch, by user", offline, offline * ratio, ratio, "≥ 40");
    let (offline, ratio) = (get("offline_eval_seconds_with_lists"), get("offline_eval_ratio_with_lists"));
    row("  and its lists described", offline, offline * ratio, ratio, "(PyTorch's are not)");
    let epoch = get("pmf_epoch_seconds");
    let ratio = get("pmf_epoch_ratio");
    row("PMF epoch, s · Surprise's SVD", epoch, epoch / ratio, ratio, "≤ 0.33");
    text += &format!("{:<46}{:>10.4}{:>21}   ≤ 0.905\n", "PMF test RMSE, stars, 5 folds", get("pmf_rmse_5fold"), "");
    text += "16 tiny trials: one cohort against one by one\n";
    let mut row = |what: &str, figure: &str, aim: &str| {
        text += &format!("{what:<46}{:>31.2}   {aim}\n", get(figure));
    };
    row("  through libtorch, as on a GPU", "cohort16_tiny_ratio", "≥ 5");
    row("  through the CPU's loops", "cohort16_tiny_ratio_loops", "≥ 3; not reached, docs/performance.md says why");
    text
}

/// Where `drr-lab data` keeps MovieLens 100K.
fn data_folder() -> PathBuf {
    let share = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    let share = share.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share")));
    share.unwrap_or_default().join("drr-lab/ml-100k")
}

/// A Python environment of the references' packages, made once in the cache.
fn environment(root: &Path) -> Result<PathBuf, Problem> {
    let folder = cache()?.join("bench-python");
    let python = folder.join("bin/python");
    let ready = folder.join("ready");
    if ready.is_file() {
        return Ok(python);
    }
    eprintln!("installing the references (PyTorch, JAX, Surprise; some gigabytes) in {}", folder.display());
    let step = |program: &Path, arguments: &[&str]| -> Result<(), Problem> {
        let status = Command::new(program).args(arguments).current_dir(root).status();
        if status.is_ok_and(|status| status.success()) {
            return Ok(());
        }
        Err(Problem::new(
            "the references cannot be installed".to_owned(),
            "name a Python that has benches/requirements.txt with --python PATH".to_owned(),
        ))
    };
    let path = folder.display().to_string();
    step(Path::new("python3"), &["-m", "venv", &path])?;
    step(&python, &["-m", "pip", "install", "-q", "-r", "benches/requirements.txt"])?;
    fs::write(&ready, "").map_err(|error| Problem::file(&path, &error, "make room and try again"))?;
    Ok(python)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_core_is_of_those_that_may_be_used() {
        let status = |list: &str| format!("Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t{list}\n");
        assert_eq!(last_core(&status("0-1")), "1");
        assert_eq!(last_core(&status("4")), "4");
        assert_eq!(last_core(&status("0-3,8-11")), "11");
        assert_eq!(last_core(""), "0");
    }

    #[test]
    fn the_median_ignores_one_outlier() {
        assert_eq!(median(vec![3.0, 100.0, 2.0]), 3.0);
    }

    #[test]
    fn the_table_shows_every_figure() {
        let figures: Map<String, Value> =
            [("updates_full", 150.0), ("pytorch_updates_full", 50.0), ("update_ratio_full", 3.0)]
                .map(|(name, value)| (name.to_owned(), Value::from(value)))
                .into_iter()
                .collect();
        let text = table(&figures);
        assert!(text.contains("150.000      50.000     3.00"), "{text}");
    }
}
