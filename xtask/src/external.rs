//! A Python with the packages of the trainers in `sweeps/external` and of the tests of the Python package:
//! `cargo xtask external`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::{fs, io};

use crate::problem::Problem;

/// The trainers whose packages are small: PyTorch's are five gigabytes, which are a person's to ask for.
const SMALL: [&str; 3] = ["sweeps/external/classifier", "sweeps/external/surprise", "python/tests"];

/// What tells that all is installed: the requirements that were.
const INSTALLED: &str = "installed.txt";

fn home(root: &Path) -> PathBuf {
    root.join("target/external")
}

/// What the packages must be.
fn wanted(root: &Path) -> io::Result<String> {
    let read = |name: &&str| fs::read_to_string(root.join(name).join("requirements.txt"));
    SMALL.iter().map(read).collect()
}

/// Whether they are installed as the repository names them.
pub fn is_installed(root: &Path) -> bool {
    let installed = fs::read_to_string(home(root).join(INSTALLED)).ok();
    installed.is_some() && installed == wanted(root).ok()
}

/// Installs them, unless they are there.
pub fn up(root: &Path) -> Result<ExitCode, Problem> {
    let wanted = wanted(root).map_err(|error| Problem::path(root, &error))?;
    let home = home(root);
    if is_installed(root) {
        println!("they are installed in {}", home.display());
        return Ok(ExitCode::SUCCESS);
    }
    let run = |program: &Path, arguments: &[&str]| -> Result<bool, Problem> {
        let status = Command::new(program).args(arguments).stdin(Stdio::null()).status();
        Ok(status.is_ok_and(|status| status.success()))
    };
    let _ = fs::remove_dir_all(&home);
    let shown = home.display().to_string();
    let mut made = run(Path::new("python3"), &["-m", "venv", &shown])?;
    for name in SMALL {
        let list = root.join(name).join("requirements.txt").display().to_string();
        let arguments = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", &list];
        made = made && run(&home.join("bin/python3"), &arguments)?;
    }
    if !made {
        eprintln!("the packages of sweeps/external and python/tests could not be installed; their tests are left out");
        return Ok(ExitCode::FAILURE);
    }
    fs::write(home.join(INSTALLED), wanted).map_err(|error| Problem::path(&home, &error))?;
    Ok(ExitCode::SUCCESS)
}
