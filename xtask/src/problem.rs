//! What can be missing on a machine, each said in one line with its mend. Never a panic, never a traceback.

use std::path::Path;
use std::{fmt, io};

/// Something is missing or failed; `what` says it, `mend` what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    what: String,
    mend: String,
}

impl Problem {
    pub fn new(what: impl Into<String>, mend: impl Into<String>) -> Self {
        // One line each, whatever a child process or the system has said.
        let line = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { what: line(what.into()), mend: line(mend.into()) }
    }

    pub fn platform() -> Self {
        Self::new(
            "only Linux on x86-64 with glibc is supported: PyTorch's wheels for it are what set-up installs",
            "elsewhere, install libtorch 2.11.0 yourself and set LIBTORCH to its folder",
        )
    }

    pub fn no_python() -> Self {
        Self::new("Python 3 is missing (pip fetches libtorch)", "apt-get install python3 python3-pip")
    }

    pub fn no_pip(python: &str) -> Self {
        Self::new(
            format!("`{python}` has no pip (pip fetches libtorch)"),
            format!("apt-get install python3-pip, or {python} -m ensurepip"),
        )
    }

    pub fn no_compiler(compiler: &str) -> Self {
        Self::new(
            format!("the C++ compiler `{compiler}` is missing (it compiles the bindings to libtorch)"),
            "apt-get install g++, or set CXX to yours",
        )
    }

    pub fn no_linker() -> Self {
        Self::new("the C compiler `cc` is missing (Rust links with it)", "apt-get install gcc")
    }

    pub fn no_home() -> Self {
        Self::new("neither XDG_CACHE_HOME nor HOME says where to keep libtorch", "set XDG_CACHE_HOME to a folder")
    }

    pub fn no_disk(at: &Path, needed_mb: u64, free_mb: u64) -> Self {
        Self::new(
            format!("{} has {free_mb} MB free, set-up needs {needed_mb} MB", at.display()),
            "free some space, or set XDG_CACHE_HOME to a folder on another disk",
        )
    }

    pub fn no_network(detail: &str) -> Self {
        Self::new(
            format!("pip does not reach its package index ({detail})"),
            "check the network, or name a mirror or proxy: pip config set global.index-url URL, HTTPS_PROXY=URL; \
             then run it again, what is downloaded is kept",
        )
    }

    pub fn no_release(requirement: &str) -> Self {
        Self::new(
            format!("pip's package index has no {requirement} for Linux x86-64"),
            "use an index that mirrors PyPI: pip config set global.index-url https://pypi.org/simple",
        )
    }

    pub fn pip_failed(requirement: &str, detail: &str) -> Self {
        Self::new(
            format!("pip could not download {requirement}: {detail}"),
            "run `cargo xtask setup` again, what is downloaded is kept",
        )
    }

    pub fn wrong_checksum(file: &str, expected: &str, found: &str) -> Self {
        Self::new(
            format!("{file} has SHA-256 {found}, not {expected}"),
            "the download is broken or the index serves another file: try again, or use https://pypi.org/simple",
        )
    }

    pub fn file(what: &str, error: &io::Error, mend: &str) -> Self {
        Self::new(format!("{what}: {error}"), mend)
    }

    pub fn path(path: &Path, error: &io::Error) -> Self {
        Self::file(&path.display().to_string(), error, "see that this user may write there, then run it again")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; mend: {}", self.what, self.mend)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_one_line_that_names_what_is_missing_and_the_mend() {
        let cases = [
            (Problem::platform(), "x86-64", "LIBTORCH"),
            (Problem::no_python(), "Python 3", "apt-get install python3 python3-pip"),
            (Problem::no_pip("python3"), "`python3` has no pip", "apt-get install python3-pip"),
            (Problem::no_compiler("c++"), "`c++` is missing", "apt-get install g++"),
            (Problem::no_linker(), "`cc` is missing", "apt-get install gcc"),
            (Problem::no_home(), "HOME", "XDG_CACHE_HOME"),
            (Problem::no_disk(Path::new("/home"), 1500, 20), "/home has 20 MB free, set-up needs 1500 MB", "XDG"),
            (Problem::no_network("no route\nto host"), "(no route to host)", "check the network"),
            (Problem::no_release("torch==2.11.0"), "no torch==2.11.0", "index-url"),
            (Problem::pip_failed("torch==2.11.0", "a\nb"), "a b", "setup` again"),
            (Problem::wrong_checksum("a.whl", "aa", "bb"), "SHA-256 bb, not aa", "try again"),
            (Problem::path(Path::new("/x"), &io::Error::from(io::ErrorKind::PermissionDenied)), "/x: ", "may write"),
        ];
        for (problem, what, mend) in cases {
            let line = problem.to_string();
            assert!(!line.contains('\n'), "{line}");
            let (said, how) = line.split_once("; mend: ").expect("a mend is always given");
            assert!(said.contains(what), "{said} lacks {what}");
            assert!(how.contains(mend), "{how} lacks {mend}");
        }
    }
}
