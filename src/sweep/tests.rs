//! Expansion as a whole: complete, without duplicates, and the same whatever order a file is written in.

mod divided;
mod every_field;

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::Arc;

use drr_core::TrialSpec;
use drr_core::{Trial, TrialId};
use drr_kinds::pmf::PmfSpec;
use drr_kinds::{KindOf as _, Stage};
use proptest::prelude::*;

use super::*;
use crate::error::Result;

fn expanded(text: &str, overrides: &[&str]) -> Sweep {
    let set = overrides.iter().map(ToString::to_string).collect();
    asked(text, &Request { set, ..Request::default() })
}

fn asked(text: &str, request: &Request) -> Sweep {
    read(text, request).unwrap_or_else(|e| panic!("{e}: {:?}", e.problems))
}

fn read(text: &str, request: &Request) -> Result<Sweep> {
    let file = parse(&Source::new("test.toml", text), Path::new("."), request, &mut ByName)?;
    expand(&file, &mut ByName)
}

fn ids(sweep: &Sweep) -> BTreeSet<TrialId> {
    sweep.trials.iter().map(|trial| trial.id).collect()
}

fn count(sweep: &Sweep, stage: Stage) -> usize {
    sweep.trials.iter().filter(|trial| trial.spec.stage() == stage).count()
}

fn is_trained(spec: &TrialSpec) -> bool {
    spec.kind == "drr" && spec.learns()
}

fn evaluates(spec: &TrialSpec, policy: &str) -> bool {
    spec.policy.as_ref().is_some_and(|it| it.kind == policy)
}

#[test]
fn a_pmf_is_trained_once_however_many_recommenders_stand_on_it() {
    let sweep = expanded(
        "dataset = \"ml-100k\"\nseeds = 2\n[pmf]\nk = [50, 100]\n[drr]\nactor_hidden = []\nactor_lr = [1e-4, 1e-3, 1e-2]",
        &[],
    );
    assert_eq!(count(&sweep, Stage::named("pmf")), 4);
    // Three and an untrained one for each PMF.
    assert_eq!(count(&sweep, Stage::named("drr")), 16);
    // Three recommenders and eight baselines for each PMF.
    assert_eq!(count(&sweep, Stage::EVAL), 44);
    assert_eq!(sweep.axes, ["pmf.k", "drr.actor_lr"]);
    for trial in &sweep.trials {
        let names: Vec<&str> = trial.point.keys().map(String::as_str).collect();
        let trained = is_trained(&trial.spec) || evaluates(&trial.spec, "drr");
        assert_eq!(names, if trained { vec!["drr.actor_lr", "pmf.k"] } else { vec!["pmf.k"] });
    }
    let widths: BTreeSet<u64> =
        sweep.trials.iter().filter_map(|trial| trial.spec.settings.get("actor_hidden")?[0].as_u64()).collect();
    assert_eq!(widths, [150, 300].into(), "open widths follow their PMF's k");
}

#[test]
fn baselines_follow_the_history_since_it_decides_who_is_eligible() {
    let sweep = expanded("dataset = \"ml-100k\"\nseeds = 1\n[drr]\nn = [5, 10]\ntau = [0.1, 0.2]", &[]);
    let random = sweep.trials.iter().filter(|t| evaluates(&t.spec, "random"));
    assert_eq!(random.map(|trial| trial.point["drr.history"].clone()).collect::<Vec<_>>(), [5, 10]);
    assert_eq!(count(&sweep, Stage::named("drr")), 4 + 2, "and so does the untrained network");
}

#[test]
fn untrained_networks_are_those_of_each_shape() {
    let sweep = expanded(
        "dataset = \"ml-100k\"\nseeds = 1\n[drr]\naction_base = \"none\"\nstate = [\"ave\", \"p\"]\ntau = [0.1, 0.2]",
        &[],
    );
    let of = |policy: &str| sweep.trials.iter().filter(|t| evaluates(&t.spec, policy)).count();
    assert_eq!(of("drr-untrained"), 2);
    assert_eq!((of("random"), of("drr")), (1, 4));
    assert_eq!(count(&sweep, Stage::named("drr")), 4 + 2);
}

