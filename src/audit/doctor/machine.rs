//! The machine: slots and why, GPUs and their driver, the worker and its libraries, limits.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use drr_core::data::catalogue::Catalogue;
use drr_core::protocol::{FoundGpu, FromWorker, Hello, VERSION};
use drr_kinds::train_digest;
use nix::sys::resource::{Resource, getrlimit};

use super::{Diagnosis, DoctorTarget};
use crate::exec::{
    GPU_WORKER_MEND, Gpus, MemoryFigures, Slot, SlotRequest, VERB, by_hand, find_worker, gpu_worker, slots,
};
use crate::plan::reading_bytes;
use drr_kinds::DataSize;

/// How long a worker may take to come up; libtorch on a cold disk takes its time.
const START: Duration = Duration::from_secs(30);

/// Open files a slot may need at a time, and the program beside.
const FILES: (u64, u64) = (16, 64);

pub(super) fn examine(target: &DoctorTarget<'_>, findings: &mut Vec<Diagnosis>) {
    let request = SlotRequest { gpus: Gpus::Auto, gpu_share: 1.0, jobs: None, threads: None };
    let slots = slots(&request, target.inventory).unwrap_or_default();
    findings.push(places(&slots));
    findings.extend(memory(target, &slots));
    findings.push(gpus(target));
    worker(target, &slots, findings);
    findings.push(files(slots.len() as u64));
}

fn places(slots: &[Slot]) -> Diagnosis {
    let count = slots.len();
    let gpus = slots.iter().filter(|slot| **slot != Slot::Cpu).count();
    match slots.first() {
        Some(Slot::Cuda(_)) => Diagnosis::good(
            "slots",
            format!(
                "{gpus} on GPUs for networks, {} on cores for all else; --gpus, --gpu-share and --jobs choose others",
                count - gpus
            ),
        ),
        _ => {
            let cores = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
            let cores = cores.lines().filter(|line| line.starts_with("processor")).count();
            let why = match quota() {
                Some(quota) if count < cores => format!("control group allows {quota} of {cores} cores"),
                _ if count < cores => format!("affinity allows {count} of {cores} cores"),
                _ => format!("the machine has {cores} cores"),
            };
            Diagnosis::good("slots", format!("{count} on the CPU: {why}; --jobs N chooses another number"))
        }
    }
}

/// For how many workers memory is enough, on the largest dataset there is.
fn memory(target: &DoctorTarget<'_>, slots: &[Slot]) -> Option<Diagnosis> {
    let memory = target.inventory.memory()?;
    let datasets = Catalogue::new(target.data).list().unwrap_or_default();
    let Some(largest) = datasets.iter().max_by_key(|it| it.ratings) else {
        let figures = MemoryFigures::new(memory, reading_bytes(DataSize::default()));
        return Some(Diagnosis::good("memory", format!("without data {figures}")));
    };
    let (users, items) = (largest.users as u64, largest.items as u64);
    let size = DataSize { users, items, ratings: largest.ratings as u64 };
    let figures = MemoryFigures::new(memory, reading_bytes(size));
    let found = format!("to read {} {figures}", largest.name);
    let is_short = slots.iter().all(|slot| *slot == Slot::Cpu) && figures.workers < slots.len() as u64;
    Some(if is_short {
        let mend = "nothing needs to be done: a sweep starts as many workers as fit; more memory would start more";
        Diagnosis::poor("memory", found, mend)
    } else {
        Diagnosis::good("memory", found)
    })
}

/// Cores the control group grants, as its file says.
fn quota() -> Option<f64> {
    let group = fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = group.lines().find_map(|line| line.strip_prefix("0::/"))?.to_owned();
    let text = fs::read_to_string(Path::new("/sys/fs/cgroup").join(group).join("cpu.max")).ok()?;
    let (quota, period) = text.trim().split_once(' ')?;
    Some(quota.parse::<f64>().ok()? / period.parse::<f64>().ok()?)
}

fn gpus(target: &DoctorTarget<'_>) -> Diagnosis {
    let gpus = target.inventory.gpus();
    let driver = target.inventory.driver();
    if let Some(why) = target.inventory.trouble() {
        let mend =
            "load the module that fits the driver's libraries, often by a restart; a sweep runs on the CPU meanwhile";
        return Diagnosis::poor("gpus", format!("none that can be used: {why}"), mend);
    }
    if gpus.is_empty() {
        return Diagnosis::good("gpus", format!("none: {driver}"));
    }
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let each = gpus
        .iter()
        .map(|gpu| format!("{} {}, {:.1} of {:.1} GiB free", gpu.index, gpu.name, gib(gpu.free), gib(gpu.total)));
    Diagnosis::good("gpus", format!("{}; {driver}", each.collect::<Vec<_>>().join("; ")))
}

