//! Divisions that files give, and datasets side by side, from the command line to the report.

use crate::common::Place;

fn said(place: &Place, arguments: &[&str]) -> String {
    let output = place.run(arguments);
    let both = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {both}");
    both
}

fn ratings(users: u32, step: u32) -> String {
    let row = |at: u32| {
        let (user, item) = (at % users, (at / users) * 3 % 41);
        format!("{user},{item},{},{}\n", 1 + (at * step + item * item) % 5, 900_000 + at)
    };
    "user,item,rating,timestamp\n".to_owned() + &(0..users * 30).map(row).collect::<String>()
}

const SWEEP: &str = "seeds = 2\nbaselines = [\"random\", \"popularity\", \"item-mean\"]\nonline = false\n\
                     [pmf]\nk = 4\nepochs = 2\n[drr]\ntrain_steps = 0\nhistory = 2\n[offline]\nk = [3]\n";

#[test]
fn a_split_goes_out_as_files_and_comes_back_as_the_same_trials() {
    let place = Place::new();
    place.file("mine.csv", &ratings(40, 7));
    said(&place, &["data", "import", "mine", "mine.csv"]);
    let told = said(&place, &["data", "split", "mine", "--kind", "temporal", "--test", "0.3", "--out", "out/split"]);
    assert!(told.contains("840 to train on") && told.contains("360 ratings of 40 users held out"), "{told}");
    let sweep = |name: &str, split: &str| {
        // Paths are seen from the sweep file, not from where the command runs.
        place.file(
            &format!("out/{name}.toml"),
            &format!("name = \"{name}\"\ndataset = \"mine\"\n{SWEEP}[split]\nkind = \"given\"\n{split}"),
        );
        said(&place, &["sweep", &format!("out/{name}.toml")])
    };
    sweep("bits", "from = \"split/test.bits\"\n");
    let again = sweep("pairs", "from = \"split/candidates.csv\"\ntrain = \"split/train.csv\"\n");
    assert!(again.contains("0 finished") || again.contains("nothing to do") || again.contains("14 reused"), "{again}");
    assert!(again.contains("item-mean"), "{again}");
    // The files may go: what they said is kept.
    std::fs::remove_dir_all(place.path().join("out/split")).expect("removed");
    assert!(said(&place, &["verify", "bits"]).contains("bitwise"));
    said(&place, &["report", "bits"]);
    let table = place.path().join("reports/bits/tables/offline-published-mine-precision.md");
    assert!(std::fs::read_to_string(table).expect("a table").contains(", given split "));
    let page = std::fs::read_to_string(place.path().join("reports/bits/index.html")).expect("a page");
    assert!(
        page.contains("recommended and liked (above 3 stars)"),
        "the pictures of recommended items say what is liked"
    );
    let splits = place.path().join("share/drr-lab/splits");
    std::fs::remove_dir_all(&splits).expect("removed");
    let output = place.run(&["verify", "bits"]);
    let lost = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && lost.contains("the given split"), "{lost}");
}

