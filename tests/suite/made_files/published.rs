//! Files as datasets publish them.

use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{MadeFile, MadeRating, lines, world};

fn gz(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes.as_ref()).expect("memory takes any write");
    writer.finish().expect("memory takes any write")
}

fn zst(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes.as_ref(), ruzstd::encoding::CompressionLevel::Fastest)
}

fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        writer.start_file(*name, SimpleFileOptions::default()).expect("memory takes any member");
        writer.write_all(content.as_bytes()).expect("memory takes any write");
    }
    writer.finish().expect("memory takes any write").into_inner()
}

fn tar(members: &[(&str, &str)]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, content.as_bytes()).expect("memory takes any member");
    }
    builder.into_inner().expect("memory takes any write")
}

fn tabs((user, item, stars, time): MadeRating) -> String {
    format!("{user}\t{item}\t{stars}\t{time}\n")
}

fn colons((user, item, stars, time): MadeRating) -> String {
    format!("{user}::{item}::{stars}::{time}\n")
}

fn halves((user, item, stars, time): MadeRating) -> String {
    format!("{user},{item},{:.1},{time}\r\n", f64::from(stars) - 0.5)
}

fn movielens(name: &'static str, folder: &str, dat: bool) -> MadeFile {
    let (ratings, movies) = match dat {
        true => (lines(colons), (101..106).map(|item| format!("{item}::Film {item} (1999)::Drama\n")).collect()),
        false => (
            format!("userId,movieId,rating,timestamp\r\n{}", lines(halves)),
            (101..106).fold("movieId,title,genres\r\n".to_owned(), |text, item| {
                text + &format!("{item},\"Film, The {item} (1999)\",Drama|War\r\n")
            }),
        ),
    };
    let end = if dat { "dat" } else { "csv" };
    let names = ["README.txt", "tags", "ratings", "movies"].map(|member| match member {
        "README.txt" => format!("{folder}/README.txt"),
        other => format!("{folder}/{other}.{end}"),
    });
    let archive = zip(&[
        (&names[0], "words"),
        (&names[1], "userId,movieId,tag,timestamp\n"),
        (&names[2], &ratings),
        (&names[3], &movies),
    ]);
    MadeFile::read(name, archive, 40, &["titles for 5 of 5 items"])
}

/// A matrix of two users and thirty jokes, 99 where one was not rated.
fn jester(blank: &str) -> String {
    let row = |user: u32| {
        let cells: Vec<String> = (0..30)
            .map(|joke| match (joke + user) % 3 {
                0 => blank.to_owned(),
                _ => format!("{:.2}", f64::from((joke * 17 + user * 5) % 200) / 10.0 - 10.0),
            })
            .collect();
        let count = cells.iter().filter(|cell| *cell != blank).count();
        format!("{count},{}\n", cells.join(","))
    };
    (0..2).map(row).collect()
}

fn netflix(movies: std::ops::Range<u32>) -> String {
    let customers = |movie: u32| {
        (0..5).map(move |at| format!("{},{},2005-09-{:02}\n", 1_488_840 + at, 1 + (at + movie) % 5, at + 1))
    };
    movies.map(|movie| format!("{movie}:\n{}", customers(movie).collect::<String>())).collect()
}

fn steam() -> String {
    let games = ["The Elder Scrolls V Skyrim", "Dota 2", "Half-Life, Again"];
    let play = |(at, game): (u32, &&str)| {
        format!(
            "{},\"{game}\",purchase,1.0,0\n{},\"{game}\",play,{}.5,0\n",
            151_603_712 + at,
            151_603_712 + at,
            7 + at * 90
        )
    };
    (0..9).zip(games.iter().cycle()).map(play).collect()
}

fn last_fm() -> String {
    let sha = |user: u32| format!("{user:040x}");
    let row = |at: u32| {
        let mbid = if at.is_multiple_of(3) { String::new() } else { format!("3bd73256-3905-4f3a-97e2-{at:012x}") };
        format!("{}\t{mbid}\tdie Ärzte \"{at}\"\t{}\n", sha(at % 4), 1 + at * 113)
    };
    let strange = "sep 20, 2008\t7e870dd5-2667-454b-9fcf-a132dd8071f1\tturbostaat\t12\n";
    (0..12).map(row).collect::<String>() + strange + &format!("{}\t\t\t7\n", sha(1))
}

