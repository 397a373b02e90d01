//! What the documentation gives to people who write Python: run by it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::Place;

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples").join(name)
}

/// Where the Python package lies.
fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

fn ran(mut command: Command) -> String {
    let output = command.output().expect("it starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}\n{stdout}\n{stderr}");
    stdout.into_owned()
}

#[test]
#[ignore = "needs Python"]
fn an_outsider_rebuilds_a_split_from_its_seed() {
    let place = Place::new();
    let ratings: String = (0..2_000_u32)
        .map(|at| {
            format!(
                "{},{},{},{}\n",
                at % 97,
                ["a", "10", "9", "b,c"][(at % 4) as usize].replace(',', ".") + &(at / 97).to_string(),
                1 + at % 5,
                900_000 + at / 500
            )
        })
        .collect();
    place.file("mine.csv", &format!("user,item,rating,timestamp\n{ratings}"));
    ran(place.drr_lab(&["data", "import", "mine", "mine.csv"]));
    let rules = [
        ("random", "0", "0.2"),
        ("random", "7", "0.35"),
        ("by-user", "1", "0.3"),
        ("temporal", "0", "0.2"),
        ("time", "3", "0.1"),
        ("leave-last", "2", "3"),
        ("folds", "5", "2/7"),
    ];
    for (kind, seed, number) in rules {
        let out = format!("split-{kind}-{seed}");
        let set = match (kind, number.split_once('/')) {
            ("leave-last", _) => vec![format!("split.last={number}")],
            (_, Some((fold, folds))) => vec![format!("split.fold={fold}"), format!("split.folds={folds}")],
            _ => vec![format!("split.test={number}")],
        };
        let mut options = vec!["data", "split", "mine", "--kind", kind, "--seed", seed, "--out", &out];
        set.iter().for_each(|set| options.extend(["--set", set]));
        let said = ran(place.drr_lab(&options));
        assert!(said.contains("2,000 ratings"), "{said}");
        let python = |seed: &str| {
            let mut python = Command::new("python3");
            python.arg(example("rebuild_split.py")).arg(place.path().join(&out)).args([kind, seed, number]);
            python
        };
        let said = ran(python(seed));
        assert!(said.contains("of 2000 ratings"), "{said}");
        // Of equally late ratings alone a seed decides where the rule is one of time.
        assert!(!python("8").output().expect("it starts").status.success(), "{kind}: another seed is another split");
    }
    let again = place.run(&["data", "split", "mine", "--out", "split-random-0"]);
    assert!(String::from_utf8_lossy(&again.stderr).contains("split-random-0 is not empty"));
}

#[test]
#[ignore = "needs Python"]
fn a_function_that_tells_metrics_is_a_file_to_copy() {
    let place = Place::new();
    std::fs::copy(package().join("drr_lab/_log.py"), place.path().join("drr_lab.py")).expect("copied");
    let train = "import drr_lab\nfor step in range(3):\n    drr_lab.log(step, loss=drr_lab.PARAMS['lr'] / (step + 1))\n\
                 drr_lab.log(accuracy=0.5 + drr_lab.SEED / 10)\nopen(drr_lab.OUT + '/done', 'w').write('done')\n";
    place.file("train.py", train);
    place.file(
        "small.toml",
        "name = \"small\"\nseeds = 2\n[command]\nrun = [\"python3\", \"train.py\"]\ncode = [\"drr_lab.py\"]\ntakes = \"all\"\n\
         metrics = { accuracy = \"max\", loss = \"min\" }\nenv = { PYTHONDONTWRITEBYTECODE = \"1\" }\n[params]\nlr = [0.3, 0.6]\n",
    );
    let said = ran(place.drr_lab(&["sweep", "small.toml"]));
    assert!(said.contains("0.550") && said.contains("0.100") && said.contains("0.200"), "{said}");
    assert!(ran(place.drr_lab(&["verify", "small"])).contains("replay: 4 bitwise"));
    // It runs without drr-lab as well.
    let mut python = Command::new("python3");
    python.current_dir(place.path()).arg("train.py").env("DRR_LAB_PARAMS", "{\"lr\": 1}");
    ran(python);
}

#[test]
#[ignore = "needs packages of Python"]
fn the_package_is_held_to_the_program() {
    let place = Place::new();
    let mut python = Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("target/external/bin/python3"));
    python.env("PYTHONDONTWRITEBYTECODE", "1").arg(package().join("tests/run.py"));
    python.arg(env!("CARGO_BIN_EXE_drr-lab")).arg(place.path());
    ran(python);
}

/// Ratings of 60 users of 90 items in two tastes, the same on every machine.
fn made_ratings() -> String {
    let mut state = 1_u64;
    let mut next = move |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    let mut text = String::from("user,item,rating,timestamp\n");
    for user in 0..60 {
        for item in 0..90 {
            if next(3) > 0 {
                let stars = if (user + item) % 2 == 0 { 3 + next(3) } else { 1 + next(4) };
                text += &format!("{user},{item},{stars},{}\n", 900_000 + next(50_000));
            }
        }
    }
    text
}

#[test]
#[ignore = "needs packages of Python"]
fn an_outsider_recomputes_every_number() {
    let place = Place::new();
    place.file("mine.csv", &made_ratings());
    ran(place.drr_lab(&["data", "import", "mine", "mine.csv"]));
    let sweep = std::fs::read_to_string(example("recompute-sweep.toml")).expect("the example");
    place.file("again.toml", &sweep.replace("dataset = \"ml-100k\"", "name = \"again\"\ndataset = \"mine\""));
    ran(place.drr_lab(&["sweep", "again.toml"]));
    ran(place.drr_lab(&["report", "again"]));
    ran(place.drr_lab(&["data", "split", "mine", "--out", "split"]));
    let recompute = || {
        let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/external/bin/python3");
        let mut python = Command::new(python);
        python.current_dir(place.path()).arg(example("recompute.py"));
        python.args(["--runs", "runs", "--split", "split", "--report", "reports/again", "again"]);
        python
    };
    let said = ran(recompute());
    for part in
        ["precision@5: ", "ndcg@10: ", "recall@5: ", "reward@5: ", "test_rmse_stars: ", "p (Holm): ", "interval: "]
    {
        assert!(said.contains(part), "{part}\n{said}");
    }
    // A recorded number that is another one is found and named.
    let trials = std::fs::read_dir(place.runs().join("trials")).expect("trials");
    let results = trials.map(|trial| trial.expect("a trial").path().join("result.json"));
    let altered =
        results.filter_map(|path| Some((std::fs::read_to_string(&path).ok()?, path))).find_map(|(text, path)| {
            let mut result: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            let value = result["metrics"].get("ndcg@10")?.as_f64()?;
            result["metrics"]["ndcg@10"] = (value + 1e-9).into();
            std::fs::write(&path, result.to_string()).expect("written");
            path.parent()?.file_name().map(|name| name.to_string_lossy().into_owned())
        });
    let altered = altered.expect("an offline evaluation");
    let output = recompute().output().expect("it starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&altered[..12]) && said.contains("ndcg@10"), "{said}");
}
