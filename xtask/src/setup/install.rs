//! Makes an install: wheels fetched and verified, unpacked beside the place, checked, and renamed into it last. Killed
//! at any moment it leaves the finished wheels and nothing half.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use sha2::{Digest as _, Sha256};

use super::pins::{Headers, VERSION, Variant, Wheel};
use super::pip::{Again, Pip};
use super::place::Place;
use crate::arguments::WhenReady;
use crate::problem::Problem;

const UNPACK: &str = include_str!("unpack.py");

/// How often a download is begun before giving up.
const ATTEMPTS: u32 = 3;

/// Installs libtorch at `place`.
pub fn install(place: &Place, when_ready: WhenReady) -> Result<(), Problem> {
    let downloads = place.downloads();
    fs::create_dir_all(&downloads).map_err(|error| Problem::path(&downloads, &error))?;
    let _lock = lock(&place.cache)?;
    if place.is_ready() && when_ready == WhenReady::Keep {
        return Ok(()); // Another checkout's set-up has just made it.
    }
    let pip = Pip::find()?;
    check_disk(place)?;
    let wheels = place.variant.wheels();
    for (index, wheel) in wheels.iter().enumerate() {
        let which = format!("{} ({} of {})", wheel.requirement(), index + 1, wheels.len());
        fetch(&pip, wheel, &downloads, &which)?;
    }
    let partial = place.partial();
    remove(&partial)?;
    let library_folder = partial.join("lib");
    fs::create_dir_all(&library_folder).map_err(|error| Problem::path(&library_folder, &error))?;
    for wheel in wheels {
        eprintln!("libtorch {VERSION}: unpacking {}", wheel.requirement());
        unpack(&pip, wheel, &downloads, &partial)?;
    }
    if place.variant == Variant::Cpu {
        make_stub(&library_folder)?;
    }
    check_loads(&library_folder.join("libtorch_cpu.so"))?;
    let version = partial.join("build-version");
    fs::write(&version, format!("{}\n", place.variant.build_version()))
        .map_err(|error| Problem::path(&version, &error))?;
    remove(place.folder())?;
    fs::rename(&partial, place.folder()).map_err(|error| Problem::path(place.folder(), &error))?;
    remove(&downloads)
}

/// Held as long as an installation runs: two checkouts share the cache.
fn lock(cache: &Path) -> Result<File, Problem> {
    let path = cache.join("setup.lock");
    let fail = |error: io::Error| Problem::path(&path, &error);
    let file = File::options().create(true).append(true).open(&path).map_err(fail)?;
    if file.try_lock().is_err() {
        eprintln!("waiting for another `cargo xtask setup` to finish");
        file.lock().map_err(fail)?;
    }
    Ok(file)
}

/// Leaves a verified wheel in `downloads`.
fn fetch(pip: &Pip, wheel: &Wheel, downloads: &Path, which: &str) -> Result<(), Problem> {
    let path = downloads.join(wheel.file);
    if path.is_file() && verify(&path, wheel.sha256).is_ok() {
        eprintln!("libtorch {VERSION}: {which} is there from an earlier attempt");
        return Ok(());
    }
    eprintln!("libtorch {VERSION}: fetching {which}");
    let scratch = downloads.join("scratch");
    for attempt in 1.. {
        remove(&path)?;
        remove(&scratch)?;
        fs::create_dir_all(&scratch).map_err(|error| Problem::path(&scratch, &error))?;
        let problem = match pip.download(wheel, downloads, &scratch) {
            Ok(()) => match verify(&path, wheel.sha256) {
                Ok(()) => break,
                Err(problem) => problem,
            },
            Err(failure) if failure.again == Again::Pointless => return Err(failure.problem),
            Err(failure) => failure.problem,
        };
        if attempt == ATTEMPTS {
            return Err(problem);
        }
        eprintln!("libtorch {VERSION}: {problem} (attempt {attempt} of {ATTEMPTS})");
    }
    remove(&scratch)
}

/// Compares a file with its pinned SHA-256.
fn verify(path: &Path, expected: &str) -> Result<(), Problem> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let what = format!("pip's package index gave another file than {name}");
            return Err(Problem::new(what, "use an index that mirrors PyPI: https://pypi.org/simple"));
        }
        Err(error) => return Err(Problem::path(path, &error)),
    };
    let (mut hasher, mut buffer) = (Sha256::new(), vec![0; 1 << 20]);
    loop {
        let length = file.read(&mut buffer).map_err(|error| Problem::path(path, &error))?;
        if length == 0 {
            break;
        }
        hasher.update(&buffer[..length]);
    }
    let found: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if found == expected { Ok(()) } else { Err(Problem::wrong_checksum(&name, expected, &found)) }
}