#[test]
fn zipped_fields_vary_together_and_cross_the_rest() {
    let text = "dataset = \"ml-100k\"\nseeds = 1\nbaselines = []\n[drr]\ngamma = [0.8, 0.9]\n\
                [[zip]]\ndrr.tau = [0.1, 0.2, 0.3]\npmf.k = [10, 20, 30]";
    let sweep = expanded(text, &[]);
    assert_eq!((count(&sweep, Stage::named("pmf")), count(&sweep, Stage::named("drr"))), (3, 6));
    for trial in sweep.trials.iter().filter(|trial| trial.spec.stage() == Stage::named("drr")) {
        let tau = trial.point["drr.tau"].as_f64().expect("a number");
        let k = trial.point["pmf.k"].as_f64().expect("a number");
        assert!((tau * 100.0 - k).abs() < 1e-9);
    }
}

#[test]
fn ranges_give_the_numbers_a_person_means() {
    let values = |axis: &str| -> Vec<String> {
        let sweep = expanded(&format!("dataset = \"ml-100k\"\nseeds = 1\noffline = false\n[drr]\n{axis}"), &[]);
        let drr = sweep.trials.iter().filter(|trial| trial.spec.stage() == Stage::named("drr"));
        drr.map(|trial| trial.point.values().next().expect("one axis").to_string()).collect()
    };
    assert_eq!(values("tau = { range = [0.1, 0.4], step = 0.1 }"), ["0.1", "0.2", "0.3", "0.4"]);
    assert_eq!(values("tau = { range = [0, 1], n = 3 }"), ["0.0", "0.5", "1.0"]);
    assert_eq!(values("tau = { log = [1e-4, 1], n = 5 }"), ["0.0001", "0.001", "0.01", "0.1", "1.0"]);
    assert_eq!(values("batch_size = { log = [16, 128], n = 4 }"), ["16", "32", "64", "128"]);
    assert_eq!(values("state = { choice = [\"ave\"] }"), ["\"ave\""]);
    assert_eq!(values("actor_hidden = [[8, 8], [16, 16]]"), ["[8,8]", "[16,16]"]);
}

#[test]
fn overrides_win_over_the_file() {
    let text = "dataset = \"ml-100k\"\nseeds = 5\n[drr]\ntau = [0.1, 0.2]";
    let by_file =
        expanded("dataset = \"ml-100k\"\nseeds = 2\n[drr]\ntau = 0.5\ngamma = [0.8, 0.9]\n[online]\nsteps = 7", &[]);
    let by_set = expanded(text, &["seeds=2", "τ=0.5", "drr.gamma=0.8,0.9", "online.steps=7"]);
    assert_eq!(ids(&by_file), ids(&by_set));
    assert!(by_set.text.contains("# given on the command line: --set τ=0.5"));
}

#[test]
fn names_and_spellings_change_no_id() {
    let one = expanded("name = \"a\"\ndataset = \"ml-100k\"\nseeds = 3\n[drr]\ntau = 0.001\nhistory = 5", &[]);
    let two = expanded("dataset = \"ml-100k\"\nseeds = [2, 0, 1]\n[drr]\n\"τ\" = 1e-3\nn = 5.0", &[]);
    assert_eq!(ids(&one), ids(&two));
}

#[test]
fn each_seed_may_have_its_own_split() {
    let splits = |seed: &str| -> BTreeSet<u64> {
        let sweep = expanded(&format!("dataset = \"ml-100k\"\nseeds = 3\n[split]\nseed = {seed}"), &[]);
        sweep.trials.iter().map(|trial| trial.spec.split().expect("ratings").seed).collect()
    };
    assert_eq!(splits("4"), [4].into());
    assert_eq!(splits("\"trial\""), [0, 1, 2].into());
}

