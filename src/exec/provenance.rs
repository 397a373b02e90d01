//! `provenance.json`: what code and what machine a trial ran on. It explains a result; it is no part of its identity.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use drr_core::data::catalogue::Catalogue;
use drr_core::protocol::Hello;
use drr_core::time::utc_now;
use drr_core::{Digest, TrialSpec, rustc, train_digest, train_sources};
use serde::Serialize;

use super::libraries::Libraries;
use super::source_tree::SourceTree;

/// The version of the record's format.
const FORMAT: u32 = 1;

const CARGO_LOCK: &str = include_str!("../../Cargo.lock");

/// What is the same for all trials of a run.
#[derive(Clone, Debug, Serialize)]
struct Code {
    version: &'static str,
    train_digest: Digest,
    train_sources: BTreeMap<&'static str, &'static str>,
    cargo_lock: Digest,
    rustc: &'static str,
    tch: String,
    program: Option<Digest>,
    worker: Option<Digest>,
    tree: Option<SourceTree>,
}

#[derive(Clone, Debug, Serialize)]
struct Machine {
    host: String,
    user: String,
    kernel: String,
    cpu: String,
    cores: usize,
    memory_mib: u64,
    gpus: Vec<String>,
    driver: Option<String>,
}

/// The dataset as the data folder describes it.
#[derive(Serialize)]
struct Dataset<'a> {
    name: &'a str,
    fingerprint: Digest,
    source: String,
}

/// `provenance.json`.
#[derive(Serialize)]
struct Record<'a> {
    format: u32,
    started: String,
    command: &'a [String],
    code: &'a Code,
    machine: &'a Machine,
    dataset: Dataset<'a>,
    worker: &'a Hello,
    /// What the worker loaded, by content.
    libraries: BTreeMap<String, Digest>,
    /// The variables it was started with that decide its numerics.
    settings: BTreeMap<String, String>,
}

/// Gathered once per run, completed per trial.
pub(super) struct Provenance {
    code: Code,
    machine: Machine,
    command: Vec<String>,
    libraries: Libraries,
    /// Descriptions of datasets by name.
    sources: HashMap<String, String>,
    data: PathBuf,
}

impl Provenance {
    /// Looks around once per run. An uncommitted change of the sources is kept below `runs`.
    pub fn gather(worker: &Path, runs: &Path, data: &Path) -> Self {
        let code = Code {
            version: env!("CARGO_PKG_VERSION"),
            train_digest: train_digest(),
            train_sources: train_sources().collect(),
            cargo_lock: Digest::of(CARGO_LOCK.as_bytes()),
            rustc: rustc(),
            tch: locked("tch"),
            program: std::env::current_exe().ok().and_then(|path| Digest::of_file(&path).ok()),
            worker: Digest::of_file(worker).ok(),
            tree: SourceTree::look(runs),
        };
        Self {
            code,
            machine: machine(),
            command: std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect(),
            libraries: Libraries::default(),
            sources: HashMap::new(),
            data: data.to_owned(),
        }
    }

    /// The record of a trial taken by `worker`.
    pub fn record(&mut self, worker: &Hello, trial: &TrialSpec) -> Vec<u8> {
        let dataset = &trial.dataset;
        let source = self.sources.entry(dataset.name.clone()).or_insert_with(|| match dataset.synthetic {
            Some(_) => "made up from the spec".to_owned(),
            None => Catalogue::new(&self.data).describe(&dataset.name).map_or_else(|_| String::new(), |it| it.source),
        });
        let record = Record {
            format: FORMAT,
            started: utc_now(),
            command: &self.command,
            code: &self.code,
            machine: &self.machine,
            dataset: Dataset { name: &dataset.name, fingerprint: dataset.fingerprint, source: source.clone() },
            worker,
            libraries: self.libraries.of(worker.pid),
            settings: settings(worker.pid),
        };
        serde_json::to_vec_pretty(&record).expect("a provenance is JSON")
    }
}

/// The variables that decide a worker's numerics and threads, as it was started with them.
fn settings(pid: u32) -> BTreeMap<String, String> {
    let Ok(bytes) = fs::read(format!("/proc/{pid}/environ")) else { return BTreeMap::new() };
    let ours =
        |name: &str| ["MKL_", "OMP_", "ATEN_", "CUDA_", "CUBLAS_", "NVIDIA_"].iter().any(|it| name.starts_with(it));
    bytes
        .split(|byte| *byte == 0)
        .filter_map(|variable| {
            String::from_utf8_lossy(variable).split_once('=').map(|(a, b)| (a.to_owned(), b.to_owned()))
        })
        .filter(|(name, _)| ours(name))
        .collect()
}

/// The version of a package that Cargo.lock pins.
fn locked(package: &str) -> String {
    let name = format!("name = \"{package}\"\nversion = \"");
    CARGO_LOCK.split(&name).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("unknown").to_owned()
}

fn machine() -> Machine {
    let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let value = |text: &str, key: &str| -> Option<String> {
        let line = text.lines().find_map(|line| line.strip_prefix(key))?;
        Some(line.trim_start_matches([' ', '\t', ':']).trim().to_owned())
    };
    let memory = value(&text("/proc/meminfo"), "MemTotal").and_then(|it| it.split(' ').next()?.parse::<u64>().ok());
    let user = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()));
    let mut gpus: Vec<String> = fs::read_dir("/proc/driver/nvidia/gpus")
        .into_iter()
        .flatten()
        .filter_map(|gpu| value(&fs::read_to_string(gpu.ok()?.path().join("information")).ok()?, "Model"))
        .collect();
    gpus.sort();
    Machine {
        host: nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned(),
        user: user
            .or_else(|| fs::metadata("/proc/self").ok().map(|me| format!("user id {}", me.uid())))
            .unwrap_or_default(),
        kernel: text("/proc/sys/kernel/osrelease").trim().to_owned(),
        cpu: value(&text("/proc/cpuinfo"), "model name").unwrap_or_default(),
        cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        memory_mib: memory.unwrap_or(0) / 1024,
        gpus,
        driver: value(&text("/proc/driver/nvidia/version"), "NVRM version"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_locked_version_is_found() {
        assert!(super::locked("tch").starts_with("0."));
        assert_eq!(super::locked("no-such-package"), "unknown");
    }
}