fn unpack(pip: &Pip, wheel: &Wheel, downloads: &Path, into: &Path) -> Result<(), Problem> {
    let headers = match wheel.headers {
        Headers::Torch => "torch",
        Headers::None => "none",
    };
    let mut command = pip.script(UNPACK, [downloads.join(wheel.file).as_path(), into]);
    let output = command.arg(headers).args(wheel.libraries).output();
    let output = output.map_err(|error| Problem::file(pip.python(), &error, "see that Python 3 works"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or("it gave no reason");
    Err(Problem::new(format!("unpacking {}: {last}", wheel.file), "free some space, or run it again with --force"))
}

/// The bindings ask the linker for `-ltorch`. The wheel's own libtorch.so is empty but for needing CUDA, so an empty
/// one without that need takes its place.
fn make_stub(library_folder: &Path) -> Result<(), Problem> {
    let mut command = Command::new("cc");
    command.args(["-shared", "-x", "c", "-", "-Wl,-soname,libtorch.so", "-o"]).arg(library_folder.join("libtorch.so"));
    let status = command.stdin(Stdio::piped()).spawn().and_then(|mut child| {
        if let Some(mut source) = child.stdin.take() {
            source.write_all(b"/* stands in for PyTorch's libtorch.so, which is empty too */\n")?;
        }
        child.wait()
    });
    if status.is_ok_and(|status| status.success()) { Ok(()) } else { Err(Problem::no_linker()) }
}

/// Asks the dynamic loader whether the library finds all it needs; silent where there is no `ldd` to ask.
fn check_loads(library: &Path) -> Result<(), Problem> {
    let Ok(output) = Command::new("ldd").arg(library).env_remove("LD_LIBRARY_PATH").output() else { return Ok(()) };
    match missing_libraries(&String::from_utf8_lossy(&output.stdout)) {
        missing if missing.is_empty() => Ok(()),
        missing => Err(Problem::new(
            format!("libtorch_cpu.so does not find {}", missing.join(", ")),
            "apt-get install libstdc++6 libgcc-s1, then run it again",
        )),
    }
}

fn missing_libraries(ldd: &str) -> Vec<&str> {
    let missing = ldd.lines().filter(|line| line.contains("not found"));
    missing.filter_map(|line| line.split_whitespace().next()).collect()
}

fn check_disk(place: &Place) -> Result<(), Problem> {
    let output = Command::new("df").args(["-Pk"]).arg(&place.cache).output();
    let free = output.ok().and_then(|output| free_mb(&String::from_utf8_lossy(&output.stdout)));
    match free {
        Some(free) if free < place.variant.disk_mb() => {
            Err(Problem::no_disk(&place.cache, place.variant.disk_mb(), free))
        }
        _ => Ok(()),
    }
}

/// Free space in the output of `df -Pk`: the field before the percentage, since a mount's name may hold spaces.
fn free_mb(df: &str) -> Option<u64> {
    let fields: Vec<&str> = df.lines().nth(1)?.split_whitespace().collect();
    let percentage = fields.iter().rposition(|field| field.ends_with('%'))?;
    Some(fields.get(percentage.checked_sub(1)?)?.parse::<u64>().ok()? / 1024)
}

/// Removes a file or a folder, if it is there.
fn remove(path: &Path) -> Result<(), Problem> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Problem::path(path, &error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_checksum_that_differs_names_both() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.whl");
        assert!(verify(&path, ABC).is_err_and(|problem| problem.to_string().contains("gave another file than a.whl")));
        fs::write(&path, "abc").expect("writable");
        assert_eq!(verify(&path, ABC), Ok(()));
        fs::write(&path, "abd").expect("writable");
        let line = verify(&path, ABC).map_err(|problem| problem.to_string()).expect_err("another file");
        assert!(line.contains(ABC) && line.contains("a52d159f262b2c6d"), "{line}");
    }

    #[test]
    fn free_space_is_read_whatever_the_mount_is_called() {
        let text = "Filesystem 1024-blocks Used Available Capacity Mounted on\n\
                    /dev/sd a1 264175848 190000000 73400320 75% /my disk 100% full\n";
        assert_eq!(free_mb(text), None, "ambiguous: better not checked than refused");
        let text = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 9 5 73400320 75% /my disk\n";
        assert_eq!(free_mb(text), Some(71_680));
        assert_eq!(free_mb(""), None);
    }

    #[test]
    fn the_loaders_complaints_are_read() {
        let text = "\tlibc10.so => /x/libc10.so (0x1)\n\tlibcupti.so.13 => not found\n";
        assert_eq!(missing_libraries(text), ["libcupti.so.13"]);
    }

    #[test]
    fn the_stub_is_a_library_that_needs_nothing_of_cuda() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(make_stub(folder.path()), Ok(()));
        let stub = fs::read(folder.path().join("libtorch.so")).expect("made");
        assert!(stub.starts_with(b"\x7fELF"));
        assert!(stub.windows(11).any(|window| window == b"libtorch.so"));
    }
}
