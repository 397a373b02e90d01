//! Files of ratings as people have them, imported: what is read, what is refused, and what is said of it.

use std::path::{Path, PathBuf};

use crate::common::Place;
use drr_core::data::catalogue::Catalogue;

/// A file of a case.
fn case(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cases").join(name)
}

/// Exit code, and stdout and stderr in one, with the folder left out of names.
struct Said {
    code: Option<i32>,
    text: String,
}

fn import(place: &Place, file: &Path, options: &[&str]) -> Said {
    let file = file.display().to_string();
    let output = place.run(&[&["--data", "d", "data", "import", "x", file.as_str(), "--force"], options].concat());
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    let folders = [file.rsplit_once('/').map_or("", |(folder, _)| folder), &place.path().display().to_string()];
    let text = folders.iter().fold(text, |text, folder| text.replace(&format!("{folder}/"), ""));
    Said { code: output.status.code(), text }
}

/// The canonical ratings after an import that must succeed and say `line`.
#[track_caller]
fn imported(file: &Path, options: &[&str], line: &str) -> String {
    let place = Place::new();
    let said = import(&place, file, options);
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert!(said.text.contains(line), "{}", said.text);
    let table = Catalogue::new(&place.path().join("d")).open("x", None).expect("it was installed");
    String::from_utf8(table.canonical_bytes()).expect("text")
}

/// An import that must be refused, saying each of `lines`, and leave nothing.
#[track_caller]
fn refused(file: &Path, options: &[&str], lines: &[&str]) {
    let place = Place::new();
    let said = import(&place, file, options);
    assert_eq!(said.code, Some(2), "{}", said.text);
    for line in lines {
        assert!(said.text.contains(line), "{line}: {}", said.text);
    }
    assert!(!place.path().join("d/x").exists(), "nothing is kept of what was refused");
}

/// A file of this content in a folder of its own.
fn written(place: &Place, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = place.path().join(name);
    std::fs::write(&path, content).expect("the folder can be written");
    path
}

#[test]
fn rows_without_a_header_are_all_read_and_said() {
    let file = |name: &str| case("csv-without-header").join(name);
    let rows = imported(&file("nohdr3.csv"), &[], "read nohdr3.csv: comma, no header: user, item, rating; 4 ratings");
    assert_eq!(rows, "1\t101\t5\t0\n1\t102\t3\t1\n2\t101\t2\t2\n2\t103\t2.5\t3\n");
    let rows = imported(&file("nohdr4.csv"), &[], "comma, no header: user, item, rating, time; 3 ratings");
    assert!(rows.starts_with("1\t101\t5\t880000000\n"), "{rows}");
    imported(&file("s281.txt"), &[], "comma, no header: user, item, rating, time; 3 ratings");
    let rows = imported(&file("ratings_Musical.csv"), &[], "comma, no header: user, item, rating, time; 3 ratings");
    assert!(rows.contains("AUSER000000001\t0000000111\t3\t1390000000\n"), "{rows}");
    imported(&file("filmtrust.txt"), &[], "space, no header: user, item, rating; 4 ratings");
    let assumed = &["--assume-stars"];
    let rows = imported(&file("s91.data"), assumed, "tab, no header: user, item, rating; 3 ratings");
    assert!(rows.contains("500000000011\t49.26"), "{rows}");
    imported(&file("rbm_u.data"), assumed, "comma, no header: user, item, rating; 4 ratings");
    // Two more of the kind.
    let place = Place::new();
    let bars = written(&place, "mine.txt", "7|x|4|880000000\n8|y|3.5|880000001");
    imported(&bars, &[], "bar, no header: user, item, rating, time; 2 ratings");
    let semicolons = written(&place, "mine.csv", "\u{feff}\"a;b\";1;4\r\n\"c\";1;3\r\n");
    let rows = imported(&semicolons, &[], "semicolon, no header: user, item, rating; 2 ratings");
    assert_eq!(rows, "a;b\t1\t4\t0\nc\t1\t3\t1\n");
}

