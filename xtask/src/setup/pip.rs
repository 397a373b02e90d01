//! Fetches wheels with the user's own pip, so that mirrors, proxies, certificates and find-links of its configuration
//! hold; and turns what pip says when it fails into one line.

use std::ffi::OsStr;
use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::{Command, Stdio};

use super::pins::Wheel;
use crate::problem::Problem;

/// A Python with pip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pip {
    python: &'static str,
    resume: Resume,
}

/// Whether pip goes on with a broken download by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resume {
    Supported,
    Unsupported,
}

/// Why pip did not deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub problem: Problem,
    pub again: Again,
}

/// Whether the same command may succeed a moment later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    Worthwhile,
    Pointless,
}

impl Pip {
    /// The first of `python3` and `python` on PATH that has pip; an active virtual environment comes first on PATH.
    pub fn find() -> Result<Self, Problem> {
        let mut without_pip = None;
        for python in ["python3", "python"] {
            let mut command = Command::new(python);
            let Ok(output) = command.args(["-m", "pip", "--version"]).stdin(Stdio::null()).output() else { continue };
            if output.status.success() {
                return Ok(Self { python, resume: resume_support(&String::from_utf8_lossy(&output.stdout)) });
            }
            without_pip.get_or_insert(python);
        }
        Err(without_pip.map_or_else(Problem::no_python, Problem::no_pip))
    }

    /// The Python itself.
    pub fn python(&self) -> &'static str {
        self.python
    }

    /// Downloads one wheel into `folder`; pip's own temporary files go to `scratch`, since /tmp may be small.
    pub fn download(&self, wheel: &Wheel, folder: &Path, scratch: &Path) -> Result<(), Failure> {
        let mut command = Command::new(self.python);
        command.args(["-m", "pip", "download", "--no-deps", "--no-input", "--disable-pip-version-check"]);
        // The cache would hold half a gigabyte a second time; what is downloaded is kept by us until it is installed.
        command.args(["--no-cache-dir", "--only-binary=:all:", "--python-version", "3.11"]);
        command.args(["--implementation", "cp", "--abi", "cp311", "--platform", wheel.platform()]);
        if self.resume == Resume::Supported {
            command.args(["--resume-retries", "5"]);
        }
        // pip draws its progress bar on stdout, ours is kept for data.
        if io::stderr().is_terminal() {
            command.stdout(io::stderr());
        } else {
            command.arg("--quiet").stdout(Stdio::null());
        }
        command.arg("--dest").arg(folder).arg(wheel.requirement()).stdin(Stdio::null()).stderr(Stdio::piped());
        // A user may forbid pip outside of virtual environments; nothing is installed here.
        command.env("TMPDIR", scratch).env("PIP_REQUIRE_VIRTUALENV", "0").env("PYTHONUTF8", "1");
        let output = command.spawn().and_then(|child| child.wait_with_output()).map_err(|error| Failure {
            problem: Problem::pip_failed(&wheel.requirement(), &error.to_string()),
            again: Again::Pointless,
        })?;
        if output.status.success() {
            return Ok(());
        }
        Err(explain(&wheel.requirement(), &String::from_utf8_lossy(&output.stderr)))
    }

    /// A Python command that runs `script` with `arguments`.
    pub fn script(&self, script: &str, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(self.python);
        command.arg("-c").arg(script).args(arguments).stdin(Stdio::null());
        command
    }
}

/// `--resume-retries` came with pip 25.1. Reads `pip 25.1.1 from /…`.
fn resume_support(version: &str) -> Resume {
    let number = version.split_whitespace().nth(1).unwrap_or_default();
    let mut parts = number.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let version = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if version >= (25, 1) { Resume::Supported } else { Resume::Unsupported }
}

