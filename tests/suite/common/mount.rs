//! A file system of a test's own, where that is permitted.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A file system of its own at `runs`; undone when dropped.
pub struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    /// Mounts at `folder`.
    pub fn new(folder: &'a Path, options: &[&str]) -> Self {
        fs::create_dir_all(folder).expect("the folder can be made");
        let output = Command::new("mount").args(options).arg(folder).output().expect("there is a program `mount`");
        assert!(output.status.success(), "cannot mount here: {}", String::from_utf8_lossy(&output.stderr).trim());
        Self(folder)
    }
}

impl Mount<'_> {
    /// From now on nothing can be written to it.
    pub fn freeze(&self) {
        self.again("remount,ro");
    }

    /// It can be written again.
    pub fn thaw(&self) {
        self.again("remount,rw");
    }

    fn again(&self, option: &str) {
        let status = Command::new("mount").args(["-o", option]).arg(self.0).status();
        assert!(status.expect("there is a program `mount`").success(), "{option} of {}", self.0.display());
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}