fn worker(target: &DoctorTarget<'_>, slots: &[Slot], findings: &mut Vec<Diagnosis>) {
    // Without a worker for GPUs a sweep runs on the CPU, as if it had been asked to.
    let has_gpus = slots.iter().any(|slot| matches!(slot, Slot::Cuda(_)));
    let on_gpus = has_gpus && (target.worker.is_some() || gpu_worker().is_some());
    let program = match find_worker(target.worker, on_gpus) {
        Ok(program) => program,
        Err(error) => {
            findings.push(Diagnosis::bad("worker", error.message, error.hint.unwrap_or_default()));
            return;
        }
    };
    let shown = by_hand(&program);
    let Some(StartedWorker { hello, libtorch }) = start(&program) else {
        let mend = format!("run it by hand to see why: {shown} < /dev/null; {GPU_WORKER_MEND}");
        findings.push(Diagnosis::bad("worker", format!("`{shown}` does not come up"), mend));
        return;
    };
    findings.push(if hello.protocol != VERSION || hello.train_digest != train_digest() {
        let found = format!("`{shown}` was built from other sources than this program");
        Diagnosis::bad("worker", found, "name a worker of this version, or none: drr-lab is its own")
    } else {
        Diagnosis::good("worker", format!("`{shown}`, built from the same sources as this program"))
    });
    match &hello.gpu {
        FoundGpu::Unusable(why) if has_gpus => {
            let mend =
                format!("a sweep of networks ends with that: --gpus none computes on the CPU; {GPU_WORKER_MEND}");
            findings.push(Diagnosis::bad("gpu", why.clone(), mend));
        }
        FoundGpu::Usable(class) => findings.push(Diagnosis::good("gpu", class.to_string())),
        FoundGpu::None | FoundGpu::Unusable(_) => {}
    }
    let has_cuda = libtorch.as_ref().is_some_and(|folder| folder.join("libtorch_cuda.so").is_file());
    let with = match &libtorch {
        None => "for the CPU".to_owned(),
        Some(folder) => format!("libtorch {} CUDA, in {}", if has_cuda { "with" } else { "without" }, folder.display()),
    };
    let found = format!("{}; {with}", hello.environment);
    findings.push(match (has_gpus, has_cuda) {
        (true, false) if on_gpus => Diagnosis::bad("numerics", found, GPU_WORKER_MEND),
        (true, false) => Diagnosis::poor("numerics", format!("{found}; GPUs are left alone"), GPU_WORKER_MEND),
        _ => Diagnosis::good("numerics", found),
    });
}

/// A worker that came up.
struct StartedWorker {
    hello: Hello,
    /// The folder its libtorch lies in.
    libtorch: Option<PathBuf>,
}

/// Starts a worker, hears its introduction and lets it go.
fn start(program: &Path) -> Option<StartedWorker> {
    let mut child = Command::new(program)
        .arg(VERB)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let up = introduction(&mut child);
    let _ = child.kill();
    let _ = child.wait();
    up
}

fn introduction(child: &mut Child) -> Option<StartedWorker> {
    let stdout = child.stdout.take()?;
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Ok(FromWorker::Ready(hello)) = serde_json::from_str(&line) {
                let _ = sender.send(hello);
                return;
            }
        }
    });
    let hello = receiver.recv_timeout(START).ok()?;
    let maps = fs::read_to_string(format!("/proc/{}/maps", hello.pid)).unwrap_or_default();
    let library =
        maps.lines().find_map(|line| Some(&line[line.find('/')?..]).filter(|it| it.ends_with("/libtorch_cpu.so")));
    let libtorch = library.and_then(|path| Path::new(path).parent()).map(Path::to_owned);
    Some(StartedWorker { hello, libtorch })
}

fn files(slots: u64) -> Diagnosis {
    let needed = FILES.0 * slots + FILES.1;
    match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, _)) if soft < needed => {
            let found = format!("{soft} open files are allowed, {slots} slots may need {needed}");
            Diagnosis::poor("limits", found, format!("ulimit -n {}", needed.next_power_of_two()))
        }
        Ok((soft, _)) => Diagnosis::good("limits", format!("{soft} open files")),
        Err(error) => Diagnosis::poor("limits", format!("unknown: {error}"), "ulimit -n"),
    }
}
