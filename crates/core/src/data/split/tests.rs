//! Each rule by its own words, and what all of them have in common.

use super::super::table::Rating;
use super::*;
use crate::spec::Ties;

fn table() -> Ratings {
    let rows = (0..100)
        .map(|i| Rating { user: i / 10, item: i % 10, stars: 3.0, timestamp: i64::from(i * 7919 % 100) })
        .collect();
    let ids = |n| (0..n).map(|i: u32| i.to_string()).collect::<Vec<_>>();
    Ratings::canonical(ids(10), ids(10), rows)
}

#[test]
fn the_parts_are_disjoint_and_whole() {
    for kind in SplitKind::ALL.into_iter().filter(|kind| *kind != SplitKind::Given) {
        let split = Split::by_rule(&table(), &SplitSpec { kind, last: 2, ..SplitSpec::default() });
        assert_eq!(split.test.len(), 20, "{kind:?}");
        let mut all = [split.train, split.test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
    }
}

#[test]
fn temporal_holds_out_each_users_latest() {
    let ratings = table();
    let split = Split::by_rule(&ratings, &SplitSpec { kind: SplitKind::Temporal, ..SplitSpec::default() });
    for user in 0..10 {
        let times = |rows: &[u32]| -> Vec<i64> {
            rows.iter().map(|&row| ratings.rows[row as usize]).filter(|r| r.user == user).map(|r| r.timestamp).collect()
        };
        assert!(times(&split.train).iter().max() < times(&split.test).iter().min());
    }
}

#[test]
fn a_validation_part_comes_out_of_train() {
    // A fifth of 80 rows, or of every user's 8, rounded.
    for (kind, held_out) in [(SplitKind::Random, 16), (SplitKind::Temporal, 20)] {
        let spec = SplitSpec { kind, ..SplitSpec::default() };
        let tested = Split::by_rule(&table(), &spec);
        let tuned = Split::by_rule(&table(), &SplitSpec { held_out: HeldOut::Validation, ..spec });
        assert_eq!((tuned.train.len(), tuned.test.len()), (80 - held_out, held_out));
        let mut parts = [tuned.train, tuned.test].concat();
        parts.sort_unstable();
        assert_eq!(parts, tested.train, "no test rating is seen while tuning");
    }
}

#[test]
fn the_seed_decides_a_random_split() {
    let split = |seed| Split::by_rule(&table(), &SplitSpec { seed, ..SplitSpec::default() });
    assert_eq!(split(0), split(0));
    assert_ne!(split(0), split(1));
}

fn of(kind: SplitKind, more: fn(SplitSpec) -> SplitSpec) -> Split {
    Split::by_rule(&table(), &more(SplitSpec { kind, ..SplitSpec::default() }))
}

fn by_user(rows: &[u32]) -> Vec<usize> {
    let mut counts = vec![0; 10];
    rows.iter().for_each(|row| counts[*row as usize / 10] += 1);
    counts
}

#[test]
fn by_user_holds_out_a_share_of_each_user_and_time_the_latest_of_all() {
    let split = of(SplitKind::ByUser, |split| SplitSpec { test: 0.3, ..split });
    assert_eq!(by_user(&split.test), [3; 10]);
    assert_ne!(split, of(SplitKind::ByUser, |split| SplitSpec { test: 0.3, seed: 1, ..split }));
    let ratings = table();
    let split = of(SplitKind::Time, |split| split);
    let times = |rows: &[u32]| rows.iter().map(|&row| ratings.rows[row as usize].timestamp).collect::<Vec<_>>();
    assert!(times(&split.train).iter().max() < times(&split.test).iter().min());
    assert_ne!(by_user(&split.test), [2; 10]);
}

#[test]
fn leave_last_keeps_who_has_no_more_than_that() {
    let rows = [(0, 0, 5), (0, 1, 9), (0, 2, 7), (1, 0, 3), (2, 1, 4), (2, 2, 2)]
        .map(|(user, item, timestamp)| Rating { user, item, stars: 3.0, timestamp });
    let ids = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
    let table = Ratings::canonical(ids(3), ids(3), rows.to_vec());
    let split = |last| Split::by_rule(&table, &SplitSpec { kind: SplitKind::LeaveLast, last, ..SplitSpec::default() });
    assert_eq!(split(1).test, [1, 4]);
    assert_eq!(split(2).test, [1, 2]);
    assert_eq!((split(3).test, split(3).train.len()), (vec![], 6));
}

#[test]
fn folds_hold_each_rating_out_once() {
    let folds: Vec<Split> = (0..7)
        .map(|fold| {
            let spec = SplitSpec { kind: SplitKind::Folds, folds: 7, fold, ..SplitSpec::default() };
            Split::by_rule(&table(), &spec)
        })
        .collect();
    let mut all: Vec<u32> = folds.iter().flat_map(|split| split.test.clone()).collect();
    all.sort_unstable();
    assert_eq!(all, (0..100).collect::<Vec<_>>());
    assert!(folds.iter().all(|split| matches!(split.test.len(), 14 | 15)));
    let tuned =
        SplitSpec { kind: SplitKind::Folds, folds: 7, fold: 2, held_out: HeldOut::Validation, ..SplitSpec::default() };
    let tuned = Split::by_rule(&table(), &tuned);
    assert_eq!((tuned.train.len(), tuned.test.len()), (74, 12));
    assert!(folds[2].test.iter().all(|row| !tuned.train.contains(row) && !tuned.test.contains(row)));
}

#[test]
fn ties_of_time_do_not_follow_item_numbers() {
    // All at one time: by item it would be the two last of each user.
    let mut ratings = table();
    ratings.rows.iter_mut().for_each(|row| row.timestamp = 7);
    for kind in [SplitKind::Temporal, SplitKind::Time, SplitKind::LeaveLast] {
        let test = |ties, seed| {
            let spec = SplitSpec { kind, ties, seed, last: 2, ..SplitSpec::default() };
            Split::by_rule(&ratings, &spec).test
        };
        let by_item = test(Ties::Item, 0);
        let highest = if kind == SplitKind::Time {
            (80..100).collect()
        } else {
            (0..10).flat_map(|user| [10 * user + 8, 10 * user + 9]).collect::<Vec<u32>>()
        };
        assert_eq!(by_item, highest, "{kind:?}");
        assert_eq!(test(Ties::Item, 1), by_item);
        assert_ne!(test(Ties::Shuffled, 0), by_item);
        assert_ne!(test(Ties::Shuffled, 0), test(Ties::Shuffled, 1));
        let mean = |rows: Vec<u32>| f64::from(rows.iter().map(|row| row % 10).sum::<u32>()) / rows.len() as f64;
        let items = (0..50).map(|seed| mean(test(Ties::Shuffled, seed))).sum::<f64>() / 50.0;
        assert!((items - 4.5).abs() < 0.4, "{kind:?}: {items}");
    }
}

#[test]
fn too_few_ratings_leave_until_all_have_enough() {
    // Item 3 has one rating; without it user 2 has too few, and without that user item 2 does.
    let pairs = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 2), (2, 3)];
    let rows = pairs.map(|(user, item)| Rating { user, item, stars: 3.0, timestamp: 0 });
    let ids = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
    let table = Ratings::canonical(ids(3), ids(4), rows.to_vec());
    let spec = SplitSpec { min_per_user: 2, min_per_item: 2, test: 0.5, ..SplitSpec::default() };
    let split = Split::by_rule(&table, &spec);
    let mut rows = [split.train, split.test].concat();
    rows.sort_unstable();
    assert_eq!(rows, [0, 1, 2, 3]);
}