#[test]
fn no_hint_leads_to_a_lost_line() {
    let file = |name: &str| case("csv-without-header").join(name);
    let as_names = ["--user", "1", "--item", "101", "--rating", "5.0"];
    refused(
        &file("nohdr3.csv"),
        &as_names,
        &["the first line is `1,101,5.0`", "this looks like a rating", "--no-header"],
    );
    let of_text = ["--user", "AUSER000000001", "--item", "0000000111", "--rating", "3.0"];
    refused(&file("ratings_Musical.csv"), &of_text, &["this looks like a rating", "--no-header"]);
    refused(&file("nohdr3.csv"), &["--layout", "ratings.csv"], &["this looks like a rating"]);
    let places = ["--no-header", "--user", "1", "--item", "2", "--rating", "3"];
    let rows = imported(&file("nohdr3.csv"), &places, "comma, no header: user, item, rating; 4 ratings");
    assert_eq!(rows.lines().count(), 4);
    let swapped = ["--no-header", "--user", "2", "--item", "1", "--rating", "3", "--timestamp", "4"];
    imported(&file("nohdr4.csv"), &swapped, "comma, no header: item, user, rating, time; 3 ratings");
    refused(&file("nohdr3.csv"), &["--no-header", "--user", "1", "--item", "2", "--rating", "4"], &["no column 4"]);
    refused(&file("nohdr3.csv"), &["--no-header", "--user", "who", "--item", "2", "--rating", "3"], &["`--user who`"]);
}

#[test]
fn a_header_of_numbers_is_asked_about() {
    let place = Place::new();
    let numbered = written(&place, "pandas.csv", "0,1,2,3\n5,6,4,880000000\n5,7,3,880000001\n");
    refused(
        &numbered,
        &[],
        &["the first line is `0,1,2,3`", "header of numbers or a rating", "--no-header", "--header"],
    );
    imported(&numbered, &["--no-header"], "3 ratings");
    let named = ["--header", "--user", "0", "--item", "1", "--rating", "2", "--timestamp", "3"];
    imported(&numbered, &named, "header: user from `0`, item from `1`, rating from `2`, time from `3`; 2 ratings");
    let from_one = written(&place, "matlab.csv", "1;2;3;4\n5;6;4;880000000\n");
    refused(&from_one, &[], &["header of numbers or a rating"]);
    let counted = written(&place, "indexed.csv", "10,7,12,3\n11,7,13,4.5\n12,8,12,1\n");
    refused(&counted, &[], &["the first column may only count the lines", "--user 2 --item 3 --rating 4"]);
    imported(
        &counted,
        &["--no-header", "--user", "2", "--item", "3", "--rating", "4"],
        "(left out), user, item, rating; 3",
    );
}

#[test]
fn another_scale_is_refused_with_its_name_unless_it_is_meant() {
    let place = Place::new();
    let scaled = |name: &str, stars: [&str; 4]| {
        let rows: String =
            stars.iter().enumerate().map(|(item, stars)| format!("{},{item},{stars},7\n", item % 2)).collect();
        written(&place, name, format!("userId,movieId,rating,timestamp\n{rows}"))
    };
    for (name, stars, looks) in [
        ("s10", ["2", "10", "6", "4"], "run from 2 to 10 and look like a scale up to 10"),
        ("s100", ["20", "100", "60", "40"], "a scale up to 100"),
        ("s02", ["0.2", "1", "0.6", "0.4"], "a scale from 0 to 1"),
        ("s01", ["0", "1", "1", "0"], "clicks or likes, 0 or 1"),
        ("spm1", ["-1", "1", "1", "-1"], "likes and dislikes, -1 and 1"),
        ("s05", ["0", "5", "3", "4"], "look like stars, beside 1 times 0"),
    ] {
        let file = scaled(name, stars);
        refused(&file, &[], &[looks, "(stars - 3) / 2", "--assume-stars"]);
        imported(&file, &["--assume-stars"], "4 ratings");
    }
    let clicks: String = (0..12).map(|item| format!("{},{item},1,7\n", item % 3)).collect();
    refused(&written(&place, "ones.csv", format!("user,item,rating,time\n{clicks}")), &[], &["clicks, each of them 1"]);
    imported(&scaled("s5", ["1", "5", "3", "4"]), &[], "4 ratings");
    imported(&scaled("s4", ["0.8", "4", "2.4", "3.2"]), &[], "4 ratings");
    imported(&scaled("low", ["1", "2", "3", "1"]), &[], "no rating is above 3 stars");
}

