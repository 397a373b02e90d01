//! The most likely mistakes in a sweep file, and what is said to each: located, all at once, with a way out.

use crate::common::{Place, SMALL, transcript};
use insta::assert_snapshot;

/// What the program says to a sweep file.
fn said(text: &str) -> String {
    said_with(text, &[])
}

fn said_with(text: &str, arguments: &[&str]) -> String {
    let place = Place::new();
    let file = place.file("my.toml", text);
    let output = place.run(&[&["sweep", &file, "--dry-run", "--jobs", "2"], arguments].concat());
    assert!(!place.runs().exists(), "nothing is made before the file is whole");
    transcript(&output)
}

#[test]
fn a_whole_file_is_planned() {
    assert_snapshot!(said(SMALL));
}

#[test]
fn unknown_key() {
    assert_snapshot!(said("dataset = \"ml-100k\"\n\n[drr]\nactor_ir = 0.001\n"));
}

#[test]
fn unknown_section() {
    assert_snapshot!(said("dataset = \"ml-100k\"\n[ddr]\ntau = 0.1\n"));
}

#[test]
fn key_in_the_wrong_section() {
    assert_snapshot!(said("dataset = \"ml-100k\"\ntau = 0.1\n[pmf]\ngamma = 0.9\n"));
}

#[test]
fn out_of_range() {
    assert_snapshot!(said("dataset = \"ml-100k\"\n[drr]\ntau = [0.001, 2]\n"));
}

#[test]
fn wrong_type() {
    assert_snapshot!(said("dataset = \"ml-100k\"\n[drr]\ntrain_steps = \"many\"\nactor_hidden = 64\n"));
}

#[test]
fn unknown_choice() {
    assert_snapshot!(said("dataset = \"ml-100k\"\nbaselines = [\"popular\"]\n[pmf]\noptimizer = \"adm\"\n"));
}

#[test]
fn unknown_dataset() {
    assert_snapshot!(said("dataset = \"ml-100\"\n"));
}

#[test]
fn dataset_that_is_not_there() {
    assert_snapshot!(said("dataset = \"ml-100k\"\n"));
}

#[test]
fn no_dataset() {
    assert_snapshot!(said("seeds = 3\n"));
}

#[test]
fn zero_seeds() {
    assert_snapshot!(said("dataset = \"ml-100k\"\nseeds = 0\n"));
}

#[test]
fn a_seed_twice() {
    assert_snapshot!(said("dataset = \"ml-100k\"\nseeds = [1, 2, 1]\n"));
}

#[test]
fn an_empty_axis_and_a_value_twice() {
    assert_snapshot!(said("dataset = \"ml-100k\"\n[drr]\ntau = []\ngamma = [0.9, 0.90]\n"));
}

#[test]
fn a_field_twice_by_two_names() {
    assert_snapshot!(said("dataset = \"ml-100k\"\n[drr]\ntau = 0.1\n\"τ\" = 0.2\n"));
}

#[test]
fn zip_of_unequal_lengths() {
    assert_snapshot!(said("dataset = \"ml-100k\"\n[[zip]]\ndrr.tau = [0.1, 0.2]\ndrr.gamma = [0.9]\n"));
}

#[test]
fn a_range_without_a_step() {
    assert_snapshot!(said("dataset = \"ml-100k\"\n[drr]\ntau = { range = [0.1, 0.2] }\n"));
}

#[test]
fn broken_toml() {
    assert_snapshot!(said("dataset = \"ml-100k\"\n[drr\ntau = 0.1\n"));
}

#[test]
fn a_section_that_has_no_effect() {
    assert_snapshot!(said("dataset = \"ml-100k\"\n[synthetic]\nusers = 10\n"));
}

#[test]
fn a_world_that_cannot_be() {
    assert_snapshot!(said("dataset = \"synthetic\"\n[synthetic]\nusers = 3\nitems = 4\nratings = 100\n"));
}

#[test]
fn too_many_trials() {
    assert_snapshot!(said(
        "dataset = \"synthetic\"\n[drr]\ntau = { log = [1e-4, 0.1], n = 100 }\ngamma = { range = [0, 0.99], n = 100 }\n"
    ));
}

#[test]
fn several_problems_in_one_go() {
    assert_snapshot!(said("dataset = 5\nseeds = -1\n[drr]\ngama = 0.9\ntau = 7\n[online]\nk = []\n[pmf]\nlr = true\n"));
}

#[test]
fn overrides_that_name_nothing() {
    let set = ["--set", "tua=0.1", "--set", "k=5", "--set", "drr.tau", "--set", "tau=0.001,9"];
    assert_snapshot!(said_with(SMALL, &set));
}

