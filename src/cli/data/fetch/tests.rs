//! From an archive on disk to a dataset, without a network.

use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::checksum::Checksum;
use super::*;

const TABLE: &[u8] = b"1\t10\t4\t7\n2\t10\t5\t8\n";
const ITEMS: &[u8] = b"10::Ten (1979)::Comedy\n";

fn archive(folder: &Path) -> PathBuf {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [("x/u.data", TABLE), ("x/movies.dat", ITEMS)] {
        writer.start_file(name, SimpleFileOptions::default()).expect("memory takes any member");
        writer.write_all(content).expect("memory takes any write");
    }
    let path = folder.join("x.zip");
    fs::write(&path, writer.finish().expect("memory takes any write").into_inner()).expect("can be written");
    path
}

fn sha256(path: &Path) -> &'static str {
    let digest = drr_core::Digest::of(&fs::read(path).expect("is there")).to_string();
    Box::leak(digest.into_boxed_str())
}

fn origin(checksum: Checksum) -> DownloadSource {
    DownloadSource {
        place: Availability::GroupLens { url: "https://example.org/x.zip" },
        checksum,
        archive_limit: 10_000,
        content_limit: 10_000,
        ratings: "x/u.data",
        items: "x/movies.dat",
    }
}

fn known(fingerprint: Option<&'static str>) -> KnownDataset {
    KnownDataset::for_tests("mine", fingerprint)
}

#[test]
fn a_good_archive_becomes_a_dataset() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = archive(folder.path());
    let catalogue = Catalogue::new(&folder.path().join("data"));
    let origin = origin(Checksum::Sha256(sha256(&path)));
    let fingerprint = Box::leak(drr_core::Digest::of(TABLE).to_string().into_boxed_str());
    let description = unpack(&known(Some(fingerprint)), &origin, &path, &catalogue).expect("a good archive");
    assert_eq!((description.ratings, description.users), (2, 2));
    assert_eq!(description.source, "https://example.org/x.zip (x/u.data)");
    assert_eq!(catalogue.items("mine").expect("has items")[0].title, "Ten");
    let there = already_there(&known(Some(fingerprint)), &catalogue, OutputFormat::Quiet).expect("can be read");
    assert_eq!(there, Some(description));

    fs::write(folder.path().join("data/mine/ratings.tsv"), "1\t10\t3\t7\n").expect("can be written");
    assert_eq!(already_there(&known(Some(fingerprint)), &catalogue, OutputFormat::Quiet).expect("can be read"), None);
}

#[test]
fn another_checksum_or_fingerprint_names_both() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = archive(folder.path());
    let catalogue = Catalogue::new(&folder.path().join("data"));
    let (found, other) = (sha256(&path), "00000000000000000000000000000000");
    let error = unpack(&known(None), &origin(Checksum::Sha256(other)), &path, &catalogue).expect_err("another file");
    assert_eq!(error.message, format!("the SHA-256 of x.zip is {found}, expected {other}"));

    let expected = "6cfffb52c89b05fbc3afb75f6912eeda04c81c2add0dc58e773a0ef6c8adb160";
    let origin = origin(Checksum::Sha256(found));
    let error = unpack(&known(Some(expected)), &origin, &path, &catalogue).expect_err("another table");
    let found = drr_core::Digest::of(TABLE);
    let said = format!("`mine` is a published dataset with the fingerprint {expected}, this is {found}");
    assert_eq!(error.message, said);
    assert_eq!(catalogue.list().expect("can be read"), []);
}

#[test]
fn too_long_an_archive_is_not_even_hashed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = archive(folder.path());
    let origin = DownloadSource { archive_limit: 10, ..origin(Checksum::Md5("")) };
    let error = unpack(&known(None), &origin, &path, &Catalogue::new(folder.path())).expect_err("too long");
    assert!(error.message.ends_with("x.zip is longer than 10 bytes"), "{error}");
}

#[test]
fn a_killed_fetch_is_tidied_up_after() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Process ids end at 2^22 on Linux.
    let left = folder.path().join(".fetch-mine-99999999");
    fs::create_dir(&left).expect("can be written");
    let scratch = Scratch::new(folder.path(), "mine").expect("can be written");
    assert!(!left.exists() && scratch.0.exists());
    let path = scratch.0.clone();
    drop(scratch);
    assert!(!path.exists());
}

#[test]
fn an_unknown_name_gets_a_suggestion() {
    let error = unknown("ml100k");
    assert_eq!(error.message, "no dataset `ml100k` is known, only ml-100k, ml-1m, ml-25m");
    assert_eq!(error.hint.as_deref(), Some("did you mean `ml-100k`?"));
    let error = unknown("ml-latest");
    assert!(error.message.starts_with("ml-latest is not fetched: it is another file from time to time"), "{error}");
    assert!(error.hint.is_some_and(|hint| hint.contains("import ml-latest ml-latest.zip`")));
    assert!(unknown("netflix").hint.is_some_and(|hint| hint.contains("import netflix")));
}
