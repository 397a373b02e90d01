//! `cargo xtask dist`: what people install, for one target. A static program in an archive with its completions, its man
//! page and the licences; and, where maturin is, a wheel that holds the same program.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::arguments::DistOptions;
use crate::needs::{answers, has_target};
use crate::problem::Problem;
use crate::steps::cargo;

/// A target that can be built for.
struct Target {
    name: &'static str,
    /// What compiles C for it.
    compiler: &'static str,
    /// Where that compiler's library is not the target's: what keeps its names out.
    c_flags: &'static str,
    /// What runs its programs elsewhere.
    emulator: &'static str,
    mend: &'static str,
}

const TARGETS: &[Target] = &[
    Target {
        name: "x86_64-unknown-linux-musl",
        compiler: "musl-gcc",
        c_flags: "",
        emulator: "qemu-x86_64",
        mend: "apt-get install musl-tools",
    },
    Target {
        name: "aarch64-unknown-linux-musl",
        compiler: "aarch64-linux-gnu-gcc",
        // Names of glibc alone: its 64-bit file functions and its checked ones.
        c_flags: "-DSQLITE_DISABLE_LFS -U_FORTIFY_SOURCE",
        emulator: "qemu-aarch64",
        mend: "apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user",
    },
];

/// Largest program, bytes.
const LARGEST_PROGRAM: u64 = 15 << 20;

/// Largest wheel, bytes.
const LARGEST_WHEEL: u64 = 12 << 20;

/// Builds, packs and says where it lies.
///
/// # Errors
/// What is missing on this machine, or a step that failed.
pub fn run(root: &Path, options: &DistOptions) -> Result<(), Problem> {
    let usual = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let wanted = options.target.as_deref().unwrap_or(&usual);
    let target = TARGETS.iter().find(|target| target.name == wanted).ok_or_else(|| {
        let known: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        Problem::new(format!("nothing is known of the target `{wanted}`"), format!("one of {}", known.join(", ")))
    })?;
    if !has_target(target.name) {
        let mend = format!("rustup target add {}", target.name);
        return Err(Problem::new(format!("Rust cannot compile for {}", target.name), mend));
    }
    if !answers(target.compiler) {
        return Err(Problem::new(format!("`{}` is missing (it compiles SQLite)", target.compiler), target.mend));
    }
    let program = target.build(root)?;
    let into = root.join("target/dist");
    fs::create_dir_all(&into).map_err(|error| Problem::path(&into, &error))?;
    report(&program, LARGEST_PROGRAM)?;
    report(&target.archive(root, &program, &into)?, u64::MAX)?;
    if answers("maturin") {
        report(&target.wheel(root, &into)?, LARGEST_WHEEL)?;
    } else {
        eprintln!("no wheel: maturin is not in PATH; mend: pip install maturin");
    }
    Ok(())
}

/// Says what was made, and how large it is.
fn report(path: &Path, most: u64) -> Result<(), Problem> {
    let size = fs::metadata(path).map_err(|error| Problem::path(path, &error))?.len();
    println!("{}  {:.1} MB", path.display(), size as f64 / 1e6);
    if size > most {
        let what = format!("{} has {size} bytes, {most} are the most", path.display());
        return Err(Problem::new(what, "see what made it grow: cargo tree -e normal"));
    }
    Ok(())
}

impl Target {
    fn is_foreign(&self) -> bool {
        !self.name.starts_with(std::env::consts::ARCH)
    }

    /// What cargo must know to compile for it.
    fn prepare(&self, command: &mut Command) {
        let lower = self.name.replace('-', "_");
        command.env(format!("CC_{lower}"), self.compiler).env(format!("CFLAGS_{lower}"), self.c_flags);
        if self.is_foreign() {
            // Rust's own: it brings the C library's parts for musl with it.
            command.env(format!("CARGO_TARGET_{}_LINKER", lower.to_uppercase()), "rust-lld");
        }
    }