fn taus(sweep: &Sweep) -> Vec<f64> {
    let drr = sweep.trials.iter().filter(|trial| is_trained(&trial.spec));
    drr.map(|trial| trial.point["drr.tau"].as_f64().expect("a number")).collect()
}

const SEARCH: &str =
    "dataset = \"ml-100k\"\nseeds = 1\n[search]\nsamples = 16\n[drr]\ntau = { log_uniform = [1e-4, 0.1] }\n";

#[test]
fn random_search_draws_each_field_from_a_stream_of_its_own() {
    let few = taus(&expanded(SEARCH, &[]));
    assert_eq!(few.len(), 16);
    assert!(few.iter().all(|tau| (1e-4..=0.1).contains(tau)));
    assert_eq!(few, taus(&expanded(SEARCH, &[])), "the same file, the same draws");
    let more = taus(&expanded(SEARCH, &["search.samples=32"]));
    assert_eq!(more[..16], few[..], "more samples keep those there are");
    let wider = expanded(&format!("{SEARCH}batch_size = {{ int = [8, 64] }}\ngamma = [0.8, 0.9]"), &[]);
    let wide = taus(&wider);
    assert_eq!(wide.len(), 32, "a grid axis crosses the samples");
    assert_eq!(wide[..16], few[..], "another field shifts none");
    assert_ne!(taus(&expanded(SEARCH, &["search.seed=1"])), few);
}

#[test]
fn sobol_covers_the_range_evenly() {
    let mut taus = taus(&expanded(SEARCH, &["search.method=sobol"]));
    taus.sort_by(f64::total_cmp);
    for (strip, tau) in taus.iter().enumerate() {
        let share = (tau / 1e-4).log(1000.0) * 16.0;
        assert_eq!(share as usize, strip, "one sample in each sixteenth: {taus:?}");
    }
}

#[test]
fn a_condition_confines_an_axis_and_leaves_the_default_elsewhere() {
    let text = "dataset = \"ml-100k\"\nseeds = 1\nbaselines = []\n[pmf]\noptimizer = [\"adam\", \"sgd\"]\n\
                momentum = { choice = [0.5, 0.7, 0.8], when = { optimizer = \"sgd\" } }";
    let sweep = expanded(text, &[]);
    let pmfs: Vec<_> = sweep.trials.iter().filter(|trial| trial.spec.stage() == Stage::named("pmf")).collect();
    assert_eq!(pmfs.len(), 4, "one adam, three sgd");
    for trial in pmfs {
        let pmf: PmfSpec = trial.spec.settings.section().expect("a PMF");
        let is_sgd = trial.point["pmf.optimizer"] == "sgd";
        assert_eq!(trial.point.contains_key("pmf.momentum"), is_sgd);
        assert_eq!(pmf.momentum == 0.9, !is_sgd, "0.9 is the default");
    }
}

#[test]
fn exclusions_and_only_leave_combinations_out() {
    let text = "dataset = \"ml-100k\"\nseeds = 1\nbaselines = []\n[drr]\ntau = [0.1, 0.2, 0.3]\ngamma = [0.8, 0.9]\n\
                [[exclude]]\ndrr.tau = [0.1, 0.2]\ndrr.gamma = 0.8";
    let all = expanded(text, &[]);
    assert_eq!(taus(&all), [0.3, 0.1, 0.2, 0.3]);
    let request = Request { only: vec!["tau=0.2,0.3".to_owned(), "γ=0.9".to_owned()], ..Request::default() };
    let some = asked(text, &request);
    assert_eq!(taus(&some), [0.2, 0.3]);
    assert!(ids(&some).is_subset(&ids(&all)), "what is kept is what it was");
}

#[test]
fn one_axis_at_a_time_varies_around_the_first_values() {
    let text = "dataset = \"ml-100k\"\nseeds = 1\nbaselines = []\ndesign = \"one-at-a-time\"\n\
                [drr]\ntau = [0.2, 0.1, 0.3]\ngamma = [0.9, 0.8]\nalpha = { range = [0, 1], n = 5 }";
    let sweep = expanded(text, &[]);
    assert_eq!(sweep.configurations, 1 + 2 + 1 + 4);
    let of = |tau: f64| taus(&sweep).iter().filter(|other| **other == tau).count();
    assert_eq!([of(0.2), of(0.1), of(0.3)], [6, 1, 1]);
}

