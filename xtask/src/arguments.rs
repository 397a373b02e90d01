//! The command line of `cargo xtask`: parsed, taught, and forgiving in its errors only.

use std::fmt;
use std::path::PathBuf;

use crate::attack::{AttackOptions, PLAY};

/// What `cargo xtask help` prints.
pub const HELP: &str = "\
cargo xtask: set-up and chores of drr-lab

  cargo xtask demo     from nothing to a report: build, fetch MovieLens 100K, run the sweep
                       sweeps/quickstart.toml, write reports/quickstart/
  cargo xtask test     build, run all tests but those that need a GPU, a cluster or the like
      --all            those too, as far as this machine has what they need
  cargo xtask ci       what every change must pass: formatting, build, clippy with warnings as
                       errors, tests, gates, documentation; ends with a table of times
  cargo xtask setup    for GPUs: find libtorch 2.11.0, or install it for this user; then
                       cargo build -p drr-cuda --features libtorch
      --cuda           with CUDA (about 2.5 GB to download); the default where an NVIDIA driver is found
      --cpu            without CUDA (about 550 MB to download); the default elsewhere
      --force          download and install again, even if it is there
  cargo xtask bench    the trainer's speed beside PyTorch, JAX, Surprise and the machine's limits;
                       about 10 minutes
      --quick          about two minutes
      --json FILE      write the figures
      --python PATH    a Python that has benches/requirements.txt; else one is made (some gigabytes)
  cargo xtask gpu-check  all that concerns a GPU, tried on this machine's: what must hold, and what it
                       measures; about 8 minutes
      --pretend        without a GPU: its operations on the CPU, everything smaller, as `ci` does
      --json FILE      write what was found
      --archive FILE   pack it for a machine with a GPU and a Python that has torch 2.11.0; run nothing
  cargo xtask mutants  bugs planted in the trainer, one after another: do the gates of
                       gates/ci-smoke.toml catch them? About 5 minutes
      --short          three of them, as `ci` does
      --json FILE      write what was caught by what
  cargo xtask chaos [N]  kills a sweep at N random moments (200 unless said) and checks that it goes on;
                       about 10 minutes
  cargo xtask attack   attacks what the program promises: calls that fail, full disks, signals, lying
                       workers, hostile archives and names, flipped bits; what held, what fell
      --minutes N      how long (10 unless said)
      --short          a fixed choice of each kind, about a minute, as `ci` does
      --seed N         other attacks; the same seed makes the same ones (1 unless said)
      --only KIND:N    one of them, to see it again
  cargo xtask pictures make the README's pictures again: run the quickstart, report it, copy its figures
                       and, where Chromium is installed, a photograph of the page into docs/images/
  cargo xtask results  run the sweeps behind docs/results.md and check them against their baselines, to the
                       bit; a quarter of an hour on two cores
  cargo xtask portable the bits of trainings under emulated processors (Haswell, Nehalem), with musl and on
                       aarch64, where qemu-user and the targets are installed; about 15 minutes
  cargo xtask sound    memory reached without a check, watched: by Miri what has no vectors, by valgrind
                       what has; and the oldest Rust compiles all of it. What is not installed is named
  cargo xtask dist     what people install, in target/dist: a static program in an archive with completions
                       and man page; where maturin is in PATH, a wheel
      --target TRIPLE  x86_64- or aarch64-unknown-linux-musl (this machine's unless said)
  cargo xtask deps     what the project stands on: every crate with its reason in CONTRIBUTING.md, none twice
                       without one, permissive licences alone
  cargo xtask external install what the trainers in sweeps/external and the tests of python/ need into
                       target/external, about 900 MB; without PyTorch
  cargo xtask slurm-up start a Slurm of two nodes on loopback, in target/slurm, to try and to test
                       `drr-lab sweep --executor slurm`; wants slurm-wlm and munge installed
  cargo xtask slurm-down  stop it, with all its jobs
  cargo xtask help     this text

Plain `cargo build`, `cargo test` and `cargo run` work too. libtorch is for GPUs alone: it comes from PyPI
through pip, so pip's mirrors, proxies and certificates are respected. It is kept in
${XDG_CACHE_HOME:-~/.cache}/drr-lab and shared by all checkouts; `.libtorch` in the repository is a link
to it. A LIBTORCH variable of your own wins.

Exit codes: 0 done, 1 a step failed or something is missing, 2 the command line is wrong.
";

const COMMANDS: &[&str] = &[
    "setup",
    "demo",
    "test",
    "ci",
    "bench",
    "gpu-check",
    "mutants",
    "portable",
    "sound",
    "chaos",
    "attack",
    "pictures",
    "results",
    "dist",
    "deps",
    "external",
    "slurm-up",
    "slurm-down",
    "help",
];
const BENCH_FLAGS: &[&str] = &["--quick", "--json", "--python", "--help"];
const GPU_FLAGS: &[&str] = &["--pretend", "--json", "--archive", "--help"];
const MUTANT_FLAGS: &[&str] = &["--short", "--json", "--help"];
const ATTACK_FLAGS: &[&str] = &["--minutes", "--short", "--seed", "--only", "--help"];
const DIST_FLAGS: &[&str] = &["--target", "--help"];
const SETUP_FLAGS: &[&str] = &["--cuda", "--cpu", "--force", "--help"];

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Setup(SetupOptions),
    Demo,
    Test(Tests),
    Ci,
    /// The packages of the trainers in `sweeps/external`.
    External,
    SlurmUp,
    SlurmDown,
    Bench(BenchOptions),
    GpuCheck(GpuOptions),
    Mutants(MutantOptions),
    Chaos(u32),
    Attack(AttackOptions),
    /// To misbehave as a worker; for `attack` alone.
    Play(Vec<String>),
    Pictures,
    /// The figures of `docs/results.md`.
    Results,
    /// What the project stands on.
    Deps,
    /// What people install.
    Dist(DistOptions),
    /// The bits of trainings under other processors and for other targets.
    Portable,
    /// Memory that is reached without a check, watched.
    Sound,
    Help,
}

