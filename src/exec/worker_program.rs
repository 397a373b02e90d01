//! The programs that are workers: this one itself, and one with libtorch where there are GPUs. A worker is a process of
//! its own, so that what goes wrong in one costs one attempt; it is told apart by its first argument.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// The first argument of every worker; what stands behind it is the worker's.
pub const VERB: &str = "worker";

/// This program as it was when it started, whatever has become of its file since.
const OWN: &str = "/proc/self/exe";

/// Name of the program for GPUs.
const FOR_GPUS: &str = "drr-lab-worker-cuda";

/// How one comes by a worker for GPUs.
pub const GPU_WORKER_MEND: &str =
    "build the worker for GPUs in a checkout: cargo xtask setup --cuda && cargo build -p drr-cuda --features libtorch";

/// The program of a sweep's workers: as given, else the one for GPUs where it runs on those, else this one.
///
/// # Errors
/// There is none, with what to do about it.
pub fn find_worker(given: Option<&Path>, on_gpus: bool) -> Result<PathBuf> {
    match given {
        Some(path) if path.is_file() => Ok(path.to_owned()),
        Some(path) => Err(Error::environment(format!("there is no worker program at {}", path.display()))
            .hint("--worker and DRR_LAB_WORKER name a program that is a worker; without them drr-lab is its own")),
        None if on_gpus => gpu_worker().ok_or_else(|| {
            Error::environment(format!("there is no {FOR_GPUS} beside this program or in PATH"))
                .hint(format!("{GPU_WORKER_MEND}; or leave GPUs alone: --gpus none"))
        }),
        None => Ok(PathBuf::from(OWN)),
    }
}

/// The program for GPUs: beside this one, or in PATH.
pub fn gpu_worker() -> Option<PathBuf> {
    let beside = std::env::current_exe().ok().map(|here| here.with_file_name(FOR_GPUS));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).map(|folder| folder.join(FOR_GPUS));
    beside.into_iter().chain(places).find(|path| path.is_file())
}

/// Whether a worker's program is this one, which needs no copy to stay what it is.
pub fn is_own(worker: &Path) -> bool {
    worker == Path::new(OWN)
}

/// What a copy of a worker's program is called.
pub fn file_name(worker: &Path) -> &OsStr {
    if is_own(worker) { OsStr::new("drr-lab") } else { worker.file_name().unwrap_or_default() }
}

/// How a person starts a worker.
pub fn by_hand(worker: &Path) -> String {
    match worker.to_str() {
        Some(OWN) => format!("drr-lab {VERB}"),
        _ => format!("{} {VERB}", worker.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_program_is_the_worker_unless_another_is_named() {
        let own = find_worker(None, false).expect("this program");
        assert!(is_own(&own) && own.is_file());
        assert_eq!((by_hand(&own), file_name(&own)), ("drr-lab worker".to_owned(), OsStr::new("drr-lab")));
        let other = std::env::current_exe().expect("this test");
        assert_eq!(find_worker(Some(&other), true).expect("it is there"), other);
        assert_eq!(by_hand(&other), format!("{} worker", other.display()));
        let error = find_worker(Some(Path::new("nowhere/worker")), false).expect_err("it is not there");
        assert_eq!(error.message, "there is no worker program at nowhere/worker");
    }
}
