//! Which other program holds a lock on the database, as the kernel knows it. SQLite's locks are POSIX locks on the file and
//! on the one beside it; looking at them through a file of our own would drop ours.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The process that holds a write lock on the database at `path`, in words; `None` where that cannot be told.
pub(super) fn holder(path: &Path) -> Option<String> {
    let inodes: Vec<u64> = ["", "-shm"]
        .iter()
        .filter_map(|end| {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            Some(fs::metadata(name).ok()?.ino())
        })
        .collect();
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let pid =
        locks.lines().filter_map(writer).find(|(pid, inode)| *pid != std::process::id() && inodes.contains(inode));
    let (pid, _) = pid?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    Some(match name.trim() {
        "" => format!("process {pid}"),
        name => format!("process {pid} ({})", name.escape_debug()),
    })
}

/// Process and inode of a line of `/proc/locks` that tells of a write lock, such as
/// `1: POSIX  ADVISORY  WRITE 4711 08:01:1234567 120 120`.
fn writer(line: &str) -> Option<(u32, u64)> {
    let fields: Vec<&str> = line.split_whitespace().filter(|field| *field != "->").collect();
    let [_, _, _, "WRITE", pid, file, ..] = fields.as_slice() else { return None };
    Some((pid.parse().ok().filter(|pid| *pid > 0)?, file.rsplit(':').next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_kernel_are_understood() {
        assert_eq!(writer("1: POSIX  ADVISORY  WRITE 4711 08:01:1234567 120 120"), Some((4711, 1_234_567)));
        assert_eq!(writer("2: -> OFDLCK ADVISORY  WRITE 12 00:2f:99 0 EOF"), Some((12, 99)));
        for line in
            ["3: POSIX  ADVISORY  READ 4711 08:01:1234567 123 123", "4: FLOCK  ADVISORY  WRITE -1 08:01:5 0 EOF", ""]
        {
            assert_eq!(writer(line), None, "{line}");
        }
    }
}