/// What `setup` was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetupOptions {
    pub wish: Wish,
    pub when_ready: WhenReady,
}

/// What `bench` was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BenchOptions {
    /// About two minutes instead of ten.
    pub quick: bool,
    /// Where to write the figures.
    pub json: Option<PathBuf>,
    /// A Python that has what `benches/requirements.txt` names.
    pub python: Option<PathBuf>,
}

/// What `gpu-check` was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GpuOptions {
    /// Without a GPU.
    pub pretend: bool,
    /// Where to write what was found.
    pub json: Option<PathBuf>,
    /// Where to pack it instead of running it.
    pub archive: Option<PathBuf>,
}

/// What `mutants` was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MutantOptions {
    /// A few bugs instead of all.
    pub short: bool,
    /// Where to write what was caught by what.
    pub json: Option<PathBuf>,
}

/// What `dist` was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DistOptions {
    /// The target; this machine's processor with musl if it is not said.
    pub target: Option<String>,
}

/// Which tests are run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tests {
    /// Those that need nothing.
    Plain,
    All,
}

/// Which libtorch is wished for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// What is installed already, else what the machine calls for.
    #[default]
    Whatever,
    Cpu,
    Cuda,
}

/// What to do about a libtorch that is installed already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenReady {
    #[default]
    Keep,
    Replace,
}

/// A command line that makes no sense, and the nearest that does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    message: String,
    nearest: Option<&'static str>,
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match self.nearest {
            Some(nearest) => write!(f, "\nhint: did you mean `{nearest}`?"),
            None => f.write_str("\nhint: `cargo xtask help` lists what there is"),
        }
    }
}

/// Reads the arguments after the program's name.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command, Usage> {
    let mut arguments = arguments.into_iter();
    let Some(name) = arguments.next() else { return Ok(Command::Help) };
    let command = match name.as_str() {
        "setup" => return setup(arguments),
        "bench" => return bench(arguments),
        "gpu-check" => return gpu_check(arguments),
        "mutants" => return mutants(arguments),
        "chaos" => return chaos(arguments),
        "test" => return test(arguments),
        "dist" => return dist(arguments),
        "attack" => return attack(arguments),
        PLAY => return Ok(Command::Play(arguments.collect())),
        "demo" => Command::Demo,
        "ci" => Command::Ci,
        "pictures" => Command::Pictures,
        "results" => Command::Results,
        "portable" => Command::Portable,
        "sound" => Command::Sound,
        "deps" => Command::Deps,
        "external" => Command::External,
        "slurm-up" => Command::SlurmUp,
        "slurm-down" => Command::SlurmDown,
        "help" | "--help" | "-h" => Command::Help,
        _ => return Err(unknown("command", &name, COMMANDS)),
    };
    match arguments.next().as_deref() {
        None => Ok(command),
        Some("--help" | "-h") => Ok(Command::Help),
        Some(extra) => {
            Err(Usage { message: format!("`cargo xtask {name}` takes no argument, got `{extra}`"), nearest: None })
        }
    }
}

