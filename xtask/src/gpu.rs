//! `cargo xtask gpu-check`: builds the programs that try a GPU and runs them, or packs them for a machine that has one.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::arguments::{GpuOptions, SetupOptions};
use crate::problem::Problem;
use crate::setup;
use crate::steps::{Outcome, Step, sibling};

/// One after the other: together they would share features, and what others compiled would be compiled anew.
const BUILDS: [Step; 2] = [
    Step::cargo("build", &["build", "-p", "drr-lab"]),
    Step::cargo("build for GPUs", &["build", "-p", "drr-cuda", "--features", "libtorch"]),
];

/// What goes together.
const PROGRAMS: [&str; 3] = ["drr-lab-gpu-check", "drr-lab", "drr-lab-worker-cuda"];

/// What runs them elsewhere: with the libtorch that a Python there has.
const START: &str = r#"#!/bin/sh
# Tries the GPU of this machine: ./gpu-check [--json FILE]. It wants a Python whose `torch` is 2.11.0, with CUDA.
here=$(cd "$(dirname "$0")" && pwd)
libraries=$(${PYTHON:-python3} -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))') || exit 2
LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
exec "$here/drr-lab-gpu-check" "$@"
"#;

/// Whether all held.
///
/// # Errors
/// What is missing on this machine.
pub fn run(root: &Path, options: &GpuOptions) -> Result<bool, Problem> {
    setup::run(root, &SetupOptions::default())?;
    for build in BUILDS {
        if build.run(root)?.outcome != Outcome::Passed {
            return Ok(false);
        }
    }
    if let Some(archive) = &options.archive {
        return pack(root, archive).map(|()| true);
    }
    let mut check = Command::new(sibling(PROGRAMS[0])?);
    check.args(options.pretend.then_some("--pretend"));
    if let Some(file) = &options.json {
        check.arg("--json").arg(file);
    }
    let status = check.status().map_err(|error| Problem::file(PROGRAMS[0], &error, "was it built?"))?;
    Ok(status.success())
}

/// The programs without what is for debuggers, and what starts them.
fn pack(root: &Path, archive: &Path) -> Result<(), Problem> {
    let folder = root.join("target/gpu-check");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(|error| Problem::path(&folder, &error))?;
    for program in PROGRAMS {
        let (from, to) = (sibling(program)?, folder.join(program));
        fs::copy(&from, &to).map_err(|error| Problem::path(&from, &error))?;
        // Without it the archive is merely larger.
        let _ = Command::new("strip").arg(&to).status();
    }
    let start = folder.join("gpu-check");
    let written = fs::write(&start, START).and_then(|()| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&start, fs::Permissions::from_mode(0o755))
    });
    written.map_err(|error| Problem::path(&start, &error))?;
    let mut tar = Command::new("tar");
    tar.arg("-czf").arg(archive).arg("-C").arg(root.join("target")).arg("gpu-check");
    match tar.status() {
        Ok(status) if status.success() => {
            println!(
                "{}: unpack it where there is a GPU, and run gpu-check/gpu-check --json gpu.json",
                archive.display()
            );
            Ok(())
        }
        Ok(status) => Err(Problem::new(format!("tar ended with {status}"), "see what it says above")),
        Err(error) => Err(Problem::file("tar", &error, "is it in PATH?")),
    }
}
