//! Unpacks an archive no further than bounds: of a kind of member, of a line, of what may come of so few bytes, of all
//! together. Nothing is held in memory, and nothing an archive says of itself is believed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufReader, Read, Write as _};
use std::path::{Path, PathBuf};

use drr_core::Digest;
use drr_core::digest::Hasher;
use drr_core::neutral;
use zip::ZipArchive;

use super::member::{Bounds, BundleMember};
use crate::error::{Error, Exit, Result};

/// The most members a bundle may have: ten thousand trials and to spare.
const MOST_MEMBERS: usize = 100_000;

/// How many bytes may come of one: what is recorded packs 3 to 20 times smaller, the packing itself can do 1000.
const MOST_RATIO: u64 = 100;

/// Up to here the ratio says nothing: a short text of zeros is no attack.
const SMALL: u64 = 1 << 20;

/// A member that was unpacked.
#[derive(Debug)]
pub(super) struct Unpacked {
    pub(super) member: BundleMember,
    pub(super) path: PathBuf,
    pub(super) digest: Digest,
}

/// That `file` is not taken in, and why.
pub(super) fn refuse(file: &Path, why: impl std::fmt::Display) -> Error {
    Error { exit: Exit::Mismatch, ..Error::input(format!("{} is not taken in: {why}", file.display())) }
}

/// Unpacks every member below `folder`, where nothing counts as finished; by name.
///
/// # Errors
/// An archive that holds anything but what a bundle may, or more of it.
pub(super) fn unpack(file: &Path, folder: &Path, limit: u64) -> Result<BTreeMap<String, Unpacked>> {
    let cannot = |error: std::io::Error| Error::input(format!("cannot read {}: {error}", file.display()));
    let opened = File::open(file).map_err(cannot)?;
    let packed = opened.metadata().map_err(cannot)?.len();
    let refuse = |why: String| refuse(file, why);
    let mut archive =
        ZipArchive::new(BufReader::new(opened)).map_err(|error| refuse(format!("it is no archive: {error}")))?;
    if archive.is_empty() {
        return Err(refuse("it is empty".to_owned()));
    }
    if archive.len() > MOST_MEMBERS {
        return Err(refuse(format!("it has {} members, more than {MOST_MEMBERS}", archive.len())));
    }
    if archive.has_duplicate_names() {
        return Err(refuse("it has two members of one name".to_owned()));
    }
    if archive.has_overlapping_entries().map_err(|error| refuse(format!("it is no archive: {error}")))? {
        return Err(refuse("its members share their bytes".to_owned()));
    }
    let mut all = Budget { left: limit, limit, most: packed.saturating_mul(MOST_RATIO).max(SMALL) };
    let mut members = BTreeMap::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|error| refuse(format!("a member cannot be read: {error}")))?;
        // As written, not as the library mends it.
        let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
        let shown: String = neutral::line(&name).chars().take(80).collect();
        let member = BundleMember::parse(&name).filter(|_| entry.is_file());
        let member = member.ok_or_else(|| refuse(format!("its member `{shown}` is none a bundle holds")))?;
        let path = folder.join(&name);
        let parent = path.parent().expect("a member lies in the folder");
        let made = fs::create_dir_all(parent).and_then(|()| File::create_new(&path));
        let mut to = made.map_err(|error| Error::environment(format!("cannot write {}: {error}", path.display())))?;
        let bounds = member.bounds(limit);
        let most = entry.compressed_size().saturating_mul(MOST_RATIO).max(SMALL);
        let digest = copy(entry, &mut to, bounds, most, &mut all).map_err(|stop| match stop {
            Stop::Refused(why) => refuse(why.about(&shown)),
            Stop::Unreadable(error) => refuse(format!("its member `{shown}` cannot be read: {error}")),
            Stop::Unwritable(error) => Error::disk(format!("cannot write {}", path.display()), &error),
        })?;
        members.insert(name, Unpacked { member, path, digest });
    }
    Ok(members)
}

/// What may still come out of an archive.
struct Budget {
    left: u64,
    limit: u64,
    most: u64,
}

/// Which bound was reached.
enum Reached {
    Limit(u64),
    Kind(u64),
    Line(u64),
    Ratio,
}

impl Reached {
    fn about(&self, member: &str) -> String {
        match self {
            Self::Limit(bytes) => format!("it is larger than {bytes} bytes; --limit allows more"),
            Self::Kind(bytes) => {
                format!(
                    "its member `{member}` is larger than {bytes} bytes, which such a file may have; a greater --limit allows more"
                )
            }
            Self::Line(bytes) => format!("its member `{member}` has a line of more than {bytes} bytes"),
            Self::Ratio => {
                format!("its member `{member}` unpacks to more than {MOST_RATIO} times its size, as no record does")
            }
        }
    }
}

enum Stop {
    Refused(Reached),
    Unreadable(std::io::Error),
    Unwritable(std::io::Error),
}

/// Copies a member and takes its digest, stopping at the first bound. The size an archive declares is a claim; what is
/// read counts.
fn copy(
    mut from: impl Read,
    to: &mut File,
    bounds: Bounds,
    most: u64,
    all: &mut Budget,
) -> std::result::Result<Digest, Stop> {
    let (mut buffer, mut hasher) = (vec![0; 64 << 10], Hasher::default());
    let (mut size, mut line) = (0_u64, 0_u64);
    loop {
        let read = from.read(&mut buffer).map_err(Stop::Unreadable)?;
        let part = &buffer[..read];
        if part.is_empty() {
            return Ok(hasher.digest());
        }
        size += part.len() as u64;
        all.left = all.left.checked_sub(part.len() as u64).ok_or(Stop::Refused(Reached::Limit(all.limit)))?;
        all.most = all.most.checked_sub(part.len() as u64).ok_or(Stop::Refused(Reached::Ratio))?;
        if size > bounds.bytes {
            return Err(Stop::Refused(Reached::Kind(bounds.bytes)));
        }
        if size > most {
            return Err(Stop::Refused(Reached::Ratio));
        }
        if let Some(longest) = bounds.line {
            for piece in part.split_inclusive(|byte| *byte == b'\n') {
                line += piece.len() as u64;
                if line > longest {
                    return Err(Stop::Refused(Reached::Line(longest)));
                }
                if piece.ends_with(b"\n") {
                    line = 0;
                }
            }
        }
        hasher.update(part);
        to.write_all(part).map_err(Stop::Unwritable)?;
    }
}
