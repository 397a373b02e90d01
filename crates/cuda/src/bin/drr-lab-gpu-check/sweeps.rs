//! Whole sweeps by `drr-lab` itself: on the GPU and on cores at once, verified, killed and resumed, with memory that runs out
//! and with a device that fails. Each must end with the same bits.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use drr_core::result::TrialResult;

use super::GpuRig;
use super::table::Findings;

/// Small networks on a made-up world: what is tried is everything around them.
const SWEEP: &str = r#"
name = "gpu-check"
dataset = "synthetic"
seeds = 2
baselines = ["item-mean"]

[pmf]
k = 8
epochs = 3

[drr]
tau = [0.001, 0.01, 0.02]
actor_hidden = [24, 24]
critic_hidden = [24, 24, 24]
batch_size = 16
learning_starts = 64
train_steps = 400
record_every = 50

[offline]
k = [5]
repeats = 2
users = 20

[online]
k = [5]
repeats = 3
steps = 60
"#;

/// How long a sweep may take.
const PATIENCE: Duration = Duration::from_secs(240);

/// The digests of every finished trial, by id, and whether a GPU computed it.
type Digests = BTreeMap<String, (String, Option<String>, bool)>;

fn digests(runs: &Path) -> Digests {
    let folders = std::fs::read_dir(runs.join("trials")).into_iter().flatten().flatten();
    let read = |folder: std::fs::DirEntry| {
        let result = TrialResult::read(&folder.path().join("result.json")).ok()??;
        let model = result.model_digest.map(|digest| digest.to_string());
        let is_of_gpu = result.environment.is_of_gpu();
        Some((result.trial.to_string(), (result.metrics_digest.to_string(), model, is_of_gpu)))
    };
    folders.filter_map(read).collect()
}

struct Lab<'a> {
    rig: &'a GpuRig,
    file: PathBuf,
}

impl Lab<'_> {
    fn command(&self, runs: &str, arguments: &[&str], more: &[(&str, &str)]) -> Command {
        let mut command = Command::new(self.rig.programs.join("drr-lab"));
        command.arg("--runs").arg(self.runs(runs)).arg("--data").arg(self.rig.folder.path().join("data"));
        command.args(arguments).arg("--worker").arg(self.rig.programs.join("drr-lab-worker-cuda"));
        command.args(["--output", "quiet"]);
        command.envs(self.rig.environment.iter().map(|(name, value)| (name, value)));
        command.envs(more.iter().copied());
        command.stdout(Stdio::null());
        command
    }

    fn runs(&self, name: &str) -> PathBuf {
        self.rig.folder.path().join(name)
    }

    fn sweep(&self, runs: &str, more: &[(&str, &str)]) -> Command {
        let file = self.file.display().to_string();
        self.command(runs, &["sweep", &file, "--gpus", "all", "--jobs", "3"], more)
    }

    /// Runs it to its end; the digests of what it left.
    fn finish(&self, runs: &str, more: &[(&str, &str)]) -> Result<Digests, String> {
        let status = self.sweep(runs, more).status().map_err(|error| format!("drr-lab: {error}"))?;
        if status.success() { Ok(digests(&self.runs(runs))) } else { Err(format!("the sweep ended with {status}")) }
    }
}

pub fn check(rig: &GpuRig, findings: &mut Findings) -> Result<(), String> {
    let file = rig.folder.path().join("gpu-check.toml");
    std::fs::write(&file, SWEEP).map_err(|error| error.to_string())?;
    let lab = Lab { rig, file };
    let whole = lab.finish("whole", &[])?;
    let on_gpu = whole.values().filter(|(.., is_of_gpu)| *is_of_gpu).count();
    let how = format!("{} trials, {on_gpu} on the GPU, {} on cores", whole.len(), whole.len() - on_gpu);
    // Six trainings, and both evaluations of each and of the two that never learn.
    findings.hold("a sweep on GPU and cores at once", on_gpu >= 18 && on_gpu < whole.len(), &how);
    let verified = lab.command("whole", &["verify", "gpu-check"], &[]).status().map_err(|error| error.to_string())?;
    findings.hold("verify replays each where it ran", verified.success(), &format!("{verified}"));
    let resumed = killed_and_resumed(&lab)?;
    findings.hold("killed and resumed: the same bits", resumed == whole, &format!("{} trials", resumed.len()));
    let halved = lab.finish("halved", &[("DRR_LAB_FORCED", "memory:3")])?;
    findings.hold(
        "memory that runs out at 4 together: the same bits",
        halved == whole,
        &format!("{} trials", halved.len()),
    );
    let mark = rig.folder.path().join("failed-once").display().to_string();
    let failed = lab.finish("failed", &[("DRR_LAB_FORCED", &format!("device:{mark}"))])?;
    let how = format!("{} trials; it failed: {}", failed.len(), Path::new(&mark).exists());
    findings.hold("a device that fails once: the same bits", failed == whole && Path::new(&mark).exists(), &how);
    Ok(())
}

/// Kills the sweep with all its workers once some trials are finished, and runs it again.
fn killed_and_resumed(lab: &Lab<'_>) -> Result<Digests, String> {
    let mut child = lab.sweep("killed", &[]).spawn().map_err(|error| format!("drr-lab: {error}"))?;
    let began = Instant::now();
    while digests(&lab.runs("killed")).len() < 4 && began.elapsed() < PATIENCE {
        if child.try_wait().map_err(|error| error.to_string())?.is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
    lab.finish("killed", &[])
}
