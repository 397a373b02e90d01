//! Datasets and divisions as axes, and what a rule of division asks for.

use std::collections::BTreeSet;

use drr_core::spec::{SplitKind, SplitSpec, WITH_RATINGS};

use super::{expanded, read};
use crate::sweep::{Request, Sweep};

fn complaints(text: &str) -> Vec<String> {
    let error = read(text, &Request::default()).expect_err("refused");
    error.problems.iter().map(ToString::to_string).collect()
}

fn splits(sweep: &Sweep) -> Vec<&SplitSpec> {
    let mut found = Vec::new();
    for split in sweep.trials.iter().filter_map(|trial| trial.spec.split()) {
        if !found.contains(&split) {
            found.push(split);
        }
    }
    found
}

#[test]
fn datasets_are_an_axis_like_any_other() {
    let one = |name: &str| expanded(&format!("dataset = \"{name}\"\nseeds = 2\n[pmf]\nk = [8, 9]\n"), &[]);
    let both = expanded("dataset = [\"a\", \"b\"]\nseeds = 2\n[pmf]\nk = [8, 9]\n", &[]);
    let ids = |sweep: &Sweep| super::ids(sweep);
    assert_eq!(ids(&both), ids(&one("a")).union(&ids(&one("b"))).copied().collect::<BTreeSet<_>>());
    assert_eq!(both.axes, ["dataset", "pmf.k"]);
    assert!(both.trials.iter().all(|trial| trial.point["dataset"] == trial.spec.dataset().expect("ratings").name));
    assert_eq!(ids(&both), ids(&expanded("dataset = \"c\"\nseeds = 2\n[pmf]\nk = [8, 9]\n", &["dataset=\"a\",\"b\""])));
    // Each with settings of its own.
    let zipped = expanded("seeds = 1\n[[zip]]\ndataset = [\"a\", \"b\"]\npmf.k = [8, 9]\n", &[]);
    let k = |name: &str| {
        let own = zipped.trials.iter().filter(|trial| trial.spec.kind == "pmf" && trial.point["dataset"] == name);
        own.map(|trial| trial.spec.settings.whole("k")).collect::<Vec<_>>()
    };
    assert_eq!((k("a"), k("b")), (vec![Some(8)], vec![Some(9)]));
    // A made-up world beside a real one, its fields where they mean something.
    let mixed = "dataset = [\"a\", \"synthetic\"]\nseeds = 1\nbaselines = []\n[synthetic]\n\
                 noise = { choice = [0.1, 0.2], when = { dataset = \"synthetic\" } }\n";
    let worlds = expanded(mixed, &[]);
    let fingerprints: BTreeSet<_> =
        worlds.trials.iter().filter_map(|trial| Some(trial.spec.dataset()?.fingerprint)).collect();
    assert_eq!(fingerprints.len(), 3);
    assert_eq!(complaints("dataset = [\"a\", \"a\"]\n").len(), 1);
    assert!(complaints("dataset = 3\n")[0].contains("`dataset` cannot be 3"));
    assert!(complaints("seeds = 3\n")[0].contains("names no dataset"));
    assert!(complaints("dataset = { choice = [\"a\", \"b\"], when = { tau = 0.001 } }\n")[0].contains("holds always"));
}

#[test]
fn equal_divisions_are_equal_specs_and_keep_their_ids() {
    let of = |more: &str| expanded(&format!("dataset = \"a\"\nseeds = 1\nbaselines = []\n[split]\n{more}"), &[]);
    let plain = of("");
    assert_eq!(splits(&plain)[0], &SplitSpec::default().settled());
    assert!(plain.trials.iter().all(|trial| trial.spec.format == WITH_RATINGS && trial.spec.id() == trial.id));
    for more in ["kind = \"temporal\"\n", "kind = \"folds\"\nfold = 3\n", "min_per_user = 20\n"] {
        let sweep = of(more);
        assert!(sweep.trials.iter().all(|trial| trial.spec.format == 5 && trial.spec.id() == trial.id), "{more}");
    }
    // As trials were before ties were shuffled.
    let before = of("kind = \"temporal\"\nties = \"item\"\n");
    assert!(before.trials.iter().all(|trial| trial.spec.format == WITH_RATINGS && trial.spec.id() == trial.id));
    let text = serde_json::to_string(splits(&before)[0]).expect("JSON");
    assert_eq!(text, r#"{"kind":"temporal","test":0.2,"seed":0,"held_out":"test"}"#);
    // A share means nothing where a number is left out.
    let last = |test: &str| super::ids(&of(&format!("kind = \"leave-last\"\n{test}")));
    assert_eq!(last(""), last("test = 0.5\n"));
}

#[test]
fn folds_and_seeds_of_the_split_follow_the_trial_where_it_is_asked() {
    let text = "dataset = \"a\"\nseeds = 5\nbaselines = []\n[split]\nkind = \"folds\"\nfolds = 3\nfold = \"trial\"\n";
    let sweep = expanded(text, &[]);
    let all: Vec<u64> = splits(&sweep).iter().map(|split| split.fold).collect();
    assert_eq!(all, [0, 1, 2]);
    assert!(sweep.trials.iter().all(|trial| trial.spec.split().expect("ratings").fold == trial.spec.seed.0 % 3));
    assert!(sweep.trials.iter().all(|trial| trial.spec.id() == trial.id));
    let sweep = expanded("dataset = \"a\"\nseeds = 2\n[split]\nseed = \"trial\"\nkind = \"by-user\"\n", &[]);
    assert_eq!(splits(&sweep).iter().map(|split| split.seed).collect::<Vec<_>>(), [0, 1]);
    let axis = expanded("dataset = \"a\"\nseeds = 2\n[split]\nseed = [0, 1, 2]\n", &[]);
    assert_eq!(splits(&axis).len(), 3);
}

#[test]
fn a_given_division_is_named_by_what_its_files_say() {
    let text =
        "dataset = [\"a\", \"b\"]\nseeds = 1\nbaselines = []\n[split]\nkind = \"given\"\nfrom = [\"u1\", \"u2\"]\n";
    let sweep = expanded(text, &[]);
    let named = splits(&sweep);
    assert!(named.iter().all(|split| split.kind == SplitKind::Given && split.from.len() == 64), "{named:?}");
    assert_eq!(named.len(), 2, "the made-up names go by the file");
    assert!(sweep.trials.iter().all(|trial| trial.spec.id() == trial.id));
    assert!(sweep.trials.iter().any(|trial| trial.point["split.from"] == "u2"));
}

#[test]
fn what_a_rule_lacks_or_does_not_ask_for_is_said() {
    let said = |more: &str| complaints(&format!("dataset = \"a\"\n[split]\n{more}"));
    assert_eq!(said("kind = \"given\"\n"), ["a given split needs the file it comes from"]);
    assert_eq!(said("kind = \"folds\"\nfold = 5\n"), ["there is no fold 5 of 5"]);
    assert_eq!(said("kind = \"folds\"\nfolds = [3, 10]\nfold = [0, 4]\n"), ["there is no fold 4 of 3"]);
    assert_eq!(said("last = 2\n"), ["`split.last` has no effect: split.kind is \"random\""]);
    assert_eq!(
        said("kind = [\"random\", \"time\"]\nfrom = \"x\"\n"),
        ["`split.from` has no effect: split.kind is \"random\", \"time\""]
    );
    assert!(said("kind = \"tmporal\"\n")[0].contains("cannot be \"tmporal\""));
    // With one that asks for it it has an effect.
    expanded("dataset = \"a\"\n[split]\nkind = [\"random\", \"leave-last\"]\nlast = 2\n", &[]);
}
