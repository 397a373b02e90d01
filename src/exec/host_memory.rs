//! What memory this machine has to give, or the control group this program runs in, and whether the kernel has killed for
//! want of it.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// Memory that can be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct HostMemory {
    /// Bytes that are free, or would be made so.
    pub available: u64,
    /// Who sets the limit.
    pub limit: MemoryLimit,
}

/// Who sets the limit to memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemoryLimit {
    /// The machine has no more.
    Machine,
    /// The control group is granted no more.
    ControlGroup,
}

impl MemoryLimit {
    /// For people.
    pub fn words(self) -> &'static str {
        match self {
            Self::Machine => "this machine has free",
            Self::ControlGroup => "this control group has left",
        }
    }
}

/// Processes the kernel has killed for want of memory, ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryKills {
    /// In this program's control group.
    pub group: u64,
    /// On the machine, as far as this program can see.
    pub machine: u64,
}

impl MemoryKills {
    /// Why a process was killed that nobody here killed, by what was counted before and after; `None` if memory was no
    /// reason. Only the group's own count is about few enough processes to be sure.
    pub fn reason(self, after: Self) -> Option<&'static str> {
        if after.group > self.group {
            Some("its control group ran out of memory")
        } else if after.machine > self.machine {
            Some("probably because the machine ran out of memory")
        } else {
            None
        }
    }
}

/// What can be had now; `None` where the system does not say.
pub(super) fn available() -> Option<HostMemory> {
    let meminfo = fs::read_to_string("/proc/meminfo").ok()?;
    let machine = HostMemory { available: field(&meminfo, "MemAvailable:")? * 1024, limit: MemoryLimit::Machine };
    let group = groups().iter().filter_map(|folder| left(folder)).min();
    let group = group.map(|available| HostMemory { available, limit: MemoryLimit::ControlGroup });
    Some(group.filter(|it| it.available < machine.available).unwrap_or(machine))
}

/// What the kernel has killed up to now.
pub(super) fn kills() -> MemoryKills {
    let read = |path: PathBuf| fs::read_to_string(path).ok().and_then(|text| field(&text, "oom_kill"));
    let of = |folder: &PathBuf| read(folder.join("memory.events")).or_else(|| read(folder.join("memory.oom_control")));
    MemoryKills { group: groups().iter().find_map(of).unwrap_or(0), machine: read("/proc/vmstat".into()).unwrap_or(0) }
}

/// The folders that speak of this program's control group's memory, and of those it is in, the innermost first.
fn groups() -> Vec<PathBuf> {
    let text = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    places(&text).into_iter().filter(|folder| folder.is_dir()).collect()
}

/// The same, from what the kernel says: version 2 is one tree, version 1 has one for memory.
fn places(cgroup: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for line in cgroup.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let root = match controllers {
            "" => Path::new("/sys/fs/cgroup"),
            names if names.split(',').any(|name| name == "memory") => Path::new("/sys/fs/cgroup/memory"),
            _ => continue,
        };
        // Within a container a path may be one that only the machine outside knows; its root is there in any case.
        found.extend(Path::new(path).ancestors().map(|above| root.join(above.strip_prefix("/").unwrap_or(above))));
    }
    found
}

/// What a group may take beside what it has; `None` where it has no limit.
fn left(folder: &Path) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    // "max" is no number, and version 1 says a number that no machine has.
    let most = number("memory.max").or_else(|| number("memory.limit_in_bytes")).filter(|most| *most < 1 << 60)?;
    let used = number("memory.current").or_else(|| number("memory.usage_in_bytes"))?;
    let stat = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    // What was read from files and not for a while is given back when memory is asked for.
    let cached = field(&stat, "total_inactive_file").or_else(|| field(&stat, "inactive_file")).unwrap_or(0);
    Some(most.saturating_sub(used.saturating_sub(cached)))
}

/// The number behind a name that begins a line.
fn field(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.split_once(char::is_whitespace).filter(|(first, _)| *first == name));
    line?.1.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_versions_of_control_groups_are_found() {
        let paths = |text: &str| places(text).iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        let two = paths("0::/user.slice/job_7\n");
        assert_eq!(two, ["/sys/fs/cgroup/user.slice/job_7", "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup/"]);
        let one = paths("9:name=systemd:/\n4:memory:/a\n3:cpuset:/\n");
        assert_eq!(one, ["/sys/fs/cgroup/memory/a", "/sys/fs/cgroup/memory/"]);
    }

    #[test]
    fn a_group_has_left_what_it_does_not_need() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
        write("memory.current", "700\n");
        write("memory.stat", "anon 300\nfile 400\ninactive_file 250\n");
        write("memory.max", "max\n");
        assert_eq!(left(folder.path()), None);
        write("memory.max", "1000\n");
        assert_eq!(left(folder.path()), Some(550));
        write("memory.max", "400\n");
        assert_eq!(left(folder.path()), Some(0));
    }

    #[test]
    fn a_kill_is_put_down_to_memory_where_the_kernel_counted_one() {
        let kills = |group, machine| MemoryKills { group, machine };
        assert_eq!(kills(1, 5).reason(kills(1, 5)), None);
        assert_eq!(kills(1, 5).reason(kills(2, 6)), Some("its control group ran out of memory"));
        assert!(kills(0, 5).reason(kills(0, 6)).is_some_and(|reason| reason.starts_with("probably ")));
    }

    #[test]
    fn this_machine_says_what_it_has() {
        let memory = available().expect("Linux says so");
        assert!(memory.available > 1 << 20, "{memory:?}");
        assert_eq!(field("low 0\noom_kill 3\noom_kill_disable 1\n", "oom_kill"), Some(3));
    }
}