#[test]
fn files_say_a_division_and_a_spec_names_what_they_say() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    };
    let ratings = table();
    let named =
        |digest: crate::Digest| SplitSpec { kind: SplitKind::Given, from: digest.to_string(), ..SplitSpec::default() };
    let base: String =
        (0..100).filter(|row| row % 5 != 1).map(|row| format!("{},{},3,7\n", row / 10, row % 10)).collect();
    let test: String = (0..100).filter(|row| row % 5 == 1).map(|row| format!("{},{}\n", row / 10, row % 10)).collect();
    let (base, test) = (file("u1.base", base.as_bytes()), file("test.csv", test.as_bytes()));
    let digest = keep(&data, &ratings, &test, None).expect("kept");
    assert_eq!(keep(&data, &ratings, &test, Some(&base)).expect("kept"), digest, "the same said in another way");
    let split = Split::of(&ratings, &named(digest), &data).expect("found");
    assert_eq!(split.test, (0..100).filter(|row| row % 5 == 1).collect::<Vec<_>>());
    assert_eq!(split.train.len(), 80);
    let bits = file("test.bits", &packed(100, split.test.iter().map(|&row| row as usize)));
    assert_eq!(keep(&data, &ratings, &bits, None).expect("kept"), digest);
    // A third part is left out of both.
    let part = file("part", b"0,0,3,7\n0,2,3,7\n");
    let some = keep(&data, &ratings, &test, Some(&part)).expect("kept");
    assert_eq!(Split::of(&ratings, &named(some), &data).expect("found").train, [0, 2]);
    let tuned = SplitSpec { held_out: HeldOut::Validation, ..named(digest) };
    let tuned = Split::of(&ratings, &tuned, &data).expect("found");
    assert_eq!((tuned.train.len(), tuned.test.len()), (64, 16));
    assert!(tuned.test.iter().all(|row| split.train.contains(row)));

    let refused = |test: &Path, train: Option<&Path>| {
        let error = keep(&data, &ratings, test, train).expect_err("refused").to_string();
        error.replace(&folder.path().display().to_string(), "~")
    };
    let strangers: String = (0..30).map(|item| format!("7,{item}\n")).collect();
    let said = refused(&file("strange", strangers.as_bytes()), None);
    assert!(
        said.starts_with("~/strange: 20 of 30 pairs (user, item) are none of the ratings: (7, 10), (7, 11)"),
        "{said}"
    );
    let said = refused(&test, Some(&test));
    assert!(said.starts_with("20 ratings are in both parts, ~/test.csv and ~/test.csv: (0, 1), (0, 6)"), "{said}");
    let short = refused(&file("short.bits", &[0; 12]), None);
    assert_eq!(
        short,
        "~/short.bits: it holds 12 bytes; a bit for each of 100 ratings makes 13: is it of other ratings?"
    );
    let long = refused(&file("long.bits", &[0xff; 13]), None);
    assert_eq!(long, "~/long.bits: a bit behind the last of 100 ratings is set: is it of other ratings?");
    assert_eq!(refused(Path::new("/nowhere"), None), "cannot read /nowhere: No such file or directory (os error 2)");
    let gone = |spec: &SplitSpec| Split::of(&ratings, spec, &data).expect_err("gone").to_string();
    assert!(gone(&named(crate::Digest::of(b"other"))).contains("is not in"));
    let path = data.join("splits").join(format!("{digest}.parts"));
    let mut parts = std::fs::read(&path).expect("there");
    parts[3] ^= 1;
    std::fs::write(&path, parts).expect("written");
    assert!(gone(&named(digest)).contains("or was changed there"));
    keep(&data, &ratings, &test, None).expect("brought back");
    assert!(Split::of(&ratings, &named(digest), &data).is_ok());
}
