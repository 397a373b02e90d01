//! The libraries a process really loaded, by content: what its memory maps name, hashed once per file and remembered by
//! path, size and time of change, for libtorch is half a gigabyte.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use crate::digest::Digest;
use crate::trial_dir::write_whole;

/// Libraries whose code can change a result.
const DECISIVE: &[&str] = &["libtorch_cpu", "libtorch_cuda", "libc10", "libcudart", "libcublas", "libcudnn", "libgomp"];

/// Digests known so far, by file as it stood.
#[derive(Debug, Default)]
pub struct Libraries {
    known: Option<BTreeMap<String, Digest>>,
}

impl Libraries {
    /// The decisive libraries of a process, by file name.
    pub fn of(&mut self, pid: u32) -> BTreeMap<String, Digest> {
        let Ok(maps) = fs::read_to_string(format!("/proc/{pid}/maps")) else { return BTreeMap::new() };
        let mut paths: Vec<&str> = maps.lines().filter_map(|line| Some(&line[line.find('/')?..])).collect();
        paths.sort_unstable();
        paths.dedup();
        let mut found = BTreeMap::new();
        for path in paths {
            let name = path.rsplit('/').next().unwrap_or(path);
            if DECISIVE.iter().any(|decisive| name.starts_with(decisive))
                && let Some(digest) = self.digest(path)
            {
                found.insert(name.to_owned(), digest);
            }
        }
        found
    }

    fn digest(&mut self, path: &str) -> Option<Digest> {
        let file = fs::metadata(path).ok()?;
        let key = format!("{path} {} {}.{:09}", file.size(), file.mtime(), file.mtime_nsec());
        let cache = cache();
        let known = self.known.get_or_insert_with(|| {
            let text = cache.as_ref().and_then(|cache| fs::read(cache).ok()).unwrap_or_default();
            serde_json::from_slice(&text).unwrap_or_default()
        });
        if let Some(digest) = known.get(&key) {
            return Some(*digest);
        }
        let digest = Digest::of_file(path.as_ref()).ok()?;
        known.retain(|other, _| !other.starts_with(&format!("{path} ")));
        known.insert(key, digest);
        // Only time is lost where the cache cannot be written.
        if let (Some(cache), Ok(text)) = (cache, serde_json::to_vec_pretty(known)) {
            let _ = cache.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| write_whole(&cache, &text));
        }
        Some(digest)
    }
}

/// Where digests of libraries are remembered: the user's cache folder.
fn cache() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("drr-lab/libraries.json"))
}
