//! Every layout against hand-written files, and properties: a table survives each layout, garbage never panics.

use proptest::prelude::*;

use super::builder::Builder;
use super::items::{ItemLayout, read_items};
use super::*;
use crate::data::table::Rating;

const LINES: &str = "196\t242\t3\t881250949\n22\t377\t1\t878887116\n196\t10\t4.5\t881250950\n";

fn load(file: &str, text: &[u8]) -> LoadedTable {
    ratings(file, text, None).unwrap_or_else(|error| panic!("{error}"))
}

fn fails(file: &str, text: &str) -> String {
    ratings(file, text.as_bytes(), None).expect_err("a bad file").to_string()
}

#[test]
fn all_layouts_give_one_table() {
    let base = load("u.data", LINES.as_bytes());
    assert_eq!(base.report.layout, FileLayout::UData);
    assert_eq!(
        String::from_utf8(base.ratings.canonical_bytes()).expect("text"),
        "22\t377\t1\t878887116\n196\t10\t4.5\t881250950\n196\t242\t3\t881250949\n"
    );
    let dat = LINES.replace('\t', "::").replace('\n', "\r\n");
    let csv = "\u{feff}Rating,TIMESTAMP,\"movieId\",userid\r\n3.0,881250949,242,196\r\n1,878887116,377,22\r\n\
               4.5,881250950,10,\"196\"";
    let inter = format!(
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n{}",
        LINES.replace("881250950", "881250950.0").trim_end()
    );
    for (file, text, layout) in [
        ("ratings.dat", dat.as_str(), FileLayout::RatingsDat),
        ("ratings.csv", csv, FileLayout::RatingsCsv),
        ("x.inter", &inter, FileLayout::Inter),
    ] {
        let loaded = load(file, text.as_bytes());
        assert_eq!(loaded.ratings, base.ratings, "{file}");
        assert_eq!(
            loaded.report,
            Report { layout, taken: loaded.report.taken.clone(), ..base.report.clone() },
            "{file}"
        );
    }
}

#[test]
fn named_columns_without_timestamps_keep_the_row_order() {
    let layout = FileLayout::Columns(ColumnNames {
        user: "who".to_owned(),
        item: "What".to_owned(),
        rating: "stars".to_owned(),
        timestamp: None,
        numbers: NumbersForNames::Refused,
    });
    let text = "stars;note;what;who\n4;\"a; long\nnote\";b;x\n2;;a;x\n5;;b;x\n";
    let loaded = ratings("file.csv", text.as_bytes(), Some(&layout)).expect("a good file");
    assert_eq!(String::from_utf8(loaded.ratings.canonical_bytes()).expect("text"), "x\ta\t2\t1\nx\tb\t5\t2\n");
    assert_eq!((loaded.report.lines, loaded.report.duplicates), (3, 1));
    assert_eq!(loaded.report.timestamps, Timestamps::RowOrder);
    let error = ratings("file.csv", b"user,item,rating\n", Some(&layout)).expect_err("other columns").to_string();
    assert_eq!(error, "file.csv:1: read the columns `user`, `item`, `rating`, expected one named `who`");
}

#[test]
fn a_bad_line_says_where_what_and_what_else() {
    for (file, text, error) in [
        (
            "u.data",
            "1\t2\t3\t4\n\n1\t2\tgood\t4\n",
            "u.data:3: read `good`, expected a rating (a number, at most 10,000,000)",
        ),
        ("u.data", "1\t2\t3\t4\n1\t2\t3\n", "u.data:2: read `1\\t2\\t3`, expected 4 fields with tabs between them"),
        (
            "u.data",
            "1\t2\t3\t4\n1\t2\t3\tthen\n",
            "u.data:2: read `then`, expected a timestamp (a number of seconds, or a date such as 2001-02-03 04:05:06)",
        ),
        ("u.data", "1\t2\t3\t4\n\t2\t3\t4\n", "u.data:2: read ``, expected an id (text without control characters)"),
        ("r.dat", "1::2::10000001::4\n", "r.dat:1: read `10000001`, expected a rating (a number, at most 10,000,000)"),
        ("r.csv", "userId,movieId,rating\n1,2\n", "r.csv:2: read `1,2`, expected 3 fields as in the header"),
        ("r.csv", "userId,movieId,rating\n1,2,\"3\n4,5,6\n", "r.csv:2: read `1,2,\"3`, expected a closing quote"),
        ("r.csv", "userId,rating\n", "r.csv:1: read the columns `userId`, `rating`, expected one named `movieid`"),
        ("r.csv", "userId,movieId,rating\n", "r.csv: no rows in it"),
        ("notes.txt", "hello", "notes.txt: cannot tell the layout from its name or its first line `hello`"),
    ] {
        assert_eq!(fails(file, text), error);
    }
    let missing = ratings_file(Path::new("no/such/file.csv"), None).expect_err("no file").to_string();
    assert!(missing.starts_with("cannot read no/such/file.csv: "), "{missing}");
}