#[test]
fn what_is_compressed_or_in_another_encoding_is_read() {
    let file = |name: &str| case("encodings-and-archives").join(name);
    imported(
        &file("r.csv.gz"),
        &[],
        "header: user from `userId`, item from `movieId`, rating from `rating`, time from `timestamp`",
    );
    imported(&file("r.zip"), &[], "read r.zip/ml/ratings.csv: comma, header");
    imported(&file("utf16.csv"), &[], "its text is UTF-16");
    imported(&file("cr.csv"), &[], "comma, header");
    let rows = imported(&file("latin1ids.csv"), &[], "read as Windows-1252, which holds Latin-1");
    assert!(rows.contains("José\t1\t4") && rows.contains("Åsa\t2\t5"), "{rows}");
    let rows = imported(&file("floatts.csv"), &[], "2 times have fractions of a second: all are kept in microseconds");
    assert_eq!(rows, "1\t1\t4\t1217896793500000\n1\t2\t3\t1217896794250000\n");
    let rows = imported(&file("isodate.csv"), &[], "2 times are dates: taken as UTC where they name no zone");
    assert_eq!(rows, "1\t1\t4\t949363199\n1\t2\t3\t980985600\n");
    imported(&file("mixids.csv"), &[], "3 users are one number written in several ways, such as `1`, `01`, `1.0`");
}