#[test]
fn profiles_and_bases_are_layers() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(
        folder.path().join("base.toml"),
        "dataset = \"ml-100k\"\nseeds = 4\n[drr]\ntau = [0.1, 0.2]\n[profile.smoke]\nseeds = 1",
    )
    .expect("written");
    let text = "extends = \"base\"\n[drr]\ntau = 0.3\ngamma = [0.8, 0.9]\n[profile.smoke.drr]\ntrain_steps = 70\nlearning_starts = 64";
    let get = |profile: Option<&str>| {
        let request = Request { profile: profile.map(str::to_owned), ..Request::default() };
        let file = parse(&Source::new("child.toml", text), folder.path(), &request, &mut ByName).expect("whole");
        expand(&file, &mut ByName).expect("it expands")
    };
    let (whole, smoke) = (get(None), get(Some("smoke")));
    assert_eq!((whole.name.as_str(), whole.seeds, whole.configurations), ("child", 4, 2));
    assert_eq!((smoke.name.as_str(), smoke.seeds, smoke.configurations), ("child-smoke", 1, 2));
    assert!(whole.text.contains("#   seeds = 4"), "the base is kept with it: {}", whole.text);
    let steps = smoke.trials.iter().find_map(|t| t.spec.settings.whole("train_steps"));
    assert_eq!(steps, Some(0), "the untrained network first");
    assert!(smoke.trials.iter().any(|t| t.spec.settings.whole("train_steps") == Some(70)));
}

#[test]
fn the_order_of_values_changes_no_id() {
    let text = |values: &str| format!("dataset = \"ml-100k\"\nseeds = 1\n[drr]\ntau = {values}\nbatch_size = 32");
    assert_eq!(ids(&expanded(&text("[0.3, 0.1, 0.2]"), &[])), ids(&expanded(&text("[0.1, 0.2, 0.3]"), &[])));
}

#[test]
fn the_schema_knows_every_field_and_accepts_ready_made_sweeps_keys() {
    let schema = schema();
    for key in FieldKey::all() {
        let field = key.field();
        let section = &schema["properties"][field.section];
        let section = if section["anyOf"].is_array() { &section["anyOf"][0] } else { section };
        assert!(section["properties"][field.name]["anyOf"].is_array(), "{}", key.name());
    }
}

/// Axes to draw from: a section, a field and values.
const AXES: [(&str, &str, &[&str]); 7] = [
    ("pmf", "k", &["4", "8", "16"]),
    ("pmf", "lr", &["0.1", "0.2"]),
    ("drr", "tau", &["0.001", "0.01", "0.1"]),
    ("drr", "gamma", &["0.8", "0.9"]),
    ("drr", "history", &["3", "5"]),
    ("offline", "k", &["[5]", "[5, 10]"]),
    ("split", "test", &["0.1", "0.2"]),
];