/// Amazon's ids.
fn amazon((user, item, ..): MadeRating) -> (String, String) {
    (format!("A{user}CX7LUOHB2NDG"), format!("{item}32944XAB").chars().take(10).collect())
}

fn reviews(of_2023: bool) -> String {
    lines(|rating| {
        let (user, item) = amazon(rating);
        let (_, _, stars, time) = rating;
        if of_2023 {
            format!(
                "{{\"rating\": {stars}.0, \"title\": \"x\", \"asin\": \"{item}\", \"parent_asin\": \"{item}\", \"user_id\": \"{user}\", \"timestamp\": {time}000, \"verified_purchase\": true}}\n"
            )
        } else {
            format!(
                "{{\"reviewerID\": \"{user}\", \"asin\": \"{item}\", \"helpful\": [0, 0], \"reviewText\": \"a \\\"b\\\", {{c}}\", \"overall\": {stars}.0, \"unixReviewTime\": {time}}}\n"
            )
        }
    })
}

pub(super) fn all() -> Vec<MadeFile> {
    let counted =
        |name, bytes: Vec<u8>, options, ratings, says| MadeFile::read(name, bytes, ratings, says).with(options);
    vec![
        // MovieLens, every release as it comes.
        MadeFile::read(
            "ml-100k.zip",
            zip(&[
                ("ml-100k/u.data", &lines(tabs)),
                ("ml-100k/u1.base", &lines(tabs)),
                (
                    "ml-100k/u.item",
                    &(101..106)
                        .map(|item| format!("{item}|Film {item} (1999)|01-Jan-1999||http://x|{}0\n", "0|".repeat(18)))
                        .collect::<String>(),
                ),
            ]),
            40,
            &["ml-100k/u.data: tab, no header: user, item, rating, time; 40 ratings", "titles for 5 of 5 items"],
        ),
        movielens("ml-1m.zip", "ml-1m", true),
        movielens("ml-10m.zip", "ml-10M100K", true),
        movielens("ml-20m.zip", "ml-20m", false),
        movielens("ml-25m.zip", "ml-25m", false),
        movielens("ml-latest.zip", "ml-latest", false),
        movielens("ml-latest-small.zip", "ml-latest-small", false),
        MadeFile::read("u1.base", lines(tabs), 40, &["tab, no header"]),
        MadeFile::read("ml-1m.train.rating", lines(tabs), 40, &["tab, no header"]),
        // Jester 1, 3 and 4 as sheets saved as CSV; 2 as Surprise has it.
        counted(
            "jester-data-1.csv",
            jester("99").into(),
            &["--scale=-10..10"],
            40,
            &["Jester's matrix", "positive above 0"],
        ),
        counted("FINAL jester 2006-15.csv", jester("99.00").into(), &["--scale", "-10..10"], 40, &["Jester's matrix"]),
        counted("jester-4.csv", jester("").into(), &["--scale=-10..10"], 40, &["no timestamps"]),
        MadeFile::refused(
            "jester-data-1.xls",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest",
            &["an Excel spreadsheet", "save the sheet as CSV"],
        ),
        MadeFile::refused("jester-ask.csv", jester("99"), &["a scale around 0", "--scale=\"-10..10\""]),
        counted(
            "jester_ratings.dat",
            lines(|(user, item, stars, _)| format!("{user}\t\t{item}\t\t{:.3}\n", f64::from(stars) * 3.1 - 9.0)).into(),
            &["--scale=-10..10"],
            40,
            &["no header: user, item, rating"],
        ),
        // Yahoo! R3.
        MadeFile::read(
            "ydata-ymusic-rating-study-v1_0-train.txt",
            lines(|(user, item, stars, _)| format!("{user}\t{item}\t{stars}\n")),
            40,
            &["tab, no header: user, item, rating"],
        ),
        MadeFile::read(
            "dataset.tgz",
            gz(tar(&[
                ("Webscope_R3/README.txt", "words"),
                ("Webscope_R3/ydata-ymusic-rating-study-v1_0-test.txt", "1\t2\t3\n"),
                (
                    "Webscope_R3/ydata-ymusic-rating-study-v1_0-train.txt",
                    &lines(|(user, item, stars, _)| format!("{user}\t{item}\t{stars}\n")),
                ),
            ])),
            40,
            &["ydata-ymusic-rating-study-v1_0-train.txt: tab"],
        ),
        // Amazon: 2014, 2018, 2023, and reviews.
        MadeFile::read(
            "ratings_Musical_Instruments.csv",
            lines(|rating| {
                let (user, item) = amazon(rating);
                format!("{user},{item},{}.0,{}\n", rating.2, rating.3)
            }),
            40,
            &["comma, no header: user, item, rating, time; 40"],
        ),
        MadeFile::read(
            "Musical_Instruments.csv",
            lines(|rating| {
                let (user, item) = amazon(rating);
                format!("{item},{user},{}.0,{}\n", rating.2, rating.3)
            }),
            40,
            &["comma, no header: item, user, rating, time (by the ids, in the order of Amazon's files of 2018)"],
        ),
        MadeFile::read(
            "Musical_Instruments.csv.gz",
            gz("user_id,parent_asin,rating,timestamp\n".to_owned()
                + &lines(|rating| {
                    let (user, item) = amazon(rating);
                    format!("{user},{item},{}.0,{}000\n", rating.2, rating.3)
                })),
            40,
            &["item from `parent_asin`"],
        ),
        MadeFile::read(
            "reviews_Musical_Instruments_5.json.gz",
            gz(reviews(false)),
            40,
            &["JSON, an object a line; 40 ratings"],
        ),
        MadeFile::read("Musical_Instruments.jsonl", reviews(true), 40, &["JSON, an object a line"]),
        MadeFile::refused("meta.json", "{\"asin\": \"0\", \"title\": \"x\"}\n", &["expected a user among its keys"]),
        // The Netflix Prize.
        MadeFile::read("combined_data_1.txt", netflix(1..9), 40, &["Netflix Prize, a block a movie", "dates"]),
        MadeFile::read("mv_0000001.txt", netflix(1..2), 5, &["5 ratings"]),
        MadeFile::read(
            "netflix-prize-data.zip",
            zip(&[
                ("combined_data_1.txt", netflix(1..5).trim_end()),
                ("combined_data_2.txt", &netflix(5..9)),
                ("movie_titles.csv", "1,2003,Dinosaur Planet\n"),
                ("probe.txt", "1:\n30878\n"),
            ]),
            40,
            &["combined_data_1.txt and 1 more: Netflix Prize"],
        ),
        MadeFile::read(
            "training_set.tar",
            tar(&[
                ("training_set/mv_0000001.txt", &netflix(1..2)),
                ("training_set/mv_0000002.txt", &netflix(2..3)),
                ("training_set/mv_0000003.txt", &netflix(3..4)),
            ]),
            15,
            &["15 ratings"],
        ),
        counted(
            "combined_data_4.txt",
            "1:\n5,3,2005-09-06\n2\n8,4,2005-01-01\n3:\n8,4,2005-01-01\n".into(),
            &["--skip-bad-lines"],
            2,
            &["2 lines left out", "line 4: read `8,4,2005-01-01`, expected a line `movie:` above"],
        ),
        MadeFile::refused("probe.txt", "1:\n30878\n2647871\n", &["without ratings", "combined_data_1.txt"]),
        MadeFile::refused("qualifying.txt", "1:\n1046323,2005-12-19\n", &["without ratings"]),
        // Book-Crossing.
        counted(
            "BX-CSV-Dump.zip",
            zip(&[
                ("BX-Users.csv", "\"User-ID\";\"Location\";\"Age\"\n"),
                ("BX-Books.csv", "\"ISBN\";\"Book-Title\"\n"),
                (
                    "BX-Book-Ratings.csv",
                    &("\"User-ID\";\"ISBN\";\"Book-Rating\"\n".to_owned()
                        + &lines(|(user, item, stars, time)| {
                            let stars = if time % 3000 == 0 { 0 } else { 2 * stars };
                            format!("\"{user}\";\"0{item}5104X\";\"{stars}\"\n")
                        })),
                ),
            ]),
            &["--scale", "1..10", "--not-rated", "0", "--positive", "7"],
            27,
            &["semicolon, header: user from `User-ID`, item from `ISBN`", "13 lines left out", "positive from 7"],
        ),
        MadeFile::refused(
            "Ratings.csv",
            "User-ID,ISBN,Book-Rating\n".to_owned()
                + &lines(|(user, item, stars, _)| {
                    format!("{user},0{item},{}\n", if user == 3 { 0 } else { 2 * stars })
                }),
            &["beside 5 times 0, which may say that there is no rating", "--not-rated=0"],
        ),
        // Anime.
        counted(
            "rating.csv",
            ("user_id,anime_id,rating\n".to_owned()
                + &lines(|(user, item, stars, _)| {
                    format!("{user},{item},{}\n", if user == 2 { -1 } else { 2 * stars as i32 })
                }))
                .into(),
            &["--scale", "1..10", "--not-rated=-1"],
            35,
            &["left out 5 lines of -1, not rated", "positive above 5.5"],
        ),
        counted(
            "animelist.csv",
            ("user_id,anime_id,rating,watching_status,watched_episodes\n".to_owned()
                + &lines(|(user, item, stars, _)| format!("{user},{item},{},1,4\n", 2 * stars)))
                .into(),
            &["--scale", "1..10"],
            40,
            &["item from `anime_id`"],
        ),
        // Steam, hours.
        counted(
            "steam-200k.csv",
            steam().into(),
            &["--scale", "log 0.1..1000", "--duplicates", "sum"],
            9,
            &["9 ratings, 9 lines left out", "left out 9: a purchase", "ratings on log 0.1..1000"],
        ),
        MadeFile::refused("archive.zip", zip(&[("steam-200k.csv", &steam())]), &["look like counts or times", "log"]),
        // Last.fm 360K, plays.
        counted(
            "usersha1-artmbid-artname-plays.tsv",
            last_fm().into(),
            &["--scale", "log 1..1000", "--outside", "keep"],
            12,
            &[
                "Last.fm 360K",
                "2 lines left out",
                "a line whose user is none",
                "a line without an artist",
                "kept, with rewards",
            ],
        ),
        counted(
            "lastfm-dataset-360K.tar.gz",
            gz(tar(&[
                ("lastfm-dataset-360K/README.txt", "words"),
                ("lastfm-dataset-360K/usersha1-artmbid-artname-plays.tsv", &last_fm()),
                ("lastfm-dataset-360K/usersha1-profile.tsv", "x\tf\t22\tGermany\tFeb 1, 2007\n"),
            ])),
            &["--scale", "log 1..2000"],
            12,
            &["usersha1-artmbid-artname-plays.tsv: Last.fm 360K"],
        ),
        counted(
            "user_artists.dat",
            ("userID\tartistID\tweight\r\n".to_owned()
                + &lines(|(user, item, stars, _)| format!("{user}\t{item}\t{}\r\n", stars * 2771)))
                .into(),
            &["--scale", "log 1..13855"],
            40,
            &["rating from `weight`"],
        ),
        MadeFile::read(
            "user_ratedmovies.dat",
            "userID\tmovieID\trating\tdate_day\tdate_month\tdate_year\n".to_owned()
                + &lines(|(user, item, stars, _)| format!("{user}\t{item}\t{stars}\t29\t10\t2006\n")),
            40,
            &["tab, header: user from `userID`, item from `movieID`"],
        ),
        // FilmTrust and Epinions.
        MadeFile::read(
            "ratings.txt",
            lines(|(user, item, stars, _)| format!("{user} {item} {stars}\n")),
            40,
            &["space, no header"],
        ),
        MadeFile::refused("ratings_data.txt.bz2", b"BZh91AY&SY", &["compressed by bzip2", "bunzip2"]),
        // Wrappings.
        MadeFile::read("u.data.zst", zst(lines(tabs)), 40, &["tab, no header"]),
        MadeFile::read("u.data.gz", gz(lines(tabs)), 40, &["tab, no header"]),
        MadeFile::refused("broken.csv.gz", &gz(lines(tabs))[..60], &["compressed by gzip and cannot be unpacked"]),
        MadeFile::refused(
            "broken.csv.zst",
            &zst(lines(tabs))[..60],
            &["compressed by Zstandard and cannot be unpacked"],
        ),
        MadeFile::refused(
            "two.zip",
            zip(&[("a.csv", "x"), ("b.csv", "y")]),
            &["a ZIP archive of 2 files", "there is `a.csv`, `b.csv`"],
        ),
        MadeFile::refused(
            "sheet.xlsx",
            zip(&[("[Content_Types].xml", ""), ("xl/workbook.xml", "")]),
            &["an Excel spreadsheet"],
        ),
    ]
}

#[test]
fn the_world_is_of_forty_ratings() {
    assert_eq!(world().count(), 40);
}