/// What pip's error output means.
fn explain(requirement: &str, said: &str) -> Failure {
    let failure = |problem, again| Failure { problem, again };
    let mentions = |words: &[&str]| words.iter().any(|word| said.contains(word));
    // pip reports an index that it cannot reach as one that has no such release, so the network comes first.
    if mentions(&["No space left on device", "Disk quota exceeded"]) {
        let problem = Problem::new("the disk is full", "free some space, or set XDG_CACHE_HOME to another disk");
        return failure(problem, Again::Pointless);
    }
    if mentions(&["CERTIFICATE_VERIFY_FAILED", "SSLError"]) {
        let detail = "its certificate is not trusted: PIP_CERT=FILE names one that is";
        return failure(Problem::no_network(detail), Again::Pointless);
    }
    if let Some((_, detail, again)) = NETWORK_SIGNS.iter().find(|(sign, ..)| said.contains(sign)) {
        return failure(Problem::no_network(detail), *again);
    }
    if mentions(&["No matching distribution", "Could not find a version"]) {
        return failure(Problem::no_release(requirement), Again::Pointless);
    }
    let last = said.lines().rev().map(str::trim).find(|line| line.contains("rror"));
    let last = last.or_else(|| said.lines().last()).unwrap_or("it gave no reason");
    failure(Problem::pip_failed(requirement, last.trim_start_matches("ERROR: ")), Again::Worthwhile)
}

/// What pip and the libraries in it write when the network fails, most telling first, what to call it, and whether
/// beginning again helps: pip has itself tried six times to connect, but older ones never go on with a broken download.
const NETWORK_SIGNS: &[(&str, &str, Again)] = &[
    ("IncompleteRead", "the connection breaks off", Again::Worthwhile),
    ("incomplete-download", "the connection breaks off", Again::Worthwhile),
    ("Connection reset by peer", "the connection breaks off", Again::Worthwhile),
    ("Name or service not known", "its name is not found", Again::Pointless),
    ("Temporary failure in name resolution", "its name is not found", Again::Pointless),
    ("Network is unreachable", "the network is unreachable", Again::Pointless),
    ("Connection refused", "the connection is refused", Again::Pointless),
    ("Tunnel connection failed", "the proxy refuses", Again::Pointless),
    ("ProxyError", "the proxy does not answer", Again::Pointless),
    ("ConnectTimeout", "it does not answer", Again::Pointless),
    ("Read timed out", "it answers too slowly", Again::Worthwhile),
    ("NewConnectionError", "no connection", Again::Pointless),
    ("connection broken by", "no connection", Again::Pointless),
    ("ConnectionError", "no connection", Again::Pointless),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> (String, Again) {
        let failure = explain("torch==2.11.0", text);
        (failure.problem.to_string(), failure.again)
    }

    #[test]
    fn no_network_is_not_mistaken_for_no_release() {
        let (line, again) = said(
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<…>: Failed to \
             establish a new connection: [Errno -2] Name or service not known')': /simple/torch/\n\
             ERROR: Could not find a version that satisfies the requirement torch==2.11.0 (from versions: none)\n\
             ERROR: No matching distribution found for torch==2.11.0\n",
        );
        assert!(line.starts_with("pip does not reach its package index (its name is not found)"), "{line}");
        assert_eq!(again, Again::Pointless);
    }

    #[test]
    fn an_index_without_the_release_is_said() {
        let (line, again) = said("ERROR: No matching distribution found for torch==2.11.0\n");
        assert!(line.starts_with("pip's package index has no torch==2.11.0"), "{line}");
        assert_eq!(again, Again::Pointless);
    }

    #[test]
    fn a_full_disk_a_bad_certificate_and_a_broken_download_are_said() {
        let (line, again) = said("ERROR: Could not install packages: [Errno 28] No space left on device\n");
        assert!(line.starts_with("the disk is full"), "{line}");
        assert_eq!(again, Again::Pointless);
        assert!(
            said("SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]'))").0.contains("PIP_CERT")
        );
        let broken = "urllib3.exceptions.ProtocolError: ('Connection broken: IncompleteRead(1 bytes read)')";
        assert_eq!(said(broken).1, Again::Worthwhile);
        assert!(said(broken).0.contains("breaks off"));
    }

    #[test]
    fn anything_else_is_quoted() {
        assert!(
            said("Traceback\nValueError: odd\n").0.starts_with("pip could not download torch==2.11.0: ValueError: odd")
        );
        assert!(said("").0.contains("it gave no reason"));
    }

    #[test]
    fn only_newer_pips_resume() {
        assert_eq!(resume_support("pip 23.2.1 from /usr/lib (python 3.11)"), Resume::Unsupported);
        assert_eq!(resume_support("pip 25.0 from /usr/lib"), Resume::Unsupported);
        assert_eq!(resume_support("pip 25.1.1 from /usr/lib"), Resume::Supported);
        assert_eq!(resume_support("pip 26.0"), Resume::Supported);
        assert_eq!(resume_support("garbage"), Resume::Unsupported);
    }
}
