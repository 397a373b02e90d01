//! GPUs that are not there, through the program's real loader: a driver's library that is compiled for the occasion, and a
//! worker that says it has one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::Place;
use crate::common::worker::{count, ended, place, sweep};

/// Trials of the small sweep.
const TRIALS: usize = 14;

/// Gives a command a driver that shows what the definitions say.
fn with_driver(mut command: Command, place: &Place, defined: &[&str]) -> Command {
    let library = place.path().join("libnvidia-ml.so.1");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/system/src/nvml_made_up.c");
    let definitions = defined.iter().map(|it| format!("-D{it}"));
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).args(definitions).status();
    assert!(built.expect("a C compiler").success());
    command.env("LD_LIBRARY_PATH", place.path()).env_remove("CUDA_VISIBLE_DEVICES");
    command
}

/// What workers were shown.
fn shown(place: &Place) -> BTreeSet<String> {
    fs::read_to_string(place.path().join("shown")).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[test]
fn doctor_names_slices_and_says_what_is_wrong_with_a_driver() {
    let place = Place::new();
    let doctor = |defined: &[&str]| ended(with_driver(place.drr_lab(&["doctor"]), &place, defined));
    let (_, stdout, _) = doctor(&["GPUS=2", "DIVIDED=1", "SLICES=2"]);
    let slices = ["0 Made-up GPU, 80.0 of 80.0 GiB free", "2 Made-up GPU MIG 1g.10gb"];
    for words in ["3 on GPUs for networks", "580.0 made up"].into_iter().chain(slices) {
        assert!(stdout.contains(words), "{words}: {stdout}");
    }
    let (_, stdout, _) = doctor(&["BROKEN=18"]);
    assert!(stdout.contains("none that can be used: Driver/library version mismatch"), "{stdout}");
}

#[test]
fn networks_run_on_slices_by_their_names_and_all_else_beside_them() {
    let (place, worker) = place();
    let command = sweep(&place, &worker, "well", &["--jobs", "4", "--gpus", "all"]);
    let (code, _, stderr) = ended(with_driver(command, &place, &["GPUS=2", "DIVIDED=0", "SLICES=2"]));
    assert_eq!((code, count(&place, "result.json")), (0, TRIALS), "{stderr}");
    let named = ["MIG-0000-0", "MIG-0000-1", "GPU-0001"].map(str::to_owned);
    assert!(!shown(&place).is_empty() && shown(&place).is_subset(&named.into()), "{:?}", shown(&place));
}

#[test]
fn what_a_batch_system_leaves_visible_is_all_there_is() {
    let (place, worker) = place();
    let command = sweep(&place, &worker, "well", &["--jobs", "3", "--gpus", "all"]);
    let mut command = with_driver(command, &place, &["GPUS=4"]);
    command.env("CUDA_VISIBLE_DEVICES", "GPU-0002,nothing,GPU-0003");
    let (code, _, stderr) = ended(command);
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(shown(&place), BTreeSet::from(["GPU-0002".to_owned()]));
}

#[test]
fn gpus_that_are_asked_for_are_never_made_up_for_by_cores() {
    let (place, worker) = place();
    let all = || sweep(&place, &worker, "well", &["--gpus", "all"]);
    let mut hidden = with_driver(all(), &place, &["GPUS=1"]);
    hidden.env("CUDA_VISIBLE_DEVICES", "");
    let (code, _, stderr) = ended(hidden);
    assert!(code == 3 && stderr.contains("there is no GPU") && stderr.contains("CUDA_VISIBLE_DEVICES="), "{stderr}");
    let (code, _, stderr) = ended(with_driver(all(), &place, &["BROKEN=18"]));
    assert!(code == 3 && stderr.contains("the driver does not work: Driver/library version mismatch"), "{stderr}");
    let without = sweep(&place, &worker, "without-cuda", &["--gpus", "auto"]);
    let (code, _, stderr) = ended(with_driver(without, &place, &["GPUS=1"]));
    let why = "GPU 0 (Made-up GPU) cannot be used: this libtorch is without CUDA";
    assert!(code == 3 && stderr.contains(why) && stderr.contains("--gpus none"), "{stderr}");
    let mut own = place.drr_lab(&["sweep", "small.toml", "--gpus", "0", "--worker"]);
    own.arg(env!("CARGO_BIN_EXE_drr-lab"));
    let (code, _, stderr) = ended(with_driver(own, &place, &["GPUS=1"]));
    assert!(code == 3 && stderr.contains("cannot be used: the worker is for the CPU"), "{stderr}");
    let networks = count(&place, "model.safetensors");
    assert!(networks <= 2, "no network was trained on a core instead: {networks}");
}

#[test]
fn a_gpu_that_fails_once_costs_an_attempt_and_one_that_goes_on_failing_ends_the_sweep() {
    let (healthy, worker) = place();
    let command = sweep(&healthy, &worker, "sick-once", &["--jobs", "2", "--gpus", "all", "--retries", "1"]);
    let (code, _, stderr) = ended(with_driver(command, &healthy, &["GPUS=1"]));
    assert_eq!((code, count(&healthy, "result.json")), (0, TRIALS), "{stderr}");
    assert!(stderr.contains("the GPU failed: CUDA error: unspecified"), "{stderr}");
    let (sick, worker) = place();
    let command = sweep(&sick, &worker, "sick", &["--jobs", "2", "--gpus", "all", "--retries", "9"]);
    let (code, _, stderr) = ended(with_driver(command, &sick, &["GPUS=1"]));
    assert!(code == 3 && stderr.contains("its GPU failed again and again"), "{code}: {stderr}");
    assert!(count(&sick, "result.json") < TRIALS);
}