#[test]
fn a_condition_that_can_never_hold() {
    assert_snapshot!(said(
        "dataset = \"synthetic\"\n[pmf]\noptimizer = \"adam\"\nmomentum = { choice = [0.5, 0.9], when = { optimizer = \"sgd\" } }\n"
    ));
}

#[test]
fn conditions_in_a_circle() {
    assert_snapshot!(said(
        "dataset = \"synthetic\"\n[drr]\ntau = { choice = [0.1, 0.2], when = { gamma = 0.9 } }\n\
         gamma = { choice = [0.8, 0.9], when = { tau = 0.1 } }\n"
    ));
}

#[test]
fn exclusions_of_nothing_and_of_the_unknown() {
    assert_snapshot!(said(
        "dataset = \"synthetic\"\n[drr]\ntau = [0.1, 0.2]\n[[exclude]]\ndrr.tau = 0.3\n[[exclude]]\ndrr.tua = 0.1\n"
    ));
}

#[test]
fn a_sweep_of_no_trials() {
    assert_snapshot!(said("dataset = \"synthetic\"\n[drr]\ntau = [0.1, 0.2]\n[[exclude]]\ndrr.tau = [0.1, 0.2]\n"));
}

#[test]
fn drawn_but_not_how_often() {
    assert_snapshot!(said(
        "dataset = \"synthetic\"\n[drr]\ntau = { log_uniform = [0.001, 0.1] }\nbatch_size = { uniform = [8, 16] }\n\
         gamma = { uniform = [0.5, 1.5] }\n"
    ));
}

#[test]
fn a_search_that_draws_nothing() {
    assert_snapshot!(said("dataset = \"synthetic\"\n[search]\nsamples = 10\nsede = 1\n"));
}

#[test]
fn an_unknown_profile() {
    let text = "dataset = \"synthetic\"\n[profile.smoke]\nseeds = 0\n";
    assert_snapshot!(said_with(text, &["--profile", "smok"]));
}

#[test]
fn extending_what_is_not_there() {
    assert_snapshot!(said("extends = \"bsae.toml\"\ndataset = \"synthetic\"\n"));
}

#[test]
fn extending_itself() {
    assert_snapshot!(said("extends = \"my\"\ndataset = \"synthetic\"\n"));
}

#[test]
fn a_missing_dataset_and_a_mistake_in_one_go() {
    assert_snapshot!(said("dataset = \"ml-1m\"\n[drr]\ntau = 7\n"));
}

#[test]
fn keeping_only_what_is_not_there() {
    assert_snapshot!(said_with(SMALL, &["--only", "tau=0.5", "--only", "stage=drr"]));
}

#[test]
fn two_files_with_a_mistake_each() {
    let place = Place::new();
    let one = place.file("one.toml", "dataset = \"synthetic\"\n[drr]\ntau = 7\n");
    let two = place.file("two.toml", "dataset = \"synthetic\"\nseed = 7\n");
    assert_snapshot!(transcript(&place.run(&["sweep", &one, &two, "--dry-run"])));
}

#[test]
fn missing_file() {
    assert_snapshot!(transcript(&Place::new().run(&["sweep", "quickstat.toml"])));
}

#[test]
fn missing_worker() {
    let place = Place::new();
    let file = place.file("small.toml", SMALL);
    assert_snapshot!(transcript(&place.run(&["sweep", &file, "--worker", "nowhere/drr-lab-worker"])));
}

#[test]
fn settings_of_the_run_that_make_no_sense() {
    assert_snapshot!(said(
        "dataset = \"synthetic\"\n[execution]\nretires = 3\ntimeout = 0\ngpu_share = 2\n\
         [early_stop]\nrule = \"median \"\nreduction = 1\n"
    ));
}

#[test]
#[ignore = "needs the sources in a git repository"]
fn sources_that_are_not_as_committed_are_refused_by_name_where_a_sweep_demands_it() {
    let tree = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let git = std::process::Command::new("git").current_dir(tree).args(["status", "--porcelain"]).output();
    let status = git.ok().filter(|it| it.status.success()).expect("the sources are in a git repository");
    let changed = String::from_utf8_lossy(&status.stdout).into_owned();
    let place = Place::new();
    let file = place.file("my.toml", "dataset = \"synthetic\"\n[provenance]\nclean = true\n");
    let output = place.run(&["sweep", &file, "--dry-run"]);
    let said = transcript(&output);
    match changed.lines().next() {
        None => assert_eq!(output.status.code(), Some(0), "{said}"),
        Some(first) => {
            assert_eq!(output.status.code(), Some(2), "{said}");
            let name = first[3..].trim_matches('"').trim_end_matches('/');
            assert!(said.contains("demands sources that are as committed") && said.contains(name), "{name}: {said}");
        }
    }
}
