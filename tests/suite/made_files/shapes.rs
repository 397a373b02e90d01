//! Files as people keep them: every separator, encoding, line end and way to write a number, and what is no table.

use super::{MadeFile, MadeRating, lines};

fn joined(between: &str, (user, item, stars, time): MadeRating) -> String {
    [user, item, stars, time].map(|it| it.to_string()).join(between)
}

fn rows(between: &'static str) -> String {
    lines(|rating| joined(between, rating) + "\n")
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    std::iter::once('\u{feff}').chain(text.chars()).collect::<String>().encode_utf16().flat_map(bytes).collect()
}

fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("Latin-1")).collect()
}

pub(super) fn all() -> Vec<MadeFile> {
    let header = "user;item;rating;timestamp\n";
    vec![
        MadeFile::read("comma.csv", rows(","), 40, &["comma, no header"]),
        MadeFile::read("semicolon.csv", rows(";"), 40, &["semicolon, no header"]),
        MadeFile::read("tab.tsv", rows("\t"), 40, &["tab, no header"]),
        MadeFile::read("bar.txt", rows("|"), 40, &["bar, no header"]),
        MadeFile::read("space.txt", rows(" "), 40, &["space, no header"]),
        MadeFile::read("colons.dat", rows("::"), 40, &["double colon, no header"]),
        MadeFile::read("named.csv", header.replace(';', ",") + &rows(","), 40, &["comma, header: user from `user`"]),
        MadeFile::read(
            "mixed.csv",
            "Time,STARS,Movie_ID,User ID\n".to_owned() + &lines(|(u, i, s, t)| format!("{t},{s},{i},{u}\n")),
            40,
            &["item from `Movie_ID`"],
        ),
        MadeFile::read(
            "quoted.csv",
            "\"user\",\"item\",\"rating\"\n".to_owned()
                + &lines(|(u, i, s, _)| format!("\"{u}\",\"the \"\"{i}\"\", again\",\"{s}\"\n")),
            40,
            &["comma, header"],
        ),
        MadeFile::read("crlf.csv", rows(",").replace('\n', "\r\n"), 40, &["40 ratings"]),
        MadeFile::read("cr.csv", rows(",").replace('\n', "\r"), 40, &["40 ratings"]),
        MadeFile::read("bom.csv", "\u{feff}".to_owned() + &rows(","), 40, &["40 ratings"]),
        MadeFile::read("utf16le.csv", utf16(&rows(","), u16::to_le_bytes), 40, &["UTF-16"]),
        MadeFile::read("utf16be.csv", utf16(&rows(","), u16::to_be_bytes), 40, &["UTF-16"]),
        MadeFile::read(
            "latin1.csv",
            latin1(&lines(|(u, i, s, t)| format!("José {u},{i},{s},{t}\n"))),
            40,
            &["Windows-1252"],
        ),
        MadeFile::read("no-end.csv", rows(",").trim_end().to_owned(), 40, &["40 ratings"]),
        MadeFile::read("blank.csv", "\n\n".to_owned() + &rows(",") + "\n  \n", 40, &["40 ratings"]),
        MadeFile::read(
            "decimal.csv",
            header.to_owned() + &lines(|(u, i, s, t)| format!("{u};{i};{s},5;{t}\n")).replace("5,5", "5,0"),
            40,
            &["40 ratings are written with a decimal comma"],
        ),
        MadeFile::read(
            "decimal-tabs.txt",
            lines(|(u, i, s, _)| format!("{u}\t{i}\t{},5\n", s - 1)),
            40,
            &["decimal comma"],
        ),
        MadeFile::refused("decimal-commas.csv", "user,item,rating\n1,2,\"4,5\"\n", &["decimals with a point"]),
        MadeFile::read(
            "fractions.csv",
            lines(|(u, i, s, t)| format!("{u},{i},{s},{t}.25\n")),
            40,
            &["fractions of a second"],
        ),
        MadeFile::read(
            "dates.csv",
            lines(|(u, i, s, t)| format!("{u},{i},{s},2001-02-{:02}T03:04:05Z\n", 1 + t / 1000 % 28)),
            40,
            &["are dates"],
        ),
        MadeFile::read(
            "milliseconds.csv",
            lines(|(u, i, s, t)| format!("{u},{i},{s},{}\n", if u == 1 { u64::from(t) * 1000 } else { t.into() })),
            40,
            &["5 times are milliseconds among seconds"],
        ),
        MadeFile::read(
            "long-ids.csv",
            lines(|(u, i, s, t)| format!("{}{u},{i},{s},{t}\n", "x".repeat(300))),
            40,
            &["40 ratings"],
        ),
        MadeFile::read(
            "spellings.csv",
            lines(|(u, i, s, t)| format!("{},{i},{s},{t}\n", if i == 101 { format!("{u}.0") } else { u.to_string() })),
            40,
            &["written in several ways"],
        ),
        MadeFile::read(
            "repeated.csv",
            rows(",") + &lines(|(u, i, _, t)| format!("{u},{i},2,{}\n", t + 1)),
            40,
            &["80 ratings", "left out 40 ratings that the same user gave anew later"],
        ),
        MadeFile::read(
            "first.csv",
            rows(",") + &lines(|(u, i, _, t)| format!("{u},{i},2,{}\n", t + 1)),
            40,
            &["had given before"],
        )
        .with(&["--duplicates", "first"]),
        MadeFile::read("three.csv", lines(|(u, i, s, _)| format!("{u},{i},{s}\n")), 40, &["no timestamps"]),
        MadeFile::read(
            "swapped.csv",
            lines(|(u, i, s, _)| format!("{s},{i},x,{u}\n")),
            40,
            &["comma, no header: rating, item, (left out), user"],
        )
        .with(&["--no-header", "--user", "4", "--item", "2", "--rating", "1"]),
        MadeFile::read(
            "bad.csv",
            rows(",") + "1,2,good,7\n\u{1},2,3,4\n5,6\n",
            40,
            &["40 ratings, 3 lines left out", "line 41: read `good`", "line 43: read `5,6`, expected 4 fields"],
        )
        .with(&["--skip-bad-lines"]),
        MadeFile::refused(
            "bad-lines.csv",
            rows(",") + &"1,2,good,7\n".repeat(30),
            &["30 lines cannot be read", "line 41: read `good`", "line 60: ", "and 10 more", "--skip-bad-lines"],
        ),
        MadeFile::refused(
            "one-bad.csv",
            rows(",") + "1,2,good,7\n",
            &["one-bad.csv:41: read `good`, expected a rating"],
        ),
        MadeFile::read(
            "spanning.csv",
            "user,item,rating,title\n1,10,5,\"foo\n2,11,4,bar\n3,12,1,baz\"\n4,10,3,x\n",
            2,
            &["1 rows go over several lines, the first from line 2 on"],
        ),
        MadeFile::refused(
            "thousands.tsv",
            "user\titem\trating\n1\t2\t1,234\n1\t3\t37\n",
            &["read `1,234`, expected a rating"],
        ),
        MadeFile::read(
            "unclosed.csv",
            rows(",") + "\"7,101,3,4\n8,9,2,5\n",
            41,
            &["1 lines left out", "line 41: read `\"7,101,3,4`, expected a closing quote"],
        )
        .with(&["--skip-bad-lines"]),
        MadeFile::refused(
            "sum.csv",
            "user,item,rating\n1,10,10000000\n1,10,9999999\n2,11,5\n",
            &["add up to more than a rating can be"],
        )
        .with(&["--duplicates", "sum", "--scale", "log 1..100000000"]),
        MadeFile::refused(
            "lfs.csv",
            "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n",
            &["Git LFS pointer", "git lfs pull"],
        ),
        MadeFile::refused("page.csv", "<!DOCTYPE html>\n<html><body>log in</body></html>\n", &["a web page"]),
        MadeFile::refused("table.parquet", b"PAR1\x15\x04\x15", &["a Parquet table", "to_csv"]),
        MadeFile::refused("list.json", "[{\"user\": 1}]", &["JSON"]),
        MadeFile::refused("empty.csv", "", &["no rows in it"]),
        MadeFile::refused("header.csv", header, &["no rows in it"]),
        MadeFile::refused("index.csv", "0,1,2,3\n5,6,4,880000000\n", &["header of numbers or a rating"]),
    ]
}
