//! `cargo xtask setup`: finds libtorch or installs it for this user, and links `.libtorch` in the repository to it.
//!
//! A LIBTORCH variable of the user's own wins and is left as it is. Otherwise the cache is looked at, and what is
//! missing there is fetched from PyPI through pip, verified, unpacked beside its place and renamed into it. Nothing
//! outside the cache folder and the link is touched.

mod install;
mod pins;
mod pip;
mod place;

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::arguments::{SetupOptions, WhenReady, Wish};
use crate::problem::Problem;
use pins::{VERSION, Variant};
use place::Place;

/// The git-ignored link in the repository that `.cargo/config.toml` names as LIBTORCH.
pub const LINK: &str = ".libtorch";

/// Makes sure that libtorch is there and returns its folder.
pub fn run(root: &Path, options: &SetupOptions) -> Result<PathBuf, Problem> {
    check_compilers()?;
    if let Some(own) = own_libtorch(env::var_os("LIBTORCH").as_deref(), root)? {
        eprintln!("libtorch {VERSION} ready at {} (LIBTORCH)", own.display());
        return Ok(own);
    }
    if !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        return Err(Problem::platform());
    }
    let cache = cache()?;
    let linked = Variant::ALL.into_iter().find(|&variant| Place::new(&cache, variant).is_linked_from(root));
    let variant = match options.wish {
        Wish::Cpu => Variant::Cpu,
        Wish::Cuda => Variant::Cuda,
        // A choice once made stays, so that no later `demo` or `test` undoes it.
        Wish::Whatever => linked.unwrap_or_else(|| place::variant_for(Path::new("/"))),
    };
    let place = Place::new(&cache, variant);
    if options.when_ready == WhenReady::Replace || !place.is_ready() {
        install::install(&place, options.when_ready)?;
    }
    place.link_from(root)?;
    eprintln!("libtorch {VERSION} ready at {}", place.folder().display());
    Ok(place.folder().to_owned())
}

/// The folder of this user for what set-up and benches install.
pub fn cache() -> Result<PathBuf, Problem> {
    place::cache_folder(|name| env::var_os(name)).ok_or_else(Problem::no_home)
}

/// A libtorch the user has chosen, checked; `None` where LIBTORCH is unset or is our own link, as it always is below
/// `cargo xtask`.
fn own_libtorch(variable: Option<&OsStr>, root: &Path) -> Result<Option<PathBuf>, Problem> {
    let Some(own) = variable.map(PathBuf::from).filter(|own| *own != root.join(LINK)) else { return Ok(None) };
    let mend = format!("set it to the folder of a libtorch {VERSION}, or unset it");
    if !own.join("lib/libtorch_cpu.so").is_file() {
        return Err(Problem::new(format!("LIBTORCH is `{}`, which has no lib/libtorch_cpu.so", own.display()), mend));
    }
    match std::fs::read_to_string(own.join("build-version")) {
        Ok(version) if version.trim().split('+').next() != Some(VERSION) => {
            let what = format!("LIBTORCH is `{}`, which is version {}", own.display(), version.trim());
            Err(Problem::new(what, mend))
        }
        _ => Ok(Some(own)),
    }
}

/// The linker Rust calls, and the compiler that the bindings to libtorch call.
fn check_compilers() -> Result<(), Problem> {
    if !answers(OsStr::new("cc")) {
        return Err(Problem::no_linker());
    }
    let compiler = env::var_os("CXX").filter(|name| !name.is_empty()).unwrap_or_else(|| "c++".into());
    // CXX may carry a launcher or flags (`ccache g++`): its first word must run.
    let first = compiler.to_string_lossy().split_whitespace().next().unwrap_or("c++").to_owned();
    if answers(OsStr::new(&first)) { Ok(()) } else { Err(Problem::no_compiler(&first)) }
}

fn answers(program: &OsStr) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn our_own_link_is_no_choice_of_the_users() {
        let root = Path::new("/repository");
        assert_eq!(own_libtorch(None, root), Ok(None));
        assert_eq!(own_libtorch(Some(OsStr::new("/repository/.libtorch")), root), Ok(None));
    }

    #[test]
    fn the_users_own_libtorch_is_checked_and_kept() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let own = folder.path();
        let found = || own_libtorch(Some(own.as_os_str()), Path::new("/repository"));
        assert!(found().is_err_and(|problem| problem.to_string().contains("has no lib/libtorch_cpu.so")));
        fs::create_dir(own.join("lib")).expect("writable");
        fs::write(own.join("lib/libtorch_cpu.so"), "").expect("writable");
        assert_eq!(found(), Ok(Some(own.to_owned())), "a pip install has no build-version");
        fs::write(own.join("build-version"), "2.11.0+cu126\n").expect("writable");
        assert_eq!(found(), Ok(Some(own.to_owned())));
        fs::write(own.join("build-version"), "2.10.0+cpu\n").expect("writable");
        assert!(found().is_err_and(|problem| problem.to_string().contains("is version 2.10.0+cpu")));
    }
}