    fn build(&self, root: &Path) -> Result<PathBuf, Problem> {
        let mut command = cargo(root);
        command.args(["rustc", "--release", "--locked", "-p", "drr-lab", "--bin", "drr-lab", "--target", self.name]);
        // Where a program lies in memory is filled in when it starts; packed, the list of those places takes some bytes.
        let packed: &[&str] = if self.is_foreign() {
            // A linker itself, not a compiler that calls one.
            &["--", "-C", "link-arg=-z", "-C", "link-arg=pack-relative-relocs"]
        } else {
            &["--", "-C", "link-arg=-Wl,-z,pack-relative-relocs"]
        };
        command.args(packed);
        self.prepare(&mut command);
        done(&mut command, "cargo build")?;
        Ok(root.join("target").join(self.name).join("release/drr-lab"))
    }

    /// The program's own words.
    fn said(&self, program: &Path, arguments: &[&str]) -> Result<Vec<u8>, Problem> {
        let mut command = if self.is_foreign() {
            let mut emulated = Command::new(self.emulator);
            emulated.arg(program);
            emulated
        } else {
            Command::new(program)
        };
        let output = command.args(arguments).stderr(Stdio::inherit()).output();
        match output {
            Ok(output) if output.status.success() => Ok(output.stdout),
            Ok(output) => Err(Problem::new(format!("{} failed: {}", program.display(), output.status), self.mend)),
            Err(error) => Err(Problem::file(self.emulator, &error, self.mend)),
        }
    }

    /// `drr-lab-VERSION-TARGET.tar.gz`.
    fn archive(&self, root: &Path, program: &Path, into: &Path) -> Result<PathBuf, Problem> {
        let name = format!("drr-lab-{}-{}", env!("CARGO_PKG_VERSION"), self.name);
        let folder = into.join(&name);
        let _ = fs::remove_dir_all(&folder);
        let make = |path: &Path| fs::create_dir_all(path).map_err(|error| Problem::path(path, &error));
        make(&folder.join("completions"))?;
        let copy = |from: &Path, to: &str| {
            fs::copy(from, folder.join(to)).map(drop).map_err(|error| Problem::path(from, &error))
        };
        copy(program, "drr-lab")?;
        for file in ["README.md", "CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT"] {
            copy(&root.join(file), file)?;
        }
        copy(&root.join("assets/fonts/OFL.txt"), "LICENSE-FONTS")?;
        let write = |to: &str, text: Vec<u8>| {
            fs::write(folder.join(to), text).map_err(|error| Problem::path(&folder.join(to), &error))
        };
        write("drr-lab.1", self.said(program, &["man"])?)?;
        for (shell, file) in [("bash", "drr-lab.bash"), ("zsh", "_drr-lab"), ("fish", "drr-lab.fish")] {
            write(&format!("completions/{file}"), self.said(program, &["completions", shell])?)?;
        }
        let archive = into.join(format!("{name}.tar.gz"));
        let mut tar = Command::new("tar");
        // The same bytes for the same files, whoever packs them and when.
        tar.args(["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "-czf"]);
        tar.arg(&archive).arg("-C").arg(into).arg(&name);
        done(&mut tar, "tar")?;
        let _ = fs::remove_dir_all(&folder);
        Ok(archive)
    }

    /// The wheel. Its program needs no C library, so that it serves every Linux of its processor.
    fn wheel(&self, root: &Path, into: &Path) -> Result<PathBuf, Problem> {
        for old in self.wheels(into)? {
            let _ = fs::remove_file(old);
        }
        let mut maturin = Command::new("maturin");
        maturin.current_dir(root).args(["build", "--release", "--locked", "--target", self.name, "--out"]);
        maturin.arg(into).args(["--compatibility", "manylinux2014", "musllinux_1_1"]);
        self.prepare(&mut maturin);
        done(&mut maturin, "maturin")?;
        let none = || Problem::new("maturin made no wheel", "see what it says above");
        self.wheels(into)?.pop().ok_or_else(none)
    }

    /// The wheels for this processor.
    fn wheels(&self, into: &Path) -> Result<Vec<PathBuf>, Problem> {
        let processor = self.name.split('-').next().unwrap_or_default();
        let entries = fs::read_dir(into).map_err(|error| Problem::path(into, &error))?;
        let wheels = entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.ends_with(".whl") && name.contains(processor)
        });
        Ok(wheels.collect())
    }
}

fn done(command: &mut Command, what: &str) -> Result<(), Problem> {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Problem::new(format!("{what} failed: {status}"), "see what it says above")),
        Err(error) => Err(Problem::file(what, &error, "is it in PATH?")),
    }
}
