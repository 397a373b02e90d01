//! What all attacks share: the programs, the run that nobody attacked, and what it did to its files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::site::{PATIENCE, Site, TRIALS};
use crate::needs;
use crate::problem::Problem;
use crate::steps::sibling;

/// The library that makes calls fail.
const SHIM: &str = include_str!("shim.c");

/// The two ways a sweep is attacked: trial by trial, and with the recommenders as one cohort.
pub const WAYS: &[&[&str]] = &[&[], &["--cohort", "4"]];

/// A call that changes a file, as the shim saw it: of which program, which, on which path.
#[derive(Clone, Debug)]
pub struct Call {
    pub program: String,
    pub name: String,
    pub path: String,
}

pub struct World {
    /// Holds everything; gone when dropped.
    pub folder: PathBuf,
    pub program: PathBuf,
    pub worker: PathBuf,
    /// This program, which plays workers.
    pub player: PathBuf,
    /// `None` where there is no C compiler.
    pub shim: Option<PathBuf>,
    pub may_mount: bool,
    /// Digests of the undisturbed run.
    pub expected: BTreeMap<String, String>,
    /// Its runs folder.
    pub finished: PathBuf,
    /// It as a bundle.
    pub bundle: Vec<u8>,
    /// How long it took.
    pub took: Duration,
    /// What it did, in each of the [`WAYS`].
    pub calls: Vec<Vec<Call>>,
}

impl World {
    /// Makes the world and runs the sweep undisturbed.
    ///
    /// # Errors
    /// A program is missing, or the sweep does not run undisturbed either.
    pub fn new() -> Result<Self, Problem> {
        let folder = std::env::temp_dir().join(format!("drr-lab-attack-{}", std::process::id()));
        let refuse = |error: std::io::Error| Problem::path(&folder, &error);
        fs::create_dir_all(&folder).map_err(refuse)?;
        // As it runs now: a build since may have put another in its place.
        let player = folder.join("player");
        fs::copy("/proc/self/exe", &player).map_err(refuse)?;
        // Under a name of its own, by which calls are told from those of the supervisor.
        let (program, worker) = (sibling("drr-lab")?, folder.join("drr-lab-worker"));
        std::os::unix::fs::symlink(&program, &worker).map_err(refuse)?;
        let shim = compile(&folder).map_err(refuse)?;
        let mut world = Self {
            program,
            worker,
            player,
            shim,
            may_mount: needs::may_mount(),
            expected: BTreeMap::new(),
            finished: folder.join("finished"),
            bundle: Vec::new(),
            took: Duration::ZERO,
            calls: Vec::new(),
            folder,
        };
        world.run_undisturbed().map_err(|why| Problem::new(why, "run `cargo build --workspace`, then try again"))?;
        Ok(world)
    }

    fn run_undisturbed(&mut self) -> Result<(), String> {
        for (index, way) in WAYS.iter().enumerate() {
            let site = Site::new(self, "undisturbed").map_err(|error| error.to_string())?;
            let began = Instant::now();
            let done = site.run(site.sweep(way), PATIENCE)?.code_is(&[0]);
            done.map_err(|why| format!("the sweep fails undisturbed: {why}"))?;
            let (took, digests) = (began.elapsed(), site.digests());
            let trace = fs::read_to_string(site.folder.join("marks/trace")).unwrap_or_default();
            let calls = trace.lines().filter_map(|line| {
                let mut words = line.splitn(3, ' ').map(str::to_owned);
                Some(Call { program: words.next()?, name: words.next()?, path: words.next()? })
            });
            let calls = calls.collect();
            let mut bundle = Vec::new();
            if index == 0 {
                let mut export = site.program(&["--runs"]);
                export.arg(site.runs()).args(["export", "--bundle", "attacked", "whole.zip"]);
                site.run(export, PATIENCE)?.code_is(&[0])?;
                bundle = fs::read(site.folder.join("whole.zip")).map_err(|error| error.to_string())?;
                fs::rename(site.runs(), &self.finished).map_err(|error| error.to_string())?;
            }
            drop(site);
            if digests.len() != TRIALS || (index > 0 && digests != self.expected) {
                return Err("two undisturbed runs differ".to_owned());
            }
            self.calls.push(calls);
            if index == 0 {
                (self.expected, self.took, self.bundle) = (digests, took, bundle);
            }
        }
        Ok(())
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The shim as a library, where there is a compiler.
fn compile(folder: &Path) -> std::io::Result<Option<PathBuf>> {
    let (source, library) = (folder.join("shim.c"), folder.join("shim.so"));
    fs::write(&source, SHIM)?;
    let mut command = Command::new("cc");
    command.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).arg("-ldl");
    Ok(command.status().is_ok_and(|status| status.success()).then_some(library))
}
