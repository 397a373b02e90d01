//! Tries all that concerns a GPU on a real one, in minutes: what must hold, and what it measures. `cargo xtask gpu-check` builds
//! and runs it, or packs it for a machine that has a GPU.
//!
//! ```text
//! drr-lab-gpu-check [--pretend] [--json FILE]
//!     --pretend    without a GPU: its operations on the CPU, everything smaller; figures then mean nothing
//!     --json FILE  write what was found
//! ```
//! It wants `drr-lab` and `drr-lab-worker-cuda` beside it.

mod alone;
mod speed;
mod sweeps;
mod table;

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use drr_core::protocol::{Device, FoundGpu};
use drr_cuda::devices::{self, Gpus, PRETENDED};
use drr_train::kernels::Backend;
use drr_train::worker::device::WorkerDevices as _;

use self::table::Findings;

/// Where and how large it all is.
struct GpuRig {
    backend: Backend,
    is_pretended: bool,
    /// For programs that are started here.
    environment: Vec<(String, String)>,
    /// Where `drr-lab` and its worker lie.
    programs: PathBuf,
    /// What is left behind.
    folder: tempfile::TempDir,
}

fn main() -> ExitCode {
    if let Err(error) = devices::pin() {
        return failed(&format!("cannot start with what libtorch must find: {error}"));
    }
    let (mut is_pretended, mut json) = (false, None);
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        match (word.as_str(), words.len()) {
            ("--pretend", _) => is_pretended = true,
            ("--json", 1..) => json = words.next().map(PathBuf::from),
            _ => return failed("usage: drr-lab-gpu-check [--pretend] [--json FILE]"),
        }
    }
    // What is pretended has to be known from the beginning.
    if is_pretended && std::env::var_os(PRETENDED).is_none() {
        let again = std::env::current_exe().map(std::process::Command::new);
        let why = again.map(|mut it| it.args(std::env::args_os().skip(1)).env(PRETENDED, "GPU").exec());
        return failed(&format!("cannot start as it pretends to be: {why:?}"));
    }
    let began = Instant::now();
    let mut findings = Findings::default();
    let done = rig(is_pretended, &mut findings).and_then(|rig| {
        alone::check(&rig, &mut findings)?;
        sweeps::check(&rig, &mut findings)?;
        speed::measure(&rig, &mut findings)
    });
    if let Err(why) = done {
        findings.fell("the check itself", &why);
    }
    findings.measured("seconds in all", began.elapsed().as_secs_f64());
    print!("{findings}");
    if let Some(file) = json
        && let Err(error) = std::fs::write(&file, format!("{:#}\n", findings.json(is_pretended)))
    {
        return failed(&format!("{}: {error}", file.display()));
    }
    if findings.all_hold() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn failed(why: &str) -> ExitCode {
    eprintln!("error: {why}");
    ExitCode::from(2)
}

/// Finds the GPU, or pretends one: a driver's library that is compiled for the occasion, and libtorch's CPU in its stead.
fn rig(is_pretended: bool, findings: &mut Findings) -> Result<GpuRig, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut environment = Vec::new();
    if is_pretended {
        let source = folder.path().join("nvml.c");
        std::fs::write(&source, include_str!("../../../../system/src/nvml_made_up.c")).map_err(|e| e.to_string())?;
        let library = folder.path().join("libnvidia-ml.so.1");
        let arguments = ["-shared", "-fPIC", "-DGPUS=1", "-o"];
        let built = std::process::Command::new("cc").args(arguments).arg(&library).arg(&source).status();
        if !built.is_ok_and(|status| status.success()) {
            return Err("a C compiler is wanted, to make up a driver".to_owned());
        }
        environment.push(("LD_LIBRARY_PATH".to_owned(), folder.path().display().to_string()));
        environment.push((PRETENDED.to_owned(), "GPU".to_owned()));
    }
    tch::set_num_threads(1);
    let class = match Gpus.gpu() {
        FoundGpu::Usable(class) => class,
        FoundGpu::Unusable(why) => return Err(format!("the GPU cannot be used: {why}")),
        FoundGpu::None => return Err("this process is shown no GPU".to_owned()),
    };
    findings.held("libtorch finds the GPU", &class.to_string());
    let is_pinned = class.numerics.contains("without tf32") && class.numerics.ends_with(":4096:8");
    findings.hold("numerics are pinned and said", is_pinned, &class.numerics);
    findings.says("class", serde_json::json!(class));
    let backend = Gpus.backend(Device::Cuda(0)).map_err(|error| error.to_string())?;
    let here = std::env::current_exe().map_err(|error| error.to_string())?;
    let programs = here.parent().map(PathBuf::from).ok_or("this program lies nowhere")?;
    Ok(GpuRig { backend, is_pretended, environment, programs, folder })
}