fn setup(arguments: impl Iterator<Item = String>) -> Result<Command, Usage> {
    let mut options = SetupOptions::default();
    for argument in arguments {
        let wish = match argument.as_str() {
            "--cuda" => Wish::Cuda,
            "--cpu" => Wish::Cpu,
            "--force" => {
                options.when_ready = WhenReady::Replace;
                continue;
            }
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(unknown("option of `cargo xtask setup`", &argument, SETUP_FLAGS)),
        };
        if options.wish != Wish::Whatever && options.wish != wish {
            return Err(Usage { message: "`--cpu` and `--cuda` exclude each other".to_owned(), nearest: None });
        }
        options.wish = wish;
    }
    Ok(Command::Setup(options))
}

fn bench(mut arguments: impl Iterator<Item = String>) -> Result<Command, Usage> {
    let mut options = BenchOptions::default();
    while let Some(argument) = arguments.next() {
        let mut path = || {
            let missing = || Usage { message: format!("`{argument}` wants a path"), nearest: None };
            arguments.next().map(PathBuf::from).ok_or_else(missing)
        };
        match argument.as_str() {
            "--quick" => options.quick = true,
            "--json" => options.json = Some(path()?),
            "--python" => options.python = Some(path()?),
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(unknown("option of `cargo xtask bench`", &argument, BENCH_FLAGS)),
        }
    }
    Ok(Command::Bench(options))
}

fn gpu_check(mut arguments: impl Iterator<Item = String>) -> Result<Command, Usage> {
    let mut options = GpuOptions::default();
    while let Some(argument) = arguments.next() {
        let mut path = || {
            let missing = || Usage { message: format!("`{argument}` wants a path"), nearest: None };
            arguments.next().map(PathBuf::from).ok_or_else(missing)
        };
        match argument.as_str() {
            "--pretend" => options.pretend = true,
            "--json" => options.json = Some(path()?),
            "--archive" => options.archive = Some(path()?),
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(unknown("option of `cargo xtask gpu-check`", &argument, GPU_FLAGS)),
        }
    }
    Ok(Command::GpuCheck(options))
}

fn mutants(mut arguments: impl Iterator<Item = String>) -> Result<Command, Usage> {
    let mut options = MutantOptions::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--short" => options.short = true,
            "--json" => {
                let missing = || Usage { message: format!("`{argument}` wants a path"), nearest: None };
                options.json = Some(arguments.next().map(PathBuf::from).ok_or_else(missing)?);
            }
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(unknown("option of `cargo xtask mutants`", &argument, MUTANT_FLAGS)),
        }
    }
    Ok(Command::Mutants(options))
}

fn test(mut arguments: impl Iterator<Item = String>) -> Result<Command, Usage> {
    match arguments.next().as_deref() {
        None => Ok(Command::Test(Tests::Plain)),
        Some("--all") => Ok(Command::Test(Tests::All)),
        Some("--help" | "-h") => Ok(Command::Help),
        Some(other) => Err(unknown("option of `cargo xtask test`", other, &["--all", "--help"])),
    }
}

fn dist(mut arguments: impl Iterator<Item = String>) -> Result<Command, Usage> {
    let mut options = DistOptions::default();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--target" => {
                let missing = || Usage { message: "`--target` wants a triple".to_owned(), nearest: None };
                options.target = Some(arguments.next().ok_or_else(missing)?);
            }
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(unknown("option of `cargo xtask dist`", &argument, DIST_FLAGS)),
        }
    }
    Ok(Command::Dist(options))
}

/// Kill points unless the command line says how many.
const KILL_POINTS: u32 = 200;

fn chaos(mut arguments: impl Iterator<Item = String>) -> Result<Command, Usage> {
    let points = match arguments.next() {
        None => Ok(KILL_POINTS),
        Some(help) if matches!(help.as_str(), "--help" | "-h") => return Ok(Command::Help),
        Some(count) => count.parse().ok().filter(|count| *count > 0).ok_or(count),
    };
    match (points, arguments.next()) {
        (Ok(points), None) => Ok(Command::Chaos(points)),
        (Err(extra), _) | (_, Some(extra)) => Err(Usage {
            message: format!("`cargo xtask chaos` takes how many kill points, got `{extra}`"),
            nearest: None,
        }),
    }
}