fn written(axes: &[usize]) -> String {
    let mut text = "dataset = \"ml-100k\"\nseeds = 2\n".to_owned();
    for &axis in axes {
        let (section, field, values) = AXES[axis];
        text.push_str(&format!("{section}.{field} = [{}]\n", values.join(", ")));
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn expansion_is_deterministic_complete_and_blind_to_order(
        mut axes in prop::sample::subsequence((0..AXES.len()).collect::<Vec<_>>(), 0..=4),
        shuffle in any::<u64>(),
    ) {
        let sweep = expanded(&written(&axes), &[]);
        drr_core::Seed(shuffle & drr_core::Seed::MAX).stream("test").shuffle(&mut axes);
        let again = expanded(&written(&axes), &[]);
        let order = |sweep: &Sweep| sweep.trials.iter().map(|trial| trial.id).collect::<Vec<_>>();
        prop_assert_eq!(order(&sweep), order(&again), "the order of the file changes nothing");
        prop_assert_eq!(ids(&sweep).len(), sweep.trials.len(), "each trial once");

        let size = |sections: &[&str]| -> usize {
            let concerned = axes.iter().filter(|axis| sections.contains(&AXES[**axis].0));
            concerned.map(|axis| AXES[*axis].2.len()).product()
        };
        prop_assert_eq!(count(&sweep, Stage::named("pmf")), 2 * size(&["pmf", "split"]));
        let trained = |trial: &&Arc<Trial>| is_trained(&trial.spec);
        prop_assert_eq!(sweep.trials.iter().filter(trained).count(), 2 * size(&["pmf", "split", "drr"]));
        let evaluated = |trial: &&Arc<Trial>| evaluates(&trial.spec, "drr");
        prop_assert_eq!(
            sweep.trials.iter().filter(evaluated).count(), 2 * size(&["pmf", "split", "drr", "offline"]));

        let mut known = HashSet::new();
        for trial in &sweep.trials {
            prop_assert!(trial.spec.upstream().iter().all(|id| known.contains(id)), "upstream comes first");
            prop_assert_eq!(trial.id, trial.spec.id());
            known.insert(trial.id);
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in ".{0,200}", key in "[a-z_.]{1,12}", value in "[-0-9a-z.,\\[\\]{}=\" ]{0,30}") {
        let _ = read(&text, &Request::default());
        let set = vec![format!("{key}={value}")];
        let request = Request { only: set.clone(), set, profile: Some(key.clone()) };
        let _ = read(&format!("dataset = \"a\"\n[drr]\n{key} = {value}"), &request);
    }
}

#[test]
fn without_the_recommender_baselines_are_compared_alone() {
    let text =
        "dataset = \"ml-100k\"\nseeds = 2\ndrr = false\nbaselines = [\"pmf\", \"ease\"]\n[ease]\nl2 = [1.0, 2.0]";
    let sweep = expanded(text, &[]);
    assert_eq!((count(&sweep, Stage::named("drr")), sweep.configurations), (0, 0));
    assert_eq!((count(&sweep, Stage::named("ease")), count(&sweep, Stage::EVAL)), (4, 6));
    // A later layer that says something of it has it back.
    let with = format!("{text}\n[profile.with.drr]\ntau = 0.1\n");
    let request = Request { profile: Some("with".to_owned()), ..Request::default() };
    assert_eq!(count(&asked(&with, &request), Stage::named("drr")), 2);
    let error = read(&text.replace("drr = false", "drr = 3"), &Request::default()).expect_err("no section");
    assert!(error.problems[0].label.contains("true or false"), "{:?}", error.problems);
}

/// What trials did before there were switches keeps specs that say nothing of them.
#[test]
fn switches_at_their_usual_positions_stand_in_no_spec() {
    let plain = "dataset = \"ml-100k\"\nseeds = 1\nbaselines = [\"pmf\", \"popularity\"]\n";
    let said = format!(
        "{plain}[offline]\ncandidates = \"rated\"\nhistory_items = \"stay\"\nleast_test = 0\nrelevant = \"positive\"\n\
         denominator = \"k\"\ngain = \"reward\"\nideal = \"k\"\nties = \"first\"\nmeasures = \"short\"\n[popularity]\ncounts = \"positive\"\n"
    );
    assert_eq!(ids(&expanded(plain, &[])), ids(&expanded(&said, &[])));
    let sweep = expanded(plain, &[]);
    let evaluation = sweep.trials.iter().find(|trial| trial.spec.kind == "offline").expect("an evaluation");
    let fields: Vec<&str> = evaluation.spec.settings.iter().map(|(name, _)| name).collect();
    assert_eq!(fields, ["epsilon", "history", "k", "protocol", "repeats", "users"]);
    let other = expanded(plain, &["offline.ties=last"]);
    assert!(
        ids(&sweep)
            .intersection(&ids(&other))
            .all(|id| { sweep.trials.iter().any(|trial| trial.id == *id && trial.spec.kind != "offline") })
    );
}
