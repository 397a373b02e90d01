//! Files of ratings as people have them.

use std::fs;

use super::{ask, bring, import, metrics, ratings, scatter};
use crate::common::Place;

const NO_HEADER: &str = "csv-without-header";
const ENCODINGS: &str = "encodings-and-archives";

/// A file without a header is read whole, as it is or in the way that the refusal names, and no hint of the refusal loses
/// a line.
fn is_read_whole(place: &Place, file: &str, all: u64) {
    let (answer, read) = import(place, "plain", file, &[]);
    match read {
        Some(read) => {
            assert_eq!(read, all, "{answer:?}");
            assert!(answer.says(&["no header", "without a header"]), "it says what it took the file for: {answer:?}");
        }
        None => {
            assert!(answer.says(&["--no-header"]), "{answer:?}");
            assert!(!answer.says(&["by `--user`, `--item`, `--rating`"]), "that would lose the first line: {answer:?}");
            let (answer, read) = import(place, "said", file, &["--no-header"]);
            assert_eq!(read, Some(all), "{answer:?}");
        }
    }
}

fn headerless(file: &str, all: u64) {
    let place = Place::new();
    bring(&place, NO_HEADER, file);
    is_read_whole(&place, file, all);
}

#[test]
fn csv_without_header_three_columns() {
    headerless("nohdr3.csv", 4);
}

#[test]
fn csv_without_header_four_columns() {
    headerless("nohdr4.csv", 3);
}

#[test]
fn csv_without_header_commas_in_a_txt() {
    headerless("s281.txt", 3);
}

#[test]
fn csv_without_header_text_ids() {
    headerless("ratings_Musical.csv", 3);
}

#[test]
fn csv_without_header_spaces() {
    headerless("filmtrust.txt", 4);
}

/// Stars up to 100: the file is understood, and then refused for its scale or read with one.
#[test]
fn csv_without_header_tabs_and_large_ids() {
    let place = Place::new();
    bring(&place, NO_HEADER, "s91.data");
    let (answer, read) = import(&place, "a", "s91.data", &[]);
    match read {
        Some(read) => assert_eq!(read, 3, "{answer:?}"),
        None => assert!(answer.says(&["scale", "stars"]) && !answer.says(&["cannot tell the layout"]), "{answer:?}"),
    }
}

#[test]
fn csv_without_header_called_as_another_layout() {
    let place = Place::new();
    bring(&place, NO_HEADER, "rbm_u.data");
    let (answer, read) = import(&place, "a", "rbm_u.data", &[]);
    match read {
        Some(read) => assert_eq!(read, 4, "{answer:?}"),
        // 0.2 is below half a star.
        None => assert!(answer.says(&["scale", "stars"]) && !answer.says(&["with tabs between"]), "{answer:?}"),
    }
}

#[test]
fn csv_without_header_semicolons() {
    let place = Place::new();
    place.file("mine.csv", "7;31;4\n7;32;3.5\n8;31;5\n");
    is_read_whole(&place, "mine.csv", 3);
}

#[test]
fn csv_without_header_bars_and_times() {
    let place = Place::new();
    place.file("mine.txt", "7|31|4|880000000\n7|32|3.5|880000005\n8|31|5|880000009\n8|33|1|880000010\n");
    is_read_whole(&place, "mine.txt", 4);
}

/// Naming the columns by what stands in the first line of numbers would lose that line.
#[test]
fn csv_without_header_numbers_are_no_names_of_columns() {
    for (file, columns) in [("nohdr3.csv", ["1", "101", "5.0"]), ("nohdr4.csv", ["1", "101", "5.0"])] {
        let place = Place::new();
        bring(&place, NO_HEADER, file);
        let all = fs::read_to_string(place.path().join(file)).expect("text").lines().count() as u64;
        let [user, item, rating] = columns;
        let (answer, read) = import(&place, "a", file, &["--user", user, "--item", item, "--rating", rating]);
        assert!(read.is_none_or(|read| read == all) || answer.says(&["first line"]), "{read:?} {answer:?}");
    }
}

/// The refusal of a file says what it is and what mends that; a program that can read it does as well.
fn is_named(file: &str, bytes: Option<&[u8]>, rows: u64, what: &[&str], mend: &[&str]) {
    let place = Place::new();
    match bytes {
        Some(bytes) => fs::write(place.path().join(file), bytes).expect("written"),
        None => drop(bring(&place, ENCODINGS, file)),
    }
    let (answer, read) = import(&place, "a", file, &[]);
    match read {
        Some(read) => assert_eq!(read, rows, "{answer:?}"),
        None => {
            assert_eq!(answer.code, 2, "{answer:?}");
            assert!(answer.says(what) && answer.says(mend), "expected {what:?} and {mend:?}: {answer:?}");
            assert!(!answer.err.contains("\\u{"), "bytes that are no text are not shown: {answer:?}");
        }
    }
}

