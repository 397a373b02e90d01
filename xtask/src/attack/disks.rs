//! A disk that is full, sooner or later.

use std::path::Path;
use std::process::{Command, Stdio};

use super::dice::Dice;
use super::held;
use super::site::{PATIENCE, Site};
use super::world::{WAYS, World};

/// KiB that the sweep needs and a little more.
const ENOUGH: usize = 1400;

/// A file system of a size, until dropped.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    fn new(at: &'a Path, kib: usize) -> Result<Self, String> {
        std::fs::create_dir_all(at).map_err(|error| error.to_string())?;
        mount(at, &["-t", "tmpfs", "-o", &format!("size={kib}k"), "tmpfs"])?;
        Ok(Self(at))
    }

    fn grow(&self) -> Result<(), String> {
        mount(self.0, &["-o", "remount,size=64m"])
    }
}

fn mount(at: &Path, arguments: &[&str]) -> Result<(), String> {
    let done = Command::new("mount").args(arguments).arg(at).stderr(Stdio::null()).status();
    if done.is_ok_and(|status| status.success()) { Ok(()) } else { Err("it cannot be mounted".to_owned()) }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

pub fn full(_: &World, site: &Site<'_>, number: u64, dice: &mut Dice, what: &mut String) -> Result<(), String> {
    let (kib, way) = (16 + dice.below(ENOUGH), WAYS[number as usize % WAYS.len()]);
    *what = format!("{kib} KiB{}", if way.is_empty() { "" } else { ", in a cohort" });
    let runs = site.runs();
    let disk = Mount::new(&runs, kib)?;
    let ended = site.run(site.sweep(way), PATIENCE)?.code_is(&[0, 1, 3])?;
    let said = format!("{}{}", ended.out, ended.err).to_lowercase();
    if ended.code != Some(0) && !["no space left", "disk is full", "disk full"].iter().any(|word| said.contains(word)) {
        return Err(format!("nothing says that the disk is full: {}", super::site::last(&ended.err)));
    }
    let full = held::right_after(site).map_err(|why| format!("while the disk is full, {why}"));
    disk.grow()?;
    let before = full?;
    held::goes_on(site, &before, way)
}
