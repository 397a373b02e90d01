//! Where libtorch is kept: the cache folder, the place of each variant in it, and the link to it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::LINK;
use super::pins::{VERSION, Variant};
use crate::problem::Problem;

/// `${XDG_CACHE_HOME:-~/.cache}/drr-lab`. As XDG has it, a relative path there counts as unset.
pub fn cache_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))?;
    Some(cache.join("drr-lab"))
}

/// CUDA where an NVIDIA driver is installed; `system` is `/` but in tests.
pub fn variant_for(system: &Path) -> Variant {
    let marks = [
        "proc/driver/nvidia/version",
        "usr/lib/x86_64-linux-gnu/libcuda.so.1",
        "usr/lib64/libcuda.so.1",
        "usr/lib/wsl/lib/libcuda.so.1",
    ];
    if marks.iter().any(|mark| system.join(mark).exists()) { Variant::Cuda } else { Variant::Cpu }
}

/// Where one variant of libtorch lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub variant: Variant,
    /// The folder of drr-lab in the user's cache.
    pub cache: PathBuf,
    folder: PathBuf,
}

impl Place {
    pub fn new(cache: &Path, variant: Variant) -> Self {
        let folder = cache.join(format!("libtorch-{VERSION}-{}", variant.name()));
        Self { variant, cache: cache.to_owned(), folder }
    }

    /// The finished install.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The install while it is made; renamed to [`Place::folder`] when it is whole.
    pub fn partial(&self) -> PathBuf {
        self.cache.join(format!("libtorch-{VERSION}-{}.partial", self.variant.name()))
    }

    /// Where wheels stay until all of them are unpacked.
    pub fn downloads(&self) -> PathBuf {
        self.cache.join("downloads")
    }

    /// torch-sys reads the version from this file; `build.rs` of drr-cuda watches it.
    fn version_file(&self) -> PathBuf {
        self.folder.join("build-version")
    }

    /// Whether it is installed. The folder appears as a whole, so what is looked at here is damage by hand.
    pub fn is_ready(&self) -> bool {
        let version = fs::read_to_string(self.version_file());
        version.is_ok_and(|version| version.trim() == self.variant.build_version())
            && self.folder.join("include/torch/csrc/api/include/torch/torch.h").is_file()
            && self.variant.libraries().iter().all(|library| self.folder.join("lib").join(library).is_file())
    }

    pub fn is_linked_from(&self, root: &Path) -> bool {
        fs::read_link(root.join(LINK)).is_ok_and(|target| target == self.folder) && self.is_ready()
    }

    /// Points the repository's link here; does nothing where it does so already.
    pub fn link_from(&self, root: &Path) -> Result<(), Problem> {
        let link = root.join(LINK);
        if fs::read_link(&link).is_ok_and(|target| target == self.folder) {
            return Ok(());
        }
        let fail = |error: io::Error| Problem::path(&link, &error);
        if fs::symlink_metadata(&link).is_ok_and(|found| !found.is_symlink()) {
            let what = format!("{} is no link: set-up did not make it and does not replace it", link.display());
            return Err(Problem::new(what, format!("move it away, or set LIBTORCH={}", link.display())));
        }
        let fresh = root.join(format!("{LINK}.new"));
        match fs::remove_file(&fresh) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(fail(error)),
            _ => {}
        }
        std::os::unix::fs::symlink(&self.folder, &fresh).map_err(fail)?;
        fs::rename(&fresh, &link).map_err(fail)?;
        // Cargo compares times, and a link that comes to point at an older install must be seen as a change.
        fs::write(self.version_file(), format!("{}\n", self.variant.build_version())).map_err(fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(cache: &Path, variant: Variant) -> Place {
        let place = Place::new(cache, variant);
        for library in variant.libraries() {
            let path = place.folder().join("lib").join(library);
            fs::create_dir_all(path.parent().expect("below lib")).expect("writable");
            fs::write(path, "").expect("writable");
        }
        let include = place.folder().join("include/torch/csrc/api/include/torch");
        fs::create_dir_all(&include).expect("writable");
        fs::write(include.join("torch.h"), "").expect("writable");
        fs::write(place.version_file(), variant.build_version()).expect("writable");
        place
    }

    #[test]
    fn the_cache_is_where_xdg_has_it() {
        let with = |xdg: Option<&'static str>, home: Option<&'static str>| {
            cache_folder(move |name| if name == "HOME" { home } else { xdg }.map(OsString::from))
        };
        assert_eq!(with(Some("/cache"), Some("/home/a")), Some(PathBuf::from("/cache/drr-lab")));
        assert_eq!(with(None, Some("/home/a")), Some(PathBuf::from("/home/a/.cache/drr-lab")));
        assert_eq!(with(Some("relative"), Some("/home/a")), Some(PathBuf::from("/home/a/.cache/drr-lab")));
        assert_eq!(with(Some(""), None), None);
    }

    #[test]
    fn a_driver_calls_for_cuda() {
        let system = tempfile::tempdir().expect("a temporary folder");
        assert_eq!(variant_for(system.path()), Variant::Cpu);
        fs::create_dir_all(system.path().join("proc/driver/nvidia")).expect("writable");
        fs::write(system.path().join("proc/driver/nvidia/version"), "NVRM").expect("writable");
        assert_eq!(variant_for(system.path()), Variant::Cuda);
    }

    #[test]
    fn ready_means_every_part_is_there() {
        let cache = tempfile::tempdir().expect("a temporary folder");
        assert!(!Place::new(cache.path(), Variant::Cpu).is_ready());
        let place = place(cache.path(), Variant::Cpu);
        assert!(place.is_ready());
        fs::remove_file(place.folder().join("lib/libcudart.so.13")).expect("it was there");
        assert!(!place.is_ready());
    }

    #[test]
    fn the_link_follows_the_choice_and_never_replaces_a_folder() {
        let (cache, root) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
        let (cpu, cuda) = (place(cache.path(), Variant::Cpu), place(cache.path(), Variant::Cuda));
        for place in [&cpu, &cuda, &cuda, &cpu] {
            assert_eq!(place.link_from(root.path()), Ok(()));
            assert!(place.is_linked_from(root.path()));
        }
        assert!(!cuda.is_linked_from(root.path()));
        fs::remove_file(root.path().join(LINK)).expect("a link");
        fs::create_dir(root.path().join(LINK)).expect("writable");
        assert!(cpu.link_from(root.path()).is_err_and(|problem| problem.to_string().contains("is no link")));
    }
}