#[test]
fn ids_may_look_like_the_beginning_of_another_file() {
    for id in ["{3F2504E0}", "PAR1", "BZh9", "[1]", "<html", "%PDF"] {
        let loaded = load("x.csv", format!("user,item,rating\n{id},1,4\n").as_bytes());
        let again = ratings("ratings.tsv", &loaded.ratings.canonical_bytes(), Some(&FileLayout::UData));
        assert_eq!(again.expect("the canonical file").ratings, loaded.ratings, "{id}");
        assert_eq!(load("x", format!("{id},1,4\n").as_bytes()).ratings.users, [id]);
    }
}

#[test]
fn items_of_all_sources_agree() {
    let u_item = b"2|GoldenEye (1995)|01-Jan-1995||http://x|0|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0|1|0|0\n\
        1|Mis\xe9rables, Les (1995)|01-Jan-1995||http://x|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0\n\
        267|unknown||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0";
    let base = items("u.item", u_item, None).expect("u.item");
    let item = |id: &str, title: &str, year, genres: &[&str]| Item {
        id: id.to_owned(),
        title: title.to_owned(),
        year,
        genres: genres.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(
        base,
        [
            item("1", "Misérables, Les", Some(1995), &["Animation", "Children's", "Comedy"]),
            item("2", "GoldenEye", Some(1995), &["Action", "Adventure", "Thriller"]),
            item("267", "unknown", None, &[]),
        ]
    );
    let dat = b"1::Mis\xe9rables, Les (1995)::Animation|Children's|Comedy\r\n2::GoldenEye (1995)::Action|Adventure|Thriller\r\n267::unknown::unknown";
    let csv = "movieId,title,genres\n1,\"Misérables, Les (1995)\",Animation|Children's|Comedy\n\
               2,GoldenEye (1995),Action|Adventure|Thriller\n267,unknown,(no genres listed)\n";
    let recbole = "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\n\
        1\tMisérables, Les\t1995\tAnimation Children's Comedy\n2\tGoldenEye (1995)\tV\tAction Adventure Thriller\n\
        267\tunkonwn\tunkonwn\tunknown\n";
    assert_eq!(items("movies.dat", dat, None).expect("movies.dat"), base);
    assert_eq!(items("movies.csv", csv.as_bytes(), None).expect("movies.csv"), base);
    assert_eq!(items("ml.item", recbole.as_bytes(), None).expect("ml.item"), base);
    assert_eq!(read_stored_items("items.tsv", write_stored_items(&base).as_bytes()).expect("stored"), base);
    let error = items("movies.csv", b"movieId,title\n1\n", None).expect_err("too few fields").to_string();
    assert_eq!(error, "movies.csv:2: read `1`, expected 2 fields");
}

/// A table with whole and half stars, numeric and worded ids.
fn tables() -> impl Strategy<Value = Ratings> {
    let id = || {
        prop_oneof![
            prop_oneof![0u32..3000, any::<u32>()].prop_map(|n| n.to_string()),
            "[a-zé][ a-z0-9,;\"|]{0,5}[a-z\"]"
        ]
    };
    let rows = prop::collection::vec((id(), id(), 1u8..=10, any::<i32>()), 1..40);
    rows.prop_map(|rows| {
        let mut builder = Builder::default();
        for (user, item, halves, timestamp) in rows {
            let user = builder.users.number(user.as_bytes()).expect("an id");
            let item = builder.items.number(item.as_bytes()).expect("an id");
            let (stars, timestamp) = (f32::from(halves) / 2.0, i64::from(timestamp));
            builder.rows.push(Rating { user, item, stars, timestamp });
        }
        builder.finish(Duplicates::Latest).expect("not too much").0
    })
}

/// The table as text, with `field` writing an id and the columns in the given `order`.
fn written(table: &Ratings, between: &str, end: &str, order: [usize; 4], field: impl Fn(&str) -> String) -> String {
    let line = |row: &Rating| {
        let columns = [
            field(&table.users[row.user as usize]),
            field(&table.items[row.item as usize]),
            row.stars.to_string(),
            row.timestamp.to_string(),
        ];
        order.map(|column| columns[column].clone()).join(between)
    };
    // Written last row first: the order of lines has no say.
    table.rows.iter().rev().map(line).collect::<Vec<_>>().join(end)
}

/// What may stand in a field.
fn cells() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[0-9]{1,2}",
        3 => "[1-5]",
        1 => "[0-9]{9,10}",
        1 => "-?[0-9]{1,3}[.,][0-9]",
        1 => "[a-zé ]{0,4}",
        1 => prop_oneof![Just("99".to_owned()), Just("-1".to_owned()), Just("0".to_owned()), Just("2001-02-03".to_owned())],
    ]
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

