//! Arguments as typed, files as found, what comes of them.

use std::fs;

use clap::Parser as _;

use super::super::{Args, run};
use super::*;

#[derive(clap::Parser)]
struct Typed {
    #[command(flatten)]
    args: Args,
}

/// Types `drr-lab data …` with `{}` standing for the folder.
fn typed(folder: &Path, line: &str) -> Result<()> {
    let words = line.split(' ').map(|word| word.replace("{}", &folder.display().to_string()));
    let typed = Typed::try_parse_from(["drr-lab".to_owned()].into_iter().chain(words));
    let args = typed.map_err(|error| Error::input(error.to_string()))?.args;
    run(args, &folder.join("data"), OutputFormat::Quiet)
}

fn says(folder: &Path, line: &str) -> (String, Option<String>) {
    let error = typed(folder, line).expect_err("something is wrong");
    (error.message.replace(&folder.display().to_string(), "{}"), error.hint)
}

#[test]
fn files_of_all_layouts_can_be_imported() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let catalogue = Catalogue::new(&folder.join("data"));
    let write = |file: &str, text: &str| fs::write(folder.join(file), text).expect("can be written");
    write("u.data", "1\t10\t4\t7\n2\t10\t5\t8\n");
    write("ratings.dat", "1::10::4::7\r\n2::10::5::8");
    write("ratings.csv", "timestamp,movieId,userId,rating\n7,10,1,4.0\n8,10,2,5.0\n");
    write("x.inter", "user_id:token\titem_id:token\trating:float\ttimestamp:float\n2\t10\t5\t8\n1\t10\t4\t7\n");
    write("own.tsv", "when\tstars\twho\twhat\n7\t4\t1\t10\n8\t5\t2\t10\n");
    write("movies.csv", "movieId,title,genres\n10,Ten (1979),Comedy\n");
    typed(folder, "import a {}/u.data --items {}/movies.csv").expect("a good file");
    typed(folder, "import b {}/ratings.dat").expect("a good file");
    typed(folder, "import c {}/ratings.csv --layout ratings.csv").expect("a good file");
    typed(folder, "import d {}/x.inter").expect("a good file");
    let named = "import e {}/own.tsv --user who --item what --rating stars --timestamp when";
    typed(folder, named).expect("a good file");
    let datasets = catalogue.list().expect("can be read");
    assert_eq!(datasets.len(), 5);
    assert!(datasets.iter().all(|dataset| dataset.fingerprint == datasets[0].fingerprint));
    assert_eq!(datasets[0].source, "imported from u.data");
    assert_eq!(catalogue.items("a").expect("has items")[0].year, Some(1979));
    // The same again changes nothing; another table needs to be asked for.
    typed(folder, "import a {}/ratings.dat").expect("nothing to do");
    assert_eq!(catalogue.describe("a").expect("is there").source, "imported from u.data");
    write("u.data", "1\t10\t3\t7\n");
    let (message, hint) = says(folder, "import a {}/u.data");
    let there = datasets[0].fingerprint;
    assert_eq!(message, format!("there is a `a` already, with the fingerprint {there}"));
    assert_eq!(hint.as_deref(), Some("`--force` replaces it"));
    typed(folder, "import a {}/u.data --force").expect("it was asked for");
    assert_eq!(catalogue.describe("a").expect("is there").ratings, 1);
}

#[test]
fn what_is_wrong_is_said_with_the_mend() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    fs::write(folder.join("own.tsv"), "when\tstars\twho\twhat\n7\tmany\t1\t10\n").expect("can be written");
    let (message, hint) = says(folder, "import own {}/own.tsv");
    assert_eq!(
        message,
        "{}/own.tsv: cannot tell the layout from its name or its first line `when\\tstars\\twho\\twhat`"
    );
    assert!(hint.is_some_and(|hint| hint.contains("--user")));
    let (message, _) = says(folder, "import own {}/own.tsv --user who --item what --rating stars");
    assert_eq!(message, "{}/own.tsv:2: read `many`, expected a rating (a number, at most 10,000,000)");
    let (message, _) = says(folder, "import own {}/own.tsv --user me --item what --rating stars");
    assert!(message.ends_with("expected one named `me`"), "{message}");
    let (message, _) = says(folder, "import ../own {}/own.tsv");
    assert!(message.starts_with("`../own` cannot be the name of a dataset"), "{message}");
    let (message, _) = says(folder, "import own {}/missing");
    assert!(message.starts_with("cannot read {}/missing: "), "{message}");
    // What is not named is looked for under its usual names.
    let (message, _) = says(folder, "import own {}/own.tsv --user who");
    assert!(message.ends_with("expected one named `movieid`"), "{message}");
    let (message, hint) = says(folder, "import own {}/own.tsv --no-header --user 1");
    assert!(message.contains("without a header") && hint.is_some_and(|hint| hint.contains("--item 2")), "{message}");
    // A published name is kept for the published table.
    fs::write(folder.join("u.data"), "1\t10\t4\t7\n").expect("can be written");
    let (message, hint) = says(folder, "import ml-100k {}/u.data");
    assert!(message.contains("6cfffb52c89b05fb"), "{message}");
    assert_eq!(hint.as_deref(), Some("choose another name"));
    assert!(!folder.join("data").exists());
}

#[test]
fn a_missing_dataset_is_told_with_the_way_to_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (message, hint) = says(folder.path(), "show ml-100k");
    assert_eq!(
        (message.as_str(), hint.as_deref()),
        ("no dataset `ml-100k` in {}/data", Some("`drr-lab data fetch ml-100k`"))
    );
    let (_, hint) = says(folder.path(), "show other");
    assert_eq!(hint.as_deref(), Some("`drr-lab data import other FILE`, or see `drr-lab data list`"));
}