#[test]
fn encodings_gzip() {
    is_named("r.csv.gz", None, 2, &["gzip"], &["gunzip", "gzip -d"]);
}

#[test]
fn encodings_zip() {
    is_named("r.zip", None, 2, &["zip archive", "a zip"], &["unzip"]);
}

#[test]
fn encodings_utf_16() {
    is_named("utf16.csv", None, 1, &["UTF-16"], &["iconv"]);
}

#[test]
fn encodings_old_line_ends() {
    is_named("cr.csv", None, 2, &["line end", "carriage return"], &["tr", "mac2unix", "sed"]);
}

#[test]
fn encodings_git_lfs() {
    is_named("lfs.csv", None, 2, &["Git LFS"], &["git lfs pull"]);
}

#[test]
fn encodings_fractions_of_seconds() {
    is_named("floatts.csv", None, 2, &["timestamp"], &["--no-timestamp", "--timestamp"]);
}

#[test]
fn encodings_dates() {
    is_named("isodate.csv", None, 2, &["date"], &["--no-timestamp", "--timestamp", "date +%s"]);
}

#[test]
fn encodings_bzip2() {
    let bytes = b"BZh91AY&SY\x8a\xb1\x02\x03\x00\x01\x02\x03\x04\x05\x06";
    is_named("r.csv.bz2", Some(bytes), 0, &["bzip2"], &["bunzip2", "bzip2 -d"]);
}