#[test]
fn datasets_side_by_side_have_tables_of_their_own() {
    let place = Place::new();
    for (name, step) in [("one", 7), ("two", 11)] {
        place.file("r.csv", &ratings(30, step));
        said(&place, &["data", "import", name, "r.csv"]);
    }
    let text = format!(
        "name = \"both\"\ndataset = [\"one\", \"two\"]\n{}[split]\nkind = \"folds\"\nfold = \"trial\"\n",
        SWEEP.replace("seeds = 2", "seeds = 3")
    );
    place.file("both.toml", &text);
    let told = said(&place, &["sweep", "both.toml"]);
    for name in ["one", "two"] {
        assert_eq!(told.matches(&format!("Offline precision@K · {name} · protocol published")).count(), 1, "{told}");
    }
    said(&place, &["report", "both", "--out", "page"]);
    let written = std::fs::read_dir(place.path().join("page/both")).expect("a page").flatten();
    let text: String = written.filter_map(|entry| std::fs::read_to_string(entry.path()).ok()).collect();
    assert!(text.contains("5 folds, the trial's seed modulo 5 held out, split seed 0"), "the division is told");
    assert!(text.contains("cover training seeds and splits together"), "what intervals cover is told");
    // Which of them is written has to be said, and how is said.
    let output = place.run(&["data", "split", "--sweep", "both.toml", "--out", "parts"]);
    let asked = String::from_utf8_lossy(&output.stderr).into_owned();
    let hint = "choose one, for example --only dataset=\"one\" --set \"seeds=[0]\" (it follows the seed)";
    assert!(!output.status.success() && asked.contains(hint), "{asked}");
    let choice = ["--only", "dataset=\"one\"", "--set", "seeds=[1]", "--out", "parts"];
    let told = said(&place, &[&["data", "split", "--sweep", "both.toml"][..], &choice].concat());
    assert!(told.starts_with("one, 900 ratings: 720 to train on"), "{told}");
    // Five folds and three seeds: two are never held out.
    let told = said(&place, &["sweep", "both.toml", "--dry-run"]);
    assert!(told.contains("of 5 folds these seeds hold out 0, 1, 2: with seeds = 5 each is held out once"), "{told}");
    // One of them again, alone: nothing is computed anew.
    place.file("one.toml", &text_of_one(&text_of(&place)));
    let told = said(&place, &["sweep", "one.toml"]);
    assert!(!told.contains("started"), "{told}");
}

fn text_of(place: &Place) -> String {
    std::fs::read_to_string(place.path().join("both.toml")).expect("there")
}

fn text_of_one(both: &str) -> String {
    both.replace("[\"one\", \"two\"]", "\"one\"").replace("\"both\"", "\"one\"")
}

#[test]
fn what_only_measures_nothing_is_said_and_a_scale_that_does_not_hold_the_ratings_refused() {
    let place = Place::new();
    place.file("mine.csv", &ratings(40, 7));
    said(&place, &["data", "import", "mine", "mine.csv"]);
    let last = SWEEP.replace("k = [3]", "k = [1]\nprotocol = \"strict\"");
    place.file("last.toml", &format!("name = \"last\"\ndataset = \"mine\"\n{last}[split]\nkind = \"leave-last\"\n"));
    let told = said(&place, &["sweep", "last.toml", "--dry-run"]);
    assert!(
        told.contains("every policy scores the same at K = 1 (offline, strict): no user of mine has more"),
        "{told}"
    );
    place.file("scale.toml", &format!("name = \"scale\"\ndataset = \"mine\"\n{SWEEP}[reward]\nscale = \"1..3\"\n"));
    let output = place.run(&["sweep", "scale.toml"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("ratings of mine lie outside of 1..3") && told.contains("scale = \"1..3\""), "{told}");
    let output = place.run(&["data", "import", "splits", "mine.csv"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("`splits` cannot be the name of a dataset"), "{told}");
}

#[test]
fn a_model_that_is_no_better_than_the_mean_is_said_to_be_so() {
    let place = Place::new();
    place.file("mine.csv", &ratings(40, 7));
    said(&place, &["data", "import", "mine", "mine.csv"]);
    let text = format!("name = \"idle\"\ndataset = \"mine\"\n{}", SWEEP.replace("epochs = 2", "epochs = 1\nlr = 1e-6"));
    place.file("idle.toml", &text);
    let told = said(&place, &["sweep", "idle.toml"]);
    let line = "No better than always saying the mean of the train ratings: 1 of 1 on mine, for example ";
    assert!(told.contains(line), "{told}");
    let table = || std::fs::read_to_string(place.path().join("reports/idle/tables/pmf-mine.md")).expect("a table");
    said(&place, &["report", "idle"]);
    assert!(table().contains(line), "{}", table());
}
