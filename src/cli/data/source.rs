//! A file to import as it lies there: plain, compressed by gzip or Zstandard, or in a ZIP or tar archive, from which what is
//! meant is read into memory. Nothing is unpacked to the disk.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;

use super::archive::{ArchiveError, member_names, read_member, tar_contents, tar_names};
use super::present::first_of;
use crate::error::{Error, Result};

/// What is unpacked is at most this long: ten times the largest release of MovieLens.
const LONGEST: u64 = 8 << 30;

/// What is looked for in an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArchiveMember {
    /// Ratings.
    Ratings,
    /// Titles and genres.
    Items,
}

/// The bytes of a file, and what they are called.
#[derive(Debug)]
pub(super) struct Found {
    /// The file, and in an archive the member.
    pub(super) name: String,
    /// The content, unpacked.
    pub(super) bytes: Vec<u8>,
}

/// Files of ratings as published datasets name them, those that hold most first.
const RATINGS: &[&str] = &[
    "ratings.csv",
    "ratings.dat",
    "u.data",
    "ratings.txt",
    "bx-book-ratings.csv",
    "rating.csv",
    "animelist.csv",
    "steam-200k.csv",
    "usersha1-artmbid-artname-plays.tsv",
    "user_artists.dat",
    "user_ratedmovies.dat",
    "jester_ratings.dat",
    "ydata-ymusic-rating-study-v1_0-train.txt",
];

/// Reads a file, out of its wrapping where it has one that can be taken off.
pub(super) fn read(path: &Path, wanted: ArchiveMember) -> Result<Found> {
    let name = path.display().to_string();
    let unreadable = |error: io::Error| Error::input(format!("cannot read {name}: {error}"));
    let mut file = File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    // One byte more than the length, so that the end is met without the list growing.
    bytes.reserve_exact(file.metadata().map_or(0, |it| usize::try_from(it.len()).unwrap_or(0)) + 1);
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    unpacked(name, bytes, wanted, LONGEST)
}

/// Whether a file is a ZIP archive with titles beside the ratings.
pub(super) fn has_items(path: &Path) -> bool {
    let members = || {
        let mut file = BufReader::new(File::open(path).ok()?);
        // What is no archive would be searched for its end from front to back.
        let is_zip = file.fill_buf().ok()?.starts_with(b"PK\x03\x04");
        if is_zip { member_names(file).ok() } else { None }
    };
    let members = members().unwrap_or_default();
    let is_named = |member: &String| matches!(base(member).as_str(), "movies.csv" | "movies.dat" | "u.item");
    members.iter().filter(|member| is_named(member)).count() == 1
}

fn unpacked(name: String, bytes: Vec<u8>, wanted: ArchiveMember, limit: u64) -> Result<Found> {
    let taken_off = |by: &str, with: &str, reader: &mut dyn Read| -> Result<Vec<u8>> {
        let mut content = Vec::new();
        reader.take(limit + 1).read_to_end(&mut content).map_err(|error| {
            Error::input(format!("{name} is compressed by {by} and cannot be unpacked: {error}"))
                .hint("download it anew")
        })?;
        if content.len() as u64 > limit {
            return Err(Error::input(format!("{name} unpacks to more than {limit} bytes"))
                .hint(format!("unpack it with {with}")));
        }
        Ok(content)
    };
    let content = match bytes.as_slice() {
        [0x1f, 0x8b, ..] => taken_off("gzip", "gunzip", &mut MultiGzDecoder::new(bytes.as_slice()))?,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let broken = |error| {
                Error::input(format!("{name} is compressed by Zstandard and cannot be unpacked: {error}"))
                    .hint("download it anew")
            };
            let mut decoder = StreamingDecoder::new(bytes.as_slice()).map_err(broken)?;
            taken_off("Zstandard", "unzstd", &mut decoder)?
        }
        _ => bytes,
    };
    let is_tar = content.get(257..262) == Some(b"ustar");
    if !is_tar && !content.starts_with(b"PK\x03\x04") {
        return Ok(Found { name, bytes: content });
    }
    let kind = if is_tar { "tar" } else { "ZIP" };
    let unusable = |error: ArchiveError| {
        Error::input(format!("{name} is a {kind} archive and not usable: {error}"))
            .hint("unpack it, and import the file")
    };
    let names = if is_tar { tar_names(&content) } else { member_names(Cursor::new(&content)) }.map_err(unusable)?;
    let chosen = choose((&name, kind), &names, wanted)?;
    let bytes = match is_tar {
        true => tar_contents(&content, &chosen, limit).map_err(unusable)?,
        false => {
            let mut bytes = Vec::new();
            for member in &chosen {
                let left = limit - bytes.len() as u64;
                bytes.extend(read_member(BufReader::new(Cursor::new(&content)), member, left).map_err(unusable)?);
                if chosen.len() > 1 && bytes.last().is_some_and(|last| *last != b'\n') {
                    bytes.push(b'\n');
                }
            }
            bytes
        }
    };
    let shown = match chosen.as_slice() {
        [one] => (*one).to_owned(),
        several => format!("{} and {} more", several[0], several.len() - 1),
    };
    // A file may be compressed once more, as Jester's sheets or Amazon's categories are.
    if bytes.starts_with(b"\x1f\x8b") {
        return unpacked(format!("{name}/{shown}"), bytes, wanted, limit);
    }
    Ok(Found { name: format!("{name}/{shown}"), bytes })
}