#[test]
fn what_is_no_table_is_named_with_the_mend() {
    let file = |name: &str| case("encodings-and-archives").join(name);
    refused(&file("lfs.csv"), &[], &["lfs.csv is a Git LFS pointer", "hint: `git lfs pull`"]);
    let rows = imported(&file("comma_dec.csv"), &[], "2 ratings are written with a decimal comma");
    assert!(rows.contains("\t4.5\t"), "{rows}");
    let place = Place::new();
    for (name, content, what) in [
        ("page.csv", b"<!DOCTYPE html>\n<html>".as_slice(), "page.csv is a web page"),
        ("sheet.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "is an Excel spreadsheet"),
        ("table.parquet", b"PAR1\x15\x04", "is a Parquet table"),
        ("r.csv.bz2", b"BZh91AY", "is compressed by bzip2"),
        ("r.csv", b"1\0,\x002\0,\x003\0\n\0", "is text in UTF-16 without a mark of it"),
        ("r.json", b"[{\"user\": 1}]", "is JSON"),
    ] {
        refused(&written(&place, name, content), &[], &[what, "hint: "]);
    }
}

#[test]
fn titles_are_matched_counted_and_read_in_their_encoding() {
    let file = |name: &str| case("encodings-and-archives").join(name);
    let items = |name: &str| file(name).display().to_string();
    let ratings = file("ratings.dat");
    let movies = items("movies_cp1252.dat");
    let place = Place::new();
    let said = import(&place, &ratings, &["--items", &movies]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert!(said.text.contains("titles for 40 of 40 items, from movies_cp1252.dat"), "{}", said.text);
    let titles = Catalogue::new(&place.path().join("d")).items("x").expect("they were installed");
    assert_eq!((titles[0].title.as_str(), titles[0].year), ("Café – “Noir” … €", Some(1995)));
    // Other columns can be named; the hint is about them.
    let books = items("books.csv");
    refused(&ratings, &["--items", &books], &["books.csv", "--items-id", "--items-title"]);
    let named = ["--items", books.as_str(), "--items-id", "ISBN", "--items-title", "Book-Title"];
    imported(&ratings, &named, "titles for 40 of 40 items, from books.csv");
    refused(
        &ratings,
        &["--items", &books, "--items-id", "isbn13", "--items-title", "Book-Title"],
        &["one named `isbn13`"],
    );
    let others = written(&place, "movies.csv", "movieId,title\ntt001,One\n");
    let said = import(&place, &ratings, &["--items", &others.display().to_string()]);
    assert!(said.text.contains("no title: none of the 1 ids of movies.csv, such as `tt001`"), "{}", said.text);
}

#[test]
fn a_published_name_is_kept_for_the_published_table() {
    let place = Place::new();
    let file = written(&place, "ratings.csv", "userId,movieId,rating,timestamp\n1,2,4.0,7\n");
    for (name, words) in [
        (
            "ml-25m",
            "`ml-25m` is a published dataset of 25,000,095 ratings by 162,541 users of 59,047 items, this is one of 1",
        ),
        ("ml-1m", "`ml-1m` is a published dataset of 1,000,209 ratings"),
        ("ml-100k", "`ml-100k` is a published dataset with the fingerprint 6cfffb52"),
    ] {
        let output = place.run(&["--data", "d", "data", "import", name, &file.display().to_string()]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(words) && said.contains("choose another name"), "{said}");
    }
    let output = place.run(&["--data", "d", "data", "fetch", "ml-latest"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("import ml-latest ml-latest.zip`"), "{said}");
}

#[test]
fn values_that_mean_no_rating_are_asked_about_with_their_counts() {
    let place = Place::new();
    let rows = |values: &[f64]| -> String {
        let rows = values.iter().enumerate().map(|(at, value)| format!("{},{},{value},7\n", at % 3, at / 3));
        "user,item,rating,time\n".to_owned() + &rows.collect::<String>()
    };
    // Jester's: -10 to 10, and 99 where a joke was not rated.
    let jokes = written(&place, "jokes.csv", rows(&[-9.95, 3.2, 99.0, 7.1, -0.4, 99.0, 99.0, 8.8, 1.2]));
    let asked = "the ratings run from -9.95 to 99 and look like a scale around 0, beside 3 times 99";
    refused(&jokes, &[], &[asked, "--scale=\"-10..10\" --not-rated=99"]);
    let kept = imported(&jokes, &["--scale=-10..10", "--not-rated=99"], "left out 3 lines of 99, not rated");
    assert_eq!(kept.lines().count(), 6);
    let scale = ["--scale", "-10..10"];
    refused(&jokes, &scale, &["3 of 9 ratings lie outside of -10..10: 3 times 99", "--outside drop", "--not-rated 99"]);
    let dropped = imported(&jokes, &[&scale[..], &["--outside", "drop"]].concat(), "left out: 3 of 9 ratings");
    assert_eq!(dropped, kept);
    let all =
        imported(&jokes, &[&scale[..], &["--outside", "keep"]].concat(), "kept, with rewards beyond -1 to 1: 3 of 9");
    assert_eq!(all.lines().count(), 9);
    // Books: 1 to 10, and 0 where one was only looked at; a threshold of one's own.
    let books: Vec<f64> = (0..=10).chain([0, 0]).map(f64::from).collect();
    let books = written(&place, "books.csv", rows(&books));
    refused(&books, &[], &["look like a scale of equal steps, beside 3 times 0", "--scale=\"1..10\" --not-rated=0"]);
    let more = ["--scale", "1..10", "--not-rated", "0", "--positive", "7"];
    imported(&books, &more, "ratings on 1..10, reward (r - 5.5) / 4.5, positive from 7");
    refused(&books, &["--scale", "1..10", "--positive", "11", "--not-rated", "0"], &["outside of the scale 1..10"]);
    refused(&books, &["--scale", "10..1"], &["its lower end comes first"]);
    // What lies outside leaves before duplicates are looked for: the rating that stays is one that counts.
    let twice = written(&place, "twice.csv", "user,item,rating,time\n1,1,4,7\n1,1,9,9\n1,2,2,8\n");
    let more = ["--scale", "1..5", "--outside", "drop"];
    let kept = imported(&twice, &more, "2 ratings, 1 lines left out");
    assert_eq!(kept, "1\t1\t4\t7\n1\t2\t2\t8\n");
    refused(&twice, &["--scale", "20..30", "--outside", "drop"], &["none of its 3 lines is kept as a rating"]);
    // Counts.
    let plays = written(&place, "plays.csv", rows(&[1.0, 5.0, 13_883.0, 260.0, 2.0, 77.0]));
    refused(&plays, &[], &["look like counts or times", "--scale=\"log 1..13883\"", "the logarithms of 1 to 13883"]);
    imported(&plays, &["--scale", "log 1..13883"], "ratings on log 1..13883");
    // Clicks.
    let clicks = written(&place, "clicks.csv", rows(&[1.0; 12]));
    imported(&clicks, &["--scale", "0..1"], "what is not rated is unknown, not negative");
    // Another threshold for the same ratings is another dataset, and is said to be.
    let same = written(&place, "same.csv", "user,item,rating,time\n1,1,5,7\n1,1,3,9\n1,2,2,8\n");
    let first = imported(&same, &["--duplicates", "first"], "left out 1 ratings that the same user had given before");
    assert!(first.starts_with("1\t1\t5\t7\n"), "{first}");
    let sum = imported(&same, &["--duplicates", "sum", "--scale", "1..10"], "added 1 ratings to another");
    assert!(sum.starts_with("1\t1\t8\t9\n"), "{sum}");
}
