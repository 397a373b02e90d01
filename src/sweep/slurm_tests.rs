//! What `[slurm]` takes, refuses, and never changes.

use std::path::Path;

use super::*;
use crate::error::{Error, Result};
use crate::sweep::{ByName, Request, Source, SweepFile, expand, parse};

const PLAIN: &str = "dataset = \"ml-100k\"\n[drr]\ntau = [0.001, 0.01]\n";

fn read(section: &str, set: &[&str]) -> Result<SweepFile> {
    let source = Source::new("lab.toml", &format!("{PLAIN}{section}"));
    let request = Request { set: set.iter().map(ToString::to_string).collect(), ..Request::default() };
    parse(&source, Path::new("."), &request, &mut ByName)
}

fn refused(section: &str) -> String {
    let Error { problems, .. } = read(section, &[]).expect_err("it is wrong");
    let said = problems
        .iter()
        .map(|it| format!("{it} ({}) {}", it.label, it.help.as_deref().unwrap_or_default()).trim_end().to_owned());
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn numbers_and_texts_become_what_sbatch_takes() {
    let section = "[slurm]\npartition = \"short\"\ntime = 90\nmem = \"4G\"\ngpus = 1\nthrottle = 50\nsbatch = [\"--exclusive\"]\n\
                   prologue = \"\"\"\nmodule load apptainer\nulimit -n 4096\"\"\"\n";
    let slurm = read(section, &["slurm.partition=long", "slurm.mem=8000"]).expect("whole").slurm;
    let text = |text: &str| Some(text.to_owned());
    let wanted = SlurmSettings {
        partition: text("long"),
        time: text("90"),
        mem: text("8000"),
        gpus: text("1"),
        throttle: Some(50),
        sbatch: vec!["--exclusive".to_owned()],
        prologue: text("module load apptainer\nulimit -n 4096"),
        ..SlurmSettings::default()
    };
    assert_eq!(slurm, wanted);
    assert!(slurm.has_gpu());
}

#[test]
fn it_enters_no_trial() {
    let ids = |section: &str| {
        let sweep = expand(&read(section, &[]).expect("whole"), &mut ByName).expect("expands");
        sweep.trials.iter().map(|trial| trial.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(""), ids("[slurm]\npartition = \"gpu\"\ntime = 5\nthrottle = 7\n"));
}

#[test]
fn mistakes_are_located_and_helped() {
    let said =
        refused("[slurm]\npartitoin = \"short\"\ntime = 0\ncpus = \"two\"\nsbatch = 3\nqos = \"a\\nb\"\nnodes = 1\n");
    insta::assert_snapshot!(said, @r#"
    unknown key `partitoin` in [slurm] (not a key of [slurm]) did you mean `partition`?
    `slurm.time` cannot be 0 (expected a text of one line, or a whole number, 1 or more)
    `slurm.cpus` cannot be "two" (expected a whole number, 1 or more)
    `slurm.sbatch` cannot be 3 (expected a list of options such as ["--exclusive"])
    `slurm.qos` cannot be "a\nb" (expected a text of one line)
    unknown key `nodes` in [slurm] (not a key of [slurm]) known keys: partition, account, qos, time, mem, cpus, gres, gpus, constraint, throttle, sbatch, prologue, container, libtorch, cache
    "#);
    assert!(refused("slurm = 3\n").contains("unknown key"), "it is read as a field of the section before");
    assert!(refused("[[slurm]]\npartition = \"short\"\n").starts_with("`slurm` is a section (expected a table)"));
}

#[test]
fn every_key_is_in_the_schema() {
    let schema = crate::sweep::schema();
    for (name, ..) in KEYS {
        assert!(schema["properties"]["slurm"]["properties"][name]["description"].is_string(), "{name}");
    }
}