proptest! {
    #[test]
    fn a_table_survives_every_layout(
        table in tables(),
        end in prop_oneof![Just("\n"), Just("\r\n")],
        last in prop_oneof![Just(""), Just("\n")],
        order in Just([0usize, 1, 2, 3]).prop_shuffle(),
    ) {
        let same = |text: String, layout: FileLayout| {
            let loaded = ratings("file", (text + last).as_bytes(), Some(&layout)).expect("what was written");
            assert_eq!(loaded.ratings, table, "{layout}");
        };
        let plain = |between: &str| written(&table, between, end, [0, 1, 2, 3], str::to_owned);
        same(plain("\t"), FileLayout::UData);
        same(plain("::"), FileLayout::RatingsDat);
        same(format!("user_id:token\titem_id:token\trating:float\ttimestamp:float{end}{}", plain("\t")), FileLayout::Inter);
        let names = ["USERID", "movieId", "rating", "Timestamp"];
        let header = order.map(|column| names[column]).join(",");
        same(format!("\u{feff}{header}{end}{}", written(&table, ",", end, order, quote)), FileLayout::RatingsCsv);
        let loaded = ratings("file", &table.canonical_bytes(), Some(&FileLayout::UData)).expect("the canonical file");
        prop_assert_eq!(loaded.ratings, table);
    }

    #[test]
    fn every_line_is_kept_or_named(
        separator in prop_oneof![Just(","), Just(";"), Just("\t"), Just("|"), Just("::"), Just(" ")],
        first in prop_oneof![
            Just("userId movieId rating timestamp"), Just("Rating user ITEM"), Just("7 x 3.5 880000000"), Just("7 8 4"), Just(""),
        ],
        lines in prop::collection::vec(prop::collection::vec(cells(), 0..6), 1..40),
        end in prop_oneof![Just("\n"), Just("\r\n")],
        not_rated in prop::collection::vec(prop_oneof![Just(0.0_f32), Just(99.0), Just(-1.0), Just(3.0)], 0..3),
        duplicates in prop_oneof![
            Just(Duplicates::Latest), Just(Duplicates::First), Just(Duplicates::Highest), Just(Duplicates::Lowest),
            Just(Duplicates::Sum),
        ],
    ) {
        let written: Vec<String> = std::iter::once(first.replace(' ', separator))
            .chain(lines.iter().map(|cells| cells.join(separator)))
            .collect();
        let text = written.join(end);
        let options = ReadingOptions { bad_lines: BadLines::LeftOut, not_rated, duplicates, ..ReadingOptions::default() };
        if let Ok(LoadedTable { ratings: table, report }) = ratings_as("r", text.as_bytes(), &options) {
            let blank = |line: &&String| !line.trim().is_empty();
            let has_header = !matches!(report.layout, FileLayout::UData | FileLayout::RatingsDat | FileLayout::Rows(_));
            let all = written.iter().filter(blank).count() - usize::from(has_header);
            let unrated: usize = report.not_rated.iter().map(|(_, count)| count).sum();
            prop_assert_eq!(report.lines, all, "{}: {}", report.layout, text);
            prop_assert_eq!(all, table.rows.len() + report.duplicates + unrated + report.unreadable, "{}", text);
            prop_assert_eq!(report.bad.len(), report.unreadable.min(20));
            // Where nothing is left out, to refuse is the same.
            let strict = ratings_as("r", text.as_bytes(), &ReadingOptions { bad_lines: BadLines::Refused, ..options });
            prop_assert_eq!(strict.is_ok(), report.unreadable == 0);
        }
    }

    #[test]
    fn garbage_never_panics(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "[0-9a\t:,;\"|\r\n.e-]{0,200}".prop_map(String::into_bytes),
            "(userId,movieId,rating\n)?([0-9]{1,2}[,:\t\"]{1,2}){0,20}".prop_map(String::into_bytes),
        ],
        name in prop_oneof![Just("u.data"), Just("r.dat"), Just("r.csv"), Just("r.inter"), Just("r")],
    ) {
        let _ = ratings(name, &bytes, None);
        let columns = ColumnNames { user: "a".into(), item: "b".into(), rating: "c".into(), timestamp: None, numbers: NumbersForNames::Meant };
        let _ = ratings(name, &bytes, Some(&FileLayout::Columns(columns)));
        for places in [None, Some(Places { user: 2, item: 1, rating: 0, timestamp: Some(9) }), Some(Places { user: 1, item: 1, rating: 1, timestamp: Some(1) })] {
            let _ = ratings(name, &bytes, Some(&FileLayout::Rows(places)));
        }
        for layout in [FileLayout::UData, FileLayout::RatingsDat, FileLayout::RatingsCsv, FileLayout::Inter] {
            let _ = ratings(name, &bytes, Some(&layout));
        }
        let _ = items(name, &bytes, None);
        let text = String::from_utf8_lossy(&bytes);
        for layout in [ItemLayout::UItem, ItemLayout::MoviesDat, ItemLayout::MoviesCsv, ItemLayout::RecboleItem] {
            let _ = read_items(name, text.as_bytes(), layout, &ItemColumns::default());
        }
        let _ = read_stored_items(name, &bytes);
    }
}