fn base(member: &str) -> String {
    member.rsplit('/').next().unwrap_or_default().to_lowercase()
}

/// The members that are meant: by their names, or the only file there is. Several are the parts of one.
fn choose<'a>((name, kind): (&str, &str), members: &'a [String], wanted: ArchiveMember) -> Result<Vec<&'a str>> {
    let has = |wanted: &str| members.iter().any(|member| member == wanted);
    let sheet = match () {
        () if has("xl/workbook.xml") => Some("an Excel spreadsheet"),
        () if has("mimetype") && has("content.xml") => Some("an OpenDocument spreadsheet"),
        () => None,
    };
    if let Some(sheet) = sheet {
        return Err(Error::input(format!("{name} is {sheet}")).hint("save the sheet as CSV"));
    }
    // What archivers of some systems add beside each file.
    let is_extra = |member: &str| member.starts_with("__MACOSX/") || base(member).starts_with('.');
    let files: Vec<&String> = members.iter().filter(|member| !is_extra(member)).collect();
    let called = |is: &dyn Fn(&str) -> bool| -> Vec<&'a str> {
        files.iter().filter(|member| is(&base(member))).map(|member| member.as_str()).collect()
    };
    let named: Vec<&str> = match wanted {
        ArchiveMember::Ratings => called(&|name| RATINGS.contains(&name) || name.ends_with(".inter")),
        ArchiveMember::Items => {
            called(&|name| matches!(name, "movies.csv" | "movies.dat" | "u.item") || name.ends_with(".item"))
        }
    };
    // The Netflix Prize comes in parts.
    let is_part =
        |name: &str| name.starts_with("combined_data_") || (name.starts_with("mv_") && name.ends_with(".txt"));
    let mut parts = if wanted == ArchiveMember::Ratings { called(&is_part) } else { Vec::new() };
    parts.sort_unstable();
    match (named.as_slice(), parts.is_empty(), files.as_slice()) {
        ([one], ..) => Ok(vec![*one]),
        ([], false, _) => Ok(parts),
        ([], true, [one]) => Ok(vec![one.as_str()]),
        _ => {
            let what = match wanted {
                ArchiveMember::Ratings => "the ratings",
                ArchiveMember::Items => "the titles",
            };
            let message = format!("{name} is a {kind} archive of {} files", files.len());
            let listed: Vec<String> = files.into_iter().cloned().collect();
            Err(Error::input(message)
                .hint(format!("unpack it, and import the file with {what}; there is {}", first_of(&listed))))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn gz(text: &[u8]) -> Vec<u8> {
        let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
        writer.write_all(text).expect("memory takes any write");
        writer.finish().expect("memory takes any write")
    }

    fn zip(members: &[&str]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for name in members {
            writer.start_file(*name, SimpleFileOptions::default()).expect("memory takes any member");
            writer.write_all(name.as_bytes()).expect("memory takes any write");
        }
        writer.finish().expect("memory takes any write").into_inner()
    }

    fn found(bytes: Vec<u8>, wanted: ArchiveMember) -> (String, String) {
        let found = unpacked("x".to_owned(), bytes, wanted, 1000).expect("it can be read");
        (found.name, String::from_utf8(found.bytes).expect("text"))
    }

    fn refused(bytes: Vec<u8>) -> (String, Option<String>) {
        let error = unpacked("x".to_owned(), bytes, ArchiveMember::Ratings, 1000).expect_err("it cannot be read");
        (error.message, error.hint)
    }

    #[test]
    fn gzip_is_taken_off_all_parts_of_it_and_within_bounds() {
        let says = |name: &str, text: &str| (name.to_owned(), text.to_owned());
        assert_eq!(found(b"plain".to_vec(), ArchiveMember::Items), says("x", "plain"));
        assert_eq!(found([gz(b"one "), gz(b"two")].concat(), ArchiveMember::Ratings), says("x", "one two"));
        assert_eq!(refused(gz(&[0; 2000])).0, "x unpacks to more than 1000 bytes");
        let whole = gz(b"some words");
        let (message, _) = refused(whole[..whole.len() - 9].to_vec());
        assert!(message.starts_with("x is compressed by gzip and cannot be unpacked: "), "{message}");
    }

    #[test]
    fn an_archive_gives_the_member_that_is_meant() {
        let release = ["ml/README.txt", "ml/movies.csv", "ml/ratings.csv", "ml/tags.csv"];
        assert_eq!(found(zip(&release), ArchiveMember::Ratings).0, "x/ml/ratings.csv");
        assert_eq!(found(zip(&release), ArchiveMember::Items).1, "ml/movies.csv");
        assert_eq!(found(zip(&["mine.txt", "__MACOSX/._mine.txt"]), ArchiveMember::Ratings).0, "x/mine.txt");
        let (message, hint) = refused(zip(&["a.csv", "b.csv"]));
        assert_eq!(message, "x is a ZIP archive of 2 files");
        assert!(hint.is_some_and(|hint| hint.ends_with("there is `a.csv`, `b.csv`")));
        assert_eq!(refused(zip(&["[Content_Types].xml", "xl/workbook.xml"])).0, "x is an Excel spreadsheet");
        assert_eq!(refused(zip(&["mimetype", "content.xml"])).0, "x is an OpenDocument spreadsheet");
        assert!(refused(zip(&["../ratings.csv"])).0.contains("points outside"));
        assert!(refused(b"PK\x03\x04cut".to_vec()).0.starts_with("x is a ZIP archive and not usable"));
    }
}
