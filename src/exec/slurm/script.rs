//! The batch script of an array. Pure.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::exec::VERB;
use crate::sweep::SlurmSettings;

/// What a script needs besides the settings.
#[derive(Clone, Debug)]
pub struct Script<'a> {
    /// The job's name.
    pub name: &'a str,
    /// What it is, for the person who reads the script.
    pub what: &'a str,
    /// The task indices, as `--array` takes them.
    pub array: &'a str,
    /// The plan's task that index 0 stands for.
    pub first: usize,
    /// The folder of the submission; the plan lies in it.
    pub folder: &'a Path,
    /// The runs folder.
    pub runs: &'a Path,
    /// The data folder.
    pub data: &'a Path,
    /// The worker's program.
    pub worker: &'a Path,
    /// The dataset that is read from the data folder, and the first digits of its fingerprint.
    pub dataset: Option<(&'a str, &'a str)>,
    /// Variables that are pinned before libtorch loads.
    pub environment: &'a [(&'a str, &'a str)],
}

/// The variable that tells a task how many attempts were lost.
pub const LOST: &str = "DRR_LAB_LOST";

impl Script<'_> {
    /// The script's text.
    pub fn render(&self, settings: &SlurmSettings) -> String {
        let mut text = format!("#!/bin/bash\n# {}\n", self.what);
        for option in self.options(settings) {
            text.push_str(&format!("#SBATCH {option}\n"));
        }
        if let Some(prologue) = &settings.prologue {
            text.push_str(prologue.trim_end());
            text.push('\n');
        }
        text.push_str("set -eu\n");
        for (name, value) in self.environment {
            let _ = writeln!(text, "export {name}={}", quoted(value));
        }
        if !settings.has_gpu() {
            text.push_str("export CUDA_VISIBLE_DEVICES=\n");
        }
        let mut data = None;
        if let Some(cache) = &settings.cache {
            text.push_str(&copies(cache));
            if let Some((name, digits)) = self.dataset {
                let _ = writeln!(text, "copy {} \"data-{digits}/{name}\"", path(&self.data.join(name)));
                data = Some(format!("\"$cache/data-{digits}\""));
            }
        }
        if let Some(libtorch) = &settings.libtorch {
            let mut folder = quoted(libtorch);
            if settings.cache.is_some() {
                let name = libtorch.trim_matches('/').replace('/', "-");
                let _ = writeln!(text, "copy {folder} {}", quoted(&name));
                folder = format!("\"$cache\"/{}", quoted(&name));
            }
            let _ = writeln!(text, "export LD_LIBRARY_PATH={folder}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}}");
        }
        text.push_str("exec ");
        if let Some(image) = &settings.container {
            let binds: Vec<String> =
                [self.runs, self.data].into_iter().map(|it| format!("--bind {}", path(it))).collect();
            let cache = if settings.cache.is_some() { " --bind \"$cache\"" } else { "" };
            let gpu = if settings.has_gpu() { " --nv" } else { "" };
            let _ = write!(text, "apptainer exec{gpu} {}{cache} {} ", binds.join(" "), quoted(image));
        }
        let (worker, plan, first) = (path(self.worker), path(self.folder), self.first);
        let _ = write!(
            text,
            "{worker} {VERB} --plan {plan} --task $(({first} + SLURM_ARRAY_TASK_ID)) --lost \"${{{LOST}:-0}}\""
        );
        if let Some(data) = data {
            let _ = write!(text, " --data {data}");
        }
        text.push('\n');
        text
    }

    fn options(&self, settings: &SlurmSettings) -> Vec<String> {
        let throttle = settings.throttle.map_or_else(String::new, |most| format!("%{most}"));
        let log = self.folder.join("logs").join("%x_%a.log");
        let mut options = vec![
            format!("--job-name={}", self.name),
            format!("--array={}{throttle}", self.array),
            format!("--output={}", path(&log)),
            "--open-mode=append".to_owned(),
            format!("--chdir={}", path(self.runs)),
            // A task that a node or a more important job took down starts again; its folders say what is left to do.
            "--requeue".to_owned(),
            "--ntasks=1".to_owned(),
            format!("--cpus-per-task={}", settings.cpus.unwrap_or(1)),
        ];
        let said = [
            ("partition", &settings.partition),
            ("account", &settings.account),
            ("qos", &settings.qos),
            ("time", &settings.time),
            ("mem", &settings.mem),
            ("gres", &settings.gres),
            ("gpus", &settings.gpus),
            ("constraint", &settings.constraint),
        ];
        options.extend(
            said.into_iter()
                .filter_map(|(name, value)| value.as_ref().map(|value| format!("--{name}={}", option_value(value)))),
        );
        options.extend(settings.sbatch.iter().map(|line| line.trim().trim_start_matches("#SBATCH ").to_owned()));
        options
    }
}

/// The shell function that copies a folder to the node, once however many tasks ask: made aside, then renamed.
fn copies(cache: &str) -> String {
    // The variables of the path are those of the node.
    format!(
        "cache=\"{cache}\"\n\
         copy() {{\n  \
           [ -e \"$cache/$2\" ] && return\n  \
           mkdir -p \"$(dirname \"$cache/$2\")\"\n  \
           aside=$(mktemp -d \"$cache/copy.XXXXXX\")\n  \
           cp -RL \"$1/.\" \"$aside\"\n  \
           mv -T \"$aside\" \"$cache/$2\" 2>/dev/null || rm -rf \"$aside\"\n\
         }}\n",
        cache = cache.replace('"', "\\\"")
    )
}

/// A word the shell takes as it is.
pub fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// A value of an option in a line of `#SBATCH`, which Slurm splits at blanks unless quoted.
fn option_value(text: &str) -> String {
    if text.contains([' ', '#', '\'']) { format!("\"{}\"", text.replace('"', "\\\"")) } else { text.to_owned() }
}

fn path(path: &Path) -> String {
    quoted(&PathBuf::from(path).to_string_lossy())
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
