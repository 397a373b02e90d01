//! `provenance.json`: what code and what machine a trial ran on, as far as it can be told from here. It explains a
//! result; it is no part of its identity.

use std::fs;
use std::path::Path;
use std::process::Command;

use drr_core::protocol::Hello;
use drr_core::{Digest, train_digest};
use serde::Serialize;

/// The version of the record's format.
const FORMAT: u32 = 1;

/// What code and machine ran a trial.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Provenance {
    format: u32,
    version: &'static str,
    train_digest: Digest,
    cargo_lock: Digest,
    program: Option<Digest>,
    worker: Option<Digest>,
    commit: Option<String>,
    dirty: Option<Digest>,
    host: String,
    kernel: String,
    cpu: String,
    cores: usize,
}

/// A provenance and the worker that took the trial.
#[derive(Serialize)]
struct Signed<'a> {
    code: &'a Provenance,
    worker: &'a Hello,
}

impl Provenance {
    /// Looks around once per run.
    pub fn gather(worker: &Path) -> Self {
        let of_file = |path: &Path| fs::read(path).ok().map(|bytes| Digest::of(&bytes));
        let first_line = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let cpu = first_line("/proc/cpuinfo")
            .lines()
            .find_map(|line| {
                line.strip_prefix("model name").map(|rest| rest.trim_start_matches([' ', '\t', ':']).to_owned())
            })
            .unwrap_or_default();
        let commit = git(&["rev-parse", "HEAD"]).map(|commit| commit.trim().to_owned());
        let dirty = git(&["diff", "HEAD"]).filter(|diff| !diff.is_empty()).map(|diff| Digest::of(diff.as_bytes()));
        Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION"),
            train_digest: train_digest(),
            cargo_lock: Digest::of(include_bytes!("../../Cargo.lock")),
            program: std::env::current_exe().ok().and_then(|path| of_file(&path)),
            worker: of_file(worker),
            commit,
            dirty,
            host: nix::unistd::gethostname().unwrap_or_default().to_string_lossy().into_owned(),
            kernel: first_line("/proc/sys/kernel/osrelease"),
            cpu,
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        }
    }

    /// The record of a trial taken by `worker`.
    pub fn record(&self, worker: &Hello) -> Vec<u8> {
        serde_json::to_vec_pretty(&Signed { code: self, worker }).expect("a provenance is JSON")
    }
}

/// What git says of the source tree this program was built from, where it still lies there.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(env!("CARGO_MANIFEST_DIR")).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
