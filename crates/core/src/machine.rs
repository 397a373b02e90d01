//! What a process runs on, for the provenance of its trials. It explains a result; it is no part of its identity.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

use serde::Serialize;

/// A machine and who uses it.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Its name.
    pub host: String,
    /// Who runs the program.
    pub user: String,
    /// The kernel's release.
    pub kernel: String,
    /// The processor's model.
    pub cpu: String,
    /// Cores this process may use.
    pub cores: usize,
    /// Main memory in MiB.
    pub memory_mib: u64,
    /// The models of the GPUs.
    pub gpus: Vec<String>,
    /// The version of the NVIDIA driver.
    pub driver: Option<String>,
}

impl Machine {
    /// Looks around, in /proc alone.
    pub fn look() -> Self {
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
        Self {
            host: host(),
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
}

/// The machine's name.
pub fn host() -> String {
    text("/proc/sys/kernel/hostname").trim().to_owned()
}

/// The variables that decide a process's numerics and threads, as it was started with them.
pub fn settings(pid: u32) -> BTreeMap<String, String> {
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

fn text(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// Whether this process ignores a signal. One that was ignored when the program started (nohup, a background job of a
/// script) is meant to stay so.
pub fn is_ignored(signal: i32) -> bool {
    let status = text("/proc/self/status");
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}
