//! Archives from the network, taken to be hostile. Only members with expected names are read, into memory and no
//! further than their bound; nothing is ever written under a name that an archive gives.

use std::collections::HashSet;
use std::io::{self, Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

/// The most members an archive may have. The largest expected one has some hundreds.
const MOST_MEMBERS: usize = 10_000;

/// The most files of a tar archive; the Netflix Prize has 17,770.
const MOST_TAR_MEMBERS: usize = 100_000;

/// An archive that is not what was expected.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArchiveError {
    #[error("it is no usable ZIP archive: {0}")]
    Broken(#[from] ZipError),
    #[error("it is no usable tar archive: {0}")]
    BrokenTar(#[from] io::Error),
    #[error("it has {0} members, more than are read")]
    TooManyMembers(usize),
    #[error("its member `{0}` points outside the archive")]
    Escapes(String),
    #[error("it has no member `{0}`")]
    Missing(String),
    #[error("its member `{name}` is larger than {limit} bytes")]
    TooLarge { name: String, limit: u64 },
    #[error("its member `{name}` cannot be read: {source}")]
    Unreadable { name: String, source: io::Error },
}

/// Reads the members called `names`, each and all together at most `limit` bytes.
pub(super) fn read_members<const N: usize>(
    reader: impl Read + Seek,
    names: [&str; N],
    limit: u64,
) -> Result<[Vec<u8>; N], ArchiveError> {
    let mut archive = opened(reader)?;
    let mut left = limit;
    let mut contents = [const { Vec::new() }; N];
    for (name, content) in names.into_iter().zip(&mut contents) {
        let member = match archive.by_name(name) {
            Ok(member) if member.is_file() => member,
            Ok(_) | Err(ZipError::FileNotFound) => return Err(ArchiveError::Missing(name.to_owned())),
            Err(error) => return Err(error.into()),
        };
        // The size an archive declares is a claim: refused where too large, but never relied upon.
        if member.size() > left {
            return Err(ArchiveError::TooLarge { name: name.to_owned(), limit });
        }
        let read = member.take(left + 1).read_to_end(content);
        let length = read.map_err(|source| ArchiveError::Unreadable { name: name.to_owned(), source })? as u64;
        left = left.checked_sub(length).ok_or_else(|| ArchiveError::TooLarge { name: name.to_owned(), limit })?;
    }
    Ok(contents)
}

/// Reads one member, at most `limit` bytes.
pub(super) fn read_member(reader: impl Read + Seek, name: &str, limit: u64) -> Result<Vec<u8>, ArchiveError> {
    read_members(reader, [name], limit).map(|[content]| content)
}

/// The names of the files of a tar archive.
pub(super) fn tar_names(archive: &[u8]) -> Result<Vec<String>, ArchiveError> {
    let mut names = Vec::new();
    each_file(archive, &mut |name, _| {
        names.push(name);
        Ok(())
    })?;
    Ok(names)
}

/// The contents of these files of a tar archive, one after the other in its order, each ended by a line's end; all together at
/// most `limit` bytes.
pub(super) fn tar_contents(archive: &[u8], wanted: &[&str], limit: u64) -> Result<Vec<u8>, ArchiveError> {
    let wanted: HashSet<&str> = wanted.iter().copied().collect();
    let mut contents = Vec::new();
    each_file(archive, &mut |name, content| {
        if !wanted.contains(name.as_str()) {
            return Ok(());
        }
        let left = limit - contents.len() as u64;
        let read = content.take(left + 1).read_to_end(&mut contents);
        let length = read.map_err(|source| ArchiveError::Unreadable { name: name.clone(), source })?;
        if length as u64 > left {
            return Err(ArchiveError::TooLarge { name, limit });
        }
        if wanted.len() > 1 && contents.last().is_some_and(|last| *last != b'\n') {
            contents.push(b'\n');
        }
        Ok(())
    })?;
    Ok(contents)
}

/// Meets every file of a tar archive.
fn each_file(
    archive: &[u8],
    meet: &mut dyn FnMut(String, &mut dyn Read) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    for (count, entry) in tar::Archive::new(archive).entries()?.enumerate() {
        if count >= MOST_TAR_MEMBERS {
            return Err(ArchiveError::TooManyMembers(count + 1));
        }
        let mut entry = entry?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if escapes(name.as_bytes()) {
            return Err(ArchiveError::Escapes(name.escape_debug().take(80).collect()));
        }
        if entry.header().entry_type().is_file() {
            meet(name, &mut entry)?;
        }
    }
    Ok(())
}

/// The names of all members that are files, in the archive's order.
pub(super) fn member_names(reader: impl Read + Seek) -> Result<Vec<String>, ArchiveError> {
    let archive = opened(reader)?;
    let readable = archive.file_names().flatten();
    Ok(readable.filter(|name| !name.ends_with('/')).map(|name| name.into_owned()).collect())
}

fn opened<R: Read + Seek>(reader: R) -> Result<ZipArchive<R>, ArchiveError> {
    let archive = ZipArchive::new(reader)?;
    if archive.len() > MOST_MEMBERS {
        return Err(ArchiveError::TooManyMembers(archive.len()));
    }
    // Nothing is extracted by name, so such a name could do no harm; but whoever put it there meant to.
    if let Some(name) = archive.file_names_raw().find(|name| escapes(name)) {
        return Err(ArchiveError::Escapes(String::from_utf8_lossy(name).escape_debug().take(80).collect()));
    }
    Ok(archive)
}

/// Whether a path is absolute or climbs: judged on the bytes, for a library may call it harmless after mending it.
fn escapes(name: &[u8]) -> bool {
    let parts = || name.split(|byte| b"/\\".contains(byte));
    let absolute = name.first().is_some_and(|byte| b"/\\".contains(byte)) || name.get(1) == Some(&b':');
    absolute || name.contains(&0) || parts().any(|part| part == b"..")
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            writer.start_file(*name, SimpleFileOptions::default()).expect("memory takes any member");
            writer.write_all(content).expect("memory takes any write");
        }
        writer.finish().expect("memory takes any write").into_inner()
    }

    /// Rewrites bytes of the same length everywhere, past what a well-behaved writer would allow.
    fn forge(archive: &mut [u8], from: &[u8], to: &[u8]) {
        assert_eq!(from.len(), to.len());
        let mut changed = 0;
        for start in 0..=archive.len() - from.len() {
            if &archive[start..start + from.len()] == from {
                archive[start..start + to.len()].copy_from_slice(to);
                changed += 1;
            }
        }
        assert!(changed > 0, "there was something to forge");
    }

    fn fails(bytes: Vec<u8>, limit: u64) -> String {
        read_members(Cursor::new(bytes), ["a/x"], limit).expect_err("a hostile archive").to_string()
    }

    #[test]
    fn expected_members_are_read_and_others_left_alone() {
        let bytes = archive(&[("a/y", b"why"), ("other", b"x"), ("a/x", b"ex")]);
        let [x, y] = read_members(Cursor::new(bytes.clone()), ["a/x", "a/y"], 5).expect("a good archive");
        assert_eq!((x.as_slice(), y.as_slice()), (b"ex".as_slice(), b"why".as_slice()));
        let both = read_members(Cursor::new(bytes), ["a/x", "a/y"], 4).expect_err("five bytes in all");
        assert_eq!(both.to_string(), "its member `a/y` is larger than 4 bytes");
        assert_eq!(fails(archive(&[("a/y", b"why")]), 9), "it has no member `a/x`");
        assert_eq!(fails(archive(&[("a/x/", b"")]), 9), "it has no member `a/x`");
        assert!(fails(b"<html>not found</html>".to_vec(), 9).starts_with("it is no usable ZIP archive"));
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        for name in ["../../evil", "/tmp/evil1", "a/../../ev", "C:evil.exe"] {
            let mut bytes = archive(&[("a/x", b"ex"), ("harmless__", b"evil")]);
            forge(&mut bytes, b"harmless__", name.as_bytes());
            assert_eq!(fails(bytes, 9), format!("its member `{name}` points outside the archive"));
        }
    }

    #[test]
    fn a_compression_bomb_stops_at_the_bound() {
        let bomb = archive(&[("a/x", &vec![0; 10 << 20])]);
        assert!(bomb.len() < 100_000);
        assert_eq!(fails(bomb.clone(), 1 << 20), "its member `a/x` is larger than 1048576 bytes");
        // The same with a declared size of one byte: what is read counts, not what is claimed.
        let mut lying = bomb;
        forge(&mut lying, &(10u32 << 20).to_le_bytes(), &1u32.to_le_bytes());
        let error = fails(lying, 1 << 20);
        assert!(error.starts_with("its member `a/x`"), "{error}");
    }

    #[test]
    fn a_changed_byte_is_noticed() {
        let mut bytes = archive(&[("a/x", b"some words that stay as they are: 0123456789")]);
        let header = bytes.windows(3).position(|window| window == b"a/x").expect("the local header");
        bytes[header + 8] ^= 0x40;
        let error = fails(bytes, 1 << 20);
        assert!(error.starts_with("its member `a/x` cannot be read"), "{error}");
    }

    #[test]
    fn a_crowd_of_members_is_refused() {
        let names: Vec<String> = (0..=MOST_MEMBERS).map(|i| i.to_string()).collect();
        let members: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"".as_slice())).collect();
        assert_eq!(fails(archive(&members), 9), "it has 10001 members, more than are read");
    }
}