fn attack(mut arguments: impl Iterator<Item = String>) -> Result<Command, Usage> {
    let mut options = AttackOptions::default();
    while let Some(argument) = arguments.next() {
        let mut value = |what: &str| {
            let missing = || Usage { message: format!("`{argument}` wants {what}"), nearest: None };
            arguments.next().ok_or_else(missing)
        };
        let number = |text: String| {
            let wrong = |_| Usage { message: format!("`{argument}` wants a number, got `{text}`"), nearest: None };
            text.parse::<u64>().map_err(wrong)
        };
        match argument.as_str() {
            "--short" => options.short = true,
            "--minutes" => options.minutes = number(value("a number")?)?,
            "--seed" => options.seed = number(value("a number")?)?,
            "--only" => {
                let text = value("a kind and a number, such as bit:3")?;
                let wrong = || Usage { message: format!("`--only` wants KIND:N, got `{text}`"), nearest: None };
                let (kind, at) = text.split_once(':').ok_or_else(wrong)?;
                options.only = Some((kind.to_owned(), at.parse().map_err(|_| wrong())?));
            }
            "--help" | "-h" => return Ok(Command::Help),
            _ => return Err(unknown("option of `cargo xtask attack`", &argument, ATTACK_FLAGS)),
        }
    }
    Ok(Command::Attack(options))
}

fn unknown(what: &str, got: &str, known: &[&'static str]) -> Usage {
    let distance = |name: &&&str| strsim::damerau_levenshtein(name, got);
    let nearest = known.iter().min_by_key(distance).filter(|name| distance(name) <= 2).copied();
    Usage { message: format!("unknown {what}: `{got}`"), nearest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Command, String> {
        parse(line.split_whitespace().map(str::to_owned)).map_err(|usage| usage.to_string())
    }

    #[test]
    fn commands_parse() {
        assert_eq!(parsed(""), Ok(Command::Help));
        assert_eq!(parsed("demo"), Ok(Command::Demo));
        assert_eq!(parsed("ci --help"), Ok(Command::Help));
        assert_eq!(parsed("chaos"), Ok(Command::Chaos(200)));
        assert_eq!(parsed("chaos 7"), Ok(Command::Chaos(7)));
        assert!(parsed("chaos many").is_err_and(|text| text.contains("kill points, got `many`")));
        assert_eq!(parsed("attack"), Ok(Command::Attack(AttackOptions::default())));
        let one = AttackOptions { seed: 7, only: Some(("bit".to_owned(), 3)), ..AttackOptions::default() };
        assert_eq!(parsed("attack --seed 7 --only bit:3"), Ok(Command::Attack(one)));
        assert!(parsed("attack --only bit").is_err_and(|text| text.contains("wants KIND:N, got `bit`")));
        assert!(parsed("attack --minutes ten").is_err_and(|text| text.contains("a number, got `ten`")));
        assert_eq!(parsed("setup"), Ok(Command::Setup(SetupOptions::default())));
        let cuda = SetupOptions { wish: Wish::Cuda, when_ready: WhenReady::Replace };
        assert_eq!(parsed("setup --force --cuda"), Ok(Command::Setup(cuda)));
        let arm = DistOptions { target: Some("aarch64-unknown-linux-musl".to_owned()) };
        assert_eq!(parsed("dist --target aarch64-unknown-linux-musl"), Ok(Command::Dist(arm)));
        assert!(parsed("dist --target").is_err_and(|text| text.contains("wants a triple")));
        let short = MutantOptions { short: true, json: Some("found.json".into()) };
        assert_eq!(parsed("mutants --short --json found.json"), Ok(Command::Mutants(short)));
    }

    #[test]
    fn an_unknown_word_names_the_nearest_known_one() {
        assert_eq!(parsed("tset"), Err("unknown command: `tset`\nhint: did you mean `test`?".to_owned()));
        assert!(parsed("setup --cdua").is_err_and(|text| text.ends_with("did you mean `--cuda`?")));
        assert!(parsed("publish").is_err_and(|text| text.ends_with("`cargo xtask help` lists what there is")));
        assert!(parsed("demo now").is_err_and(|text| text.contains("takes no argument, got `now`")));
        assert!(parsed("setup --cpu --cuda").is_err_and(|text| text.contains("exclude")));
    }

    #[test]
    fn the_help_teaches_every_command_and_option() {
        for word in COMMANDS
            .iter()
            .chain(&["--cuda", "--cpu", "--force"])
            .chain(&["--minutes", "--short", "--seed", "--only"])
            .chain(&GPU_FLAGS[..3])
        {
            assert!(HELP.contains(word), "{word}");
        }
        assert!(HELP.lines().all(|line| line.len() <= 110));
    }
}