#[test]
fn encodings_utf_16_the_other_way_round() {
    let text = "userId,movieId,rating\n1,1,4\n1,2,3\n";
    let bytes: Vec<u8> = [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    is_named("r.csv", Some(&bytes), 2, &["UTF-16"], &["iconv"]);
}

/// pandas writes whole ids as `1.0` as soon as their column had a gap.
#[test]
fn encodings_ids_in_two_spellings() {
    let place = Place::new();
    bring(&place, ENCODINGS, "mixids.csv");
    place.file("padded.csv", "userId,movieId,rating\n7,1,4\n07,2,3\n8,1,5\n");
    place.file("items.csv", "userId,movieId,rating\n7,1,4\n7,1.0,3\n8,1,5\n");
    for (name, file, spelling) in [("a", "mixids.csv", "1.0"), ("b", "padded.csv", "07"), ("c", "items.csv", "1.0")] {
        let (answer, _) = import(&place, name, file, &[]);
        assert!(answer.says(&[&format!("`{spelling}`"), &format!("\"{spelling}\"")]), "{file}: {answer:?}");
    }
}

/// Windows' own quotes and dashes are letters of titles.
#[test]
fn encodings_titles_in_windows_own() {
    let place = Place::new();
    bring(&place, ENCODINGS, "ratings.dat");
    bring(&place, ENCODINGS, "movies_cp1252.dat");
    let (answer, _) = import(&place, "a", "ratings.dat", &["--items", "movies_cp1252.dat"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let titles = fs::read_to_string(place.path().join("data/a/items.tsv")).expect("UTF-8");
    assert!(titles.contains("Café – “Noir” … €"), "{titles}");
}

/// A list of items whose columns cannot be told: the hint is about the items, not the ratings.
#[test]
fn encodings_items_in_other_columns() {
    let place = Place::new();
    bring(&place, ENCODINGS, "ratings.dat");
    bring(&place, ENCODINGS, "books.csv");
    let (answer, read) = import(&place, "a", "ratings.dat", &["--items", "books.csv"]);
    assert!(read.is_some() || !answer.says(&["`--user`", "`--rating`"]), "{answer:?}");
    assert!(read.is_some() || answer.says(&["item", "title"]), "{answer:?}");
}

#[test]
fn encodings_titles_that_match_nothing_are_counted() {
    let place = Place::new();
    bring(&place, ENCODINGS, "ratings.dat");
    let none: String = (900..910).map(|id| format!("{id}::Far away (1995)::Action\n")).collect();
    let some: String = (1..11).map(|id| format!("{id}::Near (1995)::Action\n")).collect();
    place.file("none.dat", &none);
    place.file("some.dat", &some);
    let (answer, _) = import(&place, "a", "ratings.dat", &["--items", "none.dat"]);
    assert!(answer.says(&["0 of", "none of", "no title", "not one"]), "{answer:?}");
    let (answer, _) = import(&place, "b", "ratings.dat", &["--items", "some.dat"]);
    assert!(answer.code == 0 && answer.says(&["10 of", "10 titles"]), "{answer:?}");
}

/// One made-up world, its stars from 1 to 5 turned into another scale.
fn world(turn: impl Fn(u32) -> String) -> String {
    ratings(80, 60, |user, item| {
        let likes = scatter(1, user % 5, item, 3) + scatter(2, 0, item, 2) + scatter(3, user, item, 2);
        (scatter(4, user, item, 2) == 0).then(|| turn(1 + likes.min(4)))
    })
}

const SCALE_SWEEP: &str = "name = \"fast\"\nseeds = 1\nbaselines = [\"pmf\", \"random\"]\n[pmf]\nk = 8\nepochs = 20\n\
                           [offline]\nk = [5]\nrepeats = 3\nusers = 50\n";

/// precision@5 of every policy, in order.
fn precisions(place: &Place, dataset: &str) -> Vec<f64> {
    place.file("fast.toml", SCALE_SWEEP);
    let (data, runs) = (format!("dataset={dataset}"), format!("runs-{dataset}"));
    // Static policies alone.
    let answer = ask(place, &["sweep", "fast.toml", "--set", &data, "--runs", &runs, "--set", "drr.train_steps=0"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let mut found: Vec<f64> =
        metrics(&place.path().join(&runs)).iter().filter_map(|metrics| metrics["precision@5"].as_f64()).collect();
    found.sort_by(f64::total_cmp);
    found
}

/// Another scale is asked about, and once it is said it is measured as the same world in stars is.
fn scale_is_known(name: &str, scale: &str, turn: impl Fn(u32) -> String) -> [Vec<f64>; 2] {
    let place = Place::new();
    place.file("stars.csv", &world(|stars| stars.to_string()));
    place.file("other.csv", &world(turn));
    let (answer, _) = import(&place, name, "other.csv", &[]);
    assert_eq!(answer.code, 2, "{answer:?}");
    let scale = format!("--scale={scale}");
    assert!(answer.says(&["which scale", "--assume-stars", "--positive", "reward"]), "{answer:?}");
    assert!(answer.says(&[&scale.replace('=', "=\"")]), "{answer:?}");
    let (answer, read) = import(&place, name, "other.csv", &[&scale]);
    assert!(read.is_some_and(|read| read > 2000) && answer.says(&["positive above"]), "{answer:?}");
    import(&place, "stars", "stars.csv", &[]);
    [precisions(&place, "stars"), precisions(&place, name)]
}

#[test]
fn rating_scale_stars_are_stars() {
    let place = Place::new();
    place.file("stars.csv", &world(|stars| stars.to_string()));
    place.file("half.csv", &world(|stars| format!("{:.1}", f64::from(stars) - 0.5)));
    for (name, file) in [("a", "stars.csv"), ("b", "half.csv")] {
        let (answer, read) = import(&place, name, file, &[]);
        assert!(read.is_some_and(|read| read > 2000), "{answer:?}");
    }
}

fn same([stars, other]: [Vec<f64>; 2]) {
    assert_eq!(stars, other);
    assert_eq!(stars.len(), 3);
}

#[test]
fn rating_scale_around_zero() {
    same(scale_is_known("zero", "-10..10", |stars| (5 * i64::from(stars) - 15).to_string()));
}

#[test]
fn rating_scale_of_ten() {
    same(scale_is_known("ten", "2..10", |stars| (2 * stars).to_string()));
}

#[test]
fn rating_scale_of_a_hundred() {
    same(scale_is_known("hundred", "20..100", |stars| (20 * stars).to_string()));
}

#[test]
fn rating_scale_up_to_one() {
    same(scale_is_known("one", "0.2..1", |stars| format!("{:.1}", f64::from(stars) / 5.0)));
}

#[test]
fn rating_scale_of_clicks() {
    // The same are positive; how much each is worth differs.
    let [stars, clicks] = scale_is_known("clicks", "0..1", |stars| u32::from(stars > 3).to_string());
    assert!(stars.iter().zip(&clicks).all(|(stars, clicks)| (stars - clicks).abs() < 0.1), "{stars:?} {clicks:?}");
    assert_eq!(stars[0], clicks[0], "random");
}

#[test]
fn rating_scale_of_thumbs() {
    scale_is_known("thumbs", "-1..1", |stars| if stars > 3 { "1" } else { "-1" }.to_owned());
}

#[test]
fn rating_scale_up_to_nine() {
    same(scale_is_known("nine", "1..9", |stars| (2 * stars - 1).to_string()));
}
